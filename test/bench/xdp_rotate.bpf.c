// SPDX-License-Identifier: GPL-2.0-only
/* Bench: gives the one frame of `bpftool prog run` a new IPv4 source each time and jumps into the
 * program under test, so that a look-up does not find its own traces in the cache. What is compared
 * is this with the tested program behind it, and this with xdp_drop_all behind it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

/* Sources are base + (a step through 0 … count - 1); every second one from base + 2^24 if mixed. */
struct rotate {
	__u32 base;
	__u32 count; /* a power of two */
	__u32 used;  /* of those; the rest wraps */
	__u32 mixed;
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
	addr = (i * 0x9e3779b1u >> 3) & (r->count - 1);
	if (addr >= r->used)
		addr -= r->used;
	addr += r->base;
	if (r->mixed && (i & 1))
		addr += 1 << 24;
	*(__be32 *)(data + 26) = bpf_htonl(addr);
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}
