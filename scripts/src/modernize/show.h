/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shows what is in an object: maps, programs, and what today's loaders (libbpf 1.0 and later) say
 * about it. Text, or one JSON document. -ENOMEM; errors of writing are in out->err.
 */
#ifndef PLAINBPF_SHOW_H
#define PLAINBPF_SHOW_H

#include "object.h"
#include "out.h"

int show(struct out *out, const struct object *o, const char *file, bool json);

#endif
