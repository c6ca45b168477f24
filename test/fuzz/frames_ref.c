// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be said of a frame, by libpcap: each row of docs/frames.md is one of its filters, in
 * its own language and run by its own interpreter. "vlan and …" is put before the filter as often
 * as the frame has tags; L3 and TYPE stand for the offsets of the packet and of its EtherType.
 * A filter cannot return a value: those that look for one are compiled with a constant in its
 * place, which is then overwritten with what the parser says. Only the chain of IPv6 extension
 * headers is walked here, libpcap's own "protochain" standing beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <pcap/pcap.h>
#include "frames.h"

#define DEPTH 4 /* tags that are parsed */
#define EXTS  8

/* In place of values. */
#define SRC4   0xdeadbeefu /* 222.173.190.239 */
#define DST4   0xfeedfaceu /* 254.237.250.206 */
#define SRC6   0xf1f10001u /* and the three behind it */
#define DST6   0xf1f10005u
#define PORT_A 48879
#define PORT_B 65244
#define PROTO  253
#define ID     2989

#define HLEN	 "(ip[0] & 0xf) * 4"
#define MLD(AT)	 "(" AT " >= 130 and " AT " <= 132 or " AT " = 143)"
#define MLD_FROM "ip6[7] = 1 and (ip6 src net fe80::/10 or ip6 src host ::) and "

#define PORTS_AT(WHICH, AT) "(" WHICH " and ip6[" AT ":2] = 48879 and ip6[2 + " AT ":2] = 65244)"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum filter {
	READABLE,
	TAGGED,
	IP4,
	IP6,
	ARP,
	CONTROL,
	HEADER4,
	WELL4,
	IN4,
	OUT4,
	IGMP,
	PMTU4,
	ICMP4,
	HEADER6,
	WELL6,
	IN6,
	OUT6,
	ND,
	PMTU6,
	MLD1,
	MLD2,
	CHAIN58,
	PORTS6,
	ADDRS4,
	ADDRS6,
	PROTO4,
	PROTO6,
	FRAGMENT4,
	THERE4,
	PORTED,
	PORTS,
	ODD_PORTED4,
	ODD_PORTS4,
	TYPECODE4,
	TYPECODE6,
	LLC,
	TYPE,
	ARP_IP4,
	ARP_ADDRS,
	FILTERS,
};

