/* SPDX-License-Identifier: GPL-2.0-only */
/* The allow list's decision about a frame: docs/frames.md, row by row, the same for every hook.
 * Anything that is not understood is dropped: it fails closed. The look-ups are the only helpers it
 * calls; test/fuzz replaces them and compiles it for user space.
 */
#ifndef PB_ALLOW_BPF_H
#define PB_ALLOW_BPF_H

#include "parse.bpf.h"
#include "lookup.bpf.h"
#include "verdict.h"

/* Which end of a packet has to be listed: the sender on the way in, the receiver on the way out. */
enum pb_end {
	PB_SOURCE,
	PB_DESTINATION,
};

/* "Fragmentation needed" about a packet that went to a listed address. Any router on the path may
 * send it, and without it the path to the listed peer is a black hole. There is no such exception
 * on the way out, where the message goes to the sender of the packet, which is listed or not.
 */
static __always_inline bool pb_is_pmtu4(const struct pb_frame *f, const struct pb_ip4 *ip,
					__u32 hlen)
{
	struct pb_icmp *icmp = (void *)ip + hlen;
	struct pb_ip4 *quoted = (void *)(icmp + 1);

	if (ip->frag_off & bpf_htons(PB_IP4_FRAGMENT))
		return false;
	if (bpf_ntohs(ip->tot_len) < hlen + sizeof(*icmp) + sizeof(*quoted) ||
	    (__u8 *)(quoted + 1) > f->data_end)
		return false;
	return icmp->type == PB_ICMP_UNREACH && icmp->code == PB_ICMP_FRAG_NEEDED &&
	       quoted->version_ihl >> 4 == 4 && pb_quoted4(quoted->daddr);
}

/* A snooping bridge asks for group members from 0.0.0.0. Messages of IGMP go to a group and never
 * further than this link (RFC 3376): anything else with that protocol number is somebody's own.
 */
static __always_inline bool pb_is_igmp_query(const struct pb_ip4 *ip)
{
	return ip->protocol == IPPROTO_IGMP && !ip->saddr && ip->ttl == 1 &&
	       (ip->daddr & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000);
}

static __always_inline enum pb_reason pb_allow4(const struct pb_frame *f, const struct pb_l3 *l3,
						enum pb_end end)
{
	__u32 hlen;
	struct pb_ip4 *ip = pb_read_ip4(f, l3, &hlen);

	if (!ip)
		return PB_MALFORMED;
	if (pb_likely(pb_listed4(end == PB_SOURCE ? ip->saddr : ip->daddr)))
		return PB_LISTED;
	if (pb_is_igmp_query(ip))
		return PB_IGMP;
	if (end == PB_SOURCE && ip->protocol == IPPROTO_ICMP && pb_is_pmtu4(f, ip, hlen))
		return PB_PMTU;
	return PB_NOT_LISTED;
}

static __always_inline bool pb_is_mld_source(const __be32 *a)
{
	return (a[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000) ||
	       !(a[0] | a[1] | a[2] | a[3]);
}

/* MLD directly after the fixed header, or after one hop-by-hop header (the router alert). */
static __always_inline bool pb_is_mld(const struct pb_frame *f, const struct pb_ip6 *ip)
{
	__u32 left = bpf_ntohs(ip->payload_len), hlen;
	__u8 nexthdr = ip->nexthdr;
	__u8 *p = (void *)(ip + 1);
	struct pb_icmp *icmp;

	if (ip->hop_limit != 1 || !pb_is_mld_source(ip->saddr))
		return false;
	if (nexthdr == IPPROTO_HOPOPTS) {
		if (p + 8 > f->data_end)
			return false;
		nexthdr = p[0];
		hlen = (p[1] + 1) * 8;
		if (hlen > left)
			return false;
		left -= hlen;
		p += hlen;
	}
	icmp = (void *)p;
	if (nexthdr != IPPROTO_ICMPV6 || left < sizeof(*icmp) || (__u8 *)(icmp + 1) > f->data_end)
		return false;
	return (icmp->type >= PB_ICMP6_MLD_FIRST && icmp->type <= PB_ICMP6_MLD_LAST) ||
	       icmp->type == PB_ICMP6_MLD2_REPORT;
}

/* What replaces ARP, and the question for a router. An advertisement (134) or a redirect (137) is
 * no exception: it makes its sender a router, which is for the list to say.
 */
static __always_inline bool pb_is_neighbour(__u8 type)
{
	return type == PB_ICMP6_ND_FIRST || type == PB_ICMP6_ND_SOLICIT ||
	       type == PB_ICMP6_ND_ADVERT;
}

/* Neighbour discovery and "packet too big", directly after the fixed header. */
static __always_inline enum pb_reason pb_allow_icmp6(const struct pb_frame *f,
						     const struct pb_ip6 *ip, enum pb_end end)
{
	struct pb_icmp *icmp = (void *)(ip + 1);
	struct pb_ip6 *quoted = (void *)(icmp + 1);
	__u32 len = bpf_ntohs(ip->payload_len);

	if (len < sizeof(*icmp) || (__u8 *)(icmp + 1) > f->data_end)
		return PB_NOT_LISTED;
	if (pb_is_neighbour(icmp->type) && !icmp->code && ip->hop_limit == 255)
		return PB_ND;
	if (end != PB_SOURCE || icmp->type != PB_ICMP6_PACKET_TOO_BIG ||
	    len < sizeof(*icmp) + sizeof(*quoted) || (__u8 *)(quoted + 1) > f->data_end ||
	    quoted->version_class >> 4 != 6)
		return PB_NOT_LISTED;
	return pb_listed6(quoted->daddr) ? PB_PMTU : PB_NOT_LISTED;
}

static __always_inline enum pb_reason pb_allow6(const struct pb_frame *f, const struct pb_l3 *l3,
						enum pb_end end)
{
	struct pb_ip6 *ip = pb_read_ip6(f, l3);
	enum pb_reason reason = PB_NOT_LISTED;

	if (!ip)
		return PB_MALFORMED;
	if (pb_listed6(end == PB_SOURCE ? ip->saddr : ip->daddr))
		return PB_LISTED;
	if (ip->nexthdr == IPPROTO_ICMPV6)
		reason = pb_allow_icmp6(f, ip, end);
	if (reason == PB_NOT_LISTED && pb_is_mld(f, ip))
		return PB_MLD;
	return reason;
}

static __always_inline enum pb_reason pb_allow(const struct pb_frame *f, enum pb_end end)
{
	struct pb_l3 l3;

	switch (pb_read_l2(f, &l3)) {
	case PB_L2_TRUNCATED:
		return PB_MALFORMED;
	case PB_L2_DEEP:
		return PB_VLAN_DEPTH;
	case PB_L2_OK:
		break;
	}
	if (pb_likely(l3.proto == bpf_htons(ETH_P_IP)))
		return pb_allow4(f, &l3, end);
	if (l3.proto == bpf_htons(ETH_P_IPV6))
		return pb_allow6(f, &l3, end);
	if (l3.proto == bpf_htons(ETH_P_ARP))
		return PB_ARP;
	return pb_is_l2_control(f, l3.proto) ? PB_L2_CONTROL : PB_ETHERTYPE;
}

#endif
