/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns an object's legacy map definitions into BTF ones. Programs stay as they are, byte for byte,
 * except for offsets of static maps, which the loader overwrites anyway.
 *
 * The section "maps" becomes ".maps", or its contents move there and it goes. Its symbols become
 * global objects; static programs, which libbpf 1.0 refuses too, become global. BTF is only added
 * to: each map's variable gets a struct whose members say what the definition said. What iproute2
 * puts into a map of maps or a program array, by inner_id or by the name of a section, becomes the
 * map's initial values, as relocations. What libbpf would refuse all BTF for is taken out: an empty
 * .BTF.ext, and sections in BTF that the file has not.
 */
#ifndef PLAINBPF_REWRITE_H
#define PLAINBPF_REWRITE_H

#include "notes.h"

struct rewrite {
	/* Called for each harmless change, and with notes(); may be NULL. */
	note_fn *note;
	void *arg;
	uint8_t *out; /* the caller frees it */
	size_t len;
};

/*
 * Only if object_is_legacy(), and object_why() is "". Afterwards only object_close() may be called
 * on *o. -EBADMSG (corrupt), -ENOTSUP (a reference that cannot be carried over), -ENOMEM,
 * -E2BIG.
 */
int rewrite(struct rewrite *r, struct object *o);

#endif