static const char *const text[FILTERS] = {
	[READABLE] = "ether[TYPE:2] >= 0",
	[TAGGED] = "ether[TYPE:2] = 0x8100 or ether[TYPE:2] = 0x88a8",
	[IP4] = "ip",
	[IP6] = "ip6",
	[ARP] = "arp",
	[CONTROL] = "ether[0:4] = 0x0180c200 and ether[4] = 0 and ether[5] & 0xf0 = 0 or "
		    "ether proto 0x888e",

	[HEADER4] = "ip and ip[0] & 0xf0 = 0x40 and ip[19] >= 0",
	[WELL4] = "ip and ip[0] & 0xf0 = 0x40 and ip[19] >= 0 and " HLEN " >= 20 and " HLEN
		  " <= len - L3 and (ip[2:2] = 0 and len > 65535 or ip[2:2] >= " HLEN
		  " and ip[2:2] <= len - L3)",
	[IN4] = "IN4",
	[OUT4] = "OUT4",
	[IGMP] = "ip proto 2 and ip src host 0.0.0.0 and ip dst net 224.0.0.0/4 and ip[8] = 1",
	[PMTU4] = "icmp[0] = 3 and icmp[1] = 4 and ip[6:2] & 0x3fff = 0 and ip[2:2] >= " HLEN
		  " + 28 and icmp[8] & 0xf0 = 0x40 and icmp[27] >= 0 and QUOTED4",
	[ICMP4] = "ip proto 1",

	[HEADER6] = "ip6 and ip6[0] & 0xf0 = 0x60 and ip6[39] >= 0",
	[WELL6] = "ip6 and ip6[0] & 0xf0 = 0x60 and ip6[39] >= 0 and ip6[4:2] + 40 <= len - L3",
	[IN6] = "IN6",
	[OUT6] = "OUT6",
	[ND] = "ip6[6] = 58 and ip6[7] = 255 and ip6[4:2] >= 8 and ip6[47] >= 0 and "
	       "(ip6[40] = 133 or ip6[40] = 135 or ip6[40] = 136) and ip6[41] = 0",
	[PMTU6] = "ip6[6] = 58 and ip6[40] = 2 and ip6[4:2] >= 48 and ip6[87] >= 0 and "
		  "ip6[48] & 0xf0 = 0x60 and QUOTED6",
	[MLD1] = MLD_FROM "ip6[6] = 58 and ip6[4:2] >= 8 and ip6[47] >= 0 and " MLD("ip6[40]"),
	[MLD2] = MLD_FROM "ip6[6] = 0 and ip6[47] >= 0 and ip6[40] = 58 and "
			  "16 + 8 * ip6[41] <= ip6[4:2] and ip6[55 + 8 * ip6[41]] >= 0 and " MLD(
				  "ip6[48 + 8 * ip6[41]]"),

	[CHAIN58] = "ip6 protochain 58",
	/* Behind one extension header. */
	[PORTS6] = PORTS_AT("ip6[6] = 51", "48 + 4 * ip6[41]") " or " PORTS_AT(
		"ip6[6] = 44", "48") " or " PORTS_AT("ip6[6] != 51 and ip6[6] != 44",
						     "48 + 8 * ip6[41]"),
	[ADDRS4] = "ip src host 222.173.190.239 and ip dst host 254.237.250.206",
	[ADDRS6] = "ip6 src host f1f1:1:f1f1:2:f1f1:3:f1f1:4 and "
		   "ip6 dst host f1f1:5:f1f1:6:f1f1:7:f1f1:8",
	[PROTO4] = "ip proto 253",
	[PROTO6] = "ip6 and ip6[6] = 253",
	[FRAGMENT4] = "ip[6:2] & 0x3fff != 0",
	[THERE4] = "ip[6:2] & 0x1fff = 0 and ip[" HLEN " + 3] >= 0 and (ip[2:2] >= " HLEN
		   " + 4 or ip[2:2] = 0 and len - L3 >= " HLEN " + 4)",
	[PORTED] = "tcp or udp or sctp",
	[PORTS] = "src port 48879 and dst port 65244",
	[ODD_PORTED4] = "ip proto 33 or ip proto 136", /* DCCP, UDP-Lite: no ports to libpcap */
	[ODD_PORTS4] = "ip[" HLEN ":2] = 48879 and ip[" HLEN " + 2:2] = 65244",
	[TYPECODE4] = "icmp[0] = 48879 and icmp[1] = 65244",
	[TYPECODE6] = "ip6[6] = 58 and ip6[40] = 48879 and ip6[41] = 65244",
	[LLC] = "ether[TYPE:2] < 0x600",
	[TYPE] = "ether[TYPE:2] = 48879",
	[ARP_IP4] = "arp[2:2] = 0x800 and arp[4] = 6 and arp[5] = 4 and arp[27] >= 0",
	[ARP_ADDRS] = "arp src host 222.173.190.239 and arp dst host 254.237.250.206",
};

/* The list behind any number of tags, and the outermost tag. */
#define ANY_DEPTH 8

static struct bpf_program filters[FILTERS][DEPTH + 1];
static struct bpf_program plain_in[ANY_DEPTH], plain_out[ANY_DEPTH], tagged, tag_id;
static pcap_t *pcap;

