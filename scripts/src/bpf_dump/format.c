// SPDX-License-Identifier: GPL-2.0-only
/* Compiles a BTF type to operations, see format.h and ops.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/btf.h>
#include "names.h"
#include "ops.h"

#define MAX_OPS	    2048
#define MAX_LIT	    (256 * 1024)
#define MAX_PRE	    4096
#define MAX_SIZE    (64 * 1024 * 1024) /* of a record, bytes */
#define MAX_ENUM    65536
#define MAX_STEPS   65536
#define MAX_COLUMNS 24 /* width to which a column of text is filled, at most */

enum role {
	RECORD,
	MEMBER,
	ANON,	 /* a member without a name: its members are its parent's */
	ELEMENT, /* of an array; has the array's name, only for the rules by name */
};

struct place { /* where a value is, while the type is walked */
	enum role role;
	const char *name;
	uint32_t bit; /* from the start of the record or of the loop's element */
	uint32_t bits;
	int depth;
	bool inner;	/* inside an array: no columns, as in JSON */
	bool last;	/* nothing follows it in the record */
	bool shown;	/* it is one of the columns asked for, or part of one */
	uint32_t width; /* of its column, as asked for, or 0 */
	char path[96];
};

struct compiler {
	struct fmt *f;
	const struct btf *b;
	uint32_t pending; /* start of the literal that will go to the next operation */
	bool first;	  /* no comma before the next member */
	int steps;	  /* types walked so far: nested arrays of structs can explode */
	uint32_t last_column;
	const char *columns; /* asked for, or NULL */
	uint64_t found;	     /* those of them that are there, by their place */
};

static int walk(struct compiler *c, uint32_t id, const struct place *at);

