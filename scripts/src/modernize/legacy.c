// SPDX-License-Identifier: GPL-2.0-only
/* Reads the map definitions of an object, see legacy.h. */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include "legacy.h"

#define LEAST	   16 /* bytes of a definition: all but the flags */
#define PIN_OBJECT 1  /* PIN_OBJECT_NS, PIN_GLOBAL_NS of iproute2's bpf_elf.h */
#define PIN_GLOBAL 2
#define TYPE_MAX   33 /* the last map type, BPF_MAP_TYPE_ARENA, which older headers do not have */
#define NESTED_MAX 4  /* structs in a definition */
#define SLOTS_MAX  65536 /* filled slots of a map-in-map; each takes 8 bytes of the file */

__attribute__((format(printf, 2, 3))) static void because(char *why, const char *format, ...)
{
	va_list args;

	if (why[0]) /* the first reason is the one to report */
		return;
	va_start(args, format);
	vsnprintf(why, LEGACY_WHY, format, args);
	va_end(args);
}

bool is_legacy_section(const struct elf_image *m, uint32_t section)
{
	const struct elf_part *s = &m->part[section < m->n ? section : 0];

	return s->type == SHT_PROGBITS && !(s->flags & SHF_EXECINSTR) &&
	       (!strcmp(s->name, "maps") || !strncmp(s->name, "maps/", 5));
}

