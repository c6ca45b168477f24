/* SPDX-License-Identifier: GPL-2.0-only */
/* The allow list as the programs see it: the pinned maps, and the look-up. Kernel side. */
#ifndef PB_LOOKUP_BPF_H
#define PB_LOOKUP_BPF_H

#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include "list.h"

/* Whether a look-up in this trie can find anything. The call that it saves costs as much as a hash
 * look-up, and most lists hold no prefixes; reading the kernel's own count costs one load (map
 * pointers may be read since 5.9). A kernel that renames the field gets the call.
 */
struct lpm_trie {
	__u64 n_entries;
} __attribute__((preserve_access_index));

static __always_inline bool pb_trie_used(void *trie)
{
#ifdef PB_NO_CORE
	(void)trie;
	return true;
#else
	struct lpm_trie *t = trie;

	return !bpf_core_field_exists(t->n_entries) || t->n_entries;
#endif
}

/* An entry that has ended counts as absent, and one in a trie hides the wider ones behind it: this
 * fails closed until user space takes the entry out.
 */
static __always_inline bool pb_until_valid(const pb_until *until)
{
	return until && (!*until || *until > bpf_ktime_get_boot_ns());
}

static __always_inline bool pb_listed4(__be32 addr)
{
	void *map = PB_LIST_MAP(pb_host4);

	if (map && pb_until_valid(bpf_map_lookup_elem(map, &addr)))
		return true;
	map = PB_LIST_MAP(pb_net4);
	if (map && pb_trie_used(map)) {
		struct pb_net4_key key = { .prefixlen = 32, .addr = addr };

		return pb_until_valid(bpf_map_lookup_elem(map, &key));
	}
	return false;
}

static __always_inline bool pb_listed6(const __be32 *addr)
{
	struct pb_net6_key key = { .prefixlen = 128, .addr = *(const struct pb_addr6 *)addr };
	void *map = PB_LIST_MAP(pb_host6);

	if (map && pb_until_valid(bpf_map_lookup_elem(map, &key.addr)))
		return true;
	map = PB_LIST_MAP(pb_net6);
	return map && pb_trie_used(map) && pb_until_valid(bpf_map_lookup_elem(map, &key));
}

#endif
