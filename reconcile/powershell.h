/*
 * powershell -- the cmdlet lines that mbxctl tells people to run.
 *
 * Names come from a directory, where anybody may have written them: they are quoted so that a
 * shell takes them as text and nothing else.
 */
#pragma once

#include "reconcile/plan.h"

/* In single quotes; each quotation mark that PowerShell takes for one (' and U+2018 to U+201B) is
 * doubled (about_Quoting_Rules). */
const char *ps_quoted(struct arena *a, const char *text);

/* `Update-StoreMailboxState -Database 'MBXDB02' -Identity GUID`: the mail server looks again. */
const char *ps_update_state(struct arena *a, const char *database, struct guid mailbox);
