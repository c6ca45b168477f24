/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring buffer of the programs that send by one. Kernel side.
 *
 * Producers never wake the reader, which looks every few milliseconds: a wake-up costs several
 * times what the record does. A record that finds no room is counted, and the writer goes on.
 */
#ifndef PB_RING_BPF_H
#define PB_RING_BPF_H

#include "flavour.h"

#define PB_RING_SIZE (1 << 21) /* bytes: 30 ms of a million records a second, three looks */

PB_TRACE_BUFFER(pb_events, BPF_MAP_TYPE_RINGBUF, 0, PB_RING_SIZE);
/* Element 0: records that found no room. bpf_dump looks for it by its name. */
PB_TRACE_MAP(pb_lost, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, 1);

static __always_inline void pb_count_lost(void)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&pb_lost, &zero);

	if (lost)
		(*lost)++;
}

#endif
