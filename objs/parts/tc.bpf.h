/* SPDX-License-Identifier: GPL-2.0-only */
/* The tc hook: context to frame, reason to action. */
#ifndef PB_TC_BPF_H
#define PB_TC_BPF_H

#define PB_HOOK tc

#include <stddef.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "verdict.h"
#include "parse.bpf.h"

typedef struct __sk_buff pb_ctx;

/* The most that is pulled into the linear part: all headers that are parsed, unless they are
 * absurdly long. What lies beyond counts as truncated.
 */
#define PB_TC_PULL 1024

/* A tag that is in the skb instead of the frame counts as if it were in the frame. */
static __always_inline struct pb_frame pb_frame_of(pb_ctx *skb, __u32 len)
{
	return (struct pb_frame){
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.len = len,
		.tags = skb->vlan_present ? 1 : 0,
	};
}

/* Whether the linear part has all headers that a decision may need. Usually it does, and for what
 * the stack sends it ends there: pulling more in would copy the packet.
 */
static __always_inline bool pb_tc_enough(const struct pb_frame *f)
{
	struct pb_l3 l3;

	if (f->len == (__u64)(f->data_end - f->data))
		return true;
	if (pb_read_l2(f, &l3) != PB_L2_OK)
		return false;
	if (pb_likely(l3.proto == bpf_htons(ETH_P_IP))) {
		struct pb_ip4 *ip = (void *)l3.start;

		return (__u8 *)(ip + 1) + 4 <= f->data_end && ip->version_ihl == 0x45 &&
		       (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP);
	}
	if (l3.proto == bpf_htons(ETH_P_IPV6)) {
		struct pb_ip6 *ip = (void *)l3.start;

		return (__u8 *)(ip + 1) + 4 <= f->data_end &&
		       (ip->nexthdr == IPPROTO_TCP || ip->nexthdr == IPPROTO_UDP);
	}
	return false;
}

static __always_inline struct pb_frame pb_tc_frame(pb_ctx *skb)
{
	struct pb_frame f = pb_frame_of(skb, skb->len);

	if (pb_likely(pb_tc_enough(&f)))
		return f;
	/* Without memory for it the headers stay out of reach: the frame is malformed. */
	bpf_skb_pull_data(skb, skb->len < PB_TC_PULL ? skb->len : PB_TC_PULL);
	return pb_frame_of(skb, skb->len);
}

static __always_inline __u32 pb_ifindex(pb_ctx *skb)
{
	return skb->ifindex;
}

/* A packet that passes goes on to other filters of the hook; TC_ACT_OK would end it here. */
static __always_inline int pb_action(enum pb_reason reason)
{
	return reason < PB_FIRST_DROP ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

static __always_inline void pb_read_meta(pb_ctx *skb, const struct pb_frame *f,
					 struct pb_flow *flow)
{
	flow->len = f->len;
	if (skb->vlan_present) {
		flow->len += sizeof(struct pb_tag);
		flow->vlan = skb->vlan_tci & PB_VLAN_ID;
	}
	flow->gso = skb->gso_size;
}

/* Copies the first bytes of the frame, with its tag put back, `most` of them at most, which is
 * neither 0 nor above `room`; returns how many.
 */
static __always_inline __u32 pb_load_frame(pb_ctx *skb, const struct pb_frame *f, __u8 *to,
					   __u64 most, __u64 room)
{
	__u64 len = f->len, at = 0, from = 0;

	if (skb->vlan_present && most >= sizeof(struct pb_eth) + sizeof(struct pb_tag)) {
		from = offsetof(struct pb_eth, proto);
		at = from + sizeof(struct pb_tag);
		if (bpf_skb_load_bytes(skb, 0, to, from))
			return 0;
		*(__be16 *)(to + from) = skb->vlan_proto;
		*(__be16 *)(to + from + 2) = bpf_htons(skb->vlan_tci);
	}
	if (len <= from)
		return 0;
	len -= from;
	if (len > most - at)
		len = most - at;
	if (!pb_bounded(&len, room))
		return 0;
	return bpf_skb_load_bytes(skb, from, to + at, len) ? 0 : at + len;
}

#endif
