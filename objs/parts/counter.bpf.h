/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet and byte counters of one attachment, by reason. Kernel side. Not pinned: each loaded
 * program has its own, and user space finds them through the program's map_ids.
 */
#ifndef PB_COUNTER_BPF_H
#define PB_COUNTER_BPF_H

#include "verdict.h"
#include "flavour.h"

PB_MAP(pb_counters, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_counter, 2 * PB_REASONS);

/* `bpftool prog run` puts frames in by the loopback device, whose index is 1 in every network
 * namespace; no program of ours is attached there (it is no Ethernet device).
 */
#define PB_RUN_IFINDEX 1

static __always_inline void pb_count(enum pb_reason reason, __u32 len, __u32 ifindex)
{
	__u32 key = ifindex == PB_RUN_IFINDEX ? PB_REASONS + reason : reason;
	struct pb_counter *counter = bpf_map_lookup_elem(&pb_counters, &key);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += len;
}

#endif
