// SPDX-License-Identifier: GPL-2.0-only
/* Lets everything pass, and tells of each packet who talks to whom: events info
 *
 * By hand: ip link set dev docker0 xdp obj objs/xdp_info.o sec xdp verbose
 * Then:    bpf_dump /sys/fs/bpf/tc/globals/pb_packets
 */
#include "xdp.bpf.h"
#include "count.bpf.h"
#include "tell.bpf.h"

char LICENSE[] SEC("license") = "GPL";

PB_STREAM_PACKETS(PB_STREAM)

static __always_inline int tell(struct xdp_md *ctx, __u32 len)
{
	struct pb_frame f = pb_frame_of(ctx, len);

	pb_count(PB_OTHER, len, pb_ifindex(ctx));
	pb_tell(ctx, &f, PB_XDP, PB_OTHER, &pb_packets, &pb_packets_ask, 0);
	return pb_action(PB_OTHER);
}

SEC("xdp")
int xdp_info(struct xdp_md *ctx)
{
	return tell(ctx, PB_XDP_LEN(ctx));
}

#ifndef PB_LEGACY
SEC("xdp.frags")
int xdp_info_frags(struct xdp_md *ctx)
{
	return tell(ctx, PB_XDP_FRAGS_LEN(ctx));
}
#endif
