/*
 * habits -- what people type who come from Terraform, kubectl, git or PowerShell, and what it is
 * called here.
 */
#pragma once

/* Each the end of a sentence, behind "; ", or NULL. */
const char *habit_command(const char *word);
const char *habit_option(const char *word); /* without its hyphens */
