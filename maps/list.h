/* SPDX-License-Identifier: GPL-2.0-only */
/* The allow list: its maps, keys and values (docs/lists.md).
 *
 * A list has two generations, one of which is active. A generation is a map of each kind below and,
 * for a long list, a compiled table for each family (table.h). An edit builds the generation that
 * is not active, and then changes the list's state: programs see that as one step.
 *
 * Addresses are in network byte order. Prefix lengths are in host byte order, as the kernel's trie
 * wants them. The value of every map is a pb_until.
 */
#ifndef PB_LIST_H
#define PB_LIST_H

#include <linux/types.h>
#include "flavour.h"
#include "table.h"

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

/* Kind, map type, key, map flags. The map is called pb_KIND. The one of the active generation is
 * pinned, for edits by hand. Programs find it through the array pb_KIND_slots (flavour.h).
 */
#define PB_LIST_TABLE(L)                                                                           \
	L(host4, HASH, __be32, 0)                                                                  \
	L(host6, HASH, struct pb_addr6, 0)                                                         \
	L(net4, LPM_TRIE, struct pb_net4_key, PB_NO_PREALLOC)                                      \
	L(net6, LPM_TRIE, struct pb_net6_key, PB_NO_PREALLOC)

#define PB_LIST_LEGACY_MAX 65536 /* entries of a list of objs/legacy, which cannot grow */

/* Lists, and slots for their generations: generation G of list L is in slot 2 L + G. */
#define PB_LISTS	   16
#define PB_LIST_ALLOW	   0
#define PB_GENERATIONS	   2
#define PB_SLOTS	   (PB_LISTS * PB_GENERATIONS)
#define PB_SLOT(LIST, GEN) ((LIST)*PB_GENERATIONS + (GEN))

/* Whether a generation has a compiled table. */
#define PB_TABLE4 1
#define PB_TABLE6 2

/* The state of a list: an element of the pinned array pb_lists, by the number of the list. It is
 * read and written as a whole. All zero is an empty list.
 */
struct pb_list {
	__u8 active;  /* generation: 0 or 1 */
	__u8 tables;  /* PB_TABLE4 | PB_TABLE6: what the active generation has */
	__u8 earlier; /* 1: the other generation is the list before this one, whole */
	__u8 earlier_tables;
	__u32 since; /* when it became active: CLOCK_BOOTTIME in ms, the lower 32 bits */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct pb_list) == 8, "one atomic update");

#ifdef __bpf__
#define PB_LIST_DEFINE(KIND, TYPE, KEY, FLAGS)                                                     \
	PB_LIST(pb_##KIND, BPF_MAP_TYPE_##TYPE, KEY, pb_until, FLAGS);
PB_LIST_TABLE(PB_LIST_DEFINE)
#ifndef PB_LEGACY
/* Without types: bpftool then shows the bytes that it takes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PB_LISTS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pb_list));
} pb_lists SEC(".maps");
PB_SLOTS_OF(pb_table4, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct pb_table_chunk),
	    PB_TABLE_MAP_FLAGS);
PB_SLOTS_OF(pb_table6, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct pb_table_chunk),
	    PB_TABLE_MAP_FLAGS);
#endif
#endif

#endif
