/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a frame: Ethernet, tags, IPv4, IPv6, ICMP. Calls no helper and keeps no state, so that it
 * compiles for user space too. Headers are read byte by byte or by fields of these structures: the
 * UAPI ones have bit-fields, which a big-endian BPF target gets wrong from a little-endian host's
 * headers. Every bounds check stands next to its access: the verifier wants it there.
 */
#ifndef PB_PACKET_H
#define PB_PACKET_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include "list.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* The way of most frames, which the compiler lays out in one line. */
#define pb_likely(x) __builtin_expect(!!(x), 1)

#define PB_VLAN_MAX 4 /* tags that are looked behind */

struct pb_eth {
	__u8 dst[6];
	__u8 src[6];
	__be16 proto;
};

struct pb_tag { /* 802.1Q or 802.1ad: identifier of the tag, then what is behind it */
	__be16 tci;
	__be16 proto;
};

struct pb_ip4 { /* RFC 791 */
	__u8 version_ihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__be16 check;
	__be32 saddr;
	__be32 daddr;
};

struct pb_ip6 { /* RFC 8200 */
	__u8 version_class;
	__u8 class_flow[3];
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	struct pb_addr6 saddr;
	struct pb_addr6 daddr;
};

struct pb_icmp { /* RFC 792, RFC 4443: the quoted packet of an error follows */
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 rest;
};

_Static_assert(sizeof(struct pb_eth) == 14 && sizeof(struct pb_tag) == 4, "IEEE 802.3, 802.1Q");
_Static_assert(sizeof(struct pb_ip4) == 20 && sizeof(struct pb_ip6) == 40, "RFC 791, RFC 8200");
_Static_assert(sizeof(struct pb_icmp) == 8, "RFC 792");

#define PB_IP4_FRAGMENT 0x3fff /* more fragments, or an offset */
#define PB_IP4_OFFSET	0x1fff

#define PB_ICMP_UNREACH		3
#define PB_ICMP_FRAG_NEEDED	4
#define PB_ICMP6_PACKET_TOO_BIG 2
#define PB_ICMP6_MLD_FIRST	130 /* query, report, done: RFC 2710 */
#define PB_ICMP6_MLD_LAST	132
#define PB_ICMP6_MLD2_REPORT	143 /* RFC 3810 */
#define PB_ICMP6_ND_FIRST	133 /* RS, RA, NS, NA, redirect: RFC 4861 */
#define PB_ICMP6_ND_LAST	137
#define PB_ETHERTYPE_802_3	0x0600 /* below it the field is a length */

/* A frame in memory that may be read, data to data_end, and its full length in bytes: longer where
 * a part lies outside that memory (fragments of a jumbo frame).
 */
struct pb_frame {
	__u8 *data;
	__u8 *data_end;
	__u32 len;
};

/* What is behind the Ethernet header and its tags. */
struct pb_l3 {
	__u8 *start;
	__u32 len;    /* bytes of the frame from there on */
	__be16 proto; /* EtherType, or a length below 0x0600 */
};

enum pb_l2 {
	PB_L2_OK,
	PB_L2_TRUNCATED,
	PB_L2_DEEP, /* more than PB_VLAN_MAX tags */
};

static __always_inline bool pb_is_tag(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum pb_l2 pb_read_l2(const struct pb_frame *f, struct pb_l3 *l3)
{
	struct pb_eth *eth = (void *)f->data;
	__u8 *p = f->data + sizeof(*eth);
	__u32 len = f->len - sizeof(*eth);
	__be16 proto;

	if (p > f->data_end)
		return PB_L2_TRUNCATED;
	proto = eth->proto;
#pragma unroll
	for (int i = 0; i < PB_VLAN_MAX; i++) {
		struct pb_tag *tag = (void *)p;

		if (pb_likely(proto == bpf_htons(ETH_P_IP)) || !pb_is_tag(proto))
			break;
		p += sizeof(*tag);
		if (p > f->data_end)
			return PB_L2_TRUNCATED;
		proto = tag->proto;
		len -= sizeof(*tag);
	}
	if (proto != bpf_htons(ETH_P_IP) && pb_is_tag(proto))
		return PB_L2_DEEP;
	*l3 = (struct pb_l3){ .start = p, .len = len, .proto = proto };
	return PB_L2_OK;
}

/* STP, LACP, LLDP and their like: destination 01:80:c2:00:00:00 to :0f, which no bridge forwards
 * (IEEE 802.1Q, reserved addresses), and 802.1X by its EtherType.
 */
static __always_inline bool pb_is_l2_control(const struct pb_frame *f, __be16 proto)
{
	struct pb_eth *eth = (void *)f->data;

	if (f->data + sizeof(*eth) > f->data_end)
		return false;
	return proto == bpf_htons(ETH_P_PAE) ||
	       (eth->dst[0] == 0x01 && eth->dst[1] == 0x80 && eth->dst[2] == 0xc2 && !eth->dst[3] &&
		!eth->dst[4] && !(eth->dst[5] & 0xf0));
}

/* The IPv4 header, or NULL if the packet is truncated or contradicts itself. A total length of 0
 * is BIG TCP's, in a frame that no 16-bit length can tell.
 */
static __always_inline struct pb_ip4 *pb_read_ip4(const struct pb_frame *f, const struct pb_l3 *l3,
						  __u32 *hlen)
{
	struct pb_ip4 *ip = (void *)l3->start;
	__u32 tot_len;

	if ((__u8 *)(ip + 1) > f->data_end)
		return 0;
	*hlen = (ip->version_ihl & 0x0f) * 4;
	tot_len = bpf_ntohs(ip->tot_len);
	if (ip->version_ihl >> 4 != 4 || *hlen < sizeof(*ip) || *hlen > l3->len)
		return 0;
	if (!tot_len && f->len > 0xffff)
		return ip;
	return tot_len < *hlen || tot_len > l3->len ? 0 : ip;
}

/* The same for IPv6, where a length of 0 is right for a packet without payload as well. */
static __always_inline struct pb_ip6 *pb_read_ip6(const struct pb_frame *f, const struct pb_l3 *l3)
{
	struct pb_ip6 *ip = (void *)l3->start;

	if ((__u8 *)(ip + 1) > f->data_end)
		return 0;
	if (ip->version_class >> 4 != 6 || sizeof(*ip) + bpf_ntohs(ip->payload_len) > l3->len)
		return 0;
	return ip;
}

#endif
