# SPDX-License-Identifier: GPL-2.0-only
# The frames of a pcap or pcapng file, whose bytes come as lines of hex digits: lines "MISSING FRAME"
# as frames_of promises. Part of frame.bash: not a command.
#
# -v magic=HEX   the file's first four bytes
# -v most=N      frames at most
# Read: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html (both byte orders, micro- and
# nanoseconds) and draft-ietf-opsawg-pcapng (enhanced and simple packet blocks). Link type 1, Ethernet.

function bad(why) {
	print why >"/dev/stderr"
	failed = 1
	exit 1
}

# The next n bytes as hex digits; less at the end of the file.
function take(n,    s) {
	while (length(buffer) < 2 * n && (getline line) > 0)
		buffer = buffer line
	s = substr(buffer, 1, 2 * n)
	buffer = substr(buffer, 2 * n + 1)
	return s
}

# n bytes of s from offset at, in the file's byte order.
function number(s, at, n,    i, v) {
	v = 0
	for (i = 0; i < n; i++)
		v = v * 256 + byte(substr(s, 2 * (at + (little ? n - 1 - i : i)) + 1, 2))
	return v
}

function byte(s) {
	return (index("0123456789abcdef", substr(s, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(s, 2, 1)) - 1
}

function put(data, kept, len,    more) {
	if (len < kept)
		len = kept
	if (len > 70000)
		bad("a frame of " len " bytes: no capture, or damaged")
	if (length(data) < 2 * kept)
		bad("cut off in the middle of a frame")
	more = len - kept
	data = data zeros(2 * more)
	print more, data
	if (++n == most)
		exit
}

function zeros(digits,    s) {
	for (s = "0000000000000000"; length(s) < digits; s = s s)
		;
	return substr(s, 1, digits)
}

function ethernet(type) {
	if (type != 1)
		bad("link type " type ", not Ethernet")
}

function pcap(    head, kept) {
	little = magic ~ /^[d4]/
	head = take(24)
	if (length(head) < 48)
		bad("cut off in its header")
	ethernet(number(head, 20, 4) % 65536)
	while (length(head = take(16)) == 32) {
		kept = number(head, 8, 4)
		if (kept > 70000)
			bad("a frame of " kept " bytes: no capture, or damaged")
		put(take(kept), kept, number(head, 12, 4))
	}
}

function pcapng(    head, type, size, body, nic, kept, len) {
	while (length(head = take(8)) == 16) {
		body = ""
		if (substr(head, 1, 8) == "0a0d0d0a") {
			# The byte order of a section is in it, and its interfaces are its own.
			body = take(4)
			little = body == "4d3c2b1a"
			nics = 0
		}
		type = number(head, 0, 4)
		size = number(head, 4, 4)
		if (size < 12 || size % 4 || size > 16777216)
			bad("a block of " size " bytes: no capture, or damaged")
		body = body take(size - 8 - length(body) / 2)
		if (length(body) < 2 * (size - 8))
			bad("cut off in the middle of a block")
		if (type == 1) {
			link[nics] = number(body, 0, 2)
			snap[nics++] = number(body, 4, 4)
		} else if (type == 6) {
			nic = number(body, 0, 4)
			ethernet(link[nic])
			kept = number(body, 12, 4)
			put(substr(body, 41, 2 * kept), kept, number(body, 16, 4))
		} else if (type == 3) {
			ethernet(link[0])
			len = number(body, 0, 4)
			kept = snap[0] && snap[0] < len ? snap[0] : len
			put(substr(body, 9, 2 * kept), kept, len)
		}
	}
}

BEGIN {
	if (magic == "0a0d0d0a")
		pcapng()
	else
		pcap()
	if (!n)
		bad("no frame in it")
	exit
}

END {
	exit failed
}
