/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section .BTF.ext: which functions, lines and CO-RE relocations belong to which section. libbpf
 * ignores all BTF of an object if it does not take this part of it. Layout: btf.rst.
 */
#ifndef PLAINBPF_BTF_EXT_H
#define PLAINBPF_BTF_EXT_H

#include "elf.h"

enum btf_ext {
	EXT_NONE,  /* there is no such section */
	EXT_EMPTY, /* it holds nothing: clang 8 to 11 without -g */
	EXT_GOOD,
	EXT_BROKEN, /* libbpf does not take it */
};

/* Calls name(arg, p) for each place that holds a section's name, an offset in BTF's strings. */
enum btf_ext btf_ext_walk(const struct elf_image *m, uint32_t section,
			  void (*name)(void *arg, size_t at), void *arg);

#endif
