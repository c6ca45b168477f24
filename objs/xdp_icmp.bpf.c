// SPDX-License-Identifier: GPL-2.0-only
/* Drops ping and the rest of ICMP that can be done without; TCP and all else live.
 *
 * By hand: ip link set dev docker0 xdp obj objs/xdp_icmp.o sec xdp verbose
 * Then:    cat /sys/kernel/tracing/trace_pipe
 */
#include "xdp.bpf.h"
#include "icmp.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int decide(struct xdp_md *ctx, const struct pb_frame *f)
{
	enum pb_reason reason = pb_icmp(f);

	if (reason == PB_DROP_ICMP)
		bpf_printk("Drop ICMP packets");
	return pb_xdp_verdict(ctx, f, reason);
}

SEC("xdp")
int xdp_icmp(struct xdp_md *ctx)
{
	struct pb_frame f = PB_XDP_FRAME(ctx, PB_XDP_LEN(ctx));

	return decide(ctx, &f);
}

#ifndef PB_LEGACY
SEC("xdp.frags")
int xdp_icmp_frags(struct xdp_md *ctx)
{
	struct pb_frame f = PB_XDP_FRAME(ctx, PB_XDP_FRAGS_LEN(ctx));

	return decide(ctx, &f);
}
#endif
