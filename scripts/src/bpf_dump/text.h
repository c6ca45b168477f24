/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints a line of trace_pipe (lines.h): as it is with control characters escaped, or as JSON with
 * the time, the thread, its name, the CPU, the text, and the process if the text has the word pid
 * before a number.
 */
#ifndef PLAINBPF_TEXT_H
#define PLAINBPF_TEXT_H

#include "format.h"

void text_line(struct fmt_env *e, struct out *o, bool json, const char *line, size_t len);

#endif
