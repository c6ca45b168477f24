// SPDX-License-Identifier: GPL-2.0-only
/* Rules by name, see names.h. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <linux/bpf.h>
#include "names.h"

/* Is one of the words of the name in the list, which ends with NULL? */
static bool has_word(const char *name, const char *const *list)
{
	size_t i, len;

	for (; *name; name += len) {
		name += *name == '_';
		len = strcspn(name, "_");
		for (i = 0; list[i]; i++) {
			size_t n = strlen(list[i]);
			const char *rest = name + n;

			if (len < n || strncasecmp(name, list[i], n))
				continue;
			rest += *rest == 'v' || *rest == 'V';
			rest += strspn(rest, "0123456789");
			if (rest == name + len)
				return true;
		}
	}
	return false;
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

bool name_is_text(const char *name)
{
	static const char *const words[] = { "comm", "name",	"fname", "filename", "path",
					     "file", "cmd",	"str",	 "string",   "msg",
					     "text", "message", "argv",	 "args",     NULL };

	return has_word(name, words);
}

bool name_is_address(const char *name)
{
	static const char *const words[] = { "ip",    "addr",  "address", "saddr", "daddr", "laddr",
					     "raddr", "srcip", "dstip",	  "sip",   "dip",   NULL };

	return has_word(name, words) && !name_is_no_address(name);
}

bool name_is_endpoint(const char *name)
{
	static const char *const words[] = { "src",  "dst",	"source",  "dest", "destination",
					     "peer", "local",	"remote",  "from", "to",
					     "gw",   "gateway", "nexthop", NULL };

	return name_is_address(name) || (has_word(name, words) && !name_is_no_address(name));
}

bool name_is_no_address(const char *name)
{
	static const char *const words[] = { "id",	 "uuid",    "guid",  "hash", "key",
					     "digest",	 "md",	    "data",  "buf",  "bytes",
					     "raw",	 "payload", "seq",   "ack",  "spi",
					     "vni",	 "xid",	    "label", "flow", "mark",
					     "flowinfo", "teid",    "port",  "len",  NULL };

	return has_word(name, words);
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
