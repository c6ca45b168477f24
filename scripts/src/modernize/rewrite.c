// SPDX-License-Identifier: GPL-2.0-only
/* Turns legacy definitions into BTF, see rewrite.h. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include "btf_edit.h"
#include "elf_edit.h"
#include "rewrite.h"

#define DEF_SIZE     8	  /* of the struct that describes a map: all its members overlap */
#define SLOT	     8	  /* bytes of a pointer to an inner map */
#define R_BPF_ABS64  2	  /* R_BPF_64_ABS64 */
#define BPF_LD_IMM64 0x18 /* its immediate is at byte 4 */
#define MEMBERS	     8
#define PIN_BY_NAME  1 /* LIBBPF_PIN_BY_NAME */

struct moved { /* of a map */
	uint64_t at, size;
	char *name; /* if it has a new one */
};

struct work {
	struct rewrite *r;
	struct elf_image *m;
	const struct object *o;
	struct object_maps *maps;
	const struct btf *btf;
	uint32_t target;  /* .maps */
	uint64_t *delta;  /* by section: offset in .maps of what was in it */
	struct moved *to; /* by map */
	struct btf_edit edit;
	uint32_t byte; /* the INT */
	bool *used;    /* by type: variables that belong to a map */
};

static void tell(const struct work *w, const char *kind, const char *name, const char *text,
		 const char *word)
{
	if (w->r->note)
		w->r->note(w->r->arg, kind, name, text, word);
}

static bool is_emptied(const struct work *w, uint32_t section)
{
	return section != w->target && !w->m->part[section].gone &&
	       is_legacy_section(w->m, section);
}

/* Moves the contents of all map sections into one. */
static int merge(struct work *w)
{
	struct elf_image *m = w->m;
	uint32_t i;
	int err = 0;

	w->target = elf_find(m, ".maps", 1);
	for (i = 1; !w->target && i < m->n; i++)
		if (is_legacy_section(m, i) && m->part[i].size)
			w->target = i;
	for (i = 1; !err && i < m->n; i++) {
		uint64_t at, size = m->part[i].size;

		if (!is_emptied(w, i))
			continue;
		at = (m->part[w->target].size + 7) & -8ull;
		w->delta[i] = at;
		if (w->target && size) {
			err = elf_grow(m, w->target, at + size);
			if (!err)
				memcpy(m->part[w->target].own + at, m->part[i].data, size);
		}
	}
	if (w->target && m->part[w->target].align < 8)
		m->part[w->target].align = 8;
	return err;
}

static bool name_taken(const struct elf_image *m, const char *name)
{
	uint32_t i;

	for (i = 0; i < m->n_symbols; i++)
		if (!strcmp(m->symbol[i].name, name))
			return true;
	return false;
}

static bool fits(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9' && !first);
}

/* BTF requires an identifier; a map that is static in a function is called FUNCTION.MAP. */
static int rename_map(struct work *w, uint32_t i)
{
	struct elf_image *m = w->m;
	const char *name = w->maps->map[i].name;
	size_t len = strlen(name), j;
	char *new;
	int err;

	for (j = 0; j < len && fits(name[j], !j); j++)
		;
	if (j == len)
		return 0;
	new = calloc(1, len + 32);
	if (!new)
		return -ENOMEM;
	w->to[i].name = new;
	for (j = 0; j < len; j++)
		new[j] = fits(name[j], !j) ? name[j] : '_';
	for (; j < len + 31 && name_taken(m, new); j++)
		new[j] = '_';
	err = elf_rename_symbol(m, w->maps->map[i].symbol, new);
	if (!err)
		tell(w, "map", name, "renamed, because BTF requires an identifier", new);
	return err;
}

static const char *name_of(const struct work *w, uint32_t map)
{
	return w->to[map].name ? w->to[map].name : w->maps->map[map].name;
}

