// SPDX-License-Identifier: GPL-2.0-only
/* Reads .BTF.ext by the rules of libbpf, see btf_ext.h. */
#include <linux/btf.h>
#include "btf_ext.h"

#define HEAD	   24 /* bytes of the header without CO-RE relocations, with: 32 */
#define SECTION	   8  /* bytes of a section's head: name, number of records */
#define AT_MAGIC   0
#define AT_VERSION 2
#define AT_LENGTH  4
#define AT_PARTS   8 /* offset and length of each part */

static const uint32_t least[] = { 8, 16, 16 }; /* bytes of a record: function, line, relocation */

static enum btf_ext walk_part(const struct elf_image *m, const struct elf_part *s, uint64_t at,
			      uint64_t left, uint32_t size_least,
			      void (*name)(void *arg, size_t at), void *arg)
{
	uint32_t size;

	if (at % 4 || at > s->size || left > s->size - at || left < 4)
		return EXT_BROKEN;
	size = elf_get(m, s->data + at, 4);
	if (size < size_least || size % 4)
		return EXT_BROKEN;
	at += 4;
	left -= 4;
	if (!left)
		return EXT_EMPTY;
	while (left) {
		uint64_t n, need;

		if (left < SECTION)
			return EXT_BROKEN;
		n = elf_get(m, s->data + at + 4, 4);
		need = SECTION + n * size;
		if (!n || left < need)
			return EXT_BROKEN;
		if (name)
			name(arg, at);
		at += need;
		left -= need;
	}
	return EXT_GOOD;
}

enum btf_ext btf_ext_walk(const struct elf_image *m, uint32_t section,
			  void (*name)(void *arg, size_t at), void *arg)
{
	const struct elf_part *s = &m->part[section];
	enum btf_ext all = EXT_EMPTY;
	bool empty = false;
	uint64_t head;
	uint32_t i;

	if (!section || !s->data)
		return EXT_NONE;
	if (s->size < HEAD || elf_get(m, s->data + AT_MAGIC, 2) != BTF_MAGIC ||
	    elf_get(m, s->data + AT_VERSION, 1) != BTF_VERSION)
		return EXT_BROKEN;
	head = elf_get(m, s->data + AT_LENGTH, 4);
	if (head < HEAD || head > s->size)
		return EXT_BROKEN;
	for (i = 0; i < 3 && AT_PARTS + 8 * (i + 1) <= head; i++) {
		uint64_t off = elf_get(m, s->data + AT_PARTS + 8 * i, 4);
		uint64_t len = elf_get(m, s->data + AT_PARTS + 8 * i + 4, 4);
		enum btf_ext one;

		if (!len)
			continue;
		one = walk_part(m, s, head + off, len, least[i], name, arg);
		if (one == EXT_BROKEN)
			return one;
		empty |= one == EXT_EMPTY;
		all = one == EXT_GOOD ? EXT_GOOD : all;
	}
	return all == EXT_GOOD && empty ? EXT_BROKEN : all;
}
