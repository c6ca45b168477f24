/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a frame: Ethernet, tags, IPv4, IPv6, ICMP. Calls no helper and keeps no state, so that it
 * compiles for user space too. Headers are read byte by byte or by fields of these structures: the
 * UAPI ones have bit-fields, which a big-endian BPF target gets wrong from a little-endian host's
 * headers. Every bounds check stands next to its access: the verifier wants it there.
 */
#ifndef PB_PARSE_BPF_H
#define PB_PARSE_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include "packet.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* One register for the check and the use: else the compiler makes two of it, and the verifier has
 * seen only one of them checked.
 */
#define pb_one_value(v) __asm__ volatile("" : "+r"(v))

/* Whether a length is 1 to `most`, in a way that the verifiers of 5.10 and 6.1 understand: they
 * learn nothing from a comparison with a register, nor from != 0; and the compiler shall not see
 * through it.
 */
static __always_inline bool pb_bounded(__u64 *len, __u64 most)
{
	(*len)--;
	pb_one_value(*len);
	if (*len >= most)
		return false;
	(*len)++;
	return true;
}

/* The way of most frames, which the compiler lays out in one line. */
#define pb_likely(x) __builtin_expect(!!(x), 1)

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
	__be32 saddr[4];
	__be32 daddr[4];
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
#define PB_VLAN_ID	0x0fff

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
 * a part lies outside that memory (fragments of a jumbo frame). A tag that the network card or the
 * kernel has taken out of the frame is not in its length.
 */
struct pb_frame {
	__u8 *data;
	__u8 *data_end;
	__u32 len;
	__u32 tags; /* that were taken out: they count as if they were there */
};

/* What is behind the Ethernet header and its tags. */
struct pb_l3 {
	__u8 *start;
	__u32 len;    /* bytes of the frame from there on */
	__u32 tags;   /* before it, those that were taken out too */
	__be16 proto; /* EtherType, or a length below 0x0600 */
};

enum pb_l2 {
	PB_L2_OK,
	PB_L2_TRUNCATED,
	PB_L2_DEEP, /* more than PB_TAGS_MAX tags */
};

