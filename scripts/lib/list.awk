# SPDX-License-Identifier: GPL-2.0-only
# What is in the list's maps, and what is to become of it. Part of lib: not a command. Runs after
# addr.awk, in one program. Reads `bpftool map dump` of one map or, from one `bpftool batch`, several.
#
# -v kinds="…"     the maps that were dumped, in this order
# -v now=NS        the time (bpf_ktime_get_boot_ns)
# asked            in the environment, or -v from=FILE: the key lines that it is about
#
# -v want=list       prints "ORDER TEXT" of each entry; ORDER sorts as the numbers do
# -v want=entry      prints what the list says of the one host or network: "in KIND KEY TEXT", the entry
#                  that lets it in; "ended …", one whose time is over; "near …", the one that has the
#                  most bits in common; or "empty". -v long=1: not all maps were dumped, so "long" is
#                  printed instead of the last two.
# -v want=count      prints how many entries each map has, one per line
# -v want=around     prints "TEXT ENTRY" for each host or network that a wider entry lets in
# -v want=plan       works out an edit, -v how=add or del: prints
#                      missing TEXT…                for del: these are not in the list
#                  or  edit ENTRIES FILL COMMIT IN-PLACE KIND…   followed by
#                  FILL lines for bpftool that make a new map of each KIND beside the old one, and
#                  COMMIT lines, the first that have an effect. IN-PLACE of them edit a map itself.
#                  -v all="KIND …" the kinds it touches, also those that have no map yet;
#                  -v pins=PATH, what the pins begin with; -v max="N …" their room;
#                  -v shapes="KIND type …|…" how a map is made; -v least=N -v long=N its room, and
#                  from which on it is edited in place; -v again=1: some of it is done already;
#                  -v journal=FILE to write the edit down if it cannot be done in one step.

# An entry has 8 bytes of time, in the byte order of the machine: 0 stays until it is removed.
function ended(value,    part, i, ns) {
	if (value ~ /^[0_]*$/)
		return 0
	split(value, part, "_")
	for (i = 1; i <= 8; i++)
		ns = ns * 256 + hexval(part[big ? i : 9 - i])
	return ns <= now
}

# How many bits two addresses begin with in common, at most max.
function common(a, c, max,    i, x, y, bit, n) {
	for (i = 1; i <= length(a) && substr(a, i, 2) == substr(c, i, 2); i += 3)
		;
	n = 8 * int(i / 3)
	if (i <= length(a)) {
		x = hexval(substr(a, i, 2))
		y = hexval(substr(c, i, 2))
		for (bit = 128; int(x / bit) == int(y / bit); bit /= 2)
			n++
	}
	return n < max ? n : max
}

# The first n bits of an address as the key of a network.
function net_key(addr, n,    part, i, count, bits, v, s) {
	count = split(addr, part, "_")
	s = big ? sprintf("00_00_00_%02x", n) : sprintf("%02x_00_00_00", n)
	for (i = 1; i <= count; i++) {
		bits = n - 8 * (i - 1)
		v = part[i]
		if (bits <= 0)
			v = "00"
		else if (bits < 8)
			v = sprintf("%02x", hexval(v) - hexval(v) % 2 ^ (8 - bits))
		s = s "_" v
	}
	return s
}

# Of several networks around an address, the kernel finds the longest only, ended or not.
function take_entry(kind, k, value,    plen, bits) {
	plen = plen_of(kind, k)
	if (addr_of(kind, k) == "" || substr(kind, length(kind)) != substr(about_kind, length(about_kind)))
		return
	bits = common(addr_of(kind, k), about_addr, about_plen)
	if (bits >= plen) {
		if (kind ~ /^host/)
			host = (ended(value) ? "ended " : "in ") kind " " k
		else if (plen > best) {
			best = plen
			net = (ended(value) ? "ended " : "in ") kind " " k
		}
	} else if (bits > nearest) {
		nearest = bits
		near = "near " kind " " k
	}
}

function say_entry(    found, part) {
	found = host ~ /^in/ || net == "" || host != "" && net ~ /^ended/ ? host : net
	if (found == "")
		found = long ? "long" : near != "" ? near : "empty"
	split(found, part, " ")
	print found (part[3] != "" ? " " text_of(part[2], part[3]) : "")
}

# Asked of each network length in turn; most lists have few of them.
function say_around(    i, n, part, v, k) {
	for (i = 1; i <= asked_count; i++) {
		split(asked_line[i], part, " ")
		v = substr(part[1], length(part[1]))
		for (n = plen_of(part[1], part[2]); n >= 0; n--) {
			if (!((v, n) in lengths))
				continue
			k = net_key(addr_of(part[1], part[2]), n)
			if (("net" v, k) in have) {
				if (!ended(have["net" v, k]))
					print part[3], text_of("net" v, k)
				break
			}
		}
	}
}

# Entries that a map of n should have room for. Eight times as many up to 32768: a hash with empty
# buckets answers faster, until they no longer fit the processor's cache beside the entries
# (docs/performance.md). Beyond, the next power of two.
function capacity(n,    want, room) {
	want = n * 8
	if (want > 32768)
		want = n > 32768 ? n : 32768
	for (room = least; room < want; room *= 2)
		;
	return room
}

