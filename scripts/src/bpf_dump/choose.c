// SPDX-License-Identifier: GPL-2.0-only
/* Which struct is a record, see choose.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/btf.h>
#include "choose.h"
#include "names.h"

#define HEX   "records in hexadecimal: "
#define KNOWN 256 /* lengths remembered, a power of two */

enum step {
	BY_NAME,
	BY_STEM,
	BY_VARIABLE,
	BY_MAP_VALUE,
	BY_SIZE,
	STEPS,
};

struct pick {
	const struct users_btf *from;
	const char *name;
	uint32_t id, size;
	enum step step;
	struct fmt *fmt; /* compiled when first chosen */
	bool open_end;	 /* its last member is an array of no length */
	bool bad;	 /* chosen, but could not be compiled */
	bool told;
};

struct known {
	size_t len;
	bool used;
	const struct fmt *fmt;
};

static bool is_struct(const struct btf_view *t)
{
	return t->kind == BTF_KIND_STRUCT || t->kind == BTF_KIND_UNION;
}

static bool open_ended(const struct btf *b, struct btf_view t)
{
	struct btf_part m;

	if (t.kind != BTF_KIND_STRUCT || !t.vlen)
		return false;
	btf_part(b, &t, t.vlen - 1, &m);
	return !btf_bare(b, m.type, &t) && t.kind == BTF_KIND_ARRAY && !t.word;
}

static struct pick *find(struct choose *c, const struct users_btf *from, uint32_t id)
{
	int i;

	for (i = 0; i < c->n_picks; i++)
		if (c->picks[i].from == from && c->picks[i].id == id)
			return &c->picks[i];
	return NULL;
}

/* Follows a variable's type to the struct that it is, points to or is an array of. */
static void mark(struct choose *c, const struct users_btf *from, uint32_t id, enum step step)
{
	struct btf_view t;
	struct pick *p;
	int depth;

	for (depth = 0; depth < BTF_DEPTH; depth++) {
		p = find(c, from, id);
		if (p && step < p->step)
			p->step = step;
		btf_get(&from->btf, id, &t);
		if (!t.kind || is_struct(&t) || t.kind > BTF_KIND_RESTRICT ||
		    t.kind == BTF_KIND_INT || t.kind == BTF_KIND_ENUM || t.kind == BTF_KIND_FWD)
			return;
		id = t.type;
	}
}

static void mark_map(struct choose *c, const struct users_btf *from, uint32_t id)
{
	struct btf_view t;
	struct btf_part m;
	uint32_t i;

	if (btf_bare(&from->btf, id, &t) || t.kind != BTF_KIND_STRUCT)
		return;
	for (i = 0; i < t.vlen; i++) {
		btf_part(&from->btf, &t, i, &m);
		if (!strcmp(m.name, "value"))
			mark(c, from, m.type, BY_MAP_VALUE);
	}
}

static void mark_variables(struct choose *c, const struct users_btf *from)
{
	const struct btf *b = &from->btf;
	uint8_t *is_map = calloc(b->types, 1);
	struct btf_view t, v;
	struct btf_part p;
	uint32_t id, i;

	for (id = 1; is_map && id < b->types; id++) {
		btf_get(b, id, &t);
		if (t.kind != BTF_KIND_DATASEC || strcmp(t.name, ".maps"))
			continue;
		for (i = 0; i < t.vlen; i++) {
			btf_part(b, &t, i, &p);
			btf_get(b, p.type, &v);
			if (v.kind != BTF_KIND_VAR || is_map[p.type])
				continue;
			is_map[p.type] = 1;
			mark_map(c, from, v.type);
		}
	}
	for (id = 1; is_map && id < b->types; id++) {
		btf_get(b, id, &t);
		if (t.kind == BTF_KIND_VAR && !is_map[id])
			mark(c, from, t.type, BY_VARIABLE);
	}
	free(is_map);
}

/* Contexts of programs, and types from the loader's headers. */
static bool is_context(const char *name)
{
	static const char *const whole[] = {
		"__sk_buff", "xdp_md",		"pt_regs",     "user_pt_regs", "user_regs_struct",
		"sk_msg_md", "sk_reuseport_md", "trace_entry", "bpf_map_def",  "bpf_elf_map",
		NULL
	};
	static const char *const begin[] = {
		"trace_event_raw_", "bpf_raw_tracepoint_", "bpf_iter_",	 "bpf_sock",
		"bpf_perf_event_",  "bpf_cgroup_",	   "bpf_sk_",	 "bpf_sysctl",
		"bpf_spin_",	    "bpf_timer",	   "bpf_nf_ctx", NULL
	};
	int i;

	for (i = 0; whole[i]; i++)
		if (!strcmp(name, whole[i]))
			return true;
	for (i = 0; begin[i]; i++)
		if (!strncmp(name, begin[i], strlen(begin[i])))
			return true;
	return false;
}