/* The new place of each map, and its symbols. */
static int place_maps(struct work *w)
{
	struct elf_image *m = w->m;
	uint32_t i, j;
	int err = 0;

	for (i = 0; !err && i < w->maps->n; i++) {
		struct object_map *map = &w->maps->map[i];
		struct moved *to = &w->to[i];
		uint64_t n;

		to->at = map->at + w->delta[map->section];
		to->size = map->size;
		if (!map->legacy)
			continue;
		n = slots_of(w->maps, i);
		if (n) { /* created, and filled, after its inner maps */
			to->at = (m->part[w->target].size + 7) & -8ull;
			to->size = n * SLOT;
			err = elf_grow(m, w->target, to->at + to->size);
		}
	}
	for (i = 0; !err && i < m->n_symbols; i++) {
		struct elf_symbol *y = &m->symbol[i];

		if (y->section >= m->n || !is_legacy_section(m, y->section) ||
		    ELF64_ST_TYPE(y->info) == STT_SECTION)
			continue;
		for (j = 0; j < w->maps->n; j++)
			if (w->maps->map[j].section == y->section && w->maps->map[j].at == y->value)
				break;
		if (j < w->maps->n && w->maps->map[j].symbol == i) {
			y->info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
			y->other = STV_DEFAULT;
			y->size = w->to[j].size;
			err = rename_map(w, j);
		}
		y->value = j < w->maps->n ? w->to[j].at : y->value + w->delta[y->section];
		y->section = w->target;
	}
	return err;
}

/* A program in its own section is an entry point; libbpf requires it to be global since 1.0. */
static void open_programs(struct work *w)
{
	struct elf_image *m = w->m;
	uint32_t i;

	for (i = 0; i < m->n_symbols; i++) {
		struct elf_symbol *y = &m->symbol[i];

		if (ELF64_ST_TYPE(y->info) != STT_FUNC || ELF64_ST_BIND(y->info) != STB_LOCAL ||
		    !elf_is_code(m, y->section) || !strcmp(m->part[y->section].name, ".text"))
			continue;
		y->info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		tell(w, "program", y->name, "was static, is global now", m->part[y->section].name);
	}
}

/*
 * References to a static map name its section, with the offset in the instruction, and the loader
 * would take each of them for the first map. Refer to the map's own symbol instead.
 */
static int refer(struct work *w, uint32_t rels)
{
	struct elf_image *m = w->m;
	uint32_t code = m->part[rels].info, j;
	uint64_t i, n = elf_rels(m, rels), place;
	struct elf_rel r;
	int err;

	for (i = 0; i < n; i++) {
		const struct elf_symbol *y;

		elf_rel(m, rels, i, &r);
		y = &m->symbol[r.symbol];
		if (ELF64_ST_TYPE(y->info) != STT_SECTION || !is_legacy_section(m, y->section))
			continue;
		if (r.at % 8 || r.at > m->part[code].size || m->part[code].size - r.at < 16 ||
		    m->part[code].data[r.at] != BPF_LD_IMM64)
			return -ENOTSUP;
		place = elf_get(m, m->part[code].data + r.at + 4, 4) + y->value;
		for (j = 0; j < w->maps->n; j++)
			if (w->maps->map[j].section == y->section && w->maps->map[j].at == place)
				break;
		if (j == w->maps->n)
			return -ENOTSUP;
		err = m->part[code].own ? 0 : elf_grow(m, code, m->part[code].size);
		if (!err && !m->part[rels].own)
			err = elf_grow(m, rels, m->part[rels].size);
		if (err)
			return err;
		memset(m->part[code].own + r.at + 4, 0, 4);
		r.symbol = w->maps->map[j].symbol;
		elf_set_rel(m, rels, i, &r);
	}
	return 0;
}

/* Makes the initial values of a map: relocations of its slots. */
static int fill_slots(struct work *w)
{
	struct elf_image *m = w->m;
	uint32_t i, rels = 0;
	int err = 0;

	for (i = 1; i < m->n; i++)
		if (m->part[i].type == SHT_REL && m->part[i].info == w->target &&
		    m->part[i].link == m->symtab)
			rels = i;
	for (i = 0; !err && i < w->maps->n_slots; i++) {
		const struct object_slot *slot = &w->maps->slot[i];
		struct elf_rel r = { .at = w->to[slot->map].at + (uint64_t)SLOT * slot->index,
				     .symbol = slot->symbol,
				     .type = R_BPF_ABS64 };
		uint64_t n;

		if (!rels) {
			err = elf_add(m, ".rel.maps", SHT_REL, &rels);
			if (err)
				break;
			m->part[rels].link = m->symtab;
			m->part[rels].info = w->target;
			m->part[rels].entry = sizeof(Elf64_Rel);
		}
		n = elf_rels(m, rels);
		err = elf_grow(m, rels, (n + 1) * sizeof(Elf64_Rel));
		if (!err)
			elf_set_rel(m, rels, n, &r);
		if (!err && is_jump_table(w->maps, slot->map))
			tell(w, "map", name_of(w, slot->map),
			     "its programs are filled in by bpftool prog loadall, not by ip or tc",
			     m->symbol[slot->symbol].name);
	}
	return err;
}

