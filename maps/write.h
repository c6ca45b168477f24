/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a write(2), and the maps that carry it. */
#ifndef PB_WRITE_H
#define PB_WRITE_H

#include <linux/types.h>
#include "flavour.h"

#define PB_COMM_LEN 16 /* the kernel's TASK_COMM_LEN */

/* One call of write(2), as it begins. bpf_dump finds the struct by the name of the
 * map, pb_events.
 */
struct pb_event {
	__u64 ts;    /* bpf_ktime_get_boot_ns */
	__u64 count; /* bytes that the caller asks to be written */
	__u32 pid;   /* of the process, in the root PID namespace */
	__u32 tid;   /* of the thread */
	__u32 fd;
	char comm[PB_COMM_LEN]; /* of the thread, padded with NULs */
	__u32 _pad;
};
_Static_assert(sizeof(struct pb_event) == 48, "no holes");

#ifdef __bpf__
/* The ring buffer holds 30 ms of a million records per second: three looks of the reader. Element 0
 * of pb_lost counts the records that found no room; bpf_dump finds it by its name.
 */
#define PB_WRITE_RING                                                                              \
	PB_TRACE_BUFFER(pb_events, BPF_MAP_TYPE_RINGBUF, 0, 1 << 21);                              \
	PB_TRACE_MAP(pb_lost, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, 1)

/* In a perf event array the kernel itself counts what was lost. */
#define PB_WRITE_PERF PB_TRACE_BUFFER(pb_events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, sizeof(__u32), 0)
#endif

#endif
