/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a frame: Ethernet, tags, IPv4, IPv6 and its extension headers, ports. The only parser:
 * decisions use its steps, and pb_read_flow makes a struct pb_flow of a whole frame. It calls no
 * helper, so it compiles for user space too (test/fuzz).
 *
 * Headers are read byte by byte or by fields of these structures. The UAPI ones have bit-fields,
 * which a big-endian BPF target gets wrong from a little-endian host's headers. Every bounds check
 * stands next to its access, where the verifier wants it.
 */
#ifndef PB_PARSE_BPF_H
#define PB_PARSE_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include "verdict.h"
#include "verifier.h"

struct pb_eth {
	__u8 dst[6];
	__u8 src[6];
	__be16 proto;
};

struct pb_tag { /* 802.1Q or 802.1ad: tag control information, then the type of what follows */
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

struct pb_icmp { /* RFC 792, RFC 4443; in an error the quoted packet follows */
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
#define PB_ICMP6_ND_SOLICIT	135
#define PB_ICMP6_ND_ADVERT	136
#define PB_ICMP6_ND_LAST	137
#define PB_ETHERTYPE_802_3	0x0600 /* below it the field is a length */

/* A frame: the memory that may be read, data to data_end, and the full length in bytes, which is
 * larger where a part lies outside that memory (fragments of a jumbo frame). It does not include a
 * tag that the network card or the kernel has taken out of the frame.
 */
struct pb_frame {
	__u8 *data;
	__u8 *data_end;
	__u32 len;
	__u32 tags; /* taken out of the frame: they count as if they were in it */
};

/* What follows the Ethernet header and its tags. */
struct pb_l3 {
	__u8 *start;
	__u32 len;    /* bytes of the frame from here on */
	__u32 tags;   /* before it, with those that were taken out */
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

/* STP, LACP, LLDP and the like: destination 01:80:c2:00:00:00 to :0f, which no bridge forwards
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

/* The IPv4 header, or NULL if the packet is truncated or contradicts itself. BIG TCP has a total
 * length of 0, as 16 bits cannot hold the length of such a frame.
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

/* The same for IPv6, where a length of 0 is also right for a packet without payload. */
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

struct pb_arp { /* RFC 826, for IPv4 on Ethernet */
	__be16 hardware, protocol;
	__u8 hlen, plen;
	__be16 operation;
	__u8 sha[6], spa[4], tha[6], tpa[4];
};
_Static_assert(sizeof(struct pb_arp) == 28, "RFC 826");

#define PB_WALK_MAX 32768 /* bytes from the start of the frame: PB_EXT_MAX headers end before */

/* The position of the parser after the Ethernet header. In a program it lies in the value of a map
 * (verifier.h).
 */
struct pb_walk {
	pb_forgotten __u32 at;	 /* bytes from the start of the frame */
	pb_forgotten __u32 left; /* bytes of the packet from there on */
	pb_forgotten __u32 proto;
	pb_forgotten __u32 fragment;
};

/* The bytes at this position, `size` of them, or NULL. */
static __always_inline __u8 *pb_walk_at(const struct pb_frame *f, const struct pb_walk *k,
					__u32 size)
{
	__u64 at = k->at; /* as wide as the pointer: otherwise the check is not of what is added */
	__u8 *p;

	if (at > PB_WALK_MAX || k->left < size)
		return 0;
	p = f->data + at;
	pb_one_value(p);
	return p + size > f->data_end ? 0 : p;
}

/* Moves past one extension header; false if there is none, or if this is as far as one can see. A
 * fragment that is not the first has no more headers: its protocol is the one that the fragment
 * header names, and nothing is left to be read.
 */
static __always_inline bool pb_walk_ext(const struct pb_frame *f, struct pb_walk *k)
{
	__u32 proto = k->proto, hlen = 8;
	__u8 *p;

	if (!pb_is_ext(proto))
		return false;
	p = pb_walk_at(f, k, 8);
	if (!p)
		goto out;
	k->proto = p[0];
	if (proto == IPPROTO_FRAGMENT) {
		k->fragment = true;
		if (p[2] | (p[3] & 0xf8)) /* offset */
			goto out;
	} else {
		hlen = proto == IPPROTO_AH ? (p[1] + 2) * 4 : (p[1] + 1) * 8;
	}
	k->at += hlen;
	k->left = k->left < hlen ? 0 : k->left - hlen;
	return true;
out:
	k->left = 0;
	return false;
}

/* From the IPv6 header past its extension headers. `left` is how many bytes follow the fixed
 * header.
 */
static __always_inline void pb_walk_ip6(const struct pb_frame *f, const struct pb_ip6 *ip,
					__u32 left, struct pb_walk *k)
{
	k->proto = ip->nexthdr;
	k->at = (__u8 *)(ip + 1) - f->data;
	k->left = left;
	k->fragment = false;
#pragma unroll
	for (int i = 0; i < PB_EXT_MAX; i++) {
		if (!pb_walk_ext(f, k))
			break;
	}
}

/* What a frame says about itself. */
struct pb_flow {
	__be32 src[4]; /* IPv4 as ::ffff:a.b.c.d; for ARP its addresses; otherwise :: */
	__be32 dst[4];
	__u32 proto; /* after the IP headers; an EtherType where there are none; or as below */
	__u32 len;   /* on the wire; with vlan and gso completed by the hook (pb_read_meta) */
	__u16 sport; /* host byte order; for ICMP and ICMPv6 the type … */
	__u16 dport; /* … and the code; 0 where there are none */
	__u16 vlan;  /* id of the outermost tag */
	__u8 tags;
	__u8 ip_version; /* 4, 6, or 0 */
	bool gso;
	struct pb_walk walk;
};

#define PB_FLOW_UNREADABLE 0x100 /* truncated or contradicts itself */
#define PB_FLOW_LLC	   0x101 /* 802.3: a length instead of an EtherType */

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

/* What follows the IP headers. */
static __always_inline void pb_read_ports(const struct pb_frame *f, struct pb_flow *to)
{
	__u32 proto = to->walk.proto;
	__u8 *p = pb_walk_at(f, &to->walk, 4);

	to->proto = proto;
	if (!p)
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
					  struct pb_flow *to)
{
	struct pb_ip4 *ip = (void *)l3->start;
	struct pb_walk *k = &to->walk;
	__u32 hlen, len;

