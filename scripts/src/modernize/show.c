// SPDX-License-Identifier: GPL-2.0-only
/* Shows what is in an object, see show.h. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "notes.h"
#include "show.h"

#define INSN 8 /* bytes of an instruction */

/* bpftool's names, by enum bpf_map_type. */
static const char *const types[] = {
	[1] = "hash",
	[2] = "array",
	[3] = "prog_array",
	[4] = "perf_event_array",
	[5] = "percpu_hash",
	[6] = "percpu_array",
	[7] = "stack_trace",
	[8] = "cgroup_array",
	[9] = "lru_hash",
	[10] = "lru_percpu_hash",
	[11] = "lpm_trie",
	[12] = "array_of_maps",
	[13] = "hash_of_maps",
	[14] = "devmap",
	[15] = "sockmap",
	[16] = "cpumap",
	[17] = "xskmap",
	[18] = "sockhash",
	[19] = "cgroup_storage",
	[20] = "reuseport_sockarray",
	[21] = "percpu_cgroup_storage",
	[22] = "queue",
	[23] = "stack",
	[24] = "sk_storage",
	[25] = "devmap_hash",
	[26] = "struct_ops",
	[27] = "ringbuf",
	[28] = "inode_storage",
	[29] = "task_storage",
	[30] = "bloom_filter",
	[31] = "user_ringbuf",
	[32] = "cgrp_storage",
	[33] = "arena",
};

struct program {
	const char *name, *section; /* name NULL: no name */
	uint32_t part;
	uint64_t at, size;
};

static void text(struct out *o, const char *s)
{
	put_text(o, (const uint8_t *)s, strlen(s));
	out_room(o, OUT_VALUE);
}

/* ,"KEY":"VALUE" or null. */
static void json(struct out *o, const char *key, const char *value)
{
	out_room(o, 2 * OUT_VALUE);
	put_str(o, ",\"");
	put_str(o, key);
	put_str(o, "\":");
	if (value)
		put_json(o, (const uint8_t *)value, strlen(value));
	else
		put_str(o, "null");
	out_room(o, 2 * OUT_VALUE);
}

static void json_number(struct out *o, const char *key, uint64_t v)
{
	out_room(o, 2 * OUT_VALUE);
	put_str(o, ",\"");
	put_str(o, key);
	put_str(o, "\":");
	put_u64(o, v);
}

static const char *type_name(uint32_t type)
{
	return type < sizeof(types) / sizeof(*types) ? types[type] : NULL;
}

/* For a program array: what a loader has to put in. */
static void programs_json(struct out *o, const struct object *obj, uint32_t map)
{
	const struct object_maps *all = &obj->maps;
	bool some = false;
	uint32_t i;

	put_str(o, ",\"programs\":[");
	for (i = 0; i < all->n_slots && is_jump_table(all, map); i++) {
		const char *name = obj->elf.symbol[all->slot[i].symbol].name;

		if (all->slot[i].map != map)
			continue;
		out_room(o, OUT_VALUE);
		put_str(o, some ? ",{\"key\":" : "{\"key\":");
		put_u64(o, all->slot[i].index);
		json(o, "name", name);
		put_char(o, '}');
		some = true;
	}
	out_room(o, OUT_VALUE);
	put_char(o, ']');
}

static void shape_json(struct out *o, const uint32_t *word)
{
	if (type_name(word[MAP_TYPE]))
		json(o, "type", type_name(word[MAP_TYPE]));
	else
		json_number(o, "type", word[MAP_TYPE]);
	json_number(o, "key_size", word[MAP_KEY]);
	json_number(o, "value_size", word[MAP_VALUE]);
	json_number(o, "max_entries", word[MAP_MAX]);
	json_number(o, "flags", word[MAP_FLAGS]);
}

static void map_json(struct out *o, const struct object *obj, const struct object_map *map)
{
	static const char *const pins[] = { "none", "object", "globals" };
	uint32_t pin = map->word[MAP_PINNING];

	put_str(o, "{\"name\":");
	put_json(o, (const uint8_t *)map->name, strlen(map->name));
	out_room(o, OUT_VALUE);
	shape_json(o, map->word);
	if (pin < sizeof(pins) / sizeof(*pins))
		json(o, "pinning", pins[pin]);
	else
		json_number(o, "pinning", pin);
	json(o, "inner",
	     map->inner < obj->maps.n && &obj->maps.map[map->inner] != map
		     ? obj->maps.map[map->inner].name
		     : NULL);
	if (map->inner_word[MAP_TYPE]) { /* of a map that has no name */
		put_str(o, ",\"inner_definition\":{\"name\":null");
		shape_json(o, map->inner_word);
		put_char(o, '}');
	}
	programs_json(o, obj, map - obj->maps.map);
	json(o, "flavour", map->legacy ? "legacy" : "btf");
	json(o, "section", obj->elf.part[map->section].name);
	json_number(o, "definition_size", map->size);
	json(o, "refused", map->why[0] ? map->why : NULL);
	put_char(o, '}');
}

