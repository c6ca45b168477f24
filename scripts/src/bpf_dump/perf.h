/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a perf event array (BPF_MAP_TYPE_PERF_EVENT_ARRAY): one buffer per CPU, merged by time. A
 * record younger than PERF_SETTLE ns stays in its buffer, because an older one of another CPU may
 * still appear; a buffer that is half full does not wait. The kernel hands out 4 + length rounded
 * up to 8 bytes, and the length it gives includes that padding.
 */
#ifndef PLAINBPF_PERF_H
#define PLAINBPF_PERF_H

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
	uint64_t early;	  /* … before their record in the buffer was read */
	struct perf_event_mmap_page *page;
	uint8_t *scratch; /* for a record that wraps: 64 KiB */
	int cpu, fd;
	bool online, ready; /* ready: next is the record at tail */
	struct perf_record next;
};

struct perf {
	struct source source;
	int map_fd, online_fd, n, missed; /* missed: online CPUs without a place in the map */
	uint32_t places;
	size_t pages; /* of a buffer */
	struct perf_cpu *cpus;
};

int perf_open(struct perf *p, int map_fd, uint32_t places);
/* The source's drain; the fuzzer calls it on buffers that it makes up. */
int perf_drain(struct source *s, struct sink *to, bool all, struct drained *d);

#endif
