// SPDX-License-Identifier: GPL-2.0-only
/* Adds types to BTF, see btf_edit.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/btf.h>
#include "btf_edit.h"

#define HEADER 24 /* bytes of struct btf_header that are written */

static void bytes(struct btf_edit *e, struct btf_bytes *b, const void *p, size_t n)
{
	if (e->err)
		return;
	if (b->room - b->len < n) {
		size_t room = 2 * (b->len + n) + 64;
		uint8_t *more = realloc(b->p, room);

		if (!more || room > INT32_MAX) {
			e->err = more ? -E2BIG : -ENOMEM;
			b->p = more ? more : b->p;
			return;
		}
		b->p = more;
		b->room = room;
	}
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
}

static void word(struct btf_edit *e, struct btf_bytes *b, uint32_t v)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	v = big == e->big ? v : __builtin_bswap32(v);
	bytes(e, b, &v, sizeof(v));
}

/* The offset of a string, which is added if it is new. */
static uint32_t string(struct btf_edit *e, const char *text)
{
	uint32_t base = e->old ? e->old->str_len : 0, at;
	size_t len = strlen(text) + 1;

	if (!*text)
		return 0;
	for (at = 0; at < e->strings.len; at += strlen((char *)e->strings.p + at) + 1)
		if (!strcmp((char *)e->strings.p + at, text))
			return base + at;
	bytes(e, &e->strings, text, len);
	return base + at;
}

void btf_edit_open(struct btf_edit *e, const struct btf *old, bool big)
{
	memset(e, 0, sizeof(*e));
	e->old = old;
	e->big = big;
	e->types = old ? old->types : 1;
	e->in_place = calloc(e->types, sizeof(*e->in_place));
	if (!e->in_place)
		e->err = -ENOMEM;
	if (!old)
		bytes(e, &e->strings, "", 1);
}

void btf_edit_close(struct btf_edit *e)
{
	uint32_t i;

	for (i = 0; e->in_place && i < (e->old ? e->old->types : 1); i++)
		free(e->in_place[i].p);
	free(e->in_place);
	free(e->added.p);
	free(e->strings.p);
	memset(e, 0, sizeof(*e));
}

/* The buffer for a type; if *id is 0, it gets the next id. */
static struct btf_bytes *begin(struct btf_edit *e, uint32_t *id, const char *name, uint32_t kind,
			       uint32_t vlen, uint32_t last)
{
	struct btf_bytes *b = *id ? &e->in_place[*id] : &e->added;
	uint32_t at = string(e, name);

	if (e->err)
		return b;
	if (vlen > BTF_MAX_VLEN || e->types >= BTF_MAX_TYPE) {
		e->err = -E2BIG;
		return b;
	}
	if (*id)
		b->len = 0;
	else
		*id = e->types++;
	word(e, b, at);
	word(e, b, kind << 24 | vlen);
	word(e, b, last);
	return b;
}

uint32_t btf_add_byte(struct btf_edit *e)
{
	uint32_t id = 0;

	word(e, begin(e, &id, "unsigned char", BTF_KIND_INT, 0, 1), 8);
	return id;
}

uint32_t btf_add_ptr(struct btf_edit *e, uint32_t type)
{
	uint32_t id = 0;

	begin(e, &id, "", BTF_KIND_PTR, 0, type);
	return id;
}

uint32_t btf_add_function(struct btf_edit *e)
{
	uint32_t id = 0;

	begin(e, &id, "", BTF_KIND_FUNC_PROTO, 0, 0);
	return id;
}

uint32_t btf_add_array(struct btf_edit *e, uint32_t type, uint32_t index, uint32_t n)
{
	uint32_t id = 0;
	struct btf_bytes *b = begin(e, &id, "", BTF_KIND_ARRAY, 0, 0);

	word(e, b, type);
	word(e, b, index);
	word(e, b, n);
	return id;
}

uint32_t btf_add_struct(struct btf_edit *e, uint32_t size, const struct btf_named *m, uint32_t n)
{
	uint32_t id = 0, i;
	struct btf_bytes *b = begin(e, &id, "", BTF_KIND_STRUCT, n, size);

	for (i = 0; i < n; i++) {
		word(e, b, string(e, m[i].name));
		word(e, b, m[i].type);
		word(e, b, 0);
	}
	return id;
}

uint32_t btf_put_var(struct btf_edit *e, uint32_t id, const char *name, uint32_t type)
{
	word(e, begin(e, &id, name, BTF_KIND_VAR, 0, type), BTF_VAR_GLOBAL_ALLOCATED);
	return id;
}

uint32_t btf_put_datasec(struct btf_edit *e, uint32_t id, const char *name, uint32_t size,
			 const struct btf_entry *entry, uint32_t n)
{
	struct btf_bytes *b = begin(e, &id, name, BTF_KIND_DATASEC, n, size);
	uint32_t i;

	for (i = 0; i < n; i++) {
		word(e, b, entry[i].var);
		word(e, b, entry[i].at);
		word(e, b, entry[i].size);
	}
	return id;
}

void btf_retire(struct btf_edit *e, uint32_t id)
{
	begin(e, &id, "", BTF_KIND_PTR, 0, 0);
}

static uint32_t old_end(const struct btf *b, uint32_t id)
{
	return id + 1 < b->types ? b->at[id + 1] : b->end;
}

bool btf_edit_moves(const struct btf_edit *e)
{
	uint32_t id;

	for (id = 1; e->old && id < e->old->types; id++)
		if (e->in_place[id].len &&
		    e->in_place[id].len != old_end(e->old, id) - e->old->at[id])
			return true;
	return false;
}

/* The old types, some of them replaced. */
static void old_types(struct btf_edit *e, struct btf_bytes *all)
{
	const struct btf *b = e->old;
	uint32_t id;

	for (id = 1; id < b->types; id++) {
		if (e->in_place[id].len)
			bytes(e, all, e->in_place[id].p, e->in_place[id].len);
		else
			bytes(e, all, b->buf + b->at[id], old_end(b, id) - b->at[id]);
	}
}

int btf_edit_write(struct btf_edit *e, uint8_t **out, size_t *len)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION };
	struct btf_bytes types = {}, all = {};
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	uint32_t old_strings = e->old ? e->old->str_len : 0;

	if (e->old)
		old_types(e, &types);
	bytes(e, &types, e->added.p, e->added.len);
	if (big != e->big)
		h.magic = __builtin_bswap16(h.magic);
	bytes(e, &all, &h, offsetof(struct btf_header, hdr_len));
	word(e, &all, HEADER);
	word(e, &all, 0);
	word(e, &all, types.len);
	word(e, &all, types.len);
	word(e, &all, old_strings + e->strings.len);
	bytes(e, &all, types.p, types.len);
	if (e->old)
		bytes(e, &all, e->old->str, old_strings);
	bytes(e, &all, e->strings.p, e->strings.len);
	free(types.p);
	if (e->err) {
		free(all.p);
		return e->err;
	}
	*out = all.p;
	*len = all.len;
	return 0;
}