bool is_map_in_map(const struct object_map *map)
{
	return map->word[MAP_TYPE] == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       map->word[MAP_TYPE] == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool is_tail_call(const char *section, uint32_t *id, uint32_t *key)
{
	return sscanf(section, "%i/%i", (int *)id, (int *)key) == 2;
}

uint32_t slots_of(const struct object_maps *o, uint32_t map)
{
	uint32_t i, n = 0;

	for (i = 0; i < o->n_slots; i++)
		if (o->slot[i].map == map && o->slot[i].index >= n)
			n = o->slot[i].index + 1;
	return n;
}

bool is_jump_table(const struct object_maps *o, uint32_t map)
{
	return o->map[map].word[MAP_TYPE] == BPF_MAP_TYPE_PROG_ARRAY && o->map[map].legacy &&
	       slots_of(o, map);
}

/* A map's symbol: old compilers give it neither a type nor a size. */
static bool is_map_symbol(const struct elf_image *m, const struct elf_symbol *y, uint32_t maps)
{
	uint32_t type = ELF64_ST_TYPE(y->info);

	if (y->section >= m->n || (type != STT_OBJECT && type != STT_NOTYPE) || !y->name[0])
		return false;
	return is_legacy_section(m, y->section) || (maps && y->section == maps);
}

static int in_order(const void *a, const void *b)
{
	const struct object_map *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* If two symbols name one place, the global one is the map, the other an alias. */
static bool is_better(const struct elf_image *m, const struct object_map *a,
		      const struct object_map *b)
{
	return ELF64_ST_BIND(m->symbol[a->symbol].info) == STB_LOCAL &&
	       ELF64_ST_BIND(m->symbol[b->symbol].info) != STB_LOCAL;
}

static int find_maps(struct object_maps *o, const struct elf_image *m)
{
	uint32_t i, kept = 0, maps = elf_find(m, ".maps", 1);

	if (maps && (m->part[maps].type != SHT_PROGBITS || m->part[maps].flags & SHF_EXECINSTR))
		return -EBADMSG;
	for (i = 0; i < m->n_symbols; i++)
		o->n += is_map_symbol(m, &m->symbol[i], maps);
	if (o->n > LEGACY_MAPS_MAX)
		return -EBADMSG;
	o->map = calloc(o->n + 1, sizeof(*o->map));
	if (!o->map)
		return -ENOMEM;
	for (i = 0, o->n = 0; i < m->n_symbols; i++) {
		const struct elf_symbol *y = &m->symbol[i];

		if (!is_map_symbol(m, y, maps))
			continue;
		if (y->value >= m->part[y->section].size)
			return -EBADMSG;
		o->map[o->n++] = (struct object_map){ .name = y->name,
						      .symbol = i,
						      .legacy = is_legacy_section(m, y->section),
						      .section = y->section,
						      .at = y->value,
						      .size = y->size };
	}
	qsort(o->map, o->n, sizeof(*o->map), in_order);
	for (i = 0; i < o->n; i++) {
		struct object_map *last = kept ? &o->map[kept - 1] : NULL;

		if (last && last->section == o->map[i].section && last->at == o->map[i].at) {
			if (is_better(m, last, &o->map[i]))
				*last = o->map[i];
			continue;
		}
		o->map[kept++] = o->map[i];
	}
	o->n = kept;
	return 0;
}

static bool all_zero(const uint8_t *p, uint64_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

/*
 * The length of each definition: its symbol's size, otherwise everything up to the next one. Bytes
 * without a symbol are zero, or a map whose symbol was stripped.
 */
static void measure(struct object_maps *o, const struct elf_image *m)
{
	uint32_t i, j, last_section = 0;
	uint64_t last_size = 0;

	for (i = 0; i < o->n; i++) {
		struct object_map *map = &o->map[i];
		const struct elf_part *s = &m->part[map->section];
		uint64_t end = s->size;
		bool guess = !map->size;

		if (!map->legacy)
			continue;
		o->n_legacy++;
		if (i + 1 < o->n && o->map[i + 1].section == map->section)
			end = o->map[i + 1].at;
		if (!map->size || map->size > end - map->at)
			map->size = end - map->at;
		/* if symbols have no sizes, all definitions of a section must have the same */
		if (guess && last_section == map->section && map->size != last_size)
			because(o->why, "a map near %s has no name (stripped of its symbols?)",
				map->name);
		if (guess) {
			last_section = map->section;
			last_size = map->size;
		}
		if (!all_zero(s->data + map->at + map->size, end - map->at - map->size))
			because(o->why, "a map after %s has no name (stripped of its symbols?)",
				map->name);
		if ((!i || o->map[i - 1].section != map->section) && !all_zero(s->data, map->at))
			because(o->why, "a map before %s has no name (stripped of its symbols?)",
				map->name);
	}
	for (i = 1; i < m->n; i++) {
		for (j = 0; j < o->n && o->map[j].section != i; j++)
			;
		if (j == o->n && is_legacy_section(m, i) && m->part[i].size)
			because(o->why, "the maps have no names (stripped of its symbols)");
	}
}

static const struct {
	const char *name;
	enum map_word word;
} members[] = {
	{ "type", MAP_TYPE },
	{ "map_type", MAP_TYPE },
	{ "key_size", MAP_KEY },
	{ "size_key", MAP_KEY },
	{ "value_size", MAP_VALUE },
	{ "size_value", MAP_VALUE },
	{ "max_entries", MAP_MAX },
	{ "max_elem", MAP_MAX },
	{ "map_flags", MAP_FLAGS },
	{ "flags", MAP_FLAGS },
	{ "id", MAP_ID },
	{ "map_id", MAP_ID },
	{ "pinning", MAP_PINNING },
	{ "pinning_strategy", MAP_PINNING }, /* Calico */
	{ "inner_id", MAP_INNER_ID },
	{ "inner_idx", MAP_INNER_IDX },
	{ "inner_map_idx", MAP_INNER_MAP_IDX },
	{ "numa_node", MAP_NUMA },
};

static int word_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!strcmp(members[i].name, name))
			return members[i].word;
	return -1;
}

static bool find_var(const struct btf *btf, const char *name, struct btf_view *var)
{
	uint32_t id;

	for (id = 1; id < btf->types; id++) {
		btf_get(btf, id, var);
		if (var->kind == BTF_KIND_VAR && !strcmp(var->name, name))
			return true;
	}
	return false;
}

/* The struct type of a map's variable; *n: of how many it is an array, otherwise 1. */
static bool find_struct(const struct btf *btf, const char *name, struct btf_view *def, uint64_t *n)
{
	struct btf_view var;
	int depth;

	*n = 1;
	if (!btf || !find_var(btf, name, &var) || btf_bare(btf, var.type, def))
		return false;
	for (depth = 0; depth < BTF_DEPTH && def->kind == BTF_KIND_ARRAY; depth++) {
		*n *= def->word;
		if (*n > UINT32_MAX || btf_bare(btf, def->type, def))
			return false;
	}
	return def->kind == BTF_KIND_STRUCT;
}

/*
 * By the names of members; those of a nested struct are the definition's too. `at`: where the
 * struct begins in the definition. false: a member lies outside.
 */
static bool members_by_name(struct object_map *map, const struct elf_image *m,
			    const struct btf *btf, const struct btf_view *def, uint64_t at,
			    int depth)
{
	const uint8_t *p = m->part[map->section].data + map->at;
	struct btf_part part;
	struct btf_view t;
	uint32_t i;

	for (i = 0; i < def->vlen; i++) {
		int word;
		int64_t size;
		uint64_t place;

		btf_part(btf, def, i, &part);
		word = word_named(part.name);
		size = btf_size(btf, part.type);
		place = at + part.bit_off / 8;
		if (part.bits || part.bit_off % 32 || size < 1 || place > map->size ||
		    (uint64_t)size > map->size - place)
			return false;
		if (word >= 0 && size == 4) {
			map->word[word] = elf_get(m, p + place, 4);
			map->has[word] = true;
		} else if (!btf_bare(btf, part.type, &t) && t.kind == BTF_KIND_STRUCT &&
			   depth < NESTED_MAX) {
			if (!members_by_name(map, m, btf, &t, place, depth + 1))
				return false;
		} else if (!all_zero(p + place, size)) {
			because(map->why, "nobody knows what its member %.64s means", part.name);
		}
	}
	return true;
}

/* false: these are not the names of a definition. */
static bool words_by_name(struct object_map *map, const struct elf_image *m, const struct btf *btf,
			  const struct btf_view *def)
{
	return members_by_name(map, m, btf, def, 0, 0) && map->has[MAP_TYPE] && map->has[MAP_KEY] &&
	       map->has[MAP_VALUE] && map->has[MAP_MAX];
}

/* Several definitions under one name look like one long definition, if nothing names the members.
 */
static bool looks_like_array(const struct object_map *map, const struct elf_image *m, uint32_t each)
{
	const uint8_t *p = m->part[map->section].data + map->at;
	uint64_t at;

	if (map->size % each || map->size < 2 * each)
		return false;
	for (at = 0; at < map->size; at += each) {
		uint64_t type = elf_get(m, p + at, 4);

		if (!type || type > TYPE_MAX || !elf_get(m, p + at + 12, 4))
			return false;
	}
	return true;
}

static void words_by_place(struct object_map *map, const struct elf_image *m, const uint8_t *p)
{
	static const enum map_word iproute2[] = { MAP_ID, MAP_PINNING, MAP_INNER_ID,
						  MAP_INNER_IDX };
	uint32_t i, words = map->size / 4;
	enum map_word word;

	for (i = 0; i < words; i++) {
		uint32_t v = elf_get(m, p + 4 * i, 4);

		word = i <= MAP_FLAGS ? i : i - 5 < 4 ? iproute2[i - 5] : MAP_WORDS;
		if (map->size == 280 && i > MAP_FLAGS)
			word = i == 5 ? MAP_PINNING : MAP_WORDS;
		if ((map->size == 24 || map->size == 28) && i == 5 && is_map_in_map(map))
			word = MAP_INNER_MAP_IDX;
		if (map->size == 28 && i == 6 && map->word[MAP_FLAGS] & BPF_F_NUMA_NODE)
			word = MAP_NUMA;
		if (word == MAP_WORDS) {
			if (v)
				because(map->why,
					"it has %llu bytes, and nobody knows what byte %u means",
					(unsigned long long)map->size, 4 * i);
			continue;
		}
		map->word[word] = v;
		map->has[word] = true;
	}
}

static void read_words(struct object_map *map, const struct elf_image *m, const struct btf *btf)
{
	static const uint32_t sizes[] = { 20, 24, 28, 36 };
	struct btf_view def;
	uint64_t n;
	size_t i;

	if (map->size < LEAST || map->size % 4) {
		because(map->why, "%llu bytes are not a map definition",
			(unsigned long long)map->size);
		return;
	}
	if (find_struct(btf, map->name, &def, &n)) {
		if (n > 1) {
			because(map->why, "an array of %llu definitions, and each map needs a name",
				(unsigned long long)n);
			return;
		}
		if (words_by_name(map, m, btf, &def))
			return;
	} else {
		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			if (!looks_like_array(map, m, sizes[i]))
				continue;
			because(map->why, "an array of %llu definitions, and each map needs a name",
				(unsigned long long)map->size / sizes[i]);
			return;
		}
	}
	memset(map->word, 0, sizeof(map->word));
	memset(map->has, 0, sizeof(map->has));
	map->why[0] = '\0';
	words_by_place(map, m, m->part[map->section].data + map->at);
}

