/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a packet, and what a reader asks for.
 *
 *   pb_packets     RINGBUF  struct pb_packet, from xdp_info and tc_info
 *   pb_packet_log  RINGBUF  the same, from xdp_allow, tc_allow, … while they log
 *   pb_packets_ask, pb_log_ask  ARRAY of one struct pb_ask: all zeros asks for everything
 * All are pinned, so that one reader gets the packets of all devices and hooks.
 */
#ifndef PB_PACKET_H
#define PB_PACKET_H

#include <stdbool.h>
#include <linux/types.h>
#include "flavour.h"
#include "verdict.h"

/* Below 256 the protocol after the IP headers (IANA, Protocol Numbers); from 0x0600 on the
 * EtherType of what is not IP (IEEE 802); between them, what has neither. Numbers that are not here
 * are shown as numbers.
 */
#define PB_PROTO_TABLE(P)                                                                          \
	P(1, ICMP)                                                                                 \
	P(2, IGMP)                                                                                 \
	P(4, IPIP)                                                                                 \
	P(6, TCP)                                                                                  \
	P(17, UDP)                                                                                 \
	P(33, DCCP)                                                                                \
	P(41, IPV6)                                                                                \
	P(47, GRE)                                                                                 \
	P(50, ESP)                                                                                 \
	P(51, AH)                                                                                  \
	P(58, ICMPV6)                                                                              \
	P(89, OSPF)                                                                                \
	P(103, PIM)                                                                                \
	P(112, VRRP)                                                                               \
	P(132, SCTP)                                                                               \
	P(136, UDPLITE)                                                                            \
	P(0x100, UNREADABLE) /* truncated or contradicts itself */                                 \
	P(0x101, LLC)	     /* 802.3: a length instead of an EtherType */                         \
	P(0x0806, ARP)                                                                             \
	P(0x8035, RARP)                                                                            \
	P(0x8847, MPLS)                                                                            \
	P(0x8864, PPPOE)                                                                           \
	P(0x888e, EAPOL)                                                                           \
	P(0x88cc, LLDP)

#define PB_PROTO(NUMBER, NAME) PB_PROTO_##NAME = (NUMBER),
enum pb_proto {
	PB_PROTO_TABLE(PB_PROTO)
};

/* A packet. Members are in the order in which bpf_dump prints them; it prints the enums as words,
 * without their prefix and in lower case.
 */
struct pb_packet {
	__u64 ts; /* bpf_ktime_get_boot_ns */
	__u32 ifindex;
	enum pb_hook hook;
	__be32 src[4]; /* IPv4 as ::ffff:a.b.c.d; for ARP its addresses; otherwise :: */
	__be32 dst[4];
	enum pb_proto proto;
	__u16 sport; /* host byte order; for ICMP and ICMPv6 the type … */
	__u16 dport; /* … and the code; 0 where there are none */
	__u32 len;   /* bytes on the wire without the checksum, with all tags; for GSO the whole */
	enum pb_verdict verdict;
	enum pb_reason reason;
	__u16 vlan;	 /* id of the outermost tag */
	__u8 tags;	 /* 802.1Q and 802.1ad */
	__u8 ip_version; /* 4, 6, or 0 for what is not IP */
	bool fragment;	 /* only the first fragment has ports */
	bool gso;	 /* several packets of the wire, split or merged by this machine */
	__u8 _pad[6];
	__u8 data[]; /* the first bytes of the frame, as many as are asked for */
};
_Static_assert(sizeof(struct pb_packet) == 80, "no holes");

#define PB_SNAP_MAX 16384 /* bytes */

/* A packet is reported if it matches every member that is not 0. Addresses are as in struct
 * pb_packet; the masks, in network byte order, say which bits count.
 */
struct pb_ask {
	__be32 src[4], src_mask[4];
	__be32 dst[4], dst_mask[4];
	__u32 proto;   /* enum pb_proto */
	__u16 port;    /* either port, host byte order; matches no ICMP */
	__u16 verdict; /* 1 + enum pb_verdict */
	__u32 sample;  /* one in so many packets, at random */
	__u32 snap;    /* bytes of the frame, PB_SNAP_MAX at most */
};
_Static_assert(sizeof(struct pb_ask) == 80, "no holes");

/* The two streams: ring, ask, bytes of the ring. pb_packets holds 90 ms of a million packets per
 * second, or 5000 whole ones; the log holds a second of three CPUs at the log's rate.
 */
#define PB_STREAM_PACKETS(S) S(pb_packets, pb_packets_ask, 1 << 23)
#define PB_STREAM_LOG(S)     S(pb_packet_log, pb_log_ask, 1 << 18)

#ifdef __bpf__
/* An object defines the stream that it sends to: PB_STREAM_LOG(PB_STREAM) */
#define PB_STREAM(RING, ASK, SIZE)                                                                 \
	PB_PINNED_RING(RING, SIZE);                                                                \
	PB_PINNED(ASK, BPF_MAP_TYPE_ARRAY, __u32, struct pb_ask, 1);

/* Element 0: packets that were not reported, which bpf_dump finds by the map's name; 1: those of
 * them that came too fast.
 */
#define PB_STREAM_LOST PB_MAP(pb_lost, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, 2)
#endif

#endif
