/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saved records: each is its length, four bytes, little-endian, then so many bytes. Nothing else:
 * no header, no padding.
 */
#ifndef PLAINBPF_SAVED_H
#define PLAINBPF_SAVED_H

#include "source.h"

#define SAVED_MAX (16 * 1024 * 1024) /* of a record, bytes */

struct saved {
	int fd;
	uint8_t *buf;
	size_t len, at, room;
};

int saved_open(struct saved *v, int fd);
void saved_close(struct saved *v);
/* One read(2) and the records that it completes. 0: go on; 1: the sink had enough; 2: end of file;
 * -EBADMSG: a length is too large or the file ends inside a record; -EINTR; or -errno. */
int saved_drain(struct saved *v, struct sink *s);

#endif
