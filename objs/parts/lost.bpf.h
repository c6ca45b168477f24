/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting a record that was lost. The program defines pb_lost (packet.h, write.h). */
#ifndef PB_LOST_BPF_H
#define PB_LOST_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline void pb_count_lost(__u32 element)
{
	__u64 *lost = bpf_map_lookup_elem(&pb_lost, &element);

	if (lost)
		(*lost)++;
}

#endif