const char *const differs_names[DIFFS] = {
	[DIFF_MALFORMED] = "listed, but malformed",
	[DIFF_DEPTH] = "listed, but behind more than 4 tags",
	[DIFF_TPID] = "listed, but behind a tag 0x9100",
	[DIFF_EXCEPTION] = "not listed, passes by an exception",
	[DIFF_CHAIN_MH] = "ICMPv6 behind a mobility header, which libpcap does not look behind",
	[DIFF_CHAIN_AH] = "chain not asked of libpcap: authentication header",
	[DIFF_CHAIN_FRAG] =
		"chain not asked of libpcap: fragment header with its reserved byte set",
	[DIFF_CHAIN_LONG] = "chain not asked of libpcap: more than 8",
	[DIFF_CHAIN_CUT] = "chain not asked of libpcap: cut off",
	[DIFF_CHAIN_LATER] = "chain not asked of libpcap: later fragment",
};

/* --- filters ------------------------------------------------------------------------------------
 */

static void add_list(FILE *out, const struct list *l, int family, const char *how)
{
	const char *ip = family == AF_INET ? "ip" : "ip6", * or = "(";
	int i, full = family == AF_INET ? 32 : 128;

	for (i = 0; i < l->n; i++) {
		if (l->entry[i].family != family)
			continue;
		fprintf(out, "%s%s %s %s %s", or, ip, how,
			l->entry[i].bits == (unsigned int)full ? "host" : "net", l->entry[i].text);
		or = " or ";
	}
	fputc(')', out);
}

/* The same of the packet that an ICMP error quotes, of which libpcap knows nothing. */
static void add_quoted(FILE *out, const struct list *l, int family)
{
	const char * or = "(", *and;
	uint32_t mask, bits, word;
	int i, w;

	for (i = 0; i < l->n; i++) {
		if (l->entry[i].family != family)
			continue;
		fprintf(out, "%s(", or);
		and = "";
		for (w = 0, bits = l->entry[i].bits; bits; w++, bits -= bits < 32 ? bits : 32) {
			mask = bits < 32 ? ~(0xffffffffu >> bits) : 0xffffffffu;
			memcpy(&word, l->entry[i].addr + 4 * w, 4);
			fprintf(out, "%s%s[%d:4] & 0x%x = 0x%x", and,
				family == AF_INET ? "icmp" : "ip6",
				family == AF_INET ? 24 : 72 + 4 * w, mask, ntohl(word) & mask);
			and = " and ";
		}
		fputs(*and? ")" : "1 = 1)", out);
		or = " or ";
	}
	fputc(')', out);
}

static void add_word(FILE *out, const char *word, size_t n, const struct list *l, int depth)
{
	if (n == 2 && !memcmp(word, "L3", n))
		fprintf(out, "%d", 14 + 4 * depth);
	else if (n == 4 && !memcmp(word, "TYPE", n))
		fprintf(out, "%d", 12 + 4 * depth);
	else if (n == 3 && !memcmp(word, "IN", 2))
		add_list(out, l, word[2] == '4' ? AF_INET : AF_INET6, "src");
	else if (n == 4 && !memcmp(word, "OUT", 3))
		add_list(out, l, word[3] == '4' ? AF_INET : AF_INET6, "dst");
	else if (n == 7 && !memcmp(word, "QUOTED", 6))
		add_quoted(out, l, word[6] == '4' ? AF_INET : AF_INET6);
	else
		fwrite(word, 1, n, out);
}

/* others: tags 0x9100 too. */
static int compile(struct bpf_program *to, const char *what, const struct list *l, int depth,
		   bool others)
{
	char *expression = NULL;
	size_t len, n;
	FILE *out = open_memstream(&expression, &len);
	int i, ret;

	if (!out)
		return -1;
	for (i = 0; i < depth; i++)
		fputs("vlan and ", out);
	for (i = 0; i < depth && !others; i++)
		fprintf(out, "ether[%d:2] != 0x9100 and ", 12 + 4 * i);
	fputc('(', out);
	for (; *what; what += n) {
		n = *what >= 'A' && *what <= 'Z' ? strspn(what, CAPITALS "346")
						 : strcspn(what, CAPITALS);
		add_word(out, what, n, l, depth);
	}
	fputc(')', out);
	fclose(out);
	/* Not optimized: less to go wrong, and loads that are there for their bounds stay. */
	ret = pcap_compile(pcap, to, expression, 0, PCAP_NETMASK_UNKNOWN);
	if (ret)
		fprintf(stderr, "libpcap: %s: %s\n", pcap_geterr(pcap), expression);
	free(expression);
	return ret;
}

