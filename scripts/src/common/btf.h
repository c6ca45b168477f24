/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads BTF from a buffer that is not trusted: btf_open() checks every type once, and afterwards
 * every id, name and member reached through these functions is inside the buffer. Loops are not
 * checked, so whoever walks the types limits the depth. Layout: Documentation/bpf/btf.rst and
 * <linux/btf.h>. Both byte orders; values are returned in the host's. Sizes are in bytes, offsets
 * of members in bits. Errors: -EBADMSG (corrupt), -ENOMEM, -E2BIG.
 */
#ifndef PLAINBPF_BTF_H
#define PLAINBPF_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BTF_DEPTH    32	 /* of nested typedefs, arrays and structs, as in the kernel */
#define BTF_NAME_MAX 511 /* bytes of a name; the kernel's KSYM_NAME_LEN - 1 */

struct btf {
	const uint8_t *buf;
	const char *str;
	uint32_t str_len;
	uint32_t types; /* valid ids are 0 (void) to types - 1 */
	uint32_t *at;	/* offset in buf of each type */
	uint32_t end;	/* and of the end of the last one */
	bool swap;	/* the buffer is in the other byte order */
};

struct btf_view {
	const char *name; /* "" for an anonymous type */
	uint32_t id, kind, vlen;
	bool kflag;
	uint32_t size; /* INT, ENUM, ENUM64, STRUCT, UNION, FLOAT, DATASEC; else 0 */
	uint32_t type; /* for the others, what they refer to; for an ARRAY its elements */
	uint32_t word; /* INT: encoding word; ARRAY: number of elements; VAR, FUNC: linkage */
	uint32_t at;   /* offset in buf of what follows the type */
};

struct btf_part { /* a member, enumerator, parameter or DATASEC entry */
	const char *name;
	uint32_t type;
	uint32_t bit_off, bits; /* of a member; bits is 0 unless it is a bit-field */
	int64_t value;		/* of an enumerator */
	uint32_t at, size;	/* of a DATASEC entry: where the variable is in the section */
};

/* The buffer must outlive *b. */
int btf_open(struct btf *b, const void *buf, size_t len);
void btf_close(struct btf *b);
/* id must be below b->types; i below t->vlen. */
void btf_get(const struct btf *b, uint32_t id, struct btf_view *t);
void btf_part(const struct btf *b, const struct btf_view *t, uint32_t i, struct btf_part *p);
/* Follows typedefs and qualifiers to the type itself. -ELOOP if there are too many. */
int btf_bare(const struct btf *b, uint32_t id, struct btf_view *t);
/* Size of a type in bytes, or -EBADMSG, -ELOOP. */
int64_t btf_size(const struct btf *b, uint32_t id);

#endif
