// SPDX-License-Identifier: GPL-2.0-only
/* Drops ping and other ICMP that is not essential; everything else passes.
 *
 * By hand: ip link set dev docker0 xdp obj objs/xdp_icmp.o sec xdp verbose
 * Then:    cat /sys/kernel/tracing/trace_pipe
 */
#include "xdp.bpf.h"
#include "icmp.bpf.h"
#include "finish.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int xdp_icmp(struct xdp_md *ctx)
{
	struct pb_frame f = pb_frame_of(ctx, PB_XDP_LEN(ctx));

	return pb_verdict(ctx, &f, PB_XDP, pb_icmp_told(&f));
}

#ifndef PB_LEGACY
SEC("xdp.frags")
int xdp_icmp_frags(struct xdp_md *ctx)
{
	struct pb_frame f = pb_frame_of(ctx, PB_XDP_FRAGS_LEN(ctx));

	return pb_verdict(ctx, &f, PB_XDP, pb_icmp_told(&f));
}
#endif
