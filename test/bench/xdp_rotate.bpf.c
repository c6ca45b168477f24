// SPDX-License-Identifier: GPL-2.0-only
/* Bench: gives the one frame of `bpftool prog run` a new IPv4 source each time and jumps into the
 * program under test, so that a look-up does not find its own traces in the cache. What is compared
 * is this with the tested program behind it, and this with xdp_drop_all behind it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

/* Sources are base + a number below used, in no order, with the bits of clear cleared; then those
 * of flip flipped, in turns of two.
 */
struct rotate {
	__u32 base;
	__u32 used;
	__u32 power; /* of two, from used on */
	__u32 clear;
	__u32 flip[2];
	__u32 at;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rotate);
} rotation SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp")
int xdp_drop_all(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int xdp_rotate(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0, i, addr;
	struct rotate *r = bpf_map_lookup_elem(&rotation, &zero);

	if (!r || data + 34 > data_end)
		return XDP_ABORTED;
	i = r->at++;
	addr = (i * 0x9e3779b1u >> 3) & (r->power - 1);
	if (addr >= r->used)
		addr -= r->used;
	addr = ((addr + r->base) & ~r->clear) ^ r->flip[i & 1];
	*(__be32 *)(data + 26) = bpf_htonl(addr);
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}
