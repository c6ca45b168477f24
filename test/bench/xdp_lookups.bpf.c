// SPDX-License-Identifier: GPL-2.0-only
/* Bench: looks up one address after the other, in the list as the programs do, and in a map of the
 * kernel that has the same entries. The addresses are in the order in which they are asked for, so
 * that the processor fetches them ahead; the entries are not.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include "lookup.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define ADDRESSES (1 << 20)
#define ROOM	  1000000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ADDRESSES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pb_addr6);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u32);
} at SEC(".maps");

#define REFERENCE(NAME, TYPE, KEY, FLAGS)                                                          \
	struct {                                                                                   \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, ROOM);                                                         \
		__uint(map_flags, FLAGS);                                                          \
		__type(key, KEY);                                                                  \
		__type(value, __u64);                                                              \
	} NAME SEC(".maps")

/* As large as the list: test/bench/tables makes them. */
REFERENCE(ref_host4, BPF_MAP_TYPE_HASH, __be32, 0);
REFERENCE(ref_host6, BPF_MAP_TYPE_HASH, struct pb_addr6, 0);
REFERENCE(ref_net4, BPF_MAP_TYPE_LPM_TRIE, struct pb_net4_key, 1);
REFERENCE(ref_net6, BPF_MAP_TYPE_LPM_TRIE, struct pb_net6_key, 1);

static __always_inline struct pb_addr6 *next(void)
{
	__u32 zero = 0, n;
	__u32 *now = bpf_map_lookup_elem(&at, &zero);

	if (!now)
		return NULL;
	n = (*now)++ & (ADDRESSES - 1);
	return bpf_map_lookup_elem(&addresses, &n);
}

#define PROGRAM(NAME, EXPRESSION)                                                                  \
	SEC("xdp") int NAME(struct xdp_md *ctx)                                                    \
	{                                                                                          \
		struct pb_addr6 *a = next();                                                       \
                                                                                                   \
		(void)ctx;                                                                         \
		return a && (EXPRESSION) ? XDP_PASS : XDP_DROP;                                    \
	}

PROGRAM(nothing, a->word[3] == 0x12345678)
PROGRAM(list4, pb_listed4(a->word[0]))
PROGRAM(list6, pb_listed6(a->word))
PROGRAM(host4, bpf_map_lookup_elem(&ref_host4, &a->word[0]))
PROGRAM(host6, bpf_map_lookup_elem(&ref_host6, a))

static __always_inline bool in_net4(__be32 addr)
{
	struct pb_net4_key key = { .prefixlen = 32, .addr = addr };

	return bpf_map_lookup_elem(&ref_net4, &key);
}

static __always_inline bool in_net6(const struct pb_addr6 *a)
{
	struct pb_net6_key key = { .prefixlen = 128, .addr = *a };

	return bpf_map_lookup_elem(&ref_net6, &key);
}
PROGRAM(net4, in_net4(a->word[0]))
PROGRAM(net6, in_net6(a))
