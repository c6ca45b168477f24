/* SPDX-License-Identifier: GPL-2.0-only */
/* The allow list: its maps, keys and values (docs/lists.md).
 *
 * Addresses are in network byte order. Prefix lengths are in host byte order, as the kernel's trie
 * wants them. The value of every map is a pb_until.
 */
#ifndef PB_LIST_H
#define PB_LIST_H

#include <linux/types.h>
#include "flavour.h"

/* 0: until removed. Otherwise the time at which the entry ends, CLOCK_BOOTTIME in ns, which
 * programs read with bpf_ktime_get_boot_ns.
 */
typedef __u64 pb_until;

struct pb_addr6 {
	__be32 word[4];
};

struct pb_net4_key {
	__u32 prefixlen; /* 0 to 31: a /32 is a host */
	__be32 addr;
};

struct pb_net6_key {
	__u32 prefixlen; /* 0 to 127: a /128 is a host */
	struct pb_addr6 addr;
};

_Static_assert(sizeof(struct pb_addr6) == 16, "a key of pb_host6");
_Static_assert(sizeof(struct pb_net4_key) == 8, "a key of pb_net4");
_Static_assert(sizeof(struct pb_net6_key) == 20, "a key of pb_net6, without padding");

#define PB_NO_PREALLOC 1 /* BPF_F_NO_PREALLOC, which a trie must have */

/* Kind, map type, key, map flags. The map is called pb_KIND; it is pinned, and so is the array
 * pb_KIND_slot that holds it (flavour.h).
 */
#define PB_LIST_TABLE(L)                                                                           \
	L(host4, HASH, __be32, 0)                                                                  \
	L(host6, HASH, struct pb_addr6, 0)                                                         \
	L(net4, LPM_TRIE, struct pb_net4_key, PB_NO_PREALLOC)                                      \
	L(net6, LPM_TRIE, struct pb_net6_key, PB_NO_PREALLOC)

#define PB_LIST_LEGACY_MAX 65536 /* entries of a list of objs/legacy, which cannot grow */

#ifdef __bpf__
#define PB_LIST_DEFINE(KIND, TYPE, KEY, FLAGS)                                                     \
	PB_LIST(pb_##KIND, BPF_MAP_TYPE_##TYPE, KEY, pb_until, FLAGS);
PB_LIST_TABLE(PB_LIST_DEFINE)
#endif

#endif
