/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program decides about a frame, and what it counts. Kernel and user side.
 *
 * The enum is the single table of reasons: the programs' BTF carries it, and user space reads the
 * names there (`bpftool btf dump`), so that a new reason needs no second list. A reason implies its
 * verdict: those below PB_FIRST_DROP let the frame pass.
 */
#ifndef PB_VERDICT_H
#define PB_VERDICT_H

#include <linux/types.h>

enum pb_reason {
	PB_LISTED,
	PB_ARP,
	PB_L2_CONTROL,
	PB_ND,
	PB_MLD,
	PB_IGMP,
	PB_PMTU,
	PB_OTHER,	    /* nothing that the program looks for */
	PB_NOT_LISTED = 16, /* from here on it is dropped */
	PB_VLAN_DEPTH,
	PB_ETHERTYPE,
	PB_MALFORMED,
	PB_ICMP,
};
#define PB_FIRST_DROP PB_NOT_LISTED
#define PB_REASONS    32 /* more than there are */

/* Value of the per-CPU array pb_counters, host byte order. Key: the reason for frames of a device,
 * PB_REASONS + the reason for frames of `bpftool prog run`, which must not disturb a device's
 * figures. bytes is the length on the wire without the checksum and without a tag that was taken
 * out of the frame; of a GSO frame the whole.
 */
struct pb_counter {
	__u64 packets;
	__u64 bytes;
	enum pb_reason names[0]; /* no bytes: brings the enum into the map's BTF */
};

_Static_assert(sizeof(struct pb_counter) == 16, "user space reads two 64-bit words");

#endif