/* Type, sizes, entries and flags. */
static void shape_text(struct out *o, const uint32_t *word)
{
	uint32_t type = word[MAP_TYPE];

	if (type_name(type)) {
		put_str(o, type_name(type));
	} else {
		put_str(o, "type ");
		put_u64(o, type);
	}
	put_str(o, ", key ");
	put_u64(o, word[MAP_KEY]);
	out_room(o, 4 * OUT_VALUE);
	put_str(o, ", value ");
	put_u64(o, word[MAP_VALUE]);
	put_str(o, ", entries ");
	put_u64(o, word[MAP_MAX]);
	if (word[MAP_FLAGS]) {
		put_str(o, ", flags ");
		put_hex(o, word[MAP_FLAGS]);
	}
}

static void map_text(struct out *o, const struct object *obj, const struct object_map *map)
{
	uint32_t pin = map->word[MAP_PINNING];

	put_str(o, "map ");
	text(o, map->name);
	put_str(o, ": ");
	shape_text(o, map->word);
	out_room(o, 4 * OUT_VALUE);
	if (pin) {
		put_str(o, ", pinned");
		if (pin != 2) {
			put_str(o, pin == 1 ? " for this object only" : " in directory ");
			if (pin != 1)
				put_u64(o, pin);
		}
	}
	if (map->inner < obj->maps.n && &obj->maps.map[map->inner] != map) {
		put_str(o, ", of maps like ");
		text(o, obj->maps.map[map->inner].name);
	} else if (map->inner_word[MAP_TYPE]) {
		put_str(o, ", of maps like: ");
		shape_text(o, map->inner_word);
	}
	out_room(o, 4 * OUT_VALUE);
	if (is_jump_table(&obj->maps, map - obj->maps.map))
		put_str(o, ", programs put in by bpftool only");
	put_str(o, map->legacy ? "; legacy, " : "; BTF");
	if (map->legacy) {
		put_u64(o, map->size);
		put_str(o, " bytes");
	}
	put_char(o, '\n');
}

