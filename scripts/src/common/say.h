/* SPDX-License-Identifier: GPL-2.0-only */
/* What every tool says in the same way: messages, usage errors, its version. And reading a file. */
#ifndef PLAINBPF_SAY_H
#define PLAINBPF_SAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILE_MAX (256 * 1024 * 1024) /* bytes; no object file is larger */

extern const char version[]; /* "plainbpf 1.2.3" */

/* One line on stderr, after the tool's name. Through show_char(), and shortened if it is long. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* The same, for an invalid argument; returns the exit status. */
int bad_argument(const char *what, const char *thing);
/* Puts a whole text on stdout, for -h and -V; returns the exit status. */
int answer(const char *text);

/*
 * Reads a whole file, which the caller frees. With st only a regular file is read, and *st
 * describes it. -EINVAL: not a regular file; -EFBIG: above FILE_MAX; -ENOMEM; or open(2)'s or
 * read(2)'s -errno.
 */
int read_file(const char *path, struct stat *st, uint8_t **buf, size_t *len);

#endif
