// SPDX-License-Identifier: GPL-2.0-only
/* BTF reader, see btf.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/btf.h>
#include "btf.h"

#define TYPE_HEAD 12 /* sizeof(struct btf_type) */

static uint32_t u32_at(const struct btf *b, uint32_t at)
{
	uint32_t v;

	memcpy(&v, b->buf + at, sizeof(v));
	return b->swap ? __builtin_bswap32(v) : v;
}

struct layout {
	bool known;
	uint8_t fixed, each; /* bytes that follow the type: once, and for each of its vlen parts */
};

static struct layout layout_of(uint32_t kind)
{
	static const struct layout table[32] = {
		[BTF_KIND_INT] = { true, 4, 0 },	[BTF_KIND_PTR] = { true, 0, 0 },
		[BTF_KIND_ARRAY] = { true, 12, 0 },	[BTF_KIND_STRUCT] = { true, 0, 12 },
		[BTF_KIND_UNION] = { true, 0, 12 },	[BTF_KIND_ENUM] = { true, 0, 8 },
		[BTF_KIND_FWD] = { true, 0, 0 },	[BTF_KIND_TYPEDEF] = { true, 0, 0 },
		[BTF_KIND_VOLATILE] = { true, 0, 0 },	[BTF_KIND_CONST] = { true, 0, 0 },
		[BTF_KIND_RESTRICT] = { true, 0, 0 },	[BTF_KIND_FUNC] = { true, 0, 0 },
		[BTF_KIND_FUNC_PROTO] = { true, 0, 8 }, [BTF_KIND_VAR] = { true, 4, 0 },
		[BTF_KIND_DATASEC] = { true, 0, 12 },	[BTF_KIND_FLOAT] = { true, 0, 0 },
		[BTF_KIND_DECL_TAG] = { true, 4, 0 },	[BTF_KIND_TYPE_TAG] = { true, 0, 0 },
		[BTF_KIND_ENUM64] = { true, 0, 12 },
	};

	return table[kind & 31];
}

static bool has_size(uint32_t kind)
{
	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64 ||
	       kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_FLOAT ||
	       kind == BTF_KIND_DATASEC;
}

/* Names have at most BTF_NAME_MAX bytes: no walk over them can take forever. */
static bool name_ok(const struct btf *b, uint32_t off)
{
	return off < b->str_len && strnlen(b->str + off, BTF_NAME_MAX + 1) <= BTF_NAME_MAX;
}

/* Checks that the type and everything it refers to lie inside the buffer. */
static int check(const struct btf *b, uint32_t id)
{
	uint32_t i, at = b->at[id], info = u32_at(b, at + 4);
	uint32_t kind = BTF_INFO_KIND(info), vlen = BTF_INFO_VLEN(info);
	struct layout lay = layout_of(kind);

	if (!name_ok(b, u32_at(b, at)))
		return -EBADMSG;
	if (kind != BTF_KIND_FWD && !has_size(kind) && kind != BTF_KIND_ARRAY &&
	    u32_at(b, at + 8) >= b->types)
		return -EBADMSG;
	if (kind == BTF_KIND_ARRAY &&
	    (u32_at(b, at + TYPE_HEAD) >= b->types || u32_at(b, at + TYPE_HEAD + 4) >= b->types))
		return -EBADMSG;
	at += TYPE_HEAD + lay.fixed;
	for (i = 0; lay.each && i < vlen; i++, at += lay.each) {
		uint32_t word = u32_at(b, at);

		if (kind == BTF_KIND_DATASEC ? word >= b->types : !name_ok(b, word))
			return -EBADMSG;
		if ((kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ||
		     kind == BTF_KIND_FUNC_PROTO) &&
		    u32_at(b, at + 4) >= b->types)
			return -EBADMSG;
	}
	return 0;
}

/* Finds where each type begins. Type 0 is void; its entry is never read. */
static int index_types(struct btf *b, uint32_t at, uint32_t end)
{
	uint32_t room = 64;

	b->at = malloc(room * sizeof(*b->at));
	if (!b->at)
		return -ENOMEM;
	b->at[0] = 0;
	b->types = 1;
	b->end = end;
	while (at < end) {
		struct layout lay;
		uint32_t info;
		uint64_t need;

		if (end - at < TYPE_HEAD)
			return -EBADMSG;
		info = u32_at(b, at + 4);
		lay = layout_of(BTF_INFO_KIND(info));
		need = TYPE_HEAD + lay.fixed + (uint64_t)lay.each * BTF_INFO_VLEN(info);
		if (!lay.known || need > end - at)
			return -EBADMSG;
		if (b->types == room) {
			uint32_t *more = realloc(b->at, 2 * room * sizeof(*b->at));

			if (!more)
				return -ENOMEM;
			b->at = more;
			room *= 2;
		}
		b->at[b->types++] = at;
		at += need;
	}
	return 0;
}

