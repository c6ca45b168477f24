/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the lines that programs print (bpf_printk) from the trace_pipe of a tracefs. A line that
 * was read is gone from there. A record is a line without its end.
 */
#ifndef PLAINBPF_LINES_H
#define PLAINBPF_LINES_H

#include "source.h"

struct lines {
	struct source source;
	int fd;
	char *buf;
	size_t len;
};

/* Whether the file is in a tracefs. */
bool lines_is(const char *path);
int lines_open(struct lines *l, const char *path);

#endif
