/*
 * fuzz -- one function a target: bytes in, no crash out.
 *
 * With -Dfuzz=true each target becomes fuzz-NAME, driven by libFuzzer; always it becomes
 * replay-NAME, which takes every file of its corpus once (tests/fuzz/replay.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