function hex_bytes(s) {
	gsub(/_/, " ", s)
	return s
}

function line_of(pin, k, value) {
	return "map update pinned " pin " key hex " hex_bytes(k) " value hex " hex_bytes(value)
}

# To add an entry that ends is to let it in until it is removed.
function say_plan(    i, part, n, kind, count, todo, edits, k, missing, after, fill, commit, in_place, changed, \
		  touched, shape, forever, steps, fills, commits, there) {
	forever = "00_00_00_00_00_00_00_00"
	for (i = 1; i <= asked_count; i++) {
		split(asked_line[i], part, " ")
		there = (part[1], part[2]) in have
		if (how == "add" ? there && have[part[1], part[2]] == forever : !there) {
			if (how == "del" && ++n <= 6)
				missing = missing " " (n <= 5 ? part[3] : "…")
			continue
		}
		todo[++count] = asked_line[i]
		edits[part[1]]++
		change[part[1], part[2]]
		if (!there)
			added[part[1]]++
	}
	if (missing != "" && !again) {
		print "missing" missing
		return
	}
	n = split(all, kind, " ")
	split(max, room, " ")
	split(shapes, part, "|")
	for (i in part)
		shape[substr(part[i], 1, index(part[i], " ") - 1)] = substr(part[i], index(part[i], " ") + 1)
	fills = commits = 0
	for (i = 1; i <= n; i++) {
		if (!edits[kind[i]])
			continue
		steps++
		after = entries[kind[i]] + (how == "add" ? added[kind[i]] : -edits[kind[i]])
		if (room[i] > long && edits[kind[i]] * 8 < entries[kind[i]] && after <= room[i]) {
			place[kind[i]] = 1
			in_place += edits[kind[i]]
			continue
		}
		touched = touched " " kind[i]
		fill[++fills] = "map create " pins kind[i] "_new " shape[kind[i]] " entries " capacity(after)
		for (k = 1; k <= order[kind[i]]; k++)
			if (!((kind[i], key_at[kind[i], k]) in change))
				fill[++fills] = line_of(pins kind[i] "_new", key_at[kind[i], k], have[kind[i], key_at[kind[i], k]])
		commit[++commits] = "map update pinned " pins kind[i] "_slot key 0 0 0 0 value pinned " pins kind[i] "_new"
	}
	for (i = 1; i <= count; i++) {
		split(todo[i], part, " ")
		if (part[1] in place)
			changed = line_of(pins part[1], part[2], forever)
		else
			fill[++fills] = line_of(pins part[1] "_new", part[2], forever)
		if (how == "del") {
			if (part[1] in place)
				changed = "map delete pinned " pins part[1] " key hex " hex_bytes(part[2])
			else
				fills--
		}
		if (part[1] in place)
			commit[++commits] = changed
	}
	if (journal != "" && count && (steps > 1 || in_place > 1)) {
		print how >journal
		for (i = 1; i <= asked_count; i++)
			print asked_line[i] >journal
		print "end" >journal
		if (close(journal))
			exit 2
	}
	print "edit", count + 0, fills, commits, in_place + 0 touched
	for (i = 1; i <= fills; i++)
		print fill[i]
	for (i = 1; i <= commits; i++)
		print commit[i]
}

BEGIN {
	if (from != "") {
		RS = "\n"
		while ((getline line <from) > 0)
			asked_line[++asked_count] = line
		close(from)
	} else if (ENVIRON["asked"] != "")
		asked_count = split(ENVIRON["asked"], asked_line, "\n")
	split(asked_line[1], part, " ")
	about_kind = part[1]
	about_addr = addr_of(part[1], part[2])
	about_plen = want == "entry" ? plen_of(part[1], part[2]) : 0
	best = nearest = -1
	at = 1
	split(kinds, dumped, " ")
	# A long entry is broken into lines by bpftool, hence the split here.
	RS = "key:"
}

NR > 1 {
	kind = dumped[at]
	size = kind == "host4" ? 4 : kind == "net4" ? 8 : kind == "host6" ? 16 : 20
	k = $1
	for (i = 2; i <= size; i++)
		k = k "_" $i
	value = $(size + 2)
	for (i = size + 3; i <= size + 9; i++)
		value = value "_" $i
	if (want == "count")
		counts[at]++
	else if (want == "list")
		print substr(kind, length(kind)) addr_of(kind, k) sprintf("_%03d", plen_of(kind, k)), text_of(kind, k)
	else if (want == "entry")
		take_entry(kind, k, value)
	else {
		have[kind, k] = value
		if (want == "around")
			lengths[substr(kind, length(kind)), plen_of(kind, k)]
		else {
			entries[kind]++
			key_at[kind, ++order[kind]] = k
		}
	}
}

# The end of one dump, or of several empty ones.
{
	at += gsub(/Found [0-9]+ element/, "")
}

END {
	if (at != split(kinds, dumped, " ") + 1)
		exit 2 # not the whole list
	if (want == "count")
		for (at = 1; at in dumped; at++)
			print counts[at] + 0
	else if (want == "entry")
		say_entry()
	else if (want == "around")
		say_around()
	else if (want == "plan")
		say_plan()
}
