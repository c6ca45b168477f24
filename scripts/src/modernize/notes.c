// SPDX-License-Identifier: GPL-2.0-only
/* Notes on an object, see notes.h. */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include "notes.h"

static void note_map(const struct object *o, const struct object_map *map, note_fn *note, void *arg)
{
	char word[64];

	if (!map->legacy || map->why[0])
		return;
	if (map->filled) {
		snprintf(word, sizeof(word), "key %u, value %u", map->word[MAP_KEY],
			 map->word[MAP_VALUE]);
		note(arg, "map", map->name, "a size was 0, its type dictates it", word);
	}
	if (lacks_entries(map))
		note(arg, "map", map->name,
		     "its own loader set the number of entries, today's loaders cannot create it",
		     "max_entries 0");
	if (map->guessed)
		note(arg, "map", map->name,
		     "its inner map is taken to be the first one, because inner_map_idx is 0",
		     o->maps.map[map->inner].name);
}

static void note_text(const struct object *o, note_fn *note, void *arg)
{
	const struct elf_image *m = &o->elf;
	uint32_t lone = lone_text(m), i;

	if (lone && object_is_legacy(o)) {
		note(arg, "section", ".text",
		     "today's loaders keep this name for sub-programs, the programs are now in",
		     LONE_TEXT);
		return;
	}
	for (i = 0; i < m->n_symbols; i++) {
		const struct elf_symbol *y = &m->symbol[i];

		if (is_function(m, y) && ELF64_ST_BIND(y->info) != STB_LOCAL &&
		    !strcmp(m->part[y->section].name, ".text") && !function_is_used(m, i))
			note(arg, "program", y->name,
			     "nothing calls it, and today's loaders load no program from", ".text");
	}
}

bool is_incomplete(const struct object *o)
{
	uint32_t i;

	for (i = 0; i < o->maps.n; i++)
		if (o->maps.map[i].legacy && lacks_entries(&o->maps.map[i]))
			return true;
	for (i = 1; i < o->elf.n_symbols; i++)
		if (is_undefined(o, i))
			return true;
	return false;
}

void notes(const struct object *o, note_fn *note, void *arg)
{
	uint32_t i;

	for (i = 0; i < o->maps.n; i++)
		note_map(o, &o->maps.map[i], note, arg);
	note_text(o, note, arg);
	for (i = 1; i < o->elf.n_symbols; i++)
		if (is_undefined(o, i))
			note(arg, "symbol", o->elf.symbol[i].name,
			     "its own loader puts the value in; today's loaders refuse the object",
			     "undefined");
}
