/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes a relocatable 64-bit ELF file of either byte order apart and puts it together again. The
 * file is not trusted: all that elf_open() and elf_symbols() return lies inside it. Layout: elf(5).
 * Errors: -EBADMSG (not such a file, or inconsistent), -ENOMEM.
 */
#ifndef PLAINBPF_ELF_H
#define PLAINBPF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_ALIGN_MAX 4096

struct elf_part { /* a section */
	const char *name;
	uint32_t name_off, type, link, info;
	uint64_t flags, addr, size, align, entry;
	const uint8_t *data; /* NULL: it takes no space in the file */
	uint8_t *own;	     /* the same, if it is a copy that may be changed */
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
void elf_put(const struct elf_image *m, uint8_t *p, int size, uint64_t v);

/* The buffer must outlive *m. */
int elf_open(struct elf_image *m, const void *buf, size_t len);
int elf_symbols(struct elf_image *m);
void elf_close(struct elf_image *m);

/* The first section of this name from `from` on, or 0. */
uint32_t elf_find(const struct elf_image *m, const char *name, uint32_t from);
bool elf_is_code(const struct elf_image *m, uint32_t section);
/* The number of relocations in a section; 0 if it holds none. */
uint64_t elf_rels(const struct elf_image *m, uint32_t section);
void elf_rel(const struct elf_image *m, uint32_t section, uint64_t i, struct elf_rel *r);

/* Changes. Names must outlive the image. */
int elf_grow(struct elf_image *m, uint32_t section, uint64_t size); /* new bytes are 0 */
int elf_add(struct elf_image *m, const char *name, uint32_t type, uint32_t *section);
int elf_rename(struct elf_image *m, uint32_t section, const char *name);
int elf_rename_symbol(struct elf_image *m, uint32_t symbol, const char *name);
void elf_set_rel(const struct elf_image *m, uint32_t section, uint64_t i, const struct elf_rel *r);
/* Makes a new file, which the caller frees. Symbols are reordered: local ones first. */
int elf_write(struct elf_image *m, uint8_t **out, size_t *len);

/* Finds a section inside buf; -ENOENT if there is none. */
int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size);

#endif