static int in_order(const void *a, const void *b)
{
	const struct program *x = a, *y = b;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int programs(const struct elf_image *m, struct program **all, uint32_t *n)
{
	uint32_t i, functions;
	struct program *p = calloc(m->n_symbols + m->n + 1, sizeof(*p));

	*all = p;
	*n = 0;
	if (!p)
		return -ENOMEM;
	for (i = 0; i < m->n_symbols; i++) {
		const struct elf_symbol *y = &m->symbol[i];

		if (ELF64_ST_TYPE(y->info) == STT_FUNC && elf_is_code(m, y->section))
			p[(*n)++] = (struct program){ y->name, m->part[y->section].name, y->section,
						      y->value, y->size };
	}
	qsort(p, *n, sizeof(*p), in_order);
	functions = *n;
	for (i = 1; i < m->n; i++) { /* a code section without a function symbol is a program too */
		struct program key = { .part = i };
		uint32_t j;

		if (!elf_is_code(m, i) || !m->part[i].size)
			continue;
		for (j = 0; j < functions && p[j].part != key.part; j++)
			;
		if (j == functions)
			p[(*n)++] =
				(struct program){ NULL, m->part[i].name, i, 0, m->part[i].size };
	}
	qsort(p, *n, sizeof(*p), in_order);
	return 0;
}

static void program(struct out *o, const struct program *p, bool as_json)
{
	if (as_json) {
		put_str(o, "{\"section\":");
		put_json(o, (const uint8_t *)p->section, strlen(p->section));
		json(o, "name", p->name);
		json_number(o, "instructions", p->size / INSN);
		put_char(o, '}');
		return;
	}
	put_str(o, "program ");
	text(o, p->name ? p->name : "without a name");
	put_str(o, ": section ");
	text(o, p->section);
	put_str(o, ", ");
	put_u64(o, p->size / INSN);
	put_str(o, " instructions\n");
}

/* The loaders' own messages, so that a search for them leads here. */
static const char *says(const struct object *o)
{
	if (object_is_legacy(o))
		return "legacy map definitions in 'maps' section are not supported by libbpf v1.0+";
	if (elf_find(&o->elf, ".maps", 1) && !o->has_btf)
		return "BTF is required, but is missing or corrupted";
	return NULL;
}

static bool has_jump_table(const struct object *o)
{
	uint32_t i;

	for (i = 0; i < o->maps.n; i++)
		if (is_jump_table(&o->maps, i))
			return true;
	return false;
}

struct printer {
	struct out *out;
	bool json, some;
};

static void print_note(void *arg, const char *kind, const char *name, const char *what,
		       const char *word)
{
	struct printer *p = arg;
	struct out *o = p->out;

	out_room(o, 4 * OUT_VALUE);
	if (p->json) {
		put_str(o, p->some ? ",{\"kind\":" : "{\"kind\":");
		put_json(o, (const uint8_t *)kind, strlen(kind));
		json(o, "name", name);
		json(o, "note", what);
		json(o, "word", word);
		put_char(o, '}');
		p->some = true;
		return;
	}
	put_str(o, "note: ");
	put_str(o, kind);
	put_char(o, ' ');
	text(o, name);
	put_str(o, ": ");
	put_str(o, what);
	put_str(o, ": ");
	text(o, word);
	put_char(o, '\n');
	out_room(o, 4 * OUT_VALUE);
}

static void verdict(struct out *o, const struct object *obj, const char *file, bool as_json)
{
	const char *map, *why = object_why(obj, &map), *state;

	state = why[0] ? "refused" : object_is_legacy(obj) ? "legacy" : "modern";
	if (as_json) {
		json(o, "state", state);
		json(o, "loaders_say", says(obj));
		json(o, "reason", why[0] ? why : NULL);
		json(o, "reason_map", map[0] ? map : NULL);
		return;
	}
	if (says(obj)) {
		put_str(o, "today's loaders say: ");
		put_str(o, says(obj));
		put_char(o, '\n');
	}
	out_room(o, 4 * OUT_VALUE);
	if (!why[0]) {
		put_str(o, !object_is_legacy(obj) ? "today's loaders take its maps\n"
			   : is_incomplete(obj)	  ? "modernize makes an object of it that only its "
						    "own loader can complete\n"
			   : has_jump_table(obj)
				   ? "modernize makes an object of it that bpftool takes\n"
				   : "modernize makes an object of it that they take\n");
		return;
	}
	put_str(o, "modernize refuses it: ");
	if (map[0]) {
		put_str(o, "map ");
		text(o, map);
		put_str(o, ": ");
	}
	text(o, file);
	put_str(o, ": ");
	put_shown(o, why, strlen(why)); /* a name of the object may be in it */
	out_room(o, OUT_VALUE);
	put_char(o, '\n');
}

int show(struct out *o, const struct object *obj, const char *file, bool as_json)
{
	struct printer printer = { .out = o, .json = as_json };
	struct program *p;
	uint32_t i, n;
	int err;

	err = programs(&obj->elf, &p, &n);
	if (err)
		return err;
	out_room(o, 4 * OUT_VALUE);
	if (as_json) {
		put_str(o, "{\"file\":");
		put_json(o, (const uint8_t *)file, strlen(file));
		json(o, "byte_order", obj->elf.big ? "big" : "little");
		put_str(o, ",\"btf\":");
		put_str(o, obj->has_btf ? "true" : "false");
		put_str(o, ",\"maps\":[");
	} else {
		text(o, file);
		put_str(o, obj->elf.big ? ": big-endian, " : ": little-endian, ");
		put_str(o, obj->has_btf ? "with BTF\n" : "without BTF\n");
	}
	for (i = 0; i < obj->maps.n; i++) {
		out_room(o, 4 * OUT_VALUE);
		if (as_json && i)
			put_char(o, ',');
		(as_json ? map_json : map_text)(o, obj, &obj->maps.map[i]);
	}
	out_room(o, OUT_VALUE);
	if (as_json)
		put_str(o, "],\"programs\":[");
	for (i = 0; i < n; i++) {
		out_room(o, 4 * OUT_VALUE);
		if (as_json && i)
			put_char(o, ',');
		program(o, &p[i], as_json);
	}
	out_room(o, OUT_VALUE);
	if (as_json)
		put_str(o, "],\"notes\":[");
	notes(obj, print_note, &printer);
	out_room(o, OUT_VALUE);
	if (as_json)
		put_char(o, ']');
	out_room(o, 4 * OUT_VALUE);
	verdict(o, obj, file, as_json);
	out_room(o, OUT_VALUE);
	if (as_json)
		put_str(o, "}\n");
	free(p);
	return 0;
}
