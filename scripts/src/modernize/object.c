// SPDX-License-Identifier: GPL-2.0-only
/* BPF object files, see object.h. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include "object.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

static const char *open_parts(struct object *o, const uint8_t *buf, size_t len)
{
	struct elf_image *m = &o->elf;
	uint32_t btf;
	int err;

	if (len < SELFMAG || memcmp(buf, ELFMAG, SELFMAG))
		return "not an object file";
	err = elf_open(m, buf, len);
	if (!err) {
		uint64_t type = elf_get(m, buf + offsetof(Elf64_Ehdr, e_type), 2);
		uint64_t machine = elf_get(m, buf + offsetof(Elf64_Ehdr, e_machine), 2);

		/* compilers before clang 3.9 had no number for BPF */
		if (type != ET_REL || (machine != EM_BPF && machine != EM_NONE))
			return "not a BPF object";
		err = elf_symbols(m);
	} else if (len >= EI_NIDENT && buf[EI_CLASS] != ELFCLASS64) {
		return "not a BPF object";
	}
	if (err)
		return "truncated, or not an object file";
	btf = elf_find(m, ".BTF", 1);
	if (btf && m->part[btf].data) {
		if (btf_open(&o->btf, m->part[btf].data, m->part[btf].size) ||
		    o->btf.swap != (m->big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)))
			return "its BTF is corrupt";
		o->has_btf = &o->btf;
	}
	if (maps_read(&o->maps, m, o->has_btf))
		return "its maps are corrupt";
	return NULL;
}

const char *object_open(struct object *o, const void *buf, size_t len)
{
	const char *why;

	memset(o, 0, sizeof(*o));
	why = open_parts(o, buf, len);
	if (why)
		object_close(o);
	return why;
}

void object_close(struct object *o)
{
	maps_close(&o->maps);
	btf_close(&o->btf);
	elf_close(&o->elf);
	o->has_btf = NULL;
}

bool object_is_legacy(const struct object *o)
{
	uint32_t i;

	for (i = 1; i < o->elf.n; i++)
		if (is_legacy_section(&o->elf, i))
			return true;
	return false;
}

const char *object_why(const struct object *o, const char **map)
{
	const struct elf_image *m = &o->elf;
	uint32_t i, maps = elf_find(m, ".maps", 1);

	*map = "";
	if (o->maps.why[0])
		return o->maps.why;
	for (i = 0; i < o->maps.n; i++) {
		*map = o->maps.map[i].name;
		if (o->maps.map[i].why[0])
			return o->maps.map[i].why;
	}
	*map = "";
	if (maps && !o->has_btf)
		return "its maps in section .maps need BTF, which was stripped";
	if (maps && elf_find(m, ".maps", maps + 1))
		return "it has two sections .maps";
	for (i = 1; i < m->n; i++)
		if (elf_rels(m, i) && is_legacy_section(m, m->part[i].info))
			return "map definitions that refer to something else";
	return "";
}