int ref_open(const struct list *l)
{
	int i, depth;

	pcap = pcap_open_dead(DLT_EN10MB, 1 << 18);
	if (!pcap)
		return -1;
	for (i = 0; i < FILTERS; i++) {
		for (depth = 0; depth <= DEPTH; depth++) {
			if (compile(&filters[i][depth], text[i], l, depth, false))
				return -1;
		}
	}
	for (depth = 0; depth < ANY_DEPTH; depth++) {
		if (compile(&plain_in[depth], "IN4 or IN6", l, depth, true) ||
		    compile(&plain_out[depth], "OUT4 or OUT6", l, depth, true))
			return -1;
	}
	return compile(&tagged, "vlan and ether[12:2] != 0x9100 and ether[17] >= 0", l, 0, true) ||
			       compile(&tag_id, "vlan 2989", l, 0, true)
		       ? -1
		       : 0;
}

void ref_close(void)
{
	int i, depth;

	for (i = 0; i < FILTERS; i++) {
		for (depth = 0; depth <= DEPTH; depth++)
			pcap_freecode(&filters[i][depth]);
	}
	for (depth = 0; depth < ANY_DEPTH; depth++) {
		pcap_freecode(&plain_in[depth]);
		pcap_freecode(&plain_out[depth]);
	}
	pcap_freecode(&tagged);
	pcap_freecode(&tag_id);
	pcap_close(pcap);
}

static bool run(const struct bpf_program *p, const struct frame *f)
{
	const struct pcap_pkthdr header = { .caplen = f->readable, .len = f->len };

	return pcap_offline_filter(p, &header, f->data);
}

/* A frame and where its packet begins. */
struct at {
	const struct frame *f;
	int depth;
};

static bool is(const struct at *a, enum filter which)
{
	return run(&filters[which][a->depth], a->f);
}

/* Whether p fits with values in place of the constants; it is the same again afterwards. A constant
 * that is not there would let anything fit.
 */
static bool fits(const struct bpf_program *p, const struct frame *f, const uint32_t *constant,
		 const uint32_t *value, int n)
{
	uint8_t which[512];
	unsigned int i, found = 0;
	int j;
	bool ret;

	if (p->bf_len > sizeof(which))
		abort();
	for (i = 0; i < p->bf_len; i++) {
		which[i] = 0;
		for (j = 0; j < n && !which[i]; j++) {
			if (p->bf_insns[i].k != constant[j])
				continue;
			which[i] = j + 1;
			p->bf_insns[i].k = value[j];
			found |= 1u << j;
		}
	}
	if (found != (1u << n) - 1)
		abort();
	ret = run(p, f);
	for (i = 0; i < p->bf_len; i++) {
		if (which[i])
			p->bf_insns[i].k = constant[which[i] - 1];
	}
	return ret;
}

static bool has(const struct at *a, enum filter which, uint32_t constant, uint32_t value)
{
	return fits(&filters[which][a->depth], a->f, &constant, &value, 1);
}

static bool has_ports(const struct at *a, enum filter which, const struct pb_flow *p)
{
	static const uint32_t constant[] = { PORT_A, PORT_B };
	const uint32_t value[] = { p->sport, p->dport };

	return fits(&filters[which][a->depth], a->f, constant, value, 2);
}

static bool has_addrs4(const struct at *a, enum filter which, const struct pb_flow *p)
{
	static const uint32_t constant[] = { SRC4, DST4 };
	const uint32_t value[] = { ntohl(p->src[3]), ntohl(p->dst[3]) };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(p->src, mapped, 12) && !memcmp(p->dst, mapped, 12) &&
	       fits(&filters[which][a->depth], a->f, constant, value, 2);
}

