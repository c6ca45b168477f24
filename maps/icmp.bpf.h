/* SPDX-License-Identifier: GPL-2.0-only */
/* Which frames are ICMP that may be done without. Kernel side, shared by every hook. Drops IPv4
 * ICMP, and ICMPv6 but for what IPv6 cannot live without: neighbour discovery, MLD and packet too
 * big. All else passes, malformed frames too: this is no firewall, fails open.
 */
#ifndef PB_ICMP_BPF_H
#define PB_ICMP_BPF_H

#include "packet.h"
#include "verdict.h"

#define PB_EXT_MAX 8 /* extension headers that are looked behind */

static __always_inline enum pb_reason pb_icmp6_type(__u8 type)
{
	if (type >= PB_ICMP6_ND_FIRST && type <= PB_ICMP6_ND_LAST)
		return PB_PASS_ND;
	if ((type >= PB_ICMP6_MLD_FIRST && type <= PB_ICMP6_MLD_LAST) ||
	    type == PB_ICMP6_MLD2_REPORT)
		return PB_PASS_MLD;
	return type == PB_ICMP6_PACKET_TOO_BIG ? PB_PASS_PMTU : PB_DROP_ICMP;
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
		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS && proto != IPPROTO_FRAGMENT && proto != IPPROTO_AH &&
		    proto != IPPROTO_MH)
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

static __always_inline enum pb_reason pb_icmp6(const struct pb_frame *f, const struct pb_l3 *l3)
{
	struct pb_ip6 *ip = pb_read_ip6(f, l3);
	bool fragment = false;
	__u8 *p = 0;

	if (!ip || pb_skip_ext(f, ip, &p, &fragment) != IPPROTO_ICMPV6)
		return PB_PASS_OTHER;
	/* Of these none may come in fragments (RFC 6980) or needs to. */
	if (fragment || !p || p + 1 > f->data_end)
		return PB_DROP_ICMP;
	return pb_icmp6_type(*p);
}

static __always_inline enum pb_reason pb_icmp(const struct pb_frame *f)
{
	struct pb_ip4 *ip;
	struct pb_l3 l3;
	__u32 hlen;

	if (pb_read_l2(f, &l3) != PB_L2_OK)
		return PB_PASS_OTHER;
	if (l3.proto == bpf_htons(ETH_P_IPV6))
		return pb_icmp6(f, &l3);
	if (l3.proto != bpf_htons(ETH_P_IP))
		return PB_PASS_OTHER;
	ip = pb_read_ip4(f, &l3, &hlen);
	return ip && ip->protocol == IPPROTO_ICMP ? PB_DROP_ICMP : PB_PASS_OTHER;
}

#endif
