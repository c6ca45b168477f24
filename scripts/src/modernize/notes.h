/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is worth knowing of an object that loads nevertheless, or that its own loader completed:
 * what has been assumed, and what is missing. `modernize` says it on stderr, and `show` prints it.
 */
#ifndef PLAINBPF_NOTES_H
#define PLAINBPF_NOTES_H

#include "object.h"

/* A "map", "program", "section" or "symbol", its name, the note, and a word that it is about. */
typedef void note_fn(void *arg, const char *kind, const char *name, const char *text,
		     const char *word);

/* Whether today's loaders refuse the object all the same, until its own loader has completed it. */
bool is_incomplete(const struct object *o);
void notes(const struct object *o, note_fn *note, void *arg);

#endif