static bool has_addrs6(const struct at *a, const struct pb_flow *p)
{
	uint32_t constant[8], value[8];
	int i;

	for (i = 0; i < 4; i++) {
		constant[i] = SRC6 + i;
		constant[4 + i] = DST6 + i;
		value[i] = ntohl(p->src[i]);
		value[4 + i] = ntohl(p->dst[i]);
	}
	return fits(&filters[ADDRS6][a->depth], a->f, constant, value, 8);
}

/* --- IPv6 extension headers ---------------------------------------------------------------------
 */

struct chain {
	uint32_t proto; /* behind it, or where it ended too early that of the header there */
	uint32_t at, left;
	int n;
	bool fragment, later, cut, mobility, reserved, ah;
};

/* What the length of an extension header is told in, in bytes; 0 is none. */
static const uint8_t unit[256] = { [0] = 8, [43] = 8, [44] = 8, [51] = 4, [60] = 8, [135] = 8 };

static void walk(const struct frame *f, uint32_t at, uint32_t left, struct chain *c)
{
	const uint8_t *d = f->data;
	uint32_t size;

	*c = (struct chain){ .proto = d[at + 6], .at = at + 40, .left = left };
	while (unit[c->proto] && c->n < EXTS) {
		c->cut = c->left < 8 || (uint64_t)c->at + 8 > f->readable;
		if (c->cut)
			return;
		size = 8 + (c->proto == 44 ? 0 : d[c->at + 1] * unit[c->proto]);
		c->ah |= c->proto == 51;
		c->mobility |= c->proto == 135;
		if (c->proto == 44) {
			c->fragment = true;
			c->reserved |= d[c->at + 1] != 0;
			c->later = (d[c->at + 2] << 8 | d[c->at + 3]) >> 3;
		}
		c->proto = d[c->at];
		if (c->later)
			return;
		c->n++;
		c->at += size;
		c->left = c->left > size ? c->left - size : 0;
	}
}

/* libpcap's opinion of whether ICMPv6 is at the end of the chain. Behind an authentication header
 * it reads at a wrong place, before the header too, and may read in circles: what it might take for
 * one, or to have one behind it, is not asked.
 */
static const char *compare_chain(const struct at *a, const struct chain *c, uint64_t *seen)
{
	if (c->ah || c->reserved || c->later || c->cut || unit[c->proto]) {
		seen[c->ah	   ? DIFF_CHAIN_AH
		     : c->reserved ? DIFF_CHAIN_FRAG
		     : c->later	   ? DIFF_CHAIN_LATER
		     : c->cut	   ? DIFF_CHAIN_CUT
				   : DIFF_CHAIN_LONG]++;
		return NULL;
	}
	if (is(a, CHAIN58) == (c->proto == 58))
		return NULL;
	if (!c->mobility)
		return "libpcap finds another protocol behind the extension headers";
	seen[DIFF_CHAIN_MH]++;
	return NULL;
}

/* --- the decisions -------------------------------------------------------------------------------
 */

static enum pb_reason allow(const struct at *a, bool out)
{
	if (a->depth < 0)
		return a->depth == -1 ? PB_MALFORMED : PB_VLAN_DEPTH;
	if (is(a, IP4)) {
		if (!is(a, WELL4))
			return PB_MALFORMED;
		if (is(a, out ? OUT4 : IN4))
			return PB_LISTED;
		if (is(a, IGMP))
			return PB_IGMP;
		return !out && is(a, PMTU4) ? PB_PMTU : PB_NOT_LISTED;
	}
	if (is(a, IP6)) {
		if (!is(a, WELL6))
			return PB_MALFORMED;
		if (is(a, out ? OUT6 : IN6))
			return PB_LISTED;
		if (is(a, ND))
			return PB_ND;
		if (!out && is(a, PMTU6))
			return PB_PMTU;
		return is(a, MLD1) || is(a, MLD2) ? PB_MLD : PB_NOT_LISTED;
	}
	if (is(a, ARP))
		return PB_ARP;
	return is(a, CONTROL) ? PB_L2_CONTROL : PB_ETHERTYPE;
}

