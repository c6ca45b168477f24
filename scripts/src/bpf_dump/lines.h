/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the lines that programs print (bpf_printk), from a tracefs's trace_pipe: what was read is
 * gone from there.
 */
#ifndef PLAINBPF_LINES_H
#define PLAINBPF_LINES_H

#include "format.h"
#include "source.h"

struct lines {
	int fd; /* -1: not open */
	char *buf;
	size_t len;
};

/* Whether the file is in a tracefs. */
bool lines_is(const char *path);
int lines_open(struct lines *l, const char *path);
void lines_close(struct lines *l);
/* Hands out the lines that are there, without their ends. Returns 0, 1 if the sink had enough, or
 * -errno; *bytes is what was read. */
int lines_drain(struct lines *l, struct sink *s, uint64_t *bytes);
/*
 * One line: as it is with control characters escaped, or as JSON: when, who (thread, name, CPU),
 * the text, and the process if the text tells one by the word pid before a number.
 */
void lines_put(struct fmt_env *e, struct out *o, bool json, const char *line, size_t len);

#endif