static int add_slot(struct object_maps *o, struct object_map *map, uint32_t index, uint32_t symbol,
		    const char *what)
{
	struct object_slot *more;
	uint32_t i;

	if (map->word[MAP_KEY] != 4)
		because(map->why, "%.100s goes into it, but its key does not have 4 bytes", what);
	if (index >= SLOTS_MAX ||
	    (map->word[MAP_TYPE] != BPF_MAP_TYPE_HASH_OF_MAPS && index >= map->word[MAP_MAX]))
		because(map->why, "%.100s has no place in it: %u", what, index);
	for (i = 0; i < o->n_slots; i++)
		if (o->slot[i].map == map - o->map && o->slot[i].index == index)
			because(map->why, "%.100s goes where something else is already: %u", what,
				index);
	if (map->why[0])
		return 0;
	more = realloc(o->slot, (o->n_slots + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	o->slot = more;
	more[o->n_slots++] = (struct object_slot){ map - o->map, index, symbol };
	return 0;
}

/* Map-in-map: which map is the inner one, and which maps does iproute2 put in? */
static int find_inner(struct object_maps *o, struct object_map *outer)
{
	uint32_t i, own = outer - o->map;
	int err = 0;

	for (i = 0; !err && i < o->n; i++) {
		const struct object_map *map = &o->map[i];

		if (!map->legacy || is_map_in_map(map))
			continue;
		if (outer->has[MAP_INNER_MAP_IDX]) {
			if (i == outer->word[MAP_INNER_MAP_IDX]) {
				outer->inner = i;
				outer->guessed = !i;
			}
			continue;
		}
		if (!outer->word[MAP_INNER_ID] || map->word[MAP_ID] != outer->word[MAP_INNER_ID])
			continue;
		if (outer->inner == own)
			outer->inner = i;
		if (map->has[MAP_INNER_IDX] && map->word[MAP_INNER_IDX] != UINT32_MAX)
			err = add_slot(o, outer, map->word[MAP_INNER_IDX], map->symbol, map->name);
	}
	if (outer->inner == own)
		because(outer->why, "a map of maps, and the object does not say of which");
	return err;
}

/* Tail calls: the program is the only function of its section. */
static int find_programs(struct object_maps *o, const struct elf_image *m, struct object_map *map)
{
	uint32_t i, j, id, key;
	int err = 0;

	for (i = 1; !err && i < m->n; i++) {
		uint32_t symbol = 0, n = 0;

		if (!elf_is_code(m, i) || !is_tail_call(m->part[i].name, &id, &key) ||
		    id != map->word[MAP_ID])
			continue;
		for (j = 0; j < m->n_symbols; j++) {
			if (m->symbol[j].section != i ||
			    ELF64_ST_TYPE(m->symbol[j].info) != STT_FUNC)
				continue;
			symbol = j;
			n++;
		}
		if (n != 1 || m->symbol[symbol].value || !m->symbol[symbol].name[0])
			because(map->why, "section %.64s goes into it, but is not one function",
				m->part[i].name);
		err = add_slot(o, map, key, symbol, m->part[i].name);
	}
	return err;
}

/* Some loaders of the time filled in sizes that follow from the type: goebpf, cilium/ebpf. */
static void fill_sizes(struct object_map *map)
{
	uint32_t type = map->word[MAP_TYPE], key = 0, value = 0;

	switch (type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
		key = value = 4; /* an index, a file descriptor or a number of a device or a CPU */
		break;
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_SOCKHASH:
		value = 4;
		break;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
		key = 4;
		break;
	}
	if (key && !map->word[MAP_KEY]) {
		map->word[MAP_KEY] = key;
		map->filled = true;
	}
	if (value && !map->word[MAP_VALUE]) {
		map->word[MAP_VALUE] = value;
		map->filled = true;
	}
}

bool lacks_entries(const struct object_map *map)
{
	switch (map->word[MAP_TYPE]) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY: /* libbpf: as many as there are CPUs */
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case 32: /* BPF_MAP_TYPE_CGRP_STORAGE, which older headers do not have */
	case BPF_MAP_TYPE_STRUCT_OPS:
		return false;
	default:
		return !map->word[MAP_MAX];
	}
}

static int judge(struct object_maps *o, const struct elf_image *m, struct object_map *map)
{
	uint32_t pin = map->word[MAP_PINNING];
	int err = 0;

	if (!map->word[MAP_TYPE])
		because(map->why, "it has no type");
	if (strlen(map->name) > BTF_NAME_MAX)
		because(map->why, "its name is too long");
	if (pin == PIN_OBJECT)
		because(map->why, "pinned for this object only (pinning 1, PIN_OBJECT_NS), which "
				  "today's loaders cannot do");
	else if (pin > PIN_GLOBAL || (pin && map->size == 280))
		because(map->why, "pinned in a directory of its own loader's (pinning %u)", pin);
	if (is_map_in_map(map))
		err = find_inner(o, map);
	else if (map->word[MAP_TYPE] == BPF_MAP_TYPE_PROG_ARRAY && map->has[MAP_ID])
		err = find_programs(o, m, map);
	return err;
}

/* A number in a BTF definition: a pointer to an array with that many elements. */
static bool number(const struct btf *btf, uint32_t type, uint32_t *v)
{
	struct btf_view t;

	if (btf_bare(btf, type, &t) || t.kind != BTF_KIND_PTR || btf_bare(btf, t.type, &t) ||
	    t.kind != BTF_KIND_ARRAY)
		return false;
	*v = t.word;
	return true;
}

/* *inner: the struct that `values` of a map of maps describes; kind 0 if there is none. */
static void read_members(const struct btf *btf, const struct btf_view *def, uint32_t *words,
			 bool *has, struct btf_view *inner)
{
	struct btf_part part;
	struct btf_view t;
	uint32_t i;

	memset(inner, 0, sizeof(*inner));
	for (i = 0; i < def->vlen; i++) {
		int word;

		btf_part(btf, def, i, &part);
		word = word_named(part.name);
		if (word >= 0 && number(btf, part.type, &words[word])) {
			has[word] = true;
			continue;
		}
		word = !strcmp(part.name, "key") ? MAP_KEY : MAP_VALUE;
		if ((word == MAP_KEY || !strcmp(part.name, "value")) &&
		    !btf_bare(btf, part.type, &t) && t.kind == BTF_KIND_PTR) {
			int64_t size = btf_size(btf, t.type);

			words[word] = size > 0 ? size : 0;
			has[word] = size > 0;
		} else if (!strcmp(part.name, "values")) { /* maps or programs: file descriptors */
			words[MAP_VALUE] = 4;
			has[MAP_VALUE] = true;
			if (!has[MAP_KEY]) /* libbpf: an array's index */
				words[MAP_KEY] = 4;
			if (!btf_bare(btf, part.type, &t) && t.kind == BTF_KIND_ARRAY &&
			    !btf_bare(btf, t.type, &t) && t.kind == BTF_KIND_PTR &&
			    !btf_bare(btf, t.type, &t) && t.kind == BTF_KIND_STRUCT)
				*inner = t;
		}
	}
}

static void read_definition(struct object_map *map, const struct btf *btf)
{
	bool has[MAP_WORDS] = {};
	struct btf_view def, inner;
	uint64_t n;

	if (!find_struct(btf, map->name, &def, &n) || n != 1)
		return;
	read_members(btf, &def, map->word, map->has, &inner);
	if (inner.kind)
		read_members(btf, &inner, map->inner_word, has, &def);
	map->word[MAP_PINNING] *= PIN_GLOBAL; /* LIBBPF_PIN_BY_NAME is 1 */
}

int maps_read(struct object_maps *o, const struct elf_image *m, const struct btf *btf)
{
	uint32_t i;
	int err;

	memset(o, 0, sizeof(*o));
	err = find_maps(o, m);
	if (err)
		return err;
	measure(o, m);
	for (i = 0; i < o->n; i++) {
		if (o->map[i].legacy)
			read_words(&o->map[i], m, btf);
		else
			read_definition(&o->map[i], btf);
	}
	for (i = 0; !err && i < o->n; i++) {
		o->map[i].inner = i;
		if (!o->map[i].legacy || o->map[i].why[0])
			continue;
		fill_sizes(&o->map[i]);
		err = judge(o, m, &o->map[i]);
	}
	return err;
}

void maps_close(struct object_maps *o)
{
	free(o->map);
	free(o->slot);
	memset(o, 0, sizeof(*o));
}
