/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a relocatable 64-bit ELF file of either byte order; modernize/elf_edit.h changes it. The
 * file is not trusted: all that elf_open() and elf_symbols() return lies inside it. Layout: elf(5).
 * Errors: -EBADMSG (not such a file, or inconsistent), -ENOMEM.
 */
#ifndef PLAINBPF_ELF_H
#define PLAINBPF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_part { /* a section */
	const char *name;
	uint32_t name_off, type, link, info;
	uint64_t flags, addr, size, align, entry;
	const uint8_t *data; /* NULL: it takes no space in the file */
	uint8_t *own;	     /* the same, if it is a copy that may be changed */
	bool gone;	     /* left out when the file is written */
};

struct elf_symbol {
	const char *name;
	uint32_t name_off;
	uint8_t info, other;
	uint16_t section; /* below n, or special: SHN_UNDEF, from SHN_LORESERVE on */
	uint64_t value, size;
};

struct elf_image {
	const uint8_t *buf;
	size_t len;
	bool big; /* the file's byte order */
	struct elf_part *part;
	uint32_t n, names; /* number of sections, and the one that holds their names */
	struct elf_symbol *symbol;
	uint32_t n_symbols, symtab; /* symtab 0: no symbols */
};

struct elf_rel {
	uint64_t at;
	uint32_t symbol, type;
};

uint64_t elf_get(const struct elf_image *m, const uint8_t *p, int size);

/* The buffer must outlive *m. */
int elf_open(struct elf_image *m, const void *buf, size_t len);
int elf_symbols(struct elf_image *m);
void elf_close(struct elf_image *m);

/* The first section of this name from `from` on, or 0. */
uint32_t elf_find(const struct elf_image *m, const char *name, uint32_t from);
bool elf_is_code(const struct elf_image *m, uint32_t section);
/* The number of relocations in a section; 0 if it holds none. */
uint64_t elf_rels(const struct elf_image *m, uint32_t section);
uint64_t elf_rel_size(const struct elf_part *s); /* of one relocation in it, bytes */
void elf_rel(const struct elf_image *m, uint32_t section, uint64_t i, struct elf_rel *r);

/* Finds a section inside buf; -ENOENT if there is none. */
int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size);

#endif
