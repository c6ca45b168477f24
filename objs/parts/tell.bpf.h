/* SPDX-License-Identifier: GPL-2.0-only */
/* Reporting packets to a ring buffer: flow and frame become a record.
 *
 * The reader is not woken: it looks every few milliseconds. A packet that finds no room is counted;
 * its verdict stands.
 */
#ifndef PB_TELL_BPF_H
#define PB_TELL_BPF_H

#ifndef PB_HOOK
#error "include xdp.bpf.h or tc.bpf.h first: they know the context"
#endif

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "flavour.h"
#include "packet.h"
#include "parse.bpf.h"

PB_STREAM_LOST;

#include "lost.bpf.h"

#define PB_RATE_WINDOW 100000000ull /* ns: the rate is counted afresh every tenth of a second */

_Static_assert(PB_FLOW_UNREADABLE == PB_PROTO_UNREADABLE && PB_FLOW_LLC == PB_PROTO_LLC,
	       "the record has the flow's protocol");

/* Where a record is put together. One per CPU is enough: no program of a network hook interrupts
 * another. Shared by all devices and both hooks, as its size is that of a whole frame.
 */
struct pb_copy {
	struct pb_flow flow;
	union {
		struct pb_packet packet;
		/* One header of slack, so that the verifier need not know the sum exactly. */
		__u64 room[(sizeof(struct pb_packet) + PB_SNAP_MAX + 24) / sizeof(__u64)];
	};
};
PB_PINNED(pb_copies, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_copy, 1);

struct pb_rate {
	__u64 since; /* bpf_ktime_get_boot_ns, when the window began */
	__u64 sent;  /* in it */
};
PB_MAP(pb_rates, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_rate, 1);

static __always_inline bool pb_matches(const __be32 *addr, const __be32 *ask, const __be32 *mask)
{
	return !(((addr[0] ^ ask[0]) & mask[0]) | ((addr[1] ^ ask[1]) & mask[1]) |
		 ((addr[2] ^ ask[2]) & mask[2]) | ((addr[3] ^ ask[3]) & mask[3]));
}

static __always_inline bool pb_asked(const struct pb_ask *ask, const struct pb_flow *flow,
				     enum pb_verdict verdict)
{
	if (ask->proto && ask->proto != flow->proto)
		return false;
	if (ask->port && (flow->proto == PB_PROTO_ICMP || flow->proto == PB_PROTO_ICMPV6 ||
			  (ask->port != flow->sport && ask->port != flow->dport)))
		return false;
	if (ask->verdict && ask->verdict != 1 + verdict)
		return false;
	/* Other than IP, only ARP has addresses. */
	if (!pb_matches(flow->src, ask->src, ask->src_mask) ||
	    !pb_matches(flow->dst, ask->dst, ask->dst_mask))
		return false;
	return ask->sample <= 1 || bpf_get_prandom_u32() % ask->sample == 0;
}

static __always_inline bool pb_within_rate(__u64 now, __u32 limit)
{
	struct pb_rate *rate;
	__u32 zero = 0;

	if (!limit)
		return true;
	rate = bpf_map_lookup_elem(&pb_rates, &zero);
	if (!rate)
		return false;
	if (now - rate->since >= PB_RATE_WINDOW) {
		rate->since = now;
		rate->sent = 0;
	}
	return rate->sent++ < limit * PB_RATE_WINDOW / 1000000000;
}

static __always_inline void pb_put_flow(struct pb_packet *p, const struct pb_flow *flow)
{
	__builtin_memcpy(p->src, flow->src, sizeof(p->src));
	__builtin_memcpy(p->dst, flow->dst, sizeof(p->dst));
	p->proto = flow->proto;
	p->sport = flow->sport;
	p->dport = flow->dport;
	p->len = flow->len;
	p->vlan = flow->vlan;
	p->tags = flow->tags;
	p->ip_version = flow->ip_version;
	p->fragment = flow->walk.fragment;
	p->gso = flow->gso;
	__builtin_memset(p->_pad, 0, sizeof(p->_pad));
}

/* Sends the packet to a stream of packet.h, at most `limit` per second per CPU; 0: any number. Runs
 * of `bpftool prog run` are not reported.
 */
static __always_inline void pb_tell(pb_ctx *ctx, const struct pb_frame *f, enum pb_hook hook,
				    enum pb_reason reason, void *ring, void *asks, __u32 limit)
{
	enum pb_verdict verdict = reason < PB_FIRST_DROP ? PB_PASS : PB_DROP;
	__u32 zero = 0, ifindex = pb_ifindex(ctx);
	struct pb_packet *p;
	struct pb_copy *copy;
	struct pb_ask *ask;
	__u64 n, now;

	ask = bpf_map_lookup_elem(asks, &zero);
	copy = bpf_map_lookup_elem(&pb_copies, &zero);
	if (!ask || !copy || ifindex == PB_RUN_IFINDEX)
		return;
	pb_read_flow(f, &copy->flow);
	if (!pb_asked(ask, &copy->flow, verdict))
		return;
	now = bpf_ktime_get_boot_ns();
	if (!pb_within_rate(now, limit)) {
		pb_count_lost(0);
		pb_count_lost(1);
		return;
	}
	pb_read_meta(ctx, f, &copy->flow);
	p = &copy->packet;
	p->ts = now;
	p->ifindex = ifindex;
	p->hook = hook;
	p->verdict = verdict;
	p->reason = reason;
	pb_put_flow(p, &copy->flow);
	n = ask->snap;
	if (n)
		n = pb_load_frame(ctx, f, p->data, n < PB_SNAP_MAX ? n : PB_SNAP_MAX, PB_SNAP_MAX);
	if (n > PB_SNAP_MAX || bpf_ringbuf_output(ring, p, sizeof(*p) + n, BPF_RB_NO_WAKEUP))
		pb_count_lost(0);
}

#endif