static enum pb_reason icmp(const struct at *a, const struct chain *c)
{
	uint8_t type;

	if (a->depth < 0)
		return PB_OTHER;
	if (is(a, IP4))
		return is(a, WELL4) && is(a, ICMP4) ? PB_ICMP : PB_OTHER;
	if (!is(a, IP6) || !is(a, WELL6) || c->cut || c->proto != 58)
		return PB_OTHER;
	if (c->fragment || c->at >= a->f->readable)
		return PB_ICMP;
	type = a->f->data[c->at];
	if (type >= 133 && type <= 137)
		return PB_ND;
	if ((type >= 130 && type <= 132) || type == 143)
		return PB_MLD;
	return type == 2 ? PB_PMTU : PB_ICMP;
}

/* The plain words of a list, "src host A or src net B", of whatever is behind any tags. */
static const char *compare_plain(const struct frame *f, const struct bpf_program *plain,
				 enum pb_reason reason, uint64_t *seen)
{
	bool listed = false, pass = reason < PB_FIRST_DROP;
	int depth;

	for (depth = 0; depth < ANY_DEPTH && !listed; depth++)
		listed = run(&plain[depth], f);
	if (reason == PB_LISTED && !listed)
		return "let in as listed what libpcap does not find to be listed";
	if (listed == pass)
		return NULL;
	switch (reason) {
	case PB_ARP:
	case PB_L2_CONTROL:
	case PB_ND:
	case PB_MLD:
	case PB_IGMP:
	case PB_PMTU:
		seen[DIFF_EXCEPTION]++;
		return NULL;
	case PB_MALFORMED:
		seen[DIFF_MALFORMED]++;
		return NULL;
	case PB_VLAN_DEPTH:
		seen[DIFF_DEPTH]++;
		return NULL;
	case PB_ETHERTYPE:
		seen[DIFF_TPID]++;
		return NULL;
	default:
		return "libpcap finds it to be listed, and it is dropped";
	}
}

/* --- addresses, protocol, ports ------------------------------------------------------------------
 */

static bool has_no_ports(const struct pb_flow *p)
{
	return !p->sport && !p->dport;
}

static const char *compare_flow4(const struct at *a, const struct pb_flow *p)
{
	enum filter ports = FILTERS;

	if (!has_addrs4(a, ADDRS4, p))
		return "addresses";
	if (!is(a, WELL4))
		return p->proto == PB_PROTO_UNREADABLE && has_no_ports(p) && !p->walk.fragment
			       ? NULL
			       : "malformed";
	if (p->proto > 255 || !has(a, PROTO4, PROTO, p->proto))
		return "protocol";
	if (p->walk.fragment != is(a, FRAGMENT4))
		return "fragment";
	if (is(a, PORTED))
		ports = PORTS;
	else if (is(a, ODD_PORTED4))
		ports = ODD_PORTS4;
	else if (is(a, ICMP4))
		ports = TYPECODE4;
	if (ports == FILTERS || !is(a, THERE4))
		return has_no_ports(p) ? NULL : "ports where there are none";
	return has_ports(a, ports, p) ? NULL : "ports";
}

