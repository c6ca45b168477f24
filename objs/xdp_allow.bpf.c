// SPDX-License-Identifier: GPL-2.0-only
/* Lets in what the allow list names, and what a network cannot do without.
 *
 * By hand: ip link set dev docker0 xdp obj objs/xdp_allow.o sec xdp verbose
 * (sec xdp.frags on a device with jumbo frames)
 */
#include "xdp.bpf.h"
#include "allow.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	struct pb_frame f = PB_XDP_FRAME(ctx, PB_XDP_LEN(ctx));

	return pb_xdp_verdict(ctx, &f, pb_allow(&f));
}

#ifndef PB_LEGACY
SEC("xdp.frags")
int xdp_allow_frags(struct xdp_md *ctx)
{
	struct pb_frame f = PB_XDP_FRAME(ctx, PB_XDP_FRAGS_LEN(ctx));

	return pb_xdp_verdict(ctx, &f, pb_allow(&f));
}
#endif
