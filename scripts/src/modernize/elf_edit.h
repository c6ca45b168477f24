/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes an ELF file that elf_open() has read, and writes it. -EBADMSG, -ENOMEM. */
#ifndef PLAINBPF_ELF_EDIT_H
#define PLAINBPF_ELF_EDIT_H

#include "elf.h"

#define ELF_ALIGN_MAX 4096

/* Names must outlive the image. */
int elf_grow(struct elf_image *m, uint32_t section, uint64_t size); /* new bytes are 0 */
int elf_add(struct elf_image *m, const char *name, uint32_t type, uint32_t *section);
/* Its number stays until the file is written. -EBADMSG if a symbol or a section needs it. */
int elf_remove(struct elf_image *m, uint32_t section);
int elf_rename(struct elf_image *m, uint32_t section, const char *name);
int elf_rename_symbol(struct elf_image *m, uint32_t symbol, const char *name);
void elf_put(const struct elf_image *m, uint8_t *p, int size, uint64_t v);
void elf_set_rel(const struct elf_image *m, uint32_t section, uint64_t i, const struct elf_rel *r);
/* Makes a new file, which the caller frees. Symbols are reordered: local ones first. */
int elf_write(struct elf_image *m, uint8_t **out, size_t *len);

#endif
