/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads saved records: each is its length (four bytes, little-endian) and then that many bytes.
 * There is no header and no padding.
 */
#ifndef PLAINBPF_SAVED_H
#define PLAINBPF_SAVED_H

#include "source.h"

#define SAVED_MAX (16 * 1024 * 1024) /* of a record, bytes */

struct saved {
	struct source source;
	int fd;
	uint8_t *buf;
	size_t len, at, room;
};

/*
 * A call of drain() is one read(2), which may block, and the records that it completes. It returns
 * -EBADMSG if a length is too large or the file ends inside a record.
 */
int saved_open(struct saved *v, int fd);

#endif
