// SPDX-License-Identifier: GPL-2.0-only
/* Packets as pcapng, see pcapng.h. */
#include <errno.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/pkt_cls.h>
#include "pcapng.h"
#include "say.h"

/* Numbers of blocks and options: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3. */
#define BLOCK_SECTION	0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET	6
#define ORDER_MAGIC	0x1a2b3c4d
#define LINK_ETHERNET	1

#define OPT_END	      0
#define OPT_COMMENT   1
#define SHB_USERAPPL  4
#define IF_NAME	      2
#define IF_TSRESOL    9
#define EPB_FLAGS     2
#define EPB_DROPCOUNT 4
#define EPB_VERDICT   7

#define FLAG_INBOUND  1
#define FLAG_OUTBOUND 2
#define VERDICT_TC    1
#define VERDICT_XDP   2

#define TEXT_MAX 96 /* of a comment, an interface's name and the like */

struct options {
	uint32_t len;
	uint8_t bytes[256]; /* enough for all options of a block: four at most, one of them text */
};

/* The text of an enum's value. */
struct word {
	char text[TEXT_MAX / 2];
};

static uint32_t padded(uint32_t n)
{
	return (n + 3) & ~3u;
}

static void put_u32(struct out *o, uint32_t v)
{
	put(o, (const char *)&v, sizeof(v));
}

static void add_option(struct options *to, uint16_t code, const void *value, uint16_t len)
{
	uint16_t head[2] = { code, len };

	memcpy(to->bytes + to->len, head, sizeof(head));
	if (len)
		memcpy(to->bytes + to->len + sizeof(head), value, len);
	memset(to->bytes + to->len + sizeof(head) + len, 0, padded(len) - len);
	to->len += sizeof(head) + padded(len);
}

/* Starts a block: its head and fixed part. Captured bytes and options follow. */
static void begin_block(struct out *o, uint32_t type, const void *fixed, uint32_t len,
			uint32_t total)
{
	out_room(o, 2 * OUT_VALUE);
	put_u32(o, type);
	put_u32(o, total);
	put(o, fixed, len);
}

static void end_block(struct out *o, const struct options *opt, uint32_t total)
{
	out_room(o, sizeof(opt->bytes) + OUT_VALUE);
	put(o, (const char *)opt->bytes, opt->len);
	put_u32(o, total);
}

static uint32_t block_len(uint32_t fixed, uint32_t data, const struct options *opt)
{
	return 3 * sizeof(uint32_t) + fixed + padded(data) + opt->len;
}

static void put_captured(struct out *o, const uint8_t *p, size_t n)
{
	static const char zeros[4];
	size_t left = n;

	while (left) {
		size_t some = left < OUT_SIZE / 2 ? left : OUT_SIZE / 2;

		out_room(o, some);
		put(o, (const char *)p, some);
		p += some;
		left -= some;
	}
	out_room(o, OUT_VALUE);
	put(o, zeros, padded(n) - n);
}

int pcapng_open(struct pcapng *p, struct out *o)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		int64_t section;
	} fixed = { ORDER_MAGIC, 1, 0, -1 };
	struct options opt = { 0 };
	uint32_t total;

	memset(p, 0, sizeof(*p));
	if (out_open(&p->text, -1, NULL))
		return -ENOMEM;
	add_option(&opt, SHB_USERAPPL, version, strlen(version));
	add_option(&opt, OPT_END, NULL, 0);
	total = block_len(sizeof(fixed), 0, &opt);
	begin_block(o, BLOCK_SECTION, &fixed, sizeof(fixed), total);
	end_block(o, &opt, total);
	return 0;
}

static void forget_type(struct pcapng *p)
{
	fmt_free(p->hook.text);
	fmt_free(p->verdict.text);
	fmt_free(p->reason.text);
	p->hook = p->verdict = p->reason = (struct pcapng_field){ 0 };
	p->ts = p->ifindex = p->len = p->data = (struct pcapng_field){ 0 };
}

void pcapng_close(struct pcapng *p)
{
	forget_type(p);
	out_close(&p->text);
	free(p->ifs);
}

static void number(struct pcapng_field *f, const struct btf_view *t, uint32_t off, uint32_t most)
{
	if (t->kind == BTF_KIND_INT && t->size && t->size <= most && !(t->size & (t->size - 1)))
		*f = (struct pcapng_field){ .off = off, .size = t->size };
}

