// SPDX-License-Identifier: GPL-2.0-only
/* BPF object files, see object.h. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <linux/btf.h>
#include "object.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

uint32_t find_variable(const struct elf_image *m, const char *name)
{
	uint32_t i;

	for (i = 1; i < m->n_symbols; i++) {
		const struct elf_symbol *y = &m->symbol[i];

		if (y->section && y->section < m->n && !strcmp(y->name, name) &&
		    ELF64_ST_TYPE(y->info) != STT_SECTION)
			return i;
	}
	return 0;
}

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
		if (!err)
			err = functions_type(m, &o->typed);
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
		if (o->btf.types > 1)
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
	return o->typed;
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
	if (functions_missing(m))
		return "it has code that no function's name stands for";
	if (object_is_legacy(o) && lone_text(m) && has_calls(m, lone_text(m)))
		return "its programs are in .text, which today's loaders keep for sub-programs";
	if (o->has_btf && btf_ext_walk(m, elf_find(m, ".BTF.ext", 1), NULL, NULL) == EXT_BROKEN)
		return "its .BTF.ext is corrupt";
	return "";
}

bool is_looked_up(const char *section)
{
	return !strcmp(section, ".kconfig") || !strcmp(section, ".ksyms");
}

bool is_undefined(const struct object *o, uint32_t symbol)
{
	const struct elf_symbol *y = &o->elf.symbol[symbol];
	struct btf_view sec, var;
	struct btf_part part;
	uint32_t id, i;

	if (y->section != SHN_UNDEF || ELF64_ST_BIND(y->info) == STB_LOCAL || !y->name[0])
		return false;
	for (id = 1; o->has_btf && id < o->btf.types; id++) {
		btf_get(&o->btf, id, &sec);
		if (sec.kind != BTF_KIND_DATASEC || !is_looked_up(sec.name))
			continue;
		for (i = 0; i < sec.vlen; i++) {
			btf_part(&o->btf, &sec, i, &part);
			btf_get(&o->btf, part.type, &var);
			if (!strcmp(var.name, y->name))
				return false;
		}
	}
	return true;
}

/* libbpf takes sizes and offsets from the file if they are 0: then all must be found there. */
static const char *datasec_rules(const struct object *o, const struct btf_view *sec)
{
	const struct elf_image *m = &o->elf;
	uint32_t part = elf_find(m, sec->name, 1), i;
	struct btf_part entry;
	struct btf_view var;

	if (is_looked_up(sec->name))
		return "";
	if (!sec->size && (!part || !m->part[part].size))
		return "its BTF has a section that the file has not";
	for (i = 0; i < sec->vlen; i++) {
		btf_part(&o->btf, sec, i, &entry);
		btf_get(&o->btf, entry.type, &var);
		if (var.kind != BTF_KIND_VAR)
			return "its BTF has something else than variables in a section";
		if (!sec->size && var.word == BTF_VAR_GLOBAL_ALLOCATED &&
		    !find_variable(m, var.name))
			return "its BTF has a variable that the file has not";
	}
	return "";
}

const char *object_rules(const struct object *o)
{
	const char *map, *why = object_why(o, &map);
	struct btf_view t;
	uint32_t id;

	for (id = 1; !why[0] && o->has_btf && id < o->btf.types; id++) {
		btf_get(&o->btf, id, &t);
		if (t.kind == BTF_KIND_DATASEC)
			why = datasec_rules(o, &t);
	}
	return why;
}
