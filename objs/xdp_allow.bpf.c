// SPDX-License-Identifier: GPL-2.0-only
/* Lets in what the allow list names, and what a network cannot work without.
 *
 * By hand: ip link set dev docker0 xdp obj objs/xdp_allow.o sec xdp verbose
 * (sec xdp.frags on a device with jumbo frames)
 */
#include "xdp.bpf.h"
#include "allow.bpf.h"
#include "finish.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	struct pb_frame f = pb_frame_of(ctx, PB_XDP_LEN(ctx));

	return pb_verdict(ctx, &f, PB_XDP, pb_allow(&f, PB_SOURCE));
}

#ifndef PB_LEGACY
SEC("xdp.frags")
int xdp_allow_frags(struct xdp_md *ctx)
{
	struct pb_frame f = pb_frame_of(ctx, PB_XDP_FRAGS_LEN(ctx));

	return pb_verdict(ctx, &f, PB_XDP, pb_allow(&f, PB_SOURCE));
}
#endif