static int enumeration(struct pcapng_field *f, const struct btf *b, const struct btf_view *t,
		       uint32_t off)
{
	int err;

	if (f->text || (t->kind != BTF_KIND_ENUM && t->kind != BTF_KIND_ENUM64))
		return 0;
	err = fmt_compile(&f->text, b, t->id, FMT_TEXT, NULL);
	if (err)
		return err == -ENOMEM ? err : 0;
	f->off = off;
	f->size = t->size;
	return 0;
}

static void bytes(struct pcapng_field *f, const struct btf *b, const struct btf_view *t,
		  uint32_t off)
{
	struct btf_view el;

	if (t->kind != BTF_KIND_ARRAY || btf_bare(b, t->type, &el) || el.kind != BTF_KIND_INT ||
	    el.size != 1)
		return;
	*f = (struct pcapng_field){ .off = off, .size = t->word ? t->word : UINT32_MAX };
}

/* Ignores a member that is not before the captured bytes: the BTF may claim anything. */
static void only_before(struct pcapng_field *f, uint32_t end)
{
	if (f->off <= end && f->size <= end - f->off)
		return;
	fmt_free(f->text);
	*f = (struct pcapng_field){ 0 };
}

static int look_at_type(struct pcapng *p, const struct btf *b, uint32_t id)
{
	struct btf_view s, t;
	struct btf_part m;
	uint32_t i;
	int err;

	forget_type(p);
	p->btf = b;
	p->id = id;
	err = btf_bare(b, id, &s);
	for (i = 0; !err && s.kind == BTF_KIND_STRUCT && i < s.vlen; i++) {
		uint32_t off;

		btf_part(b, &s, i, &m);
		off = m.bit_off / 8;
		if (m.bits || m.bit_off % 8 || btf_bare(b, m.type, &t))
			continue;
		if (!strcmp(m.name, "ts"))
			number(&p->ts, &t, off, 8);
		else if (!strcmp(m.name, "ifindex"))
			number(&p->ifindex, &t, off, 4);
		else if (!strcmp(m.name, "len"))
			number(&p->len, &t, off, 8);
		else if (!strcmp(m.name, "data") && i + 1 == s.vlen)
			bytes(&p->data, b, &t, off);
		else if (!strcmp(m.name, "hook"))
			err = enumeration(&p->hook, b, &t, off);
		else if (!strcmp(m.name, "verdict"))
			err = enumeration(&p->verdict, b, &t, off);
		else if (!strcmp(m.name, "reason"))
			err = enumeration(&p->reason, b, &t, off);
	}
	only_before(&p->ts, p->data.off);
	only_before(&p->ifindex, p->data.off);
	only_before(&p->len, p->data.off);
	only_before(&p->hook, p->data.off);
	only_before(&p->verdict, p->data.off);
	only_before(&p->reason, p->data.off);
	p->missing = p->ts.size != 8	    ? "ts, a time of 64 bits"
		     : p->ifindex.size != 4 ? "ifindex, of 32 bits"
		     : !p->len.size	    ? "len, an integer"
		     : !p->data.size	    ? "data, an array of bytes at the end"
					    : NULL;
	return err;
}

