/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting a verdict. */
#ifndef PB_COUNT_BPF_H
#define PB_COUNT_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "verdict.h"

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
