/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a BPF ring buffer (BPF_MAP_TYPE_RINGBUF, Documentation/bpf/ringbuf.rst). One thread.
 *
 * The kernel wakes the reader when a record is committed exactly where the reader stands, and
 * waking it costs the writer more than the record does. So while records come, the reader holds on
 * to the last one until it has read the next: then nobody is woken, and the reader looks by itself.
 * Its rest() gives the record back, after which poll(2) on the map works.
 */
#ifndef PLAINBPF_RING_H
#define PLAINBPF_RING_H

#include "source.h"

struct ring {
	struct source source;
	unsigned long *consumer, *producer; /* positions, bytes since the ring was made */
	const uint8_t *data;
	uint64_t size;	  /* a power of two */
	uint8_t *wrapped; /* the last record that did, in one piece */
	uint32_t wrapped_room;
	unsigned long pos, last; /* the next record, the one before */
	size_t mapped, page;
	int map_fd;
};

int ring_open(struct ring *r, int map_fd, uint32_t size);
/* The source's functions; the fuzzer calls them on rings that it makes up. */
int ring_drain(struct source *s, struct sink *to, bool all, struct drained *d);
void ring_rest(struct source *s);

#endif
