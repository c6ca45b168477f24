// SPDX-License-Identifier: GPL-2.0-only
/* Passes what the allow list names, and what a network cannot work without. On the way in the
 * source has to be listed, on the way out (section tc/egress) the destination.
 *
 * By hand: tc qdisc add dev docker0 clsact
 *          tc filter replace dev docker0 ingress pref 1 handle 1 bpf da obj objs/tc_allow.o sec tc
 */
#include "tc.bpf.h"
#include "allow.bpf.h"
#include "finish.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int tc_allow(struct __sk_buff *skb)
{
	struct pb_frame f = pb_tc_frame(skb);

	return pb_verdict(skb, &f, PB_TC_INGRESS, pb_allow(&f, PB_SOURCE));
}

SEC("tc/egress")
int tc_allow_egress(struct __sk_buff *skb)
{
	struct pb_frame f = pb_tc_frame(skb);

	return pb_verdict(skb, &f, PB_TC_EGRESS, pb_allow(&f, PB_DESTINATION));
}
