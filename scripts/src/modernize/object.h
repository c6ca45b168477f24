/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF object file: sections, symbols, BTF and maps. The file is not trusted. */
#ifndef PLAINBPF_OBJECT_H
#define PLAINBPF_OBJECT_H

#include "legacy.h"

struct object {
	struct elf_image elf;
	struct btf btf;
	const struct btf *has_btf; /* &btf, or NULL if there is none */
	struct object_maps maps;
};

/* The buffer must outlive *o. Returns NULL, or why this is not a BPF object. */
const char *object_open(struct object *o, const void *buf, size_t len);
void object_close(struct object *o);
/* It has sections of legacy definitions, even empty ones: libbpf refuses it since 1.0. */
bool object_is_legacy(const struct object *o);
/* Why the object cannot be carried over, or "". *map: the name of the map, or "". */
const char *object_why(const struct object *o, const char **map);

#endif
