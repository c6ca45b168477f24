/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a decision keeps the parser's position while it walks past IPv6 extension headers: in a
 * map's value, which the verifier does not track (parse.bpf.h says why). Not pinned, not read from
 * outside.
 */
#ifndef PB_WALK_BPF_H
#define PB_WALK_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "flavour.h"
#include "parse.bpf.h"

PB_MAP(pb_walks, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_walk, 1);

static __always_inline struct pb_walk *pb_walk_memory(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pb_walks, &zero);
}

#endif
