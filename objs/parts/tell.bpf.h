/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling about packets by a ring buffer. Kernel side, included after the hook's header (xdp.bpf.h,
 * tc.bpf.h), which knows how to read its context.
 *
 * Nobody is woken: the reader looks every few milliseconds. A packet that finds no room is counted,
 * and its verdict stands.
 */
#ifndef PB_TELL_BPF_H
#define PB_TELL_BPF_H

#include <bpf/bpf_endian.h>
#include "packet.h"
#include "flavour.h"
#include "parse.bpf.h"

#define PB_RATE_WINDOW 100000000ull /* ns: the rate is counted anew every tenth of a second */

/* Where a record is put together: room for one on each CPU is enough, no program of a network hook
 * interrupts another.
 */
struct pb_copy {
	struct pb_walk walk;
	__u32 unused;
	/* And room for a header more, which spares the verifier a sum. */
	__u64 record[(sizeof(struct pb_packet) + PB_SNAP_MAX + 24) / sizeof(__u64)];
};
struct pb_rate {
	__u64 since; /* bpf_ktime_get_boot_ns of the window */
	__u64 sent;  /* in it */
};

PB_PINNED(pb_copies, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_copy, 1);
PB_MAP(pb_rates, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct pb_rate, 1);
PB_STREAM_LOST;

#include "lost.bpf.h"

static __always_inline bool pb_fits(const __be32 *addr, const __be32 *ask, const __be32 *mask)
{
	return !(((addr[0] ^ ask[0]) & mask[0]) | ((addr[1] ^ ask[1]) & mask[1]) |
		 ((addr[2] ^ ask[2]) & mask[2]) | ((addr[3] ^ ask[3]) & mask[3]));
}

static __always_inline bool pb_asked(const struct pb_ask *ask, const struct pb_packet *p)
{
	if (ask->proto && ask->proto != p->proto)
		return false;
	if (ask->port && (p->proto == PB_PROTO_ICMP || p->proto == PB_PROTO_ICMPV6 ||
			  (ask->port != p->sport && ask->port != p->dport)))
		return false;
	if (ask->verdict && ask->verdict != 1 + p->verdict)
		return false;
	/* Of what is not IP only ARP has addresses. */
	if (!pb_fits(p->src, ask->src, ask->src_mask) || !pb_fits(p->dst, ask->dst, ask->dst_mask))
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

/* Not inlined, as that is what brings the record's type into the BTF: it has those of functions,
 * but none of local variables. The loaders of legacy objects know no functions.
 */
#ifdef PB_LEGACY
#define PB_NOINLINE __always_inline
#else
#define PB_NOINLINE __noinline
#endif
static PB_NOINLINE void pb_begin(struct pb_packet *p, __u32 ifindex, __u32 hook, __u32 reason)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->ts = bpf_ktime_get_boot_ns();
	p->ifindex = ifindex;
	p->hook = hook;
	p->verdict = reason < PB_FIRST_DROP ? PB_PASS : PB_DROP;
	p->reason = reason;
}

/* Runs of `bpftool prog run`, which carry no device, are not told. */
static __always_inline void pb_tell(pb_ctx *ctx, const struct pb_frame *f, enum pb_hook hook,
				    enum pb_reason reason, void *ring, void *asks, __u32 limit)
{
	__u32 zero = 0, ifindex = pb_ifindex(ctx);
	struct pb_packet *p;
	struct pb_copy *copy;
	struct pb_ask *ask;
	__u64 n;

	ask = bpf_map_lookup_elem(asks, &zero);
	copy = bpf_map_lookup_elem(&pb_copies, &zero);
	if (!ask || !copy || ifindex == PB_RUN_IFINDEX)
		return;
	p = (void *)copy->record;
	pb_begin(p, ifindex, hook, reason);
	pb_read_flow(f, &copy->walk, p);
	if (!pb_asked(ask, p))
		return;
	if (!pb_within_rate(p->ts, limit)) {
		pb_count_lost(0);
		pb_count_lost(1);
		return;
	}
	pb_read_meta(ctx, f, p);
	n = ask->snap;
	if (n)
		n = pb_load_frame(ctx, f, p->data, n < PB_SNAP_MAX ? n : PB_SNAP_MAX);
	if (n > PB_SNAP_MAX || bpf_ringbuf_output(ring, p, sizeof(*p) + n, BPF_RB_NO_WAKEUP))
		pb_count_lost(0);
}

#endif
