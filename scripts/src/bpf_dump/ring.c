// SPDX-License-Identifier: GPL-2.0-only
/* Ring buffer reader, see ring.h. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "ring.h"

#define BUSY_TRIES 1000 /* looks at a record that is being written, before it is given up */

static void ring_close(struct source *s)
{
	struct ring *r = (struct ring *)s;

	if (r->producer) {
		ring_rest(s);
		munmap(r->producer, r->mapped);
	}
	if (r->consumer)
		munmap(r->consumer, r->page);
	free(r->wrapped);
	memset(r, 0, sizeof(*r));
}

static void ring_polls(const struct source *s, struct pollfd *p, bool resting)
{
	/* while the last record is held, the map looks readable all the time */
	*p = (struct pollfd){ .fd = resting ? ((const struct ring *)s)->map_fd : -1,
			      .events = POLLIN };
}

int ring_open(struct ring *r, int map_fd, uint32_t size)
{
	int err;
	void *p;

	memset(r, 0, sizeof(*r));
	r->page = sysconf(_SC_PAGESIZE);
	r->size = size;
	r->map_fd = map_fd;
	/* The kernel offers the data pages twice in a row, so that no record wraps. Mapping them
	 * twice would count them twice as memory of this process. */
	r->mapped = r->page + r->size;
	p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->consumer = p;
	p = mmap(NULL, r->mapped, PROT_READ, MAP_SHARED, map_fd, r->page);
	if (p == MAP_FAILED) {
		err = -errno;
		ring_close(&r->source);
		return err;
	}
	r->producer = p;
	r->data = (const uint8_t *)p + r->page;
	r->pos = r->last = __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
	r->source = (struct source){ .drain = ring_drain,
				     .close = ring_close,
				     .rest = ring_rest,
				     .polls = ring_polls,
				     .n_fds = 1 };
	return 0;
}

static void give_back(struct ring *r, unsigned long to)
{
	/* release: the records were read before the kernel may write over them */
	__atomic_store_n(r->consumer, to, __ATOMIC_RELEASE);
}

/* Copies a record that continues at the start of the ring into one piece. */
static const uint8_t *unwrap(struct ring *r, uint64_t at, uint32_t len)
{
	uint64_t first = r->size - at;

	if (len > r->wrapped_room) {
		uint8_t *more = realloc(r->wrapped, len);

		if (!more)
			return NULL;
		r->wrapped = more;
		r->wrapped_room = len;
	}
	memcpy(r->wrapped, r->data + at, first);
	memcpy(r->wrapped + first, r->data, len - first);
	return r->wrapped;
}

static int take(struct ring *r, struct sink *s)
{
	/* acquire: pairs with the kernel's release of the position after a record's header */
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE), given = r->last;
	unsigned long start = r->pos;
	int err = 0;

	while (!err && r->pos != end) {
		uint64_t at = r->pos & (r->size - 1);
		const uint8_t *record;
		uint32_t head, len;
		uint64_t step;

		if (end - r->pos > r->size || end - r->pos < BPF_RINGBUF_HDR_SZ || r->pos % 8)
			return -EBADMSG;
		/* acquire: the record's bytes were written before its BUSY bit went */
		head = __atomic_load_n((const uint32_t *)(r->data + at), __ATOMIC_ACQUIRE);
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		len = head & ~BPF_RINGBUF_DISCARD_BIT;
		step = ((uint64_t)len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		if (step > end - r->pos)
			return -EBADMSG;
		at += BPF_RINGBUF_HDR_SZ; /* never wraps: it is at a multiple of 8 */
		record = r->data + at;
		if (at + len > r->size && !(head & BPF_RINGBUF_DISCARD_BIT)) {
			record = at < r->size ? unwrap(r, at, len) : r->data;
			if (!record)
				return -ENOMEM;
		}
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			err = s->record(s, record, len);
		r->last = r->pos;
		r->pos += step;
		if (r->pos - given > r->size / 8) {
			given = step > r->size / 8 ? r->pos : r->last;
			give_back(r, given);
		}
	}
	if (r->pos - r->last > r->size / 8)
		r->last = r->pos; /* too large to be kept */
	if (r->pos != start)
		give_back(r, r->last);
	return err;
}

int ring_drain(struct source *s, struct sink *to, bool all, struct drained *d)
{
	struct ring *r = (struct ring *)s;
	unsigned long start = r->pos, end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	int err = take(r, to), tries = BUSY_TRIES;

	/* wait for a record that is being written: those after it are older than this call */
	while (all && !err && (long)(end - r->pos) > 0 && tries-- && !sched_yield())
		err = take(r, to);
	*d = (struct drained){ .bytes = r->pos - start, .size = r->size };
	return err;
}

void ring_rest(struct source *s)
{
	struct ring *r = (struct ring *)s;

	r->last = r->pos;
	give_back(r, r->pos);
}
