/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking an address up in the allow list. */
#ifndef PB_LOOKUP_BPF_H
#define PB_LOOKUP_BPF_H

#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include "list.h"
#include "table.bpf.h"

/* Whether a look-up in this trie can find anything. Most lists hold no networks, and the call that
 * this saves makes a packet that is not listed dearer by 12 to 19 % (docs/performance.md). Reading
 * the kernel's own count costs one load (map pointers may be read since 5.9).
 *
 * This is the only read that is relocated against the kernel's BTF. Where it is not, because the
 * kernel has another field, or because the loader cannot read the BTF and the relocations are
 * switched off (scripts/lib/object.bash), the offset stays what it is here, 0, which it never is in
 * the kernel: then the look-up is always made. Objects of objs/legacy always make it.
 */
struct lpm_trie {
	__u64 n_entries;
} __attribute__((preserve_access_index));

static __always_inline bool pb_trie_used(void *trie)
{
#ifdef PB_LEGACY
	(void)trie;
	return true;
#else
	struct lpm_trie *t = trie;

	return !bpf_core_field_exists(t->n_entries) ||
	       !__builtin_preserve_field_info(t->n_entries, BPF_FIELD_BYTE_OFFSET) || t->n_entries;
#endif
}

/* An entry that has ended counts as absent. One in a trie still hides the wider networks around it,
 * so this fails closed until user space removes the entry.
 */
static __always_inline bool pb_until_valid(const pb_until *until)
{
	return until && (!*until || *until > bpf_ktime_get_boot_ns());
}

/* The state of the list that this program uses: one load, so that a look-up meets one generation
 * only. No state is an empty list.
 */
static __always_inline struct pb_list pb_list_state(void)
{
	struct pb_list state = {};
#ifndef PB_LEGACY
	__u32 list = PB_LIST_ALLOW;
	__u64 *now = bpf_map_lookup_elem(&pb_lists, &list);

	if (now)
		*(__u64 *)&state = *(volatile __u64 *)now;
#endif
	return state;
}

/* Whether an address is in the table of a slot. Objects of objs/legacy know no tables: user space
 * makes none for a list of theirs.
 */
#ifdef PB_LEGACY
#define pb_in_table4(SLOT, ADDR) false
#define pb_in_table6(SLOT, ADDR) false
#else
static __always_inline bool pb_in_table4(__u32 slot, __be32 addr)
{
	return pb_table4(bpf_map_lookup_elem(&pb_table4_slots, &slot), addr);
}

/* A global function, because the verifier looks at such a one by itself, once, whatever calls it:
 * inlined, this look-up costs it five times the instructions of all the rest. It takes numbers
 * only. The call costs a packet 8 ns, which for IPv4, the shorter look-up, is too much.
 */
__attribute__((noinline)) int pb_table6_of(__u32 slot, __u32 a, __u32 b, __u32 c, __u32 d)
{
	const __be32 addr[4] = { a, b, c, d };

	return pb_table6(bpf_map_lookup_elem(&pb_table6_slots, &slot), addr);
}

static __always_inline bool pb_in_table6(__u32 slot, const __be32 *addr)
{
	return pb_table6_of(slot, addr[0], addr[1], addr[2], addr[3]);
}
#endif

static __always_inline bool pb_listed4(__be32 addr)
{
	struct pb_list state = pb_list_state();
	__u32 slot = PB_SLOT(PB_LIST_ALLOW, state.active & 1);
	void *map;

	if (state.tables & PB_TABLE4 && pb_in_table4(slot, addr))
		return true;
	map = PB_LIST_MAP(pb_host4, &slot);
	if (map && pb_until_valid(bpf_map_lookup_elem(map, &addr)))
		return true;
	map = PB_LIST_MAP(pb_net4, &slot);
	if (map && pb_trie_used(map)) {
		struct pb_net4_key key = { .prefixlen = 32, .addr = addr };

		return pb_until_valid(bpf_map_lookup_elem(map, &key));
	}
	return false;
}

static __always_inline bool pb_listed6(const __be32 *addr)
{
	struct pb_net6_key key = { .prefixlen = 128, .addr = *(const struct pb_addr6 *)addr };
	struct pb_list state = pb_list_state();
	__u32 slot = PB_SLOT(PB_LIST_ALLOW, state.active & 1);
	void *map;

	if (state.tables & PB_TABLE6 && pb_in_table6(slot, key.addr.word))
		return true;
	map = PB_LIST_MAP(pb_host6, &slot);
	if (map && pb_until_valid(bpf_map_lookup_elem(map, &key.addr)))
		return true;
	map = PB_LIST_MAP(pb_net6, &slot);
	return map && pb_trie_used(map) && pb_until_valid(bpf_map_lookup_elem(map, &key));
}

/* The same for the address that an ICMP error quotes, which few packets do: a global function for
 * the verifier's sake, as above.
 */
#ifdef PB_LEGACY
#define pb_quoted4 pb_listed4
#else
__attribute__((noinline)) int pb_quoted4(__u32 addr)
{
	return pb_listed4(addr);
}
#endif

#endif
