/* SPDX-License-Identifier: GPL-2.0-only */
/* What is told about a packet, and what a reader asks to be told. Kernel and user side.
 *
 *   pb_packets     RINGBUF  struct pb_packet, of xdp_info and tc_info
 *   pb_packet_log  RINGBUF  the same, of xdp_allow, tc_allow, … while they log
 *   pb_packets_ask, pb_log_ask  ARRAY of one struct pb_ask: 0 everywhere asks for all
 * All are pinned, so that every device and both hooks tell one reader.
 */
#ifndef PB_EVENT_H
#define PB_EVENT_H

#include <stdbool.h>
#include <linux/types.h>
#include "verdict.h"

/* Reads as a word in what bpf_dump prints, without the prefix and in lower case. */
enum pb_hook {
	PB_XDP,
	PB_TC_INGRESS,
	PB_TC_EGRESS,
};

enum pb_verdict {
	PB_PASS,
	PB_DROP,
};

/* Below 256 the protocol behind the IP headers (IANA, Protocol Numbers), from 0x0600 on the
 * EtherType of what is not IP (IEEE 802), between them what has neither. Numbers that are not here
 * are shown as numbers.
 */
enum pb_proto {
	PB_PROTO_ICMP = 1,
	PB_PROTO_IGMP = 2,
	PB_PROTO_IPIP = 4,
	PB_PROTO_TCP = 6,
	PB_PROTO_UDP = 17,
	PB_PROTO_DCCP = 33,
	PB_PROTO_IPV6 = 41,
	PB_PROTO_GRE = 47,
	PB_PROTO_ESP = 50,
	PB_PROTO_AH = 51,
	PB_PROTO_ICMPV6 = 58,
	PB_PROTO_OSPF = 89,
	PB_PROTO_PIM = 103,
	PB_PROTO_VRRP = 112,
	PB_PROTO_SCTP = 132,
	PB_PROTO_UDPLITE = 136,
	PB_PROTO_UNREADABLE = 0x100, /* truncated or contradicts itself */
	PB_PROTO_LLC,		     /* 802.3: a length instead of an EtherType */
	PB_PROTO_ARP = 0x0806,
	PB_PROTO_RARP = 0x8035,
	PB_PROTO_MPLS = 0x8847,
	PB_PROTO_PPPOE = 0x8864,
	PB_PROTO_EAPOL = 0x888e,
	PB_PROTO_LLDP = 0x88cc,
};

/* A packet, in the order in which it is shown. */
struct pb_packet {
	__u64 ts; /* bpf_ktime_get_boot_ns */
	__u32 ifindex;
	enum pb_hook hook;
	__be32 src[4]; /* IPv4 as ::ffff:a.b.c.d; ARP's addresses; else :: */
	__be32 dst[4];
	enum pb_proto proto;
	__u16 sport; /* host byte order; of ICMP and ICMPv6 the type … */
	__u16 dport; /* … and the code; 0 where there are none */
	__u32 len; /* bytes on the wire without the checksum, tags too; of a GSO frame the whole */
	enum pb_verdict verdict;
	enum pb_reason reason;
	__u16 vlan;	 /* id of the outermost tag */
	__u8 tags;	 /* 802.1Q and 802.1ad */
	__u8 ip_version; /* 4, 6, or 0 of what is not IP */
	bool fragment;	 /* one that is not the first has no ports */
	bool gso;	 /* several packets of the wire, cut or put together by the machine */
	__u8 _pad[6];
	__u8 data[]; /* the frame's first bytes, as many as are asked for */
};
_Static_assert(sizeof(struct pb_packet) == 80, "no holes");

#define PB_SNAP_MAX 16384 /* bytes */

/* A packet is told if it fits all that is not 0. Addresses as in struct pb_packet; the masks, in
 * network byte order, say which bits count.
 */
struct pb_ask {
	__be32 src[4], src_mask[4];
	__be32 dst[4], dst_mask[4];
	__u32 proto;   /* enum pb_proto */
	__u16 port;    /* either port, host byte order; fits no ICMP */
	__u16 verdict; /* 1 + enum pb_verdict */
	__u32 sample;  /* one in so many packets, at random */
	__u32 snap;    /* bytes of the frame, PB_SNAP_MAX at most */
};
_Static_assert(sizeof(struct pb_ask) == 80, "no holes");

#endif