static const char *compare_flow6(const struct at *a, const struct pb_flow *p)
{
	const struct frame *f = a->f;
	uint32_t at = 14 + 4 * a->depth, left, sport, dport;
	struct chain c;

	if (!has_addrs6(a, p))
		return "addresses";
	if (!is(a, WELL6))
		return p->proto == PB_PROTO_UNREADABLE && has_no_ports(p) && !p->walk.fragment
			       ? NULL
			       : "malformed";
	left = f->data[at + 4] << 8 | f->data[at + 5];
	if (!left && f->len > 65535)
		left = f->len - at - 40;
	walk(f, at, left, &c);
	if (p->proto != c.proto)
		return "protocol";
	if (p->walk.fragment != c.fragment)
		return "fragment";
	if (!c.n && !c.later && !c.cut && !has(a, PROTO6, PROTO, p->proto))
		return "protocol";
	if (c.later || c.cut || c.left < 4 || (uint64_t)c.at + 4 > f->readable)
		return has_no_ports(p) ? NULL : "ports where there are none";
	if (!c.n && is(a, PORTED))
		return has_ports(a, PORTS, p) ? NULL : "ports";
	if (c.n == 1 && p->sport | p->dport && c.proto != 58 && !has_ports(a, PORTS6, p))
		return "ports behind an extension header";
	if (!c.n && c.proto == 58)
		return has_ports(a, TYPECODE6, p) ? NULL : "type and code";
	switch (c.proto) {
	case 6:
	case 17:
	case 33:
	case 132:
	case 136:
		sport = f->data[c.at] << 8 | f->data[c.at + 1];
		dport = f->data[c.at + 2] << 8 | f->data[c.at + 3];
		break;
	case 58:
		sport = f->data[c.at];
		dport = f->data[c.at + 1];
		break;
	default:
		sport = dport = 0;
	}
	return p->sport == sport && p->dport == dport ? NULL : "ports";
}

static const char *compare_flow(const struct at *a, const struct pb_flow *p)
{
	static const uint32_t id = ID;
	const uint32_t vlan = p->vlan;
	static const __be32 none[4];

	if (run(&tagged, a->f) ? !fits(&tag_id, a->f, &id, &vlan, 1) : vlan)
		return "VLAN id";
	if (p->tags != (a->depth < 0 ? 0 : a->depth))
		return "number of tags";
	if (a->depth >= 0) {
		if (p->ip_version != (is(a, HEADER4) ? 4 : is(a, HEADER6) ? 6 : 0))
			return "version";
		if (p->ip_version == 4)
			return compare_flow4(a, p);
		if (p->ip_version == 6)
			return compare_flow6(a, p);
	} else if (p->ip_version) {
		return "version";
	}
	if (!has_no_ports(p) || p->walk.fragment)
		return "ports where there are none";
	if (a->depth >= 0 && is(a, ARP_IP4)) {
		if (!has_addrs4(a, ARP_ADDRS, p))
			return "ARP's addresses";
	} else if (memcmp(p->src, none, 16) || memcmp(p->dst, none, 16)) {
		return "addresses where there are none";
	}
	if (a->depth < 0 || is(a, IP4) || is(a, IP6))
		return p->proto == PB_PROTO_UNREADABLE ? NULL : "protocol of what is not readable";
	if (is(a, LLC))
		return p->proto == PB_PROTO_LLC ? NULL : "802.3";
	return has(a, TYPE, PORT_A, p->proto) ? NULL : "EtherType";
}

const char *ref_compare(const struct frame *f, const struct parsed *p, uint64_t seen[DIFFS])
{
	struct at a = { .f = f };
	struct chain c = { 0 };
	const char *wrong;

	for (a.depth = 0; a.depth <= DEPTH; a.depth++) {
		if (!is(&a, READABLE) || !is(&a, TAGGED))
			break;
	}
	if (a.depth > DEPTH)
		a.depth = -2;
	else if (!is(&a, READABLE))
		a.depth = -1;

	wrong = compare_plain(f, plain_in, p->allow_in, seen);
	if (!wrong)
		wrong = compare_plain(f, plain_out, p->allow_out, seen);
	if (wrong)
		return wrong;
	if (p->allow_in != allow(&a, false))
		return "another reason on the way in";
	if (p->allow_out != allow(&a, true))
		return "another reason on the way out";
	if (a.depth >= 0 && is(&a, WELL6)) {
		walk(f, 14 + 4 * a.depth, UINT32_MAX, &c);
		wrong = compare_chain(&a, &c, seen);
		if (wrong)
			return wrong;
	}
	if (p->icmp != icmp(&a, &c))
		return "another reason in icmp";
	return compare_flow(&a, &p->flow);
}