/* A number is expressed as the length of an array that a member points to. */
static uint32_t number(struct work *w, uint32_t v)
{
	return btf_add_ptr(&w->edit, btf_add_array(&w->edit, w->byte, w->byte, v));
}

/* inside: the inner map of a map of maps, which must not be pinned. */
static uint32_t definition(struct work *w, uint32_t i, bool inside)
{
	static const struct {
		const char *name;
		enum map_word word;
	} plain[] = {
		{ "type", MAP_TYPE },	    { "key_size", MAP_KEY },	{ "value_size", MAP_VALUE },
		{ "max_entries", MAP_MAX }, { "map_flags", MAP_FLAGS }, { "numa_node", MAP_NUMA },
		{ "pinning", MAP_PINNING },
	};
	const struct object_map *map = &w->maps->map[i];
	struct btf_named member[MEMBERS];
	uint32_t n = 0, j;

	for (j = 0; j < sizeof(plain) / sizeof(*plain); j++) {
		uint32_t v = map->word[plain[j].word];

		if (plain[j].word == MAP_PINNING) {
			if (inside)
				continue;
			v = v ? PIN_BY_NAME : 0;
		}
		if (!v) /* zero is the default, and empty arrays invite trouble */
			continue;
		member[n].name = plain[j].name;
		member[n++].type = number(w, v);
	}
	if (is_map_in_map(map) || is_jump_table(w->maps, i)) {
		uint32_t value = is_map_in_map(map) ? definition(w, map->inner, true)
						    : btf_add_function(&w->edit);

		value = btf_add_ptr(&w->edit, value);
		member[n].name = "values";
		member[n++].type = btf_add_array(&w->edit, value, w->byte, 0);
	}
	return btf_add_struct(&w->edit, DEF_SIZE, member, n);
}