/* Is it the context of a program: what the only parameter of a global function points to? */
static bool is_parameter(const struct pick *p)
{
	const struct btf *b = &p->from->btf;
	struct btf_view t, proto;
	struct btf_part par;
	uint32_t id;

	for (id = 1; id < b->types; id++) {
		btf_get(b, id, &t);
		if (t.kind != BTF_KIND_FUNC || t.word != BTF_FUNC_GLOBAL)
			continue;
		btf_get(b, t.type, &proto);
		if (proto.kind != BTF_KIND_FUNC_PROTO || proto.vlen != 1)
			continue;
		btf_part(b, &proto, 0, &par);
		if (!btf_bare(b, par.type, &t) && t.kind == BTF_KIND_PTR &&
		    !btf_bare(b, t.type, &t) && t.id == p->id)
			return true;
	}
	return false;
}

static void drop(struct choose *c, int i)
{
	c->n_picks--;
	memmove(&c->picks[i], &c->picks[i + 1], (c->n_picks - i) * sizeof(*c->picks));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A struct chosen only by its size must not be one of the kernel's own. */
static void drop_kernel_types(struct choose *c)
{
	const char **names = NULL;
	struct users kernel = { 0 };
	struct btf_view t;
	uint32_t id, n = 0;
	int i, unsure = 0;

	for (i = c->n_picks - 1; i >= 0; i--)
		if (c->picks[i].step == BY_SIZE &&
		    (is_context(c->picks[i].name) || is_parameter(&c->picks[i])))
			drop(c, i);
	for (i = 0; i < c->n_picks; i++)
		unsure += c->picks[i].step == BY_SIZE;
	if (!unsure || !c->kernel || users_add_file(&kernel, c->kernel))
		return;
	names = malloc(kernel.btfs[0].btf.types * sizeof(*names));
	for (id = 1; names && id < kernel.btfs[0].btf.types; id++) {
		btf_get(&kernel.btfs[0].btf, id, &t);
		if (*t.name && (is_struct(&t) || t.kind == BTF_KIND_TYPEDEF))
			names[n++] = t.name;
	}
	if (names)
		qsort(names, n, sizeof(*names), compare_names);
	for (i = c->n_picks - 1; names && i >= 0; i--)
		if (c->picks[i].step == BY_SIZE &&
		    bsearch(&c->picks[i].name, names, n, sizeof(*names), compare_names))
			drop(c, i);
	free(names);
	users_free(&kernel);
}

static int add_pick(struct choose *c, const struct users_btf *from, uint32_t id)
{
	const struct btf *b = &from->btf;
	struct btf_view t, bare;
	struct pick *more;
	int i;

	btf_get(b, id, &t);
	if (!*t.name || (!is_struct(&t) && t.kind != BTF_KIND_TYPEDEF) || btf_bare(b, id, &bare) ||
	    !is_struct(&bare) || (t.kind == BTF_KIND_TYPEDEF && *bare.name) || !bare.vlen)
		return 0;
	/* the programs of one object share its structs */
	for (i = 0; i < c->n_picks; i++)
		if (c->picks[i].from != from && c->picks[i].size == bare.size &&
		    !strcmp(c->picks[i].name, t.name))
			return 0;
	if (!(c->n_picks & (c->n_picks - 1))) {
		more = realloc(c->picks, 2 * (c->n_picks + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->picks = more;
	}
	c->picks[c->n_picks++] =
		(struct pick){ .from = from,
			       .name = t.name,
			       .id = id,
			       .size = bare.size,
			       .open_end = open_ended(b, bare),
			       .step = name_is_record_of(t.name, c->map)	? BY_NAME
				       : name_is_record_of_stem(t.name, c->map) ? BY_STEM
										: BY_SIZE };
	return 0;
}

static int fix(struct choose *c, const struct btf *b, uint32_t id)
{
	c->fixed_btf = b;
	c->fixed_id = id;
	return fmt_compile(&c->fixed, b, id, c->mode, c->columns);
}

/* -t NAME: a struct, union, typedef, … of this name, with or without the keyword. */
static int named_type(struct choose *c, const char *name)
{
	static const char *const keywords[] = { "struct ", "union " };
	struct btf_view t;
	uint32_t id, n;
	size_t k;
	int i;

	for (k = 0; k < sizeof(keywords) / sizeof(keywords[0]); k++)
		if (!strncmp(name, keywords[k], strlen(keywords[k])))
			name += strlen(keywords[k]);
	for (i = 0; i < c->users->n_btfs; i++) {
		const struct btf *b = &c->users->btfs[i].btf;

		/* those of split BTF before those of its base */
		for (n = 1, id = c->users->btfs[i].first; n < b->types; n++, id++) {
			id = id == b->types ? 1 : id;
			btf_get(b, id, &t);
			if (!strcmp(t.name, name) && btf_size(b, id) > 0)
				return fix(c, b, id);
		}
	}
	return -ENOENT;
}

static void value_type(struct choose *c, uint32_t id, uint32_t btf_id)
{
	struct btf_view t;
	int i;

	for (i = 0; i < c->users->n_btfs; i++) {
		const struct users_btf *f = &c->users->btfs[i];

		if (f->id == btf_id && id < f->btf.types && !btf_bare(&f->btf, id, &t) &&
		    is_struct(&t))
			fix(c, &f->btf, id);
	}
}

int choose_open(struct choose *c, const char *type, uint32_t value_id, uint32_t value_btf)
{
	uint32_t id;
	int i, err = 0;

	if (type)
		return named_type(c, type);
	if (value_btf)
		value_type(c, value_id, value_btf);
	if (c->fixed)
		return 0;
	c->known = calloc(KNOWN, sizeof(*c->known));
	if (!c->known)
		return -ENOMEM;
	for (i = 0; i < c->users->n_btfs && !err; i++)
		for (id = c->users->btfs[i].first; id < c->users->btfs[i].btf.types && !err; id++)
			err = add_pick(c, &c->users->btfs[i], id);
	for (i = 0; i < c->users->n_btfs; i++)
		mark_variables(c, &c->users->btfs[i]);
	return err;
}

static bool fits(const struct choose *c, const struct pick *p, size_t len)
{
	if (p->open_end)
		return p->size <= len;
	return p->size == len || (c->perf && (p->size + 4ull + 7) / 8 * 8 - 4 == len);
}

/* The only struct of this step, or NULL. Sets *n to how many there are, and why to their names. */
static struct pick *only(struct choose *c, enum step step, size_t len, bool longer, int *n)
{
	struct pick *one = NULL;
	size_t used = 0;
	int i;

	*n = 0;
	c->why[0] = '\0';
	for (i = 0; i < c->n_picks; i++) {
		struct pick *p = &c->picks[i];

		if (p->bad || p->step != step || !(longer ? p->size > len : fits(c, p, len)))
			continue;
		one = p;
		(*n)++;
		if (used + strlen(p->name) + 3 < sizeof(c->why) / 2)
			used += snprintf(c->why + used, sizeof(c->why) - used, "%s%s",
					 used ? ", " : "", p->name);
	}
	return *n == 1 ? one : NULL;
}

static struct pick *choose(struct choose *c, size_t len)
{
	char names[sizeof(c->why)];
	struct pick *p;
	int step, n;

	for (step = BY_NAME; step <= STEPS + BY_STEM; step++) {
		bool longer = step >= STEPS;

		if (step == BY_SIZE &&
		    !c->dropped) { /* as late as possible: it takes milliseconds */
			drop_kernel_types(c);
			c->dropped = true;
		}
		p = only(c, longer ? step - STEPS : step, len, longer, &n);
		if (p)
			return p;
		if (n) {
			memcpy(names, c->why, sizeof(names));
			snprintf(c->why, sizeof(c->why),
				 HEX "ambiguous, choose with -t: %zu bytes may be %.*s", len, 400,
				 names);
			return NULL;
		}
	}
	if (!c->users->n_btfs && !c->users->programs)
		snprintf(c->why, sizeof(c->why),
			 HEX "no loaded program uses it, give its object with -b");
	else if (!c->users->n_btfs)
		snprintf(c->why, sizeof(c->why),
			 HEX "its program has no BTF (compile it with -g), give one with -b: %s",
			 c->users->no_btf);
	else
		snprintf(c->why, sizeof(c->why),
			 HEX "no struct of %zu bytes in its BTF, use -t or -b: %s", len,
			 c->users->btfs[0].owner);
	return NULL;
}

const struct fmt *choose_fmt(struct choose *c, size_t len)
{
	struct known *k;
	struct pick *p;
	int err = 0;

	if (c->fixed)
		return c->fixed;
	k = &c->known[(len ^ len >> 8) & (KNOWN - 1)];
	if (k->used && k->len == len)
		return k->fmt;
	k->used = true;
	k->len = len;
	k->fmt = NULL;
	p = choose(c, len);
	if (p && !p->fmt)
		err = fmt_compile(&p->fmt, &p->from->btf, p->id, c->mode, c->columns);
	if (err) {
		p->bad = true;
		snprintf(c->why, sizeof(c->why),
			 err == -ENODATA ? HEX "not all that -o names are members of it: %s"
					 : HEX "its BTF cannot be printed: %s",
			 p->name);
	} else if (p) {
		c->why[0] = '\0';
		if (p->step >= BY_MAP_VALUE && !p->told)
			snprintf(c->why, sizeof(c->why),
				 "chosen only by the size of the records, use -t for another: %s",
				 p->name);
		p->told = true;
		k->fmt = p->fmt;
	}
	return k->fmt;
}

uint32_t choose_type(const struct choose *c, const struct fmt *f, const struct btf **b)
{
	int i;

	*b = c->fixed_btf;
	for (i = 0; i < c->n_picks; i++) {
		if (c->picks[i].fmt == f) {
			*b = &c->picks[i].from->btf;
			return c->picks[i].id;
		}
	}
	return c->fixed_id;
}

void choose_close(struct choose *c)
{
	int i;

	for (i = 0; i < c->n_picks; i++)
		fmt_free(c->picks[i].fmt);
	fmt_free(c->fixed);
	free(c->picks);
	free(c->known);
}
