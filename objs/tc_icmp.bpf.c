// SPDX-License-Identifier: GPL-2.0-only
/* Drops ping and other ICMP that is not essential; everything else passes.
 *
 * By hand: tc qdisc add dev docker0 clsact
 *          tc filter replace dev docker0 ingress pref 1 handle 1 bpf da obj objs/tc_icmp.o sec tc
 * Then:    cat /sys/kernel/tracing/trace_pipe
 */
#include "tc.bpf.h"
#include "icmp.bpf.h"
#include "finish.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int tc_icmp(struct __sk_buff *skb)
{
	struct pb_frame f = pb_tc_frame(skb);

	return pb_verdict(skb, &f, PB_TC_INGRESS, pb_icmp_told(&f));
}

SEC("tc/egress")
int tc_icmp_egress(struct __sk_buff *skb)
{
	struct pb_frame f = pb_tc_frame(skb);

	return pb_verdict(skb, &f, PB_TC_EGRESS, pb_icmp_told(&f));
}