static uint32_t var_of(struct work *w, const char *name)
{
	struct btf_view t;
	uint32_t id;

	for (id = 1; w->btf && id < w->btf->types; id++) {
		btf_get(w->btf, id, &t);
		if (t.kind == BTF_KIND_VAR && !w->used[id] && !strcmp(t.name, name)) {
			w->used[id] = true;
			return id;
		}
	}
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct btf_entry *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/*
 * clang calls the section of a variable .data in BTF if `#pragma clang section` gave it another
 * one, and libbpf refuses BTF with a section or a variable that the file has not. Those are left
 * out: the file itself says where a variable is.
 */
static void settle(struct work *w, uint32_t id, const struct btf_view *sec)
{
	struct btf_entry *entry = calloc(sec->vlen + 1, sizeof(*entry));
	uint32_t part = elf_find(w->m, sec->name, 1), i, n = 0, left = 0;
	struct btf_part old;
	struct btf_view var;

	if (!entry) {
		w->edit.err = -ENOMEM;
		return;
	}
	for (i = 0; i < sec->vlen; i++) {
		uint32_t symbol;

		btf_part(w->btf, sec, i, &old);
		btf_get(w->btf, old.type, &var);
		symbol = var.kind == BTF_KIND_VAR ? find_variable(w->m, var.name) : 0;
		if (!symbol || w->m->symbol[symbol].section != part ||
		    w->m->symbol[symbol].value > UINT32_MAX) {
			left++;
			continue;
		}
		entry[n++] = (struct btf_entry){ old.type, w->m->symbol[symbol].value, old.size };
	}
	if (!part || !w->m->part[part].size || (left && !n)) {
		btf_retire(&w->edit, id);
	} else if (left) {
		qsort(entry, n, sizeof(*entry), by_place);
		btf_put_datasec(&w->edit, id, sec->name, w->m->part[part].size, entry, n);
	}
	free(entry);
}

static bool is_legacy_name(const char *name)
{
	return !strcmp(name, "maps") || !strncmp(name, "maps/", 5);
}

/* Makes one DATASEC .maps for all maps and retires any that the object had. */
static void describe(struct work *w)
{
	struct btf_entry *entry = calloc(w->maps->n + 1, sizeof(*entry));
	uint32_t i, id, keep = 0;
	struct btf_view t;

	w->byte = btf_add_byte(&w->edit);
	if (!entry)
		w->edit.err = -ENOMEM;
	for (i = 0; !w->edit.err && i < w->maps->n; i++) {
		const struct object_map *map = &w->maps->map[i];

		entry[i].var = var_of(w, map->name);
		if (map->legacy)
			entry[i].var = btf_put_var(&w->edit, entry[i].var, name_of(w, i),
						   definition(w, i, false));
		else if (!entry[i].var)
			w->edit.err = -EBADMSG;
		entry[i].at = w->to[i].at;
		entry[i].size = w->to[i].size;
	}
	for (id = 1; w->btf && id < w->btf->types; id++) {
		btf_get(w->btf, id, &t);
		if (t.kind == BTF_KIND_DATASEC && !strcmp(t.name, ".maps"))
			keep = keep ? keep : id;
	}
	for (id = 1; w->btf && id < w->btf->types; id++) {
		btf_get(w->btf, id, &t);
		if (t.kind != BTF_KIND_DATASEC || id == keep)
			continue;
		if (strcmp(t.name, ".maps") && !is_legacy_name(t.name)) {
			if (!t.size && !is_looked_up(t.name))
				settle(w, id, &t);
			continue;
		}
		if (keep)
			btf_retire(&w->edit, id);
		else
			keep = id;
	}
	if (!w->edit.err) {
		qsort(entry, w->maps->n, sizeof(*entry), by_place);
		btf_put_datasec(&w->edit, keep, ".maps", w->m->part[w->target].size, entry,
				w->maps->n);
	}
	free(entry);
}

/* Relocations of .BTF, which only linkers use, must not touch what is new there. */
static int quiet_rels(struct work *w, uint32_t btf)
{
	struct elf_image *m = w->m;
	uint32_t i, id;
	uint64_t j;
	int err = 0;

	for (i = 1; !err && i < m->n; i++) {
		uint64_t n = elf_rels(m, i);

		if (!n || m->part[i].info != btf)
			continue;
		if (btf_edit_moves(&w->edit)) {
			err = elf_grow(m, i, 0);
			continue;
		}
		err = elf_grow(m, i, m->part[i].size);
		for (j = 0; !err && j < n; j++) {
			struct elf_rel r;

			elf_rel(m, i, j, &r);
			for (id = 1; id < w->btf->types; id++)
				if (w->edit.in_place[id].len && r.at >= w->btf->at[id] &&
				    r.at - w->btf->at[id] < w->edit.in_place[id].len)
					r.symbol = r.type = 0;
			elf_set_rel(m, i, j, &r);
		}
	}
	return err;
}

static int write_btf(struct work *w)
{
	uint32_t section = w->btf ? elf_find(w->m, ".BTF", 1) : 0, orphan;
	uint8_t *bytes = NULL;
	size_t len;
	int err;

	err = w->edit.err ? w->edit.err : btf_edit_write(&w->edit, &bytes, &len);
	if (!err && section)
		err = quiet_rels(w, section);
	orphan = elf_find(w->m, ".BTF.ext", 1);
	if (!err && section && btf_ext_walk(w->m, orphan, NULL, NULL) == EXT_EMPTY)
		err = elf_remove(w->m, orphan); /* libbpf takes an empty one for an error */
	if (!err && !section) {
		/* function information is useless without the types it refers to */
		orphan = elf_find(w->m, ".BTF.ext", 1);
		if (orphan)
			err = elf_remove(w->m, orphan);
		section = elf_find(w->m, ".BTF", 1);
		if (!err && !section)
			err = elf_add(w->m, ".BTF", SHT_PROGBITS, &section);
		w->m->part[section].type = SHT_PROGBITS;
	}
	if (!err)
		err = elf_grow(w->m, section, len);
	if (!err)
		memcpy(w->m->part[section].own, bytes, len);
	free(bytes);
	return err;
}

/* Notes ids that nothing refers to, which were of no use to the old loader either. */
static void tell_ids(const struct work *w)
{
	uint32_t i, j;

	for (i = 0; i < w->maps->n; i++) {
		const struct object_map *map = &w->maps->map[i];
		char id[16];

		if (!map->legacy || !map->word[MAP_ID])
			continue;
		for (j = 0; j < w->maps->n; j++)
			if (is_map_in_map(&w->maps->map[j]) &&
			    w->maps->map[j].word[MAP_INNER_ID] == map->word[MAP_ID])
				break;
		snprintf(id, sizeof(id), "%u", map->word[MAP_ID]);
		if (j == w->maps->n && !slots_of(w->maps, i))
			tell(w, "map", name_of(w, i), "its id is dropped, nothing refers to it",
			     id);
	}
}

/* What still names it is moved along: debug information refers to its section symbol. */
static int remove_section(struct work *w, uint32_t section)
{
	struct elf_image *m = w->m;
	uint32_t i;

	for (i = 0; w->target && i < m->n_symbols; i++) {
		if (m->symbol[i].section != section)
			continue;
		m->symbol[i].section = w->target;
		m->symbol[i].value += w->delta[section];
	}
	return elf_remove(m, section);
}

/* Where .BTF.ext names .text: the new name is the end of the old one. */
static void shift_name(void *arg, size_t at)
{
	struct work *w = arg;
	uint32_t ext = elf_find(w->m, ".BTF.ext", 1);
	uint8_t *p = w->m->part[ext].own + at;
	uint64_t name = elf_get(w->m, p, 4);

	if (name < w->btf->str_len && !strcmp(w->btf->str + name, ".text"))
		elf_put(w->m, p, 4, name + 1);
}

static int rename_text(struct work *w, uint32_t text)
{
	uint32_t ext = w->btf ? elf_find(w->m, ".BTF.ext", 1) : 0, i;
	int err = elf_rename(w->m, text, LONE_TEXT);

	for (i = 1; !err && i < w->m->n; i++)
		if (elf_rels(w->m, i) && w->m->part[i].info == text)
			err = elf_rename(w->m, i, ".rel" LONE_TEXT);
	if (err || !ext || !w->m->part[ext].data)
		return err;
	err = elf_grow(w->m, ext, w->m->part[ext].size);
	if (!err)
		btf_ext_walk(w->m, ext, shift_name, w);
	return err;
}

static int work(struct work *w)
{
	struct elf_image *m = w->m;
	uint32_t i, lone = lone_text(m);
	int err;

	if (w->r->note)
		notes(w->o, w->r->note, w->r->arg);
	err = merge(w);
	if (!err)
		err = place_maps(w);
	if (!err)
		open_programs(w);
	for (i = 1; !err && i < m->n; i++)
		if (m->part[i].type == SHT_REL && elf_is_code(m, m->part[i].info))
			err = refer(w, i);
	if (!err)
		err = fill_slots(w);
	if (!err && w->maps->n) {
		describe(w);
		err = write_btf(w);
	}
	for (i = 1; !err && i < m->n; i++)
		if (is_emptied(w, i))
			err = remove_section(w, i);
	if (!err && w->target)
		err = elf_rename(m, w->target, ".maps");
	if (!err && lone)
		err = rename_text(w, lone);
	if (!err)
		err = elf_write(m, &w->r->out, &w->r->len);
	if (!err)
		tell_ids(w);
	return err;
}

int rewrite(struct rewrite *r, struct object *o)
{
	struct work w = { .r = r, .o = o, .m = &o->elf, .maps = &o->maps, .btf = o->has_btf };
	uint32_t i;
	int err = -ENOMEM;

	r->out = NULL;
	w.delta = calloc(o->elf.n, sizeof(*w.delta));
	w.to = calloc(o->maps.n + 1, sizeof(*w.to));
	w.used = calloc(w.btf ? w.btf->types : 1, sizeof(*w.used));
	btf_edit_open(&w.edit, w.btf, o->elf.big);
	if (w.delta && w.to && w.used)
		err = work(&w);
	btf_edit_close(&w.edit);
	for (i = 0; w.to && i < o->maps.n; i++)
		free(w.to[i].name);
	free(w.delta);
	free(w.to);
	free(w.used);
	return err;
}
