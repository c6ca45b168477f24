/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the maps of an object: legacy definitions (structs of 32-bit words in sections "maps" and
 * "maps/…") and BTF definitions (section ".maps").
 *
 * All legacy layouts begin with type, key size, value size, entries and flags; the flags may be
 * missing. What follows depends on whose header was used:
 *   20 bytes  the kernel's samples, libbpf up to 0.x
 *   24, 28    later samples: inner_map_idx, numa_node; or an older iproute2: id, pinning
 *   36        iproute2's struct bpf_elf_map: id, pinning, inner_id, inner_idx
 *   280       gobpf: pinning, char namespace[256]
 * If there is BTF, it names the members and so decides, in nested structs too; otherwise the size
 * does.
 */
#ifndef PLAINBPF_LEGACY_H
#define PLAINBPF_LEGACY_H

#include "btf.h"
#include "elf.h"

#define LEGACY_MAPS_MAX 4096 /* loaders stop at 64 or so */
#define LEGACY_WHY	256

enum map_word { /* the numbers in a definition */
	MAP_TYPE,
	MAP_KEY,
	MAP_VALUE,
	MAP_MAX,
	MAP_FLAGS,
	MAP_ID,
	MAP_PINNING, /* 0 no, 1 a directory for the object, 2 the globals directory, others custom
		      */
	MAP_INNER_ID,
	MAP_INNER_IDX,	   /* the key of this map in the outer one */
	MAP_INNER_MAP_IDX, /* which map is the inner one, in the order of the file */
	MAP_NUMA,
	MAP_WORDS,
};

struct object_map {
	const char *name;
	bool legacy;
	uint32_t symbol, section;
	uint64_t at, size;	  /* in the section; size is the definition's */
	uint32_t word[MAP_WORDS]; /* of a BTF definition: pinning 2 is by name */
	bool has[MAP_WORDS];
	uint32_t inner_word[MAP_WORDS]; /* of an inner map that a BTF definition describes */
	uint32_t inner;			/* index of the inner map; its own: none */
	bool filled;			/* sizes that were 0 are what the type dictates */
	bool guessed; /* the inner map is the first one only because nothing says otherwise */
	char why[LEGACY_WHY]; /* why it cannot be carried over, or "" */
};

struct object_slot { /* what iproute2's own loader puts into a map after creating it */
	uint32_t map, index;
	uint32_t symbol; /* of an inner map, or of a program */
};

struct object_maps {
	struct object_map *map; /* in the order of sections and places */
	uint32_t n, n_legacy;
	struct object_slot *slot;
	uint32_t n_slots;
	char why[LEGACY_WHY]; /* the same, for the whole object */
};

bool is_legacy_section(const struct elf_image *m, uint32_t section);
bool is_map_in_map(const struct object_map *map);
/* The object's own loader sets the number of entries. */
bool lacks_entries(const struct object_map *map);
/* A program array that iproute2 fills with the programs in sections "ID/KEY". */
bool is_jump_table(const struct object_maps *o, uint32_t map);
/* Slots of a map up to the last one that is filled. */
uint32_t slots_of(const struct object_maps *o, uint32_t map);

/*
 * btf may be NULL. -EBADMSG: a definition lies outside its section or has no usable name; -ENOMEM.
 * Also returns 0 if something cannot be carried over.
 */
int maps_read(struct object_maps *o, const struct elf_image *m, const struct btf *btf);
void maps_close(struct object_maps *o);

#endif
