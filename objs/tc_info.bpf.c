// SPDX-License-Identifier: GPL-2.0-only
/* Lets everything pass, and tells of each packet who talks to whom: events info
 *
 * By hand: tc qdisc add dev docker0 clsact
 *          tc filter replace dev docker0 ingress pref 1 handle 1 bpf da obj objs/tc_info.o sec tc
 * Then:    bpf_dump /sys/fs/bpf/tc/globals/pb_packets
 */
#include "tc.bpf.h"
#include "count.bpf.h"
#include "tell.bpf.h"

char LICENSE[] SEC("license") = "GPL";

PB_STREAM_PACKETS(PB_STREAM)

static __always_inline int tell(struct __sk_buff *skb, enum pb_hook hook)
{
	struct pb_frame f = pb_tc_frame(skb);

	pb_count(PB_OTHER, f.len, pb_ifindex(skb));
	pb_tell(skb, &f, hook, PB_OTHER, &pb_packets, &pb_packets_ask, 0);
	return pb_action(PB_OTHER);
}

SEC("tc")
int tc_info(struct __sk_buff *skb)
{
	return tell(skb, PB_TC_INGRESS);
}

SEC("tc/egress")
int tc_info_egress(struct __sk_buff *skb)
{
	return tell(skb, PB_TC_EGRESS);
}
