/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds a section of a 64-bit ELF file of either byte order. The file is not trusted.
 * Returns 0 and the section's place inside buf; -ENOENT without such a section, -EBADMSG if buf is
 * not such a file or a table lies outside of it. Lengths are bytes.
 */
#ifndef PLAINBPF_ELF_SECTION_H
#define PLAINBPF_ELF_SECTION_H

#include <stddef.h>
#include <stdint.h>

int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size);

#endif
