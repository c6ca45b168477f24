/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A relocatable 64-bit ELF file of either byte order, taken apart and put together again. The file
 * is not trusted: what elf_open() and elf_symbols() return lies inside of it. Layout: elf(5).
 * Errors: -EBADMSG (not such a file, or one that contradicts itself), -ENOMEM.
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
	const uint8_t *data; /* NULL: it occupies no place in the file */
	uint8_t *own;	     /* the same, if it may be written to */
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
	uint32_t n, names; /* sections, and the one of their names */
	struct elf_symbol *symbol;
	uint32_t n_symbols, symtab; /* symtab 0: there are none */
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

/* From `from` on; 0 if there is none. */
uint32_t elf_find(const struct elf_image *m, const char *name, uint32_t from);
bool elf_is_code(const struct elf_image *m, uint32_t section);
/* Entries of a section of relocations, 0 if it is something else. */
uint64_t elf_rels(const struct elf_image *m, uint32_t section);
void elf_rel(const struct elf_image *m, uint32_t section, uint64_t i, struct elf_rel *r);

/* Changes. Names must outlive the image. */
int elf_grow(struct elf_image *m, uint32_t section, uint64_t size); /* new bytes are 0 */
int elf_add(struct elf_image *m, const char *name, uint32_t type, uint32_t *section);
int elf_rename(struct elf_image *m, uint32_t section, const char *name);
int elf_rename_symbol(struct elf_image *m, uint32_t symbol, const char *name);
void elf_set_rel(const struct elf_image *m, uint32_t section, uint64_t i, const struct elf_rel *r);
/* A new file; the caller frees it. Symbols are put in order: local ones first. */
int elf_write(struct elf_image *m, uint8_t **out, size_t *len);

/* The place of a section inside of buf; -ENOENT if there is no such section. */
int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size);

#endif