static uint64_t load(const struct pcapng *p, const struct pcapng_field *f, const uint8_t *from)
{
	bool big = (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != p->btf->swap;
	uint64_t v = 0;
	uint32_t i;

	for (i = 0; i < f->size; i++)
		v = v << 8 | from[f->off + (big ? i : f->size - 1 - i)];
	return v;
}

static void read_word(struct pcapng *p, const struct pcapng_field *f, struct fmt_env *e,
		      const uint8_t *from, struct word *w)
{
	size_t n;

	w->text[0] = '\0';
	if (!f->text)
		return;
	p->text.len = 0;
	fmt_record(f->text, e, &p->text, from + f->off, f->size, 0);
	n = p->text.len ? p->text.len - 1 : 0; /* without the end of the line */
	if (n >= sizeof(w->text))
		n = sizeof(w->text) - 1;
	memcpy(w->text, p->text.buf, n);
	w->text[n] = '\0';
}

/* Interfaces are identified by index and get the name that they have now. */
static int interface(struct pcapng *p, uint32_t index, struct fmt_env *e, struct out *o,
		     uint32_t *id)
{
	struct {
		uint16_t link, reserved;
		uint32_t snap; /* 0: no limit here, the BPF program has one */
	} fixed = { .link = LINK_ETHERNET };
	const char *name = fmt_ifname(e, index);
	struct options opt = { 0 };
	uint8_t nanoseconds = 9;
	uint32_t total, *more;

	for (*id = 0; *id < p->n_ifs; ++*id)
		if (p->ifs[*id] == index)
			return 0;
	more = realloc(p->ifs, (p->n_ifs + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->ifs = more;
	p->ifs[p->n_ifs++] = index;
	if (*name)
		add_option(&opt, IF_NAME, name, strlen(name));
	add_option(&opt, IF_TSRESOL, &nanoseconds, 1);
	add_option(&opt, OPT_END, NULL, 0);
	total = block_len(sizeof(fixed), 0, &opt);
	begin_block(o, BLOCK_INTERFACE, &fixed, sizeof(fixed), total);
	end_block(o, &opt, total);
	return 0;
}

static void add_comment(struct options *opt, const struct word *verdict, const struct word *reason)
{
	char text[TEXT_MAX + 2];
	size_t n = strlen(verdict->text), r = strlen(reason->text);

	if (!n && !r)
		return;
	memcpy(text, verdict->text, n);
	if (n && r)
		text[n++] = ' ';
	memcpy(text + n, reason->text, r);
	add_option(opt, OPT_COMMENT, text, n + r);
}

static void add_verdict(struct options *opt, bool xdp, const char *verdict)
{
	uint8_t value[1 + sizeof(uint64_t)] = { xdp ? VERDICT_XDP : VERDICT_TC };
	int64_t action;

	if (!strcmp(verdict, "drop"))
		action = xdp ? XDP_DROP : TC_ACT_SHOT;
	else if (!strcmp(verdict, "pass"))
		action = xdp ? XDP_PASS : TC_ACT_UNSPEC;
	else
		return;
	memcpy(value + 1, &action, sizeof(action));
	add_option(opt, EPB_VERDICT, value, sizeof(value));
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && !strcmp(s + n - e, end);
}

int pcapng_record(struct pcapng *p, const struct btf *b, uint32_t id, struct fmt_env *e,
		  struct out *o, const void *data, size_t len)
{
	struct {
		uint32_t interface, ts_high, ts_low, captured, length;
	} fixed;
	struct word hook, verdict, reason;
	struct options opt = { 0 };
	const uint8_t *from = data;
	uint64_t ts, length, n;
	uint32_t flags, total;
	int err;

	if (p->btf != b || p->id != id) {
		err = look_at_type(p, b, id);
		if (err)
			return err;
	}
	if (p->missing)
		return -EPROTOTYPE;
	if (len < p->data.off) /* all other members are before it */
		return -EBADMSG;
	err = interface(p, load(p, &p->ifindex, from), e, o, &fixed.interface);
	if (err)
		return err;
	ts = fmt_epoch(e, load(p, &p->ts, from));
	length = load(p, &p->len, from);
	n = len - p->data.off;
	n = n < p->data.size ? n : p->data.size;
	n = n < length ? n : length; /* perf records are padded */
	fixed.ts_high = ts >> 32;
	fixed.ts_low = ts;
	fixed.captured = n;
	fixed.length = length;

	read_word(p, &p->hook, e, from, &hook);
	read_word(p, &p->verdict, e, from, &verdict);
	read_word(p, &p->reason, e, from, &reason);
	add_comment(&opt, &verdict, &reason);
	flags = ends_with(hook.text, "egress") ? FLAG_OUTBOUND : FLAG_INBOUND;
	if (hook.text[0])
		add_option(&opt, EPB_FLAGS, &flags, sizeof(flags));
	if (p->lost)
		add_option(&opt, EPB_DROPCOUNT, &p->lost, sizeof(p->lost));
	p->lost = 0;
	if (hook.text[0])
		add_verdict(&opt, !strncmp(hook.text, "xdp", 3), verdict.text);
	if (opt.len)
		add_option(&opt, OPT_END, NULL, 0);
	total = block_len(sizeof(fixed), n, &opt);
	begin_block(o, BLOCK_PACKET, &fixed, sizeof(fixed), total);
	put_captured(o, from + p->data.off, n);
	end_block(o, &opt, total);
	return 0;
}

void pcapng_lost(struct pcapng *p, uint64_t n)
{
	p->lost += n;
}