	if ((__u8 *)(ip + 1) > f->data_end || ip->version_ihl >> 4 != 4)
		return;
	to->ip_version = 4;
	pb_put_addr4(to->src, ip->saddr);
	pb_put_addr4(to->dst, ip->daddr);
	if (!pb_read_ip4(f, l3, &hlen))
		return;
	len = bpf_ntohs(ip->tot_len);
	k->fragment = !!(ip->frag_off & bpf_htons(PB_IP4_FRAGMENT));
	k->proto = ip->protocol;
	k->at = l3->start + hlen - f->data;
	k->left = (len ? len : l3->len) - hlen;
	if (ip->frag_off & bpf_htons(PB_IP4_OFFSET))
		k->left = 0;
	pb_read_ports(f, to);
}

static __always_inline void pb_read_flow6(const struct pb_frame *f, const struct pb_l3 *l3,
					  struct pb_flow *to)
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
	pb_walk_ip6(f, ip, len || f->len <= 0xffff ? len : l3->len - sizeof(*ip), &to->walk);
	pb_read_ports(f, to);
}

static __always_inline void pb_read_arp(const struct pb_frame *f, const struct pb_l3 *l3,
					struct pb_flow *to)
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

/* Who talks to whom. In a program the flow lies in the value of a map (verifier.h). */
static __always_inline void pb_read_flow(const struct pb_frame *f, struct pb_flow *to)
{
	struct pb_eth *eth = (void *)f->data;
	struct pb_tag *tag = (void *)(eth + 1);
	struct pb_walk *k = &to->walk;
	struct pb_l3 l3;
	__u64 at;

	__builtin_memset(to, 0, sizeof(*to));
	to->proto = PB_FLOW_UNREADABLE;
	to->tags = f->tags;
	if ((__u8 *)(tag + 1) <= f->data_end && pb_is_tag(eth->proto))
		to->vlan = bpf_ntohs(tag->tci) & PB_VLAN_ID;
	if (pb_read_l2(f, &l3) != PB_L2_OK)
		return;
	to->tags = l3.tags;
	/* However many tags there are, what follows is verified once. */
	k->at = l3.start - f->data;
	k->left = l3.len;
	k->proto = l3.proto;
	at = k->at;
	if (at > sizeof(*eth) + PB_TAGS_MAX * sizeof(*tag))
		return;
	l3 = (struct pb_l3){ .start = f->data + at, .len = k->left, .proto = k->proto };
	pb_one_value(l3.start);
	if (l3.proto == bpf_htons(ETH_P_IP)) {
		pb_read_flow4(f, &l3, to);
	} else if (l3.proto == bpf_htons(ETH_P_IPV6)) {
		pb_read_flow6(f, &l3, to);
	} else if (bpf_ntohs(l3.proto) < PB_ETHERTYPE_802_3) {
		to->proto = PB_FLOW_LLC;
	} else {
		to->proto = bpf_ntohs(l3.proto);
		if (l3.proto == bpf_htons(ETH_P_ARP))
			pb_read_arp(f, &l3, to);
	}
}

#endif
