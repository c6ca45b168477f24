/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a member's name says beyond its type: C has no type for an address or a time, but records
 * name them. A name is split into words at '_', and the digits or v of ip4, v6, … are dropped; case
 * does not matter. The last word decides what a member is.
 */
#ifndef PLAINBPF_NAMES_H
#define PLAINBPF_NAMES_H

#include <stdbool.h>

bool name_is_padding(const char *name);	   /* pad, _pad1, __padding, … : not printed */
bool name_is_time(const char *name);	   /* ts, timestamp, …_ts: boot time in ns */
bool name_is_ifindex(const char *name);	   /* ifindex, …_ifindex: printed with the name */
bool name_is_protocol(const char *name);   /* proto, protocol, …: of one byte, an IP protocol */
bool name_is_text(const char *name);	   /* comm, name, path, …: bytes that hold a string */
bool name_is_address(const char *name);	   /* ip, addr, saddr, …: four bytes in network order */
bool name_is_endpoint(const char *name);   /* these and src, dst, peer, … */
bool name_is_no_address(const char *name); /* uuid, hash, seq, …: not even if the type could be */
/* Is the type named after its map: MAP, MAP_record, MAP_event, …, also without MAP's plural s? */
bool name_is_record_of(const char *type, const char *map);
/* The same for MAP_log, MAP_ring, MAP_rb, MAP_buf and MAP_map, without that ending. */
bool name_is_record_of_stem(const char *type, const char *map);

#endif