static bool host_big(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static int literal(struct compiler *c, const char *s, size_t n)
{
	struct fmt *f = c->f;

	if (n > MAX_LIT - f->lit_len)
		return -E2BIG;
	if (f->lit_len + n + FMT_SHORT > f->lit_room) {
		uint32_t room = 2 * (f->lit_len + n) + 256;
		char *more = realloc(f->lit, room);

		if (!more)
			return -ENOMEM;
		memset(more + f->lit_len, 0, room - f->lit_len);
		f->lit = more;
		f->lit_room = room;
	}
	memcpy(f->lit + f->lit_len, s, n);
	f->lit_len += n;
	return 0;
}

static int literal_str(struct compiler *c, const char *s)
{
	return literal(c, s, strlen(s));
}

/* A name from BTF should be an identifier, but nothing guarantees it. */
static int literal_name(struct compiler *c, const char *s)
{
	int err = 0;

	for (; *s && !err; s++)
		err = literal(c, (*s > ' ' && *s < 0x7f && *s != '"' && *s != '\\') ? s : "?", 1);
	return err;
}

static struct op *add_op(struct compiler *c, enum op_kind kind, uint32_t off, uint32_t len)
{
	struct fmt *f = c->f;
	struct op *op;

	if (f->n_ops == MAX_OPS || f->lit_len - c->pending > MAX_PRE)
		return NULL;
	if (f->n_ops == f->room_ops) {
		uint32_t room = f->room_ops ? 2 * f->room_ops : 32;

		op = realloc(f->ops, room * sizeof(*op));
		if (!op)
			return NULL;
		f->ops = op;
		f->room_ops = room;
	}
	op = &f->ops[f->n_ops++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	op->off = off;
	op->len = len;
	op->pre = c->pending;
	op->pre_len = f->lit_len - c->pending;
	c->pending = f->lit_len;
	return op;
}

/* Before a value: its name in JSON and inside arrays, otherwise the gap between columns. */
static int begin(struct compiler *c, const struct place *at)
{
	bool json = c->f->mode == FMT_JSON;
	int err = 0;

	if (at->role != MEMBER)
		return 0;
	if (json || at->inner) {
		err = err ?: c->first ? 0 : literal_str(c, ",");
		err = err ?: literal_str(c, json ? "\"" : "");
		err = err ?: literal_name(c, at->name);
		err = err ?: literal_str(c, json ? "\":" : "=");
	} else if (!c->first) {
		err = literal_str(c, " ");
	}
	c->first = false;
	return err;
}

static uint32_t trimmed(const char *s, uint32_t len)
{
	while (len && s[len - 1] == ' ')
		len--;
	return len;
}

/* The column's title, and its width. */
static int column(struct compiler *c, struct op *op, const struct place *at, uint32_t width)
{
	struct fmt *f = c->f;
	char title[128], *more;
	int i, n;

	if (f->mode != FMT_TEXT || at->inner)
		return 0;
	n = snprintf(title, sizeof(title), "%s", *at->path ? at->path : "value");
	if (n >= (int)sizeof(title))
		n = sizeof(title) - 1;
	for (i = 0; i < n; i++)
		title[i] =
			title[i] > ' ' && title[i] < 0x7f ? toupper((unsigned char)title[i]) : '?';
	if (at->width)
		width = at->width;
	else if (width > MAX_COLUMNS)
		width = MAX_COLUMNS;
	op->width = width > (uint32_t)n ? width : (uint32_t)n;
	c->last_column = op - f->ops;
	more = realloc(f->header, f->header_len + op->width + 2);
	if (!more)
		return -ENOMEM;
	f->header = more;
	if (f->header_len)
		f->header[f->header_len++] = ' ';
	memcpy(f->header + f->header_len, title, n);
	memset(f->header + f->header_len + n, ' ', op->width - n);
	f->header_len += op->width;
	return 0;
}

static int leaf(struct compiler *c, const struct place *at, enum op_kind kind, uint32_t len,
		uint32_t width, struct op **made)
{
	int err = begin(c, at);
	struct op *op;

	if (err)
		return err;
	op = add_op(c, kind, at->bit / 8, len);
	if (!op)
		return -E2BIG;
	op->bit = at->bit % 8;
	op->bits = at->bits;
	op->big = host_big() != c->b->swap;
	if (op->bits)
		op->len = (op->bit + op->bits + 7) / 8;
	c->f->empty = false;
	if (made)
		*made = op;
	return column(c, op, at, width);
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = ((const struct enum_name *)a)->value, y = ((const struct enum_name *)b)->value;

	return x < y ? -1 : x > y;
}

/* Bounds and counts of the enumeration, which no record contains as a value. */
static bool is_bound(const char *s)
{
	size_t n = strlen(s);

	return *s == '_' || !strncmp(s, "NR_", 3) || (n > 4 && !strcmp(s + n - 4, "_MAX"));
}

/* Length of the prefix that all names share, up to a '_' and never a whole name. */
static size_t common_prefix(const struct btf *b, const struct btf_view *t)
{
	const char *one = NULL;
	struct btf_part p;
	size_t n = 0;
	uint32_t i, names = 0;

	for (i = 0; i < t->vlen; i++) {
		size_t k = 0;

		btf_part(b, t, i, &p);
		if (is_bound(p.name))
			continue;
		names++;
		if (!one) {
			one = p.name;
			n = strlen(one);
		}
		while (k < n && one[k] == p.name[k])
			k++;
		n = k == n && !p.name[k] && n ? n - 1 : k;
	}
	while (n && one[n - 1] != '_')
		n--;
	return names > 1 ? n : 0;
}

static int add_enum(struct compiler *c, const struct btf_view *t, uint32_t *index, uint32_t *width)
{
	struct enum_table *tab, *more;
	struct fmt *f = c->f;
	struct btf_part p;
	size_t prefix, k;
	uint32_t i;

	for (i = 0; i < f->n_enums; i++) {
		*index = i;
		*width = f->enums[i].width;
		if (f->enums[i].id == t->id)
			return 0;
	}
	more = realloc(f->enums, (f->n_enums + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->enums = more;
	tab = &f->enums[f->n_enums];
	memset(tab, 0, sizeof(*tab));
	tab->id = t->id;
	tab->names = calloc(t->vlen ? t->vlen : 1, sizeof(*tab->names));
	if (!tab->names)
		return -ENOMEM;
	*index = f->n_enums++;
	prefix = common_prefix(c->b, t);
	for (i = 0; i < t->vlen; i++) {
		char *s;

		btf_part(c->b, t, i, &p);
		s = strdup(is_bound(p.name) || strlen(p.name) <= prefix ? p.name : p.name + prefix);
		if (!s)
			return -ENOMEM;
		tab->names[tab->n].name = s;
		tab->names[tab->n++].value = p.value;
		for (k = 0; s[k]; k++)
			s[k] = isalnum((unsigned char)s[k]) ? tolower((unsigned char)s[k]) : '_';
		if (k > tab->width && !is_bound(p.name))
			tab->width = k;
	}
	qsort(tab->names, tab->n, sizeof(*tab->names), compare_values);
	*width = tab->width;
	return 0;
}

static bool name_before(const struct btf *b, uint32_t id, const char *end)
{
	struct btf_view t;
	int depth;

	for (depth = 0; depth < BTF_DEPTH; depth++) {
		btf_get(b, id, &t);
		if (t.kind == BTF_KIND_TYPEDEF && !strcmp(t.name, end))
			return true;
		if (t.kind != BTF_KIND_TYPEDEF && t.kind != BTF_KIND_CONST &&
		    t.kind != BTF_KIND_VOLATILE && t.kind != BTF_KIND_TYPE_TAG)
			return false;
		id = t.type;
	}
	return false;
}

/* Is the type, or a typedef that leads to it, one of the kernel's __beN? */
static bool is_be(const struct btf *b, uint32_t id)
{
	return name_before(b, id, "__be16") || name_before(b, id, "__be32") ||
	       name_before(b, id, "__be64");
}

static bool is_le(const struct btf *b, uint32_t id)
{
	return name_before(b, id, "__le16") || name_before(b, id, "__le32") ||
	       name_before(b, id, "__le64");
}

static int integer(struct compiler *c, uint32_t id, const struct btf_view *t, struct place at)
{
	uint32_t bits = BTF_INT_BITS(t->word), size = t->size, off = BTF_INT_OFFSET(t->word);
	static const uint8_t width[] = { [1] = 3, [2] = 5, [4] = 8, [8] = 12 };
	bool is_signed = BTF_INT_ENCODING(t->word) & BTF_INT_SIGNED;
	bool network = is_be(c->b, id);
	struct op *op;
	int err;

	if (size == 16 && bits == 128 && !at.bits) {
		bool ip = name_is_endpoint(at.name);

		return leaf(c, &at, ip ? OP_IP16 : OP_INT128, 16, ip ? 24 : 34, NULL);
	}
	if ((size != 1 && size != 2 && size != 4 && size != 8) || !bits || bits > size * 8)
		return -EBADMSG;
	if (!at.bits &&
	    (bits != size * 8 || off)) { /* a bit-field in the encoding of old compilers */
		at.bit += off;
		at.bits = bits;
	}
	if (at.bits > size * 8)
		return -EBADMSG;
	if (BTF_INT_ENCODING(t->word) & BTF_INT_BOOL)
		return leaf(c, &at, OP_BOOL, size, 5, NULL);
	if (at.bits)
		is_signed = is_signed && !network;
	else if (size == 8 && !is_signed && name_is_time(at.name))
		return leaf(c, &at, OP_TIME, 8, 15, &op) ?: (op->size = 8, 0);
	else if (size == 4 && network && !name_is_no_address(at.name))
		return leaf(c, &at, OP_IP4, 4, 15, NULL);
	else if (size == 4 && !is_signed && name_is_address(at.name))
		return leaf(c, &at, OP_IP4, 4, 15, NULL);
	else if (size == 1 && name_is_protocol(at.name))
		return leaf(c, &at, OP_IPPROTO, 1, 6, NULL);
	err = leaf(c, &at, network && size == 2 && name_is_protocol(at.name) ? OP_HEX : OP_INT,
		   size, width[size], &op);
	if (err)
		return err;
	op->size = size;
	op->is_signed = is_signed;
	if (network)
		op->big = true;
	else if (is_le(c->b, id))
		op->big = false;
	if (op->kind == OP_HEX && c->f->mode == FMT_JSON)
		op->kind = OP_INT;
	return 0;
}

static int enumeration(struct compiler *c, const struct btf_view *t, const struct place *at)
{
	uint32_t index, width;
	struct op *op;
	int err;

	if ((t->size != 1 && t->size != 2 && t->size != 4 && t->size != 8) ||
	    at->bits > t->size * 8 || t->vlen > MAX_ENUM)
		return -EBADMSG;
	err = add_enum(c, t, &index, &width);
	if (!err)
		err = leaf(c, at, OP_ENUM, t->size, width, &op);
	if (err)
		return err;
	op->size = t->size;
	op->is_signed = t->kflag;
	op->arg = index;
	return 0;
}

/* An array of bytes or words that is one value, a string or an address. 1: it is not. */
static int array_value(struct compiler *c, const struct btf_view *a, const struct btf_view *t,
		       const struct place *at)
{
	const char *name = at->name;
	bool flex = !a->word && at->last;
	enum op_kind kind = OP_BYTES;
	struct op *op;
	int err;

	if (t->kind != BTF_KIND_INT || at->bits)
		return 1;
	if (t->size == 4 && a->word == 4 &&
	    (is_be(c->b, a->type) ? !name_is_no_address(name) : name_is_address(name)))
		return leaf(c, at, OP_IP16, 16, 24, NULL);
	if (t->size != 1 || BTF_INT_BITS(t->word) != 8 ||
	    (BTF_INT_ENCODING(t->word) & BTF_INT_BOOL))
		return 1;
	if (!strcmp(t->name, "char") || (BTF_INT_ENCODING(t->word) & BTF_INT_CHAR) ||
	    name_is_text(name))
		kind = OP_STRING;
	else if (BTF_INT_ENCODING(t->word) & BTF_INT_SIGNED)
		return 1;
	else if (a->word == 16 && name_is_endpoint(name))
		kind = OP_IP16;
	else if (a->word == 4 && name_is_endpoint(name))
		kind = OP_IP4;
	else if (a->word == 6)
		kind = OP_MAC;
	/* the literal before them must stay if they are left out */
	if (flex && kind == OP_BYTES && c->pending != c->f->lit_len && !add_op(c, OP_LITERAL, 0, 0))
		return -E2BIG;
	if (flex && kind == OP_BYTES)
		c->f->captured = trimmed(c->f->header, c->f->header_len);
	err = leaf(c, at, kind, a->word,
		   kind == OP_STRING ? a->word
		   : kind == OP_IP4  ? 15
		   : kind == OP_MAC  ? 17
		   : kind == OP_IP16 ? 24
				     : 2 * a->word,
		   &op);
	if (!err) {
		op->flex = flex;
		c->f->flex = c->f->flex || flex;
	}
	return err;
}

static int array(struct compiler *c, const struct btf_view *a, const struct place *at)
{
	int64_t stride = btf_size(c->b, a->type);
	/* the array's name decides how its elements are printed: addr[2], comm[4][16] */
	struct place el = { .role = ELEMENT,
			    .name = at->name,
			    .depth = at->depth + 1,
			    .inner = true,
			    .shown = true };
	struct btf_view t;
	uint32_t body;
	struct op *op;
	int err;

	err = btf_bare(c->b, a->type, &t);
	if (err || stride < 0 || at->bits || at->bit % 8)
		return err ?: stride < 0 ? (int)stride : -EBADMSG;
	if (stride > MAX_SIZE || (uint64_t)stride * a->word > MAX_SIZE)
		return -E2BIG;
	err = array_value(c, a, &t, at);
	if (err <= 0)
		return err;
	err = leaf(c, at, OP_LOOP, stride * a->word, 0, &op);
	if (err)
		return err;
	op->stride = stride;
	op->count = stride ? a->word : 0;
	op->flex = !a->word && at->last && stride;
	c->f->flex = c->f->flex || op->flex;
	body = c->f->n_ops;
	c->first = true;
	err = walk(c, a->type, &el);
	c->first = false;
	if (err)
		return err;
	/* the literal after the body's last value, "}" of a struct, belongs to the body */
	op = add_op(c, OP_LITERAL, 0, 0);
	if (!op)
		return -E2BIG;
	c->f->ops[body - 1].arg = c->f->n_ops - body;
	return 0;
}

static void set_path(struct place *at, const struct place *up, const char *name)
{
	snprintf(at->path, sizeof(at->path), "%.*s%s%.*s", 47, up->path, *up->path ? "." : "", 47,
		 name);
}

/* Is the member at this path asked for? */
static void look_up(struct compiler *c, const struct place *up, struct place *at)
{
	const char *s = c->columns;
	size_t n = strlen(at->path);
	int i;

	at->shown = up->shown;
	for (i = 0; s && i < FMT_COLUMNS; i++) {
		if (!strncmp(s, at->path, n) && (!s[n] || strchr(",:", s[n]))) {
			at->shown = true;
			at->width = s[n] == ':' ? strtoul(s + n + 1, NULL, 10) : 0;
			c->found |= 1ull << i;
		}
		s = strchr(s, ',');
		s += s != NULL;
	}
}

static bool found_all(const struct compiler *c)
{
	const char *s = c->columns;
	int i;

	for (i = 0; s && i < FMT_COLUMNS; i++) {
		if (!(c->found >> i & 1))
			return false;
		s = strchr(s, ',');
		s += s != NULL;
	}
	return true;
}

/* Puts ifname before ifindex, rx_ifname before rx_ifindex, unless the struct has that member. */
static int add_ifname(struct compiler *c, const struct btf_view *s, const struct place *index,
		      const struct place *up)
{
	int n = strlen(index->name) - strlen("ifindex");
	struct place at = *index;
	char beside[64];
	struct btf_part m;
	uint32_t i;

	if (snprintf(beside, sizeof(beside), "%.*sifname", n, index->name) >= (int)sizeof(beside))
		return 0;
	for (i = 0; i < s->vlen; i++) {
		btf_part(c->b, s, i, &m);
		if (!strcmp(m.name, beside))
			return 0;
	}
	at.name = beside;
	set_path(&at, up, beside);
	look_up(c, up, &at);
	return !at.shown ? 0 : leaf(c, &at, OP_IFNAME, 4, 10, NULL);
}

static int member(struct compiler *c, const struct btf_view *s, const struct btf_part *m, bool last,
		  const struct place *up)
{
	struct place at = { .role = *m->name ? MEMBER : ANON,
			    .name = m->name,
			    .bit = up->bit + m->bit_off,
			    .bits = m->bits,
			    .depth = up->depth + 1,
			    .inner = up->inner,
			    .last = last };
	int64_t size = btf_size(c->b, m->type);
	struct btf_view t;
	int err;

	err = btf_bare(c->b, m->type, &t);
	if (err || size < 0)
		return err ?: (int)size;
	/* every member must lie inside its struct: that bounds all reads by the record's size */
	if (m->bits ? m->bit_off + m->bits > (uint64_t)s->size * 8
		    : m->bit_off / 8 + (uint64_t)size > s->size)
		return -EBADMSG;
	if (name_is_padding(m->name))
		return 0;
	if (at.role == ANON) {
		if (t.kind != BTF_KIND_STRUCT && t.kind != BTF_KIND_UNION)
			return 0; /* an unnamed bit-field */
		memcpy(at.path, up->path, sizeof(at.path));
		at.shown = up->shown;
		return walk(c, m->type, &at);
	}
	set_path(&at, up, m->name);
	look_up(c, up, &at);
	if (t.kind == BTF_KIND_INT && t.size == 4 && !m->bits && name_is_ifindex(m->name))
		err = add_ifname(c, s, &at, up);
	if (!at.shown && t.kind != BTF_KIND_STRUCT && t.kind != BTF_KIND_UNION) {
		/* the bytes of what is not shown are no surprise at the end of a record */
		c->f->flex = c->f->flex || (last && t.kind == BTF_KIND_ARRAY && !t.word);
		return err;
	}
	return err ?: walk(c, m->type, &at);
}

static bool is_type(const struct btf *b, uint32_t id, const char *name)
{
	struct btf_view t;

	return !btf_bare(b, id, &t) && t.kind == BTF_KIND_STRUCT && !strcmp(t.name, name);
}

static int structure(struct compiler *c, uint32_t id, const struct btf_view *t,
		     const struct place *at)
{
	bool json = c->f->mode == FMT_JSON;
	bool braces = at->role == ELEMENT || (at->role == MEMBER && (json || at->inner));
	uint32_t i;
	int err = 0;

	if (at->bits)
		return -EBADMSG;
	if (t->size == 16 && is_type(c->b, id, "in6_addr"))
		return !at->shown ? 0 : leaf(c, at, OP_IP16, 16, 24, NULL);
	if (t->size == 4 && is_type(c->b, id, "in_addr"))
		return !at->shown ? 0 : leaf(c, at, OP_IP4, 4, 15, NULL);
	if (braces) {
		err = begin(c, at);
		err = err ?: literal_str(c, "{");
		c->first = true;
	}
	for (i = 0; i < t->vlen && !err; i++) {
		bool last = t->kind == BTF_KIND_STRUCT && at->last && i + 1 == t->vlen;
		struct btf_part m;

		btf_part(c->b, t, i, &m);
		err = member(c, t, &m, last, at);
	}
	if (braces) {
		err = err ?: literal_str(c, "}");
		c->first = false;
	}
	return err;
}

static int walk(struct compiler *c, uint32_t id, const struct place *at)
{
	struct btf_view t;
	struct op *op;
	int err;

	if (at->depth > BTF_DEPTH)
		return -ELOOP;
	if (++c->steps > MAX_STEPS)
		return -E2BIG;
	err = btf_bare(c->b, id, &t);
	if (err)
		return err;
	if (at->bit / 8 > MAX_SIZE || (at->bit % 8 && !at->bits))
		return -EBADMSG;
	switch (t.kind) {
	case BTF_KIND_INT:
		return integer(c, id, &t, *at);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return enumeration(c, &t, at);
	case BTF_KIND_ARRAY:
		return array(c, &t, at);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return structure(c, id, &t, at);
	case BTF_KIND_PTR:
		if (at->bits)
			return -EBADMSG;
		return leaf(c, at, OP_HEX, 8, 18, &op) ?: (op->size = 8, 0);
	case BTF_KIND_FLOAT:
		if (at->bits || (t.size != 4 && t.size != 8))
			return leaf(c, at, OP_NULL, 0, 1, NULL);
		return leaf(c, at, OP_FLOAT, t.size, 12, &op) ?: (op->size = t.size, 0);
	default:
		return -EBADMSG;
	}
}

int fmt_compile(struct fmt **made, const struct btf *b, uint32_t id, enum fmt_mode mode,
		const char *columns)
{
	struct place top = { .role = RECORD, .name = "", .last = true, .shown = !columns };
	int64_t size = id && id < b->types ? btf_size(b, id) : -EBADMSG;
	struct compiler c = { .b = b, .first = true, .columns = columns };
	struct btf_view t;
	int err;

	*made = NULL;
	if (size < 0 || size > MAX_SIZE)
		return size < 0 ? (int)size : -E2BIG;
	c.f = calloc(1, sizeof(*c.f));
	if (!c.f)
		return -ENOMEM;
	c.f->mode = mode;
	c.f->size = size;
	c.f->empty = true;
	err = btf_bare(b, id, &t);
	if (!err)
		err = literal_str(&c, mode == FMT_JSON ? "{" : "");
	if (!err && t.kind != BTF_KIND_STRUCT && t.kind != BTF_KIND_UNION)
		top = (struct place){
			.role = MEMBER, .name = "value", .last = true, .shown = true
		};
	if (!err && mode != FMT_HEX)
		err = walk(&c, id, &top);
	if (!err && !found_all(&c))
		err = -ENODATA;
	c.f->tail = c.pending;
	if (c.f->header_len) { /* do not fill the last column */
		c.f->ops[c.last_column].width = 0;
		c.f->header_len = trimmed(c.f->header, c.f->header_len);
	}
	if (err) {
		fmt_free(c.f);
		return err;
	}
	*made = c.f;
	return 0;
}

void fmt_free(struct fmt *f)
{
	uint32_t i, k;

	if (!f)
		return;
	for (i = 0; i < f->n_enums; i++) {
		for (k = 0; k < f->enums[i].n; k++)
			free(f->enums[i].names[k].name);
		free(f->enums[i].names);
	}
	free(f->enums);
	free(f->ops);
	free(f->lit);
	free(f->header);
	free(f);
}

uint32_t fmt_size(const struct fmt *f)
{
	return f->size;
}
