/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of an object. clang up to 7 gave their symbols neither a type nor a size, and
 * libbpf since 0.2 takes only symbols with both for programs.
 */
#ifndef PLAINBPF_FUNCTIONS_H
#define PLAINBPF_FUNCTIONS_H

#include "elf.h"

/* Gives such symbols a type and a size, in memory. Sets *n to how many; -ENOMEM. */
int functions_type(struct elf_image *m, uint32_t *n);
bool is_function(const struct elf_image *m, const struct elf_symbol *y);
/* A section with code in which a loader finds no program, or 0. */
uint32_t functions_missing(const struct elf_image *m);
/* Whether code refers to the function. */
bool function_is_used(const struct elf_image *m, uint32_t symbol);
#define LONE_TEXT "text" /* what such a section is called then: the end of the old name */

/* .text, if it holds all code of the object, otherwise 0. Loaders keep it for sub-programs. */
uint32_t lone_text(const struct elf_image *m);
/* Whether a section's code calls functions of the object. */
bool has_calls(const struct elf_image *m, uint32_t section);

#endif
