/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a perf event array (BPF_MAP_TYPE_PERF_EVENT_ARRAY): a buffer per CPU, put together by time.
 * A record that is younger than PERF_SETTLE ns stays in its buffer, so that an older one of another
 * CPU can still come before it; a buffer that is half full does not wait. The kernel hands out
 * 4 + length rounded up to 8 bytes; the length it gives includes that padding.
 */
#ifndef PLAINBPF_PERF_H
#define PLAINBPF_PERF_H

#include <stdbool.h>
#include "source.h"

#define PERF_SETTLE 1000000

struct perf_record {
	uint64_t time, lost; /* ns of CLOCK_MONOTONIC; records lost before this one */
	const uint8_t *data; /* NULL: nothing but the loss */
	uint32_t len;
	uint32_t step; /* bytes in the buffer */
};

struct perf_cpu {
	const uint8_t *data;
	uint64_t size; /* a power of two */
	uint64_t head, tail;
	uint64_t given;	  /* the tail that the kernel knows */
	uint64_t counted; /* losses that were reported … */
	uint64_t early;	  /* … of which the buffer has yet to tell */
	struct perf_event_mmap_page *page;
	uint8_t *scratch; /* for a record that wraps: 64 KiB */
	int cpu, fd;
	bool online, ready; /* ready: next is the record at tail */
	struct perf_record next;
};

struct perf {
	int map_fd, online_fd, n, missed; /* missed: online CPUs that the map has no place for */
	uint32_t places;
	size_t pages; /* of a buffer */
	struct perf_cpu *cpus;
};

int perf_open(struct perf *p, int map_fd, uint32_t places);
void perf_close(struct perf *p);
/* Looks for CPUs that came or went since. Returns the number of new ones or -errno. */
int perf_online(struct perf *p);
/* As ring_drain(); *bytes is what came since, of the busiest CPU. With `all` nothing waits to
 * settle. */
int perf_drain(struct perf *p, struct sink *s, bool all, uint64_t *bytes, bool *more);
/* Losses that no record has told of yet, if the kernel counts them (Linux 6.0). */
void perf_lost(struct perf *p, struct sink *s);
/* Parses the record at tail. 1: there is one; 0: none; -EBADMSG */
int perf_next(struct perf_cpu *c);

#endif