static __always_inline bool pb_is_tag(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum pb_l2 pb_read_l2(const struct pb_frame *f, struct pb_l3 *l3)
{
	struct pb_eth *eth = (void *)f->data;
	__u8 *p = f->data + sizeof(*eth);
	__u32 len = f->len - sizeof(*eth), tags = f->tags;
	__be16 proto;

	if (p > f->data_end)
		return PB_L2_TRUNCATED;
	proto = eth->proto;
#pragma unroll
	for (int i = 0; i < PB_TAGS_MAX; i++) {
		struct pb_tag *tag = (void *)p;

		if (pb_likely(proto == bpf_htons(ETH_P_IP)) || !pb_is_tag(proto) ||
		    tags == PB_TAGS_MAX)
			break;
		p += sizeof(*tag);
		if (p > f->data_end)
			return PB_L2_TRUNCATED;
		proto = tag->proto;
		len -= sizeof(*tag);
		tags++;
	}
	if (proto != bpf_htons(ETH_P_IP) && pb_is_tag(proto))
		return PB_L2_DEEP;
	*l3 = (struct pb_l3){ .start = p, .len = len, .tags = tags, .proto = proto };
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

static __always_inline bool pb_is_ext(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH || proto == IPPROTO_MH;
}

/* The protocol behind the extension headers, or IPPROTO_NONE. In a fragment that is not the first
 * one it is the fragment header that names it, and there is no type to read; *fragment is set.
 */
static __always_inline __u8 pb_skip_ext(const struct pb_frame *f, struct pb_ip6 *ip, __u8 **where,
					bool *fragment)
{
	__u8 *p = (void *)(ip + 1), proto = ip->nexthdr;

#pragma unroll
	for (int i = 0; i < PB_EXT_MAX; i++) {
		if (!pb_is_ext(proto))
			break;
		if (p + 8 > f->data_end)
			return IPPROTO_NONE;
		if (proto == IPPROTO_FRAGMENT) {
			*fragment = true;
			if (p[2] | (p[3] & 0xf8)) /* offset */
				return p[0];
			proto = p[0];
			p += 8;
		} else {
			__u32 hlen = proto == IPPROTO_AH ? (p[1] + 2) * 4 : (p[1] + 1) * 8;

			proto = p[0];
			p += hlen;
		}
	}
	*where = p;
	return proto;
}

struct pb_arp { /* RFC 826, of IPv4 on Ethernet */
	__be16 hardware, protocol;
	__u8 hlen, plen;
	__be16 operation;
	__u8 sha[6], spa[4], tha[6], tpa[4];
};
_Static_assert(sizeof(struct pb_arp) == 28, "RFC 826");

#define PB_WALK_MAX 8192 /* bytes from the frame's start, behind which nothing is looked at */

/* Where reading stands. In a BPF program it is in a map's value, of which the verifier remembers
 * nothing: it then looks at what follows once, and not once for each way of getting there.
 * Volatile, as the compiler would remember.
 */
struct pb_walk {
	volatile __u32 at;   /* bytes from the frame's start */
	volatile __u32 left; /* of the packet from there on */
	volatile __u32 proto;
};

static __always_inline void pb_put_addr4(__be32 *to, __be32 addr)
{
	to[0] = to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = addr;
}

static __always_inline void pb_put_addr6(__be32 *to, const __be32 *addr)
{
	to[0] = addr[0];
	to[1] = addr[1];
	to[2] = addr[2];
	to[3] = addr[3];
}

/* What is behind the IP headers. */
static __always_inline void pb_read_ports(const struct pb_frame *f, const struct pb_walk *k,
					  struct pb_packet *to)
{
	__u32 proto = k->proto;
	__u64 at = k->at; /* as wide as the pointer: else what is compared is not what is added */
	__u8 *p;

	to->proto = proto;
	if (at > PB_WALK_MAX || k->left < 4)
		return;
	p = f->data + at;
	pb_one_value(p);
	if (p + 4 > f->data_end)
		return;
	if (proto == (to->ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		to->sport = p[0];
		to->dport = p[1];
	} else if (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
		   proto == IPPROTO_UDPLITE || proto == IPPROTO_DCCP) {
		to->sport = p[0] << 8 | p[1];
		to->dport = p[2] << 8 | p[3];
	}
}

static __always_inline void pb_read_flow4(const struct pb_frame *f, const struct pb_l3 *l3,
					  struct pb_walk *k, struct pb_packet *to)
{
	struct pb_ip4 *ip = (void *)l3->start;
	__u32 hlen, len;

	if ((__u8 *)(ip + 1) > f->data_end || ip->version_ihl >> 4 != 4)
		return;
	to->ip_version = 4;
	pb_put_addr4(to->src, ip->saddr);
	pb_put_addr4(to->dst, ip->daddr);
	if (!pb_read_ip4(f, l3, &hlen))
		return;
	len = bpf_ntohs(ip->tot_len);
	to->fragment = ip->frag_off & bpf_htons(PB_IP4_FRAGMENT);
	k->proto = ip->protocol;
	k->at = l3->start + hlen - f->data;
	k->left = (len ? len : l3->len) - hlen;
	if (ip->frag_off & bpf_htons(PB_IP4_OFFSET))
		k->left = 0;
	pb_read_ports(f, k, to);
}

/* Behind one extension header; false if there is none, or no more to be seen. */
static __always_inline bool pb_walk_ext(const struct pb_frame *f, struct pb_walk *k,
					struct pb_packet *to)
{
	__u32 proto = k->proto, hlen = 8;
	__u64 at = k->at;
	__u8 *p;

	if (!pb_is_ext(proto))
		return false;
	if (at > PB_WALK_MAX || k->left < 8)
		goto out;
	p = f->data + at;
	pb_one_value(p);
	if (p + 8 > f->data_end)
		goto out;
	k->proto = p[0];
	if (proto == IPPROTO_FRAGMENT) {
		to->fragment = true;
		if (p[2] | (p[3] & 0xf8)) /* offset */
			goto out;
	} else {
		hlen = proto == IPPROTO_AH ? (p[1] + 2) * 4 : (p[1] + 1) * 8;
	}
	k->at = at + hlen;
	k->left = k->left < hlen ? 0 : k->left - hlen;
	return true;
out:
	k->left = 0;
	return false;
}

static __always_inline void pb_read_flow6(const struct pb_frame *f, const struct pb_l3 *l3,
					  struct pb_walk *k, struct pb_packet *to)
{
	struct pb_ip6 *ip = (void *)l3->start;
	__u32 len;

	if ((__u8 *)(ip + 1) > f->data_end || ip->version_class >> 4 != 6)
		return;
	to->ip_version = 6;
	pb_put_addr6(to->src, ip->saddr);
	pb_put_addr6(to->dst, ip->daddr);
	if (!pb_read_ip6(f, l3))
		return;
	len = bpf_ntohs(ip->payload_len);
	k->proto = ip->nexthdr;
	k->at = (__u8 *)(ip + 1) - f->data;
	k->left = len || f->len <= 0xffff ? len : l3->len - sizeof(*ip);
#pragma unroll
	for (int i = 0; i < PB_EXT_MAX; i++) {
		if (!pb_walk_ext(f, k, to))
			break;
	}
	pb_read_ports(f, k, to);
}

static __always_inline void pb_read_arp(const struct pb_frame *f, const struct pb_l3 *l3,
					struct pb_packet *to)
{
	struct pb_arp *arp = (void *)l3->start;
	__be32 addr;

	if ((__u8 *)(arp + 1) > f->data_end || arp->protocol != bpf_htons(ETH_P_IP) ||
	    arp->hlen != 6 || arp->plen != 4)
		return;
	__builtin_memcpy(&addr, arp->spa, 4);
	pb_put_addr4(to->src, addr);
	__builtin_memcpy(&addr, arp->tpa, 4);
	pb_put_addr4(to->dst, addr);
}

/* Who talks to whom, into a record that is all 0. */
static __always_inline void pb_read_flow(const struct pb_frame *f, struct pb_walk *k,
					 struct pb_packet *to)
{
	struct pb_eth *eth = (void *)f->data;
	struct pb_tag *tag = (void *)(eth + 1);
	struct pb_l3 l3;
	__u64 at;

	to->proto = PB_PROTO_UNREADABLE;
	to->tags = f->tags;
	if ((__u8 *)(tag + 1) <= f->data_end && pb_is_tag(eth->proto))
		to->vlan = bpf_ntohs(tag->tci) & PB_VLAN_ID;
	if (pb_read_l2(f, &l3) != PB_L2_OK)
		return;
	to->tags = l3.tags;
	k->at = l3.start - f->data;
	k->left = l3.len;
	k->proto = l3.proto;
	at = k->at;
	if (at > sizeof(*eth) + PB_TAGS_MAX * sizeof(*tag))
		return;
	l3 = (struct pb_l3){ .start = f->data + at, .len = k->left, .proto = k->proto };
	pb_one_value(l3.start);
	if (l3.proto == bpf_htons(ETH_P_IP)) {
		pb_read_flow4(f, &l3, k, to);
	} else if (l3.proto == bpf_htons(ETH_P_IPV6)) {
		pb_read_flow6(f, &l3, k, to);
	} else if (bpf_ntohs(l3.proto) < PB_ETHERTYPE_802_3) {
		to->proto = PB_PROTO_LLC;
	} else {
		to->proto = bpf_ntohs(l3.proto);
		if (l3.proto == bpf_htons(ETH_P_ARP))
			pb_read_arp(f, &l3, to);
	}
}

#endif
