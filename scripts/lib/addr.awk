# SPDX-License-Identifier: GPL-2.0-only
# Addresses and entries of the list, from text to key and back. Part of lib: not a command. list.awk
# uses its functions.
#
# -v to=keys   words, one per line → lines "KIND KEY TEXT", each entry once:
#              KIND host4 net4 host6 net6; KEY the map's key in hex, two digits per byte, joined by
#              "_"; TEXT the address as it is listed. An invalid word ends it with rc 1 and one line
#              on stderr that begins with -v prog=NAME. With -v file=NAME comments and blank lines
#              are skipped, and that line says where.
# -v to=text   "KIND KEY" → "ORDER TEXT"; ORDER sorts as the numbers do.
# -v big=1     prefix lengths are in the byte order of a big-endian machine.

function bad(why) {
	printf "%s: %s%s: %s\n", prog, file == "" ? "" : file ":" FNR ": ", why, word >"/dev/stderr"
	failed = 1
	exit 1
}

function warn(text) {
	print prog ": " text >"/dev/stderr"
}

# Four octets into b[at …]; 0 if it is not a dotted quad. Some tools read a leading zero as octal, so
# it is refused.
function quad(s, at,    part, i) {
	if (split(s, part, ".") != 4)
		return 0
	for (i = 1; i <= 4; i++) {
		if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] > 255)
			return 0
		b[at + i - 1] = part[i] + 0
	}
	return 1
}

function hexval(s,    i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}

# Groups of a part of an IPv6 address into g[1 …]; returns how many, -1 if one is invalid.
function groups(s, g, last,    part, n, i, at) {
	if (s == "")
		return 0
	n = split(s, part, ":")
	at = 0
	for (i = 1; i <= n; i++) {
		if (i == n && last && index(part[i], ".")) {
			if (!quad(part[i], 20))
				return -1
			g[++at] = b[20] * 256 + b[21]
			g[++at] = b[22] * 256 + b[23]
		} else if (part[i] !~ /^[0-9a-f]$|^[0-9a-f][0-9a-f]$|^[0-9a-f][0-9a-f][0-9a-f]$|^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]$/)
			return -1
		else
			g[++at] = hexval(part[i])
	}
	return at
}

function six(s,    gap, n, m, i, head, tail) {
	gap = index(s, "::")
	if (gap) {
		if (index(substr(s, gap + 1), "::"))
			return 0
		n = groups(substr(s, 1, gap - 1), head, 0)
		m = groups(substr(s, gap + 2), tail, 1)
		if (n < 0 || m < 0 || n + m > 7)
			return 0
	} else {
		n = groups(s, head, 1)
		m = 0
		if (n != 8)
			return 0
	}
	for (i = n + 1; i <= 8 - m; i++)
		head[i] = 0
	for (i = 1; i <= m; i++)
		head[8 - m + i] = tail[i]
	for (i = 1; i <= 8; i++) {
		b[2 * i - 1] = int(head[i] / 256)
		b[2 * i] = head[i] % 256
	}
	return 1
}

# Clears the host bits; returns whether any was set.
function mask(bytes, plen,    i, bits, keep, had) {
	had = 0
	for (i = 1; i <= bytes; i++) {
		bits = plen - 8 * (i - 1)
		if (bits >= 8)
			continue
		keep = bits <= 0 ? 0 : b[i] - b[i] % 2 ^ (8 - bits)
		if (keep != b[i])
			had = 1
		b[i] = keep
	}
	return had
}

function text4() {
	return b[1] "." b[2] "." b[3] "." b[4]
}

# RFC 5952: lower case, the longest run of zero groups (two or more, the first of equals) as "::".
function text6(    i, n, best, len, g, s) {
	best = len = 0
	for (i = 1; i <= 8; i++)
		g[i] = b[2 * i - 1] * 256 + b[2 * i]
	for (i = 1; i <= 8; i += n + 1) {
		for (n = 0; i + n <= 8 && !g[i + n]; n++)
			;
		if (n > len && n > 1) {
			best = i
			len = n
		}
	}
	s = ""
	for (i = 1; i <= 8; i++) {
		if (i == best) {
			s = s "::"
			i += len - 1
		} else
			s = s (s == "" || s ~ /:$/ ? "" : ":") sprintf("%x", g[i])
	}
	return s
}

function key(bytes, plen,    i, s) {
	s = ""
	if (plen < 8 * bytes)
		s = big ? sprintf("_00_00_00_%02x", plen) : sprintf("_%02x_00_00_00", plen)
	for (i = 1; i <= bytes; i++)
		s = s sprintf("_%02x", b[i])
	return substr(s, 2)
}

function to_keys(    slash, addr, plen, bytes, v, k, kind) {
	slash = index(word, "/")
	addr = tolower(slash ? substr(word, 1, slash - 1) : word)
	v = index(addr, ":") ? 6 : 4
	bytes = v == 6 ? 16 : 4
	if (!(v == 6 ? six(addr) : quad(addr, 1)))
		bad("not an address")
	plen = 8 * bytes
	if (slash) {
		plen = substr(word, slash + 1)
		if (plen !~ /^(0|[1-9][0-9]?[0-9]?)$/ || plen + 0 > 8 * bytes)
			bad("not a prefix length (0 to " 8 * bytes ")")
		plen += 0
	}
	if (v == 6 && plen >= 96 && key(10, 80) == "00_00_00_00_00_00_00_00_00_00" && b[11] == 255 && b[12] == 255)
		bad("an IPv4-mapped address is on no wire; list the IPv4 address")
	if (mask(bytes, plen))
		warn(word ": host bits cleared: " (v == 6 ? text6() : text4()) "/" plen)
	kind = (plen == 8 * bytes ? "host" : "net") v
	k = key(bytes, plen)
	if (seen[kind, k]++)
		return
	print kind, k, (v == 6 ? text6() : text4()) "/" plen
}

# The prefix length of an entry, from its key.
function plen_of(kind, k) {
	if (kind == "host4" || kind == "host6")
		return kind == "host4" ? 32 : 128
	return hexval(big ? substr(k, 10, 2) : substr(k, 1, 2))
}

# The bytes of an entry's address, without the prefix length, as in the key.
function addr_of(kind, k) {
	return kind ~ /^net/ ? substr(k, 13) : k
}

function text_of(kind, k,    part, n, i) {
	n = split(addr_of(kind, k), part, "_")
	for (i = 1; i <= n; i++)
		b[i] = hexval(part[i])
	return (n == 16 ? text6() : text4()) "/" plen_of(kind, k)
}

BEGIN {
	if (to == "keys" && file == "")
		FS = "\n"
}

to == "text" {
	print substr($1, length($1)) addr_of($1, $2) sprintf("_%03d", plen_of($1, $2)), text_of($1, $2)
}

to == "keys" {
	word = $0
	if (file != "") {
		sub(/#.*/, "", word)
		gsub(/^[ \t\r]+|[ \t\r]+$/, "", word)
		if (word == "")
			next
	}
	to_keys()
}

END {
	if (failed)
		exit 1
}
