/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF object file: its sections, symbols, BTF and maps. The file is not trusted. */
#ifndef PLAINBPF_OBJECT_H
#define PLAINBPF_OBJECT_H

#include "legacy.h"

struct object {
	struct elf_image elf;
	struct btf btf;
	const struct btf *has_btf; /* &btf, or NULL if there is none */
	struct object_maps maps;
};

/* The buffer must outlive *o. NULL, or in a few words why this is no such file. */
const char *object_open(struct object *o, const void *buf, size_t len);
void object_close(struct object *o);
/* Has sections of legacy definitions, be they empty: libbpf since 1.0 refuses it. */
bool object_is_legacy(const struct object *o);
/* Why the object cannot be carried over, or ""; *map is the name of the map, or "". */
const char *object_why(const struct object *o, const char **map);

#endif
