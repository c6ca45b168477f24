/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a BPF ring buffer (BPF_MAP_TYPE_RINGBUF, Documentation/bpf/ringbuf.rst). One thread.
 *
 * The kernel wakes the reader when a record is committed just where the reader stands, which costs
 * the writer more than the record. So while records come, the last one read is not given back until
 * the next was read: then nobody is woken, the reader comes by itself. ring_release() gives it
 * back, after which poll(2) on the map works.
 */
#ifndef PLAINBPF_RING_H
#define PLAINBPF_RING_H

#include <stdbool.h>
#include "source.h"

struct ring {
	unsigned long *consumer, *producer; /* positions, bytes since the ring was made */
	const uint8_t *data;
	uint64_t size;	  /* a power of two */
	uint8_t *wrapped; /* the last record that did, in one piece */
	uint32_t wrapped_room;
	unsigned long pos, last; /* the next record, the one before */
	size_t mapped, page;
};

int ring_open(struct ring *r, int map_fd, uint32_t size);
void ring_close(struct ring *r);
/* Hands out what is there now. Returns 0, 1 if the sink had enough, -EBADMSG, -ENOMEM or the sink's
 * -errno; *bytes is what was taken from the ring. */
int ring_drain(struct ring *r, struct sink *s, uint64_t *bytes);
/* Passes over what is there now, without a look at it. Errors as ring_drain(). */
int ring_skip(struct ring *r);
void ring_release(struct ring *r);

#endif
