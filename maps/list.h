/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values of the lists. Kernel and user side; docs/lists.md.
 *
 *   pb_host4  HASH      __be32                  4 bytes
 *   pb_host6  HASH      16 bytes               16 bytes
 *   pb_net4   LPM_TRIE  struct pb_net4_key      8 bytes
 *   pb_net6   LPM_TRIE  struct pb_net6_key     20 bytes
 *
 * Addresses are in network byte order, prefix lengths in host byte order (the kernel's trie wants
 * it so). The value of each is a pb_until.
 */
#ifndef PB_LIST_H
#define PB_LIST_H

#include <linux/types.h>

/* 0: until removed; else the bpf_ktime_get_boot_ns (CLOCK_BOOTTIME, ns) at which the entry ends. */
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

#endif