int btf_open(struct btf *b, const void *buf, size_t len)
{
	uint32_t i, hdr_len, type_off, type_len, str_off;
	struct btf_header h;
	int err = -EBADMSG;

	memset(b, 0, sizeof(*b));
	b->buf = buf;
	if (len < sizeof(h))
		return -EBADMSG;
	if (len > INT32_MAX)
		return -E2BIG;
	memcpy(&h, buf, sizeof(h));
	b->swap = h.magic == __builtin_bswap16(BTF_MAGIC);
	if ((!b->swap && h.magic != BTF_MAGIC) || h.version != BTF_VERSION)
		return -EBADMSG;
	hdr_len = u32_at(b, offsetof(struct btf_header, hdr_len));
	type_off = u32_at(b, offsetof(struct btf_header, type_off));
	type_len = u32_at(b, offsetof(struct btf_header, type_len));
	str_off = u32_at(b, offsetof(struct btf_header, str_off));
	b->str_len = u32_at(b, offsetof(struct btf_header, str_len));
	if (hdr_len < sizeof(h) || hdr_len > len || (uint64_t)type_off + type_len > len - hdr_len ||
	    (uint64_t)str_off + b->str_len > len - hdr_len || !b->str_len)
		return -EBADMSG;
	b->str = (const char *)b->buf + hdr_len + str_off;
	if (b->str[0] || b->str[b->str_len - 1])
		return -EBADMSG;
	err = index_types(b, hdr_len + type_off, hdr_len + type_off + type_len);
	for (i = 1; !err && i < b->types; i++)
		err = check(b, i);
	if (err)
		btf_close(b);
	return err;
}

void btf_close(struct btf *b)
{
	free(b->at);
	memset(b, 0, sizeof(*b));
}

void btf_get(const struct btf *b, uint32_t id, struct btf_view *t)
{
	uint32_t at = b->at[id], info, word;
	struct layout lay;

	memset(t, 0, sizeof(*t));
	t->name = "";
	t->id = id;
	if (!id)
		return;
	info = u32_at(b, at + 4);
	word = u32_at(b, at + 8);
	t->name = b->str + u32_at(b, at);
	t->kind = BTF_INFO_KIND(info);
	t->vlen = BTF_INFO_VLEN(info);
	t->kflag = BTF_INFO_KFLAG(info);
	lay = layout_of(t->kind);
	t->at = at + TYPE_HEAD + lay.fixed;
	if (!lay.each && t->kind != BTF_KIND_FUNC)
		t->vlen = 0;
	if (has_size(t->kind))
		t->size = word;
	else
		t->type = word;
	if (t->kind == BTF_KIND_ARRAY) {
		t->type = u32_at(b, at + TYPE_HEAD);
		t->word = u32_at(b, at + TYPE_HEAD + 8);
	} else if (lay.fixed) {
		t->word = u32_at(b, at + TYPE_HEAD);
	} else if (t->kind == BTF_KIND_FUNC) {
		t->word = t->vlen;
		t->vlen = 0;
	}
}

void btf_part(const struct btf *b, const struct btf_view *t, uint32_t i, struct btf_part *p)
{
	uint32_t at = t->at + i * layout_of(t->kind).each;

	memset(p, 0, sizeof(*p));
	p->name = "";
	if (t->kind == BTF_KIND_DATASEC) {
		p->type = u32_at(b, at);
		p->at = u32_at(b, at + 4);
		p->size = u32_at(b, at + 8);
		return;
	}
	p->name = b->str + u32_at(b, at);
	if (t->kind == BTF_KIND_ENUM) {
		uint32_t v = u32_at(b, at + 4);

		p->value = t->kflag ? (int32_t)v : (int64_t)v;
	} else if (t->kind == BTF_KIND_ENUM64) {
		p->value = (int64_t)(u32_at(b, at + 4) | (uint64_t)u32_at(b, at + 8) << 32);
	} else {
		p->type = u32_at(b, at + 4);
	}
	if (t->kind == BTF_KIND_STRUCT || t->kind == BTF_KIND_UNION) {
		uint32_t off = u32_at(b, at + 8);

		p->bit_off = t->kflag ? BTF_MEMBER_BIT_OFFSET(off) : off;
		p->bits = t->kflag ? BTF_MEMBER_BITFIELD_SIZE(off) : 0;
	}
}

int btf_bare(const struct btf *b, uint32_t id, struct btf_view *t)
{
	int depth;

	for (depth = 0; depth < BTF_DEPTH; depth++) {
		btf_get(b, id, t);
		switch (t->kind) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = t->type;
			break;
		default:
			return 0;
		}
	}
	return -ELOOP;
}

int64_t btf_size(const struct btf *b, uint32_t id)
{
	uint64_t times = 1;
	struct btf_view t;
	int depth, err;

	for (depth = 0; depth < BTF_DEPTH; depth++) {
		err = btf_bare(b, id, &t);
		if (err)
			return err;
		if (t.kind == BTF_KIND_PTR)
			return 8 * times;
		if (t.kind != BTF_KIND_ARRAY)
			return has_size(t.kind) && t.kind != BTF_KIND_DATASEC
				       ? (int64_t)(t.size * times)
				       : -EBADMSG;
		times *= t.word;
		if (times > INT32_MAX)
			return -EBADMSG;
		id = t.type;
	}
	return -ELOOP;
}
