/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program decides about a frame, and what it counts.
 *
 * PB_REASON_TABLE is the only list of reasons: the enum, the BTF of the programs and what the
 * commands know about reasons (scripts/lib/contract.bash) are all made from it. A reason implies
 * its verdict: those below PB_FIRST_DROP let the frame pass.
 */
#ifndef PB_VERDICT_H
#define PB_VERDICT_H

#include <linux/types.h>
#include "flavour.h"

#define PB_FIRST_DROP 16
#define PB_REASONS    32 /* more than there are */

#define PB_TAGS_MAX 4 /* VLAN tags that are parsed */
#define PB_EXT_MAX  8 /* IPv6 extension headers that are parsed */

#define PB_TEXT(MACRO) PB_TEXT_(MACRO)
#define PB_TEXT_(WORD) #WORD

/* Number, name, and the words that follow it in the output of `why`. */
#define PB_REASON_TABLE(R)                                                                         \
	R(0, LISTED, "a listed address")                                                           \
	R(1, ARP, "whoever sends it")                                                              \
	R(2, L2_CONTROL, "whoever sends it")                                                       \
	R(3, ND, "whoever sends it")                                                               \
	R(4, MLD, "whoever sends it")                                                              \
	R(5, IGMP, "whoever sends it")                                                             \
	R(6, PMTU, "about a packet to a listed address")                                           \
	R(7, OTHER, "nothing that it looks for")                                                   \
	R(16, NOT_LISTED, "an address that is not listed")                                         \
	R(17, VLAN_DEPTH, "more than " PB_TEXT(PB_TAGS_MAX) " tags")                               \
	R(18, ETHERTYPE, "neither IP nor ARP nor a control frame of the link")                     \
	R(19, MALFORMED, "cut off, or contradicts itself")                                         \
	R(20, ICMP, "ICMP that can be done without")

#define PB_REASON(NUMBER, NAME, TEXT) PB_##NAME = (NUMBER),
enum pb_reason {
	PB_REASON_TABLE(PB_REASON)
};

enum pb_verdict {
	PB_PASS,
	PB_DROP,
};

/* The hook that a program is attached to. */
enum pb_hook {
	PB_XDP,
	PB_TC_INGRESS,
	PB_TC_EGRESS,
};

/* Value of the per-CPU array pb_counters, in host byte order. `bytes` is the length on the wire
 * without the checksum, not counting a VLAN tag that was taken out of the frame; for a GSO frame it
 * is the length of the whole.
 *
 * The key is the reason, for frames of a device. `bpftool prog run` must not disturb a device's
 * figures: its frames count under PB_REASONS + the reason. They arrive on the loopback device,
 * whose index is 1 in every network namespace; no program of ours is attached there, as it is no
 * Ethernet device.
 */
struct pb_counter {
	__u64 packets;
	__u64 bytes;
	PB_BTF_MEMBER(enum pb_reason);
};

_Static_assert(sizeof(struct pb_counter) == 16, "user space reads two 64-bit words");

#define PB_RUN_IFINDEX 1

#ifdef __bpf__
/* Not pinned: each loaded program has its own, and user space finds it through the program's
 * map_ids.
 */
PB_MAP(pb_counters, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_counter, 2 * PB_REASONS);
#endif

#endif
