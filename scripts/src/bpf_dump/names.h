/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a member's name adds to its type: C has no type for an address or a time, so records say it
 * by name. A name is cut at '_' and before the digits and the v of ip4, v6, …; case does not
 * matter.
 */
#ifndef PLAINBPF_NAMES_H
#define PLAINBPF_NAMES_H

#include <stdbool.h>

bool name_is_padding(const char *name);	   /* pad, _pad1, __padding, … : not printed */
bool name_is_time(const char *name);	   /* ts, timestamp, …_ts: boot time in ns */
bool name_is_ifindex(const char *name);	   /* ifindex, …_ifindex: the name goes beside it */
bool name_is_protocol(const char *name);   /* proto, protocol, …: of one byte, an IP protocol */
bool name_is_text(const char *name);	   /* comm, name, path, …: bytes that hold a string */
bool name_is_address(const char *name);	   /* ip, addr, saddr, …: four bytes in network order */
bool name_is_endpoint(const char *name);   /* these and src, dst, peer, … */
bool name_is_no_address(const char *name); /* uuid, hash, seq, …: not even if the type could be */
/* The names of a record type may be those of its map: MAP, MAP_record, MAP_event, MAP without an s.
 */
bool name_is_record_of(const char *type, const char *map);
/* The same of MAP_log, MAP_ring, MAP_rb, MAP_buf, MAP_map, without what they say of the map. */
bool name_is_record_of_stem(const char *type, const char *map);

#endif
