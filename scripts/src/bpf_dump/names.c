// SPDX-License-Identifier: GPL-2.0-only
/* Rules by name, see names.h. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <linux/bpf.h>
#include "names.h"

/* Is nothing left of the word but v and digits, as of v4, 6 and 0? */
static bool is_number(const char *word, size_t len)
{
	size_t v = len && (*word == 'v' || *word == 'V');

	return strspn(word + v, "0123456789") >= len - v;
}

/* Is the word in the list, which ends with NULL? */
static bool word_in(const char *word, size_t len, const char *const *list)
{
	size_t i;

	for (i = 0; list[i]; i++) {
		size_t n = strlen(list[i]);

		if (len >= n && !strncasecmp(word, list[i], n) && is_number(word + n, len - n))
			return true;
	}
	return false;
}

/* Is one of the words of the name in the list? */
static bool has_word(const char *name, const char *const *list)
{
	size_t len;

	for (; *name; name += len) {
		name += *name == '_';
		len = strcspn(name, "_");
		if (len && word_in(name, len, list))
			return true;
	}
	return false;
}

/* Is the last word in the list? It says what the member is: an ip_version is a version. */
static bool last_word_in(const char *name, const char *const *list)
{
	static const char *const orders[] = { "be", "le", "n", "h", "nbo", "hbo", NULL };
	const char *word = NULL, *at;
	size_t len = 0, n;

	for (at = name; *at; at += n) {
		at += *at == '_';
		n = strcspn(at, "_");
		if (!n || (word && (is_number(at, n) || word_in(at, n, orders))))
			continue;
		word = at;
		len = n;
	}
	return word && word_in(word, len, list);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n >= e && !strcasecmp(name + n - e, end) && (n == e || name[n - e - 1] == '_');
}

bool name_is_padding(const char *name)
{
	size_t n;

	name += strspn(name, "_");
	n = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	return ((n == 3 && !strncmp(name, "pad", 3)) || (n == 7 && !strncmp(name, "padding", 7))) &&
	       name[n + strspn(name + n, "0123456789_")] == '\0';
}

bool name_is_time(const char *name)
{
	return ends_with(name, "ts") || ends_with(name, "timestamp") || ends_with(name, "ts_ns") ||
	       ends_with(name, "timestamp_ns");
}

bool name_is_ifindex(const char *name)
{
	return ends_with(name, "ifindex");
}

bool name_is_protocol(const char *name)
{
	return ends_with(name, "proto") || ends_with(name, "protocol");
}

static const char *const addresses[] = { "ip",	  "addr",    "address", "saddr",  "daddr",
					 "laddr", "raddr",   "srcip",	"dstip",  "sip",
					 "dip",	  "srcaddr", "dstaddr", "ipaddr", NULL };
static const char *const ends[] = { "src",  "dst",     "source", "dest",    "destination",
				    "peer", "local",   "remote", "from",    "to",
				    "gw",   "gateway", "via",	 "nexthop", NULL };
/* what a number or a string of bytes is that is no address */
static const char *const others[] = {
	"id",	 "uuid",   "guid",     "hash",	  "key",      "digest",	  "md",	    "data",
	"buf",	 "bytes",  "raw",      "payload", "seq",      "ack",	  "spi",    "vni",
	"xid",	 "label",  "flow",     "mark",	  "flowinfo", "teid",	  "port",   "len",
	"token", "nonce",  "cookie",   "secret",  "version",  "ver",	  "family", "ttl",
	"count", "cnt",	   "num",      "type",	  "flags",    "state",	  "code",   "size",
	"off",	 "offset", "idx",      "index",	  "sum",      "checksum", "csum",   "tos",
	"ihl",	 "proto",  "protocol", "time",	  "ts",	      "tag",	  NULL
};

bool name_is_text(const char *name)
{
	static const char *const words[] = { "comm", "name",	"fname", "filename", "path",
					     "file", "cmd",	"str",	 "string",   "msg",
					     "text", "message", "argv",	 "args",     NULL };

	return has_word(name, words) && !last_word_in(name, others);
}

bool name_is_address(const char *name)
{
	/* also ip_src: an end, of an address */
	return last_word_in(name, addresses) ||
	       (last_word_in(name, ends) && has_word(name, addresses));
}

bool name_is_endpoint(const char *name)
{
	return last_word_in(name, addresses) || last_word_in(name, ends) ||
	       (name[strcspn(name, "0123456789")] && is_number(name, strlen(name)));
}

bool name_is_no_address(const char *name)
{
	return !name_is_endpoint(name) && has_word(name, others);
}

bool name_is_record_of(const char *type, const char *map)
{
	static const char *const ends[] = { "", "_record", "_event", "_rec", "_t", "_data" };
	size_t i, n = strlen(map);
	/* the kernel cuts a map's name to this length */
	bool cut = n == BPF_OBJ_NAME_LEN - 1;

	if (!n || strncmp(type, map, n - (map[n - 1] == 's')))
		return false;
	if (cut)
		return !strncmp(type, map, n);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!strncmp(type, map, n) && !strcmp(type + n, ends[i]))
			return true;
		if (map[n - 1] == 's' && !strcmp(type + n - 1, ends[i]))
			return true;
	}
	return false;
}

bool name_is_record_of_stem(const char *type, const char *map)
{
	static const char *const ends[] = { "log", "ring", "rb", "buf", "map" };
	char stem[BPF_OBJ_NAME_LEN] = "";
	size_t i, n = strlen(map);

	for (i = 0; n < sizeof(stem) && i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!ends_with(map, ends[i]) || n == strlen(ends[i]))
			continue;
		memcpy(stem, map, n - strlen(ends[i]) - 1);
		return name_is_record_of(type, stem);
	}
	return false;
}
