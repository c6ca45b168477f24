/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes BTF definitions of an object's legacy ones. The programs stay as they are, byte for byte,
 * but for the place of a static map, which the loader writes over anyway.
 *
 * The section "maps" becomes ".maps", or what is in it is moved there; its symbols become global
 * objects, and those of static programs, which libbpf 1.0 refuses too, global ones; in the BTF,
 * which is only added to, each map's variable gets a struct whose members say what the definition
 * said; and what iproute2 itself puts into a map of maps or a program array, by inner_id or by the
 * name of a section, becomes the map's initial values, as relocations.
 */
#ifndef PLAINBPF_REWRITE_H
#define PLAINBPF_REWRITE_H

#include "object.h"

struct rewrite {
	/* Told what is different and harmless of a "map" or a "program"; may be NULL. */
	void (*note)(const char *kind, const char *name, const char *text, const char *word);
	uint8_t *out; /* the caller frees it */
	size_t len;
};

/*
 * For an object that object_is_legacy() and has no object_why(). *o is used up: only object_close()
 * may follow. -EBADMSG (corrupt), -ENOTSUP (a reference that cannot be carried over), -ENOMEM,
 * -E2BIG.
 */
int rewrite(struct rewrite *r, struct object *o);

#endif
