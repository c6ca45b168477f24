/* SPDX-License-Identifier: GPL-2.0-only */
/* Which frames are ICMP that is not essential. Drops IPv4 ICMP, and ICMPv6 except for what IPv6
 * cannot work without: neighbour discovery, MLD and packet too big. Everything else passes,
 * malformed frames too: this is no firewall, so it fails open.
 */
#ifndef PB_ICMP_BPF_H
#define PB_ICMP_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "parse.bpf.h"
#include "verdict.h"
#include "walk.bpf.h"

static __always_inline enum pb_reason pb_icmp6_type(__u8 type)
{
	if (type >= PB_ICMP6_ND_FIRST && type <= PB_ICMP6_ND_LAST)
		return PB_ND;
	if ((type >= PB_ICMP6_MLD_FIRST && type <= PB_ICMP6_MLD_LAST) ||
	    type == PB_ICMP6_MLD2_REPORT)
		return PB_MLD;
	return type == PB_ICMP6_PACKET_TOO_BIG ? PB_PMTU : PB_ICMP;
}

static __always_inline enum pb_reason pb_icmp6(const struct pb_frame *f, const struct pb_l3 *l3)
{
	struct pb_ip6 *ip = pb_read_ip6(f, l3);
	struct pb_walk *k;
	__u8 *p;

	if (!ip)
		return PB_OTHER;
	if (!pb_is_ext(ip->nexthdr)) {
		p = (void *)(ip + 1);
		if (ip->nexthdr != IPPROTO_ICMPV6)
			return PB_OTHER;
		return p + 1 > f->data_end ? PB_ICMP : pb_icmp6_type(*p);
	}
	k = pb_walk_memory();
	if (!k)
		return PB_OTHER;
	/* To the end of the frame: a packet does not hide its ICMP by lying about its length. */
	pb_walk_ip6(f, ip, ~0u, k);
	if (k->proto != IPPROTO_ICMPV6)
		return PB_OTHER;
	/* None of the essential ones may be fragmented (RFC 6980), or needs to be. */
	p = pb_walk_at(f, k, 1);
	return k->fragment || !p ? PB_ICMP : pb_icmp6_type(*p);
}

static __always_inline enum pb_reason pb_icmp(const struct pb_frame *f)
{
	struct pb_ip4 *ip;
	struct pb_l3 l3;
	__u32 hlen;

	if (pb_read_l2(f, &l3) != PB_L2_OK)
		return PB_OTHER;
	if (l3.proto == bpf_htons(ETH_P_IPV6))
		return pb_icmp6(f, &l3);
	if (l3.proto != bpf_htons(ETH_P_IP))
		return PB_OTHER;
	ip = pb_read_ip4(f, &l3, &hlen);
	return ip && ip->protocol == IPPROTO_ICMP ? PB_ICMP : PB_OTHER;
}

/* The same, and reports each dropped packet to trace_pipe. */
static __always_inline enum pb_reason pb_icmp_told(const struct pb_frame *f)
{
	enum pb_reason reason = pb_icmp(f);

	if (reason == PB_ICMP)
		bpf_printk("Drop ICMP packets");
	return reason;
}

#endif
