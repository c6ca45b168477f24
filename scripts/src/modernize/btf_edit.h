/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adds types to BTF, or makes new BTF. Existing types keep their ids and strings their offsets, so
 * that .BTF.ext, which refers to both, stays valid. Functions that add return the new type's id;
 * after an error (in e->err: -ENOMEM, -E2BIG) they do nothing and return 0.
 */
#ifndef PLAINBPF_BTF_EDIT_H
#define PLAINBPF_BTF_EDIT_H

#include "btf.h"

struct btf_bytes {
	uint8_t *p;
	size_t len, room;
};

struct btf_edit {
	const struct btf *old; /* NULL: there was none */
	bool big;	       /* byte order of the output */
	uint32_t types;	       /* the next type's id */
	int err;
	struct btf_bytes *in_place; /* by id: what replaces the old type */
	struct btf_bytes added, strings;
};

struct btf_entry { /* of a DATASEC */
	uint32_t var, at, size;
};

struct btf_named {
	const char *name;
	uint32_t type;
};

/* *old must outlive *e. */
void btf_edit_open(struct btf_edit *e, const struct btf *old, bool big);
void btf_edit_close(struct btf_edit *e);
uint32_t btf_add_byte(struct btf_edit *e); /* an INT of one byte */
uint32_t btf_add_ptr(struct btf_edit *e, uint32_t type);
uint32_t btf_add_array(struct btf_edit *e, uint32_t type, uint32_t index, uint32_t n);
uint32_t btf_add_function(struct btf_edit *e); /* a prototype: void (void) */
/* Anonymous; every member is at offset 0. */
uint32_t btf_add_struct(struct btf_edit *e, uint32_t size, const struct btf_named *m, uint32_t n);
/* id 0: adds a type, otherwise replaces that one. A VAR is global. */
uint32_t btf_put_var(struct btf_edit *e, uint32_t id, const char *name, uint32_t type);
uint32_t btf_put_datasec(struct btf_edit *e, uint32_t id, const char *name, uint32_t size,
			 const struct btf_entry *entry, uint32_t n);
/* A type that nothing refers to any more becomes a pointer to void: ids cannot be given back. */
void btf_retire(struct btf_edit *e, uint32_t id);
/* Whether existing types have moved inside the buffer. */
bool btf_edit_moves(const struct btf_edit *e);
/* The new BTF; the caller frees it. */
int btf_edit_write(struct btf_edit *e, uint8_t **out, size_t *len);

#endif
