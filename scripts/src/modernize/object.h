/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF object file: sections, symbols, BTF and maps. The file is not trusted. */
#ifndef PLAINBPF_OBJECT_H
#define PLAINBPF_OBJECT_H

#include "btf_ext.h"
#include "functions.h"
#include "legacy.h"

struct object {
	struct elf_image elf;
	struct btf btf;
	const struct btf *has_btf; /* &btf, or NULL if there is none, or no type in it */
	struct object_maps maps;
	uint32_t typed; /* function symbols that had no type or no size */
};

/* The buffer must outlive *o. Returns NULL, or why this is not a BPF object. */
const char *object_open(struct object *o, const void *buf, size_t len);
void object_close(struct object *o);
/*
 * It has sections of legacy definitions, even empty ones, which libbpf refuses since 1.0; or
 * functions in which it sees no program.
 */
bool object_is_legacy(const struct object *o);
/* Why the object cannot be carried over, or "". *map: the name of the map, or "". */
const char *object_why(const struct object *o, const char **map);
/* Why libbpf would refuse a modern object, or "". */
const char *object_rules(const struct object *o);
/* Whether the loader finds the variables of such a section by name, outside of the object. */
bool is_looked_up(const char *section);
/* The symbol of a variable that is in the file, or 0. */
uint32_t find_variable(const struct elf_image *m, const char *name);
/* A symbol that is defined nowhere: the object's own loader puts its value in, libbpf cannot. */
bool is_undefined(const struct object *o, uint32_t symbol);

#endif
