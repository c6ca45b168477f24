# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Reads the state of devices, programs and maps. The only reader of `ip -j`, `tc -j` and `bpftool -j`;
# changes nothing.

netns() { stat -L -c %i /proc/self/ns/net; }

# Reads a device, by its name or an alternative one: dev_name dev_index dev_type dev_kind dev_master
# dev_mtu, and of its XDP program xdp_id (empty: none) xdp_name xdp_tag xdp_mode.
dev_read() { # DEV
	local line
	line=$(ip -j -d link show dev "$1" 2>/dev/null) || die 1 "no such device: $1"
	IFS=$'\t' read -r dev_name dev_index dev_type dev_kind dev_master dev_mtu xdp_id xdp_name xdp_tag xdp_mode < <(
		jq -r '.[0] | [.ifname, .ifindex, .link_type, .linkinfo.info_kind // "-", .master // "-", .mtu]
			+ (.xdp // {} | [.prog.id // "-", .prog.name // "-", .prog.tag // "-",
				({"1": "native", "2": "generic", "3": "offloaded", "4": "several"}["\(.mode)"] // "-")])
			| map("\(.)" | if . == "" then "-" else . end) | join("\t")' <<<"$line"
	)
	[[ $xdp_id != - ]] || xdp_id=''
	[[ ! $xdp_id || $xdp_name != - ]] || xdp_name=$(prog_name "$xdp_id")
	xdp_name=${xdp_name:--}
}

# Older ip and tc (Debian 11) do not tell a program's name.
prog_name() { # ID; empty if it has none
	bpftool -j prog show id "$1" | jq -r '.name // empty'
}

# Every program on a hook of this network namespace, a JSON line each. Ours: the name of one of our
# objects and our counters among its maps, or attached by us from an object that the user named.
hooks() {
	local object
	ip -j -d link show >"$tmp/links"
	bpftool -j prog show >"$tmp/progs"
	bpftool -j map show >"$tmp/maps"
	bpftool -j net show >"$tmp/net"
	ls "$attached" >"$tmp/named" 2>/dev/null || :
	for object in "$objs"/*.bpf.c "$objs"/*.o; do
		[[ -e $object ]] || continue
		object=${object##*/}
		object=${object%.bpf.c}
		printf '%s\n' "${object%.o}"
	done >"$tmp/objects"
	jq -nc --slurpfile links "$tmp/links" --slurpfile progs "$tmp/progs" --slurpfile maps "$tmp/maps" \
		--slurpfile net "$tmp/net" --rawfile named "$tmp/named" --rawfile objects "$tmp/objects" \
		--arg netns "$(netns)" '
		($named | split("\n")) as $named | ($objects | split("\n") | map(select(. != ""))) as $objects |
		($links[0] | INDEX("\(.ifindex)")) as $link |
		($progs[0] | INDEX("\(.id)")) as $prog |
		($maps[0] | map(select(.name == "pb_counters")) | INDEX("\(.id)")) as $counters |
		($maps[0] | map(select(.name // "" | test("^pb_.*_slot$"))) | INDEX("\(.id)")) as $slots |
		($maps[0] | map(select(.name // "" | endswith(".bss"))) | INDEX("\(.id)")) as $bss |
		($maps[0] | map(select(.name == "pb_lost")) | INDEX("\(.id)")) as $lost |
		[($links[0][] | select(.xdp.prog) | {ifindex, hook: "xdp", id: .xdp.prog.id,
			mode: ({"1": "native", "2": "generic", "3": "offloaded"}["\(.xdp.mode)"])}),
		 ($net[0][0].tc // [] | .[] | (.id // .prog_id) as $id | select($id and .ifindex) | {ifindex, id: $id, mode: null,
			hook: ("tc/" + (.kind | sub("^(clsact|tcx)/"; "")))})][] |
		. as $at | $link["\(.ifindex)"] as $l | $prog["\(.id)"] as $p | select($l and $p) |
		{ifname: $l.ifname, ifindex, hook, program: $p.name,
		 ours: (($named | index("\($netns).\($at.ifindex).\($at.hook | ltrimstr("tc/")).\($p.tag)") != null) or
			(($objects | index($p.name // "" | sub("_(frags|egress)$"; "")) != null) and any($p.map_ids[]?; $counters["\(.)"]))),
		 mode, id, tag: $p.tag, btf_id: ($p.btf_id // 0), kind: ($l.linkinfo.info_kind // "-"), master: ($l.master // "-"),
		 counters: ([$p.map_ids[]? | select($counters["\(.)"])][0] // 0),
		 bss: ([$p.map_ids[]? | select($bss["\(.)"])][0] // 0),
		 lost: ([$p.map_ids[]? | select($lost["\(.)"])][0] // 0),
		 slots: [$p.map_ids[]? | select($slots["\(.)"])]}'
}

is_ours() { # ID
	hooks | jq -e -s --argjson id "$1" 'any(.[]; .id == $id and .ours)' >/dev/null
}

# Ids of the arrays that are pinned now, as a JSON list: a program that looks into others is out of
# reach of allow and deny.
pinned_slots() {
	local kind
	for kind in "${kinds[@]}"; do
		[[ ! -e $(slot_of "$kind") ]] || bpftool -j map show pinned "$(slot_of "$kind")" | jq .id
	done | jq -cs .
}

looks_into_pins() { # ID
	hooks | jq -es --argjson id "$1" --argjson pinned "$(pinned_slots)" \
		'[.[] | select(.id == $id)][0].slots - $pinned == []' >/dev/null
}

# Programs other than these that use one of our pins, or this one: "NAME id N, …".
lists_in_use() { # ID…
	users_of "$globals"/pb_* but "$@"
}

users_of() { # PIN… [but ID…]
	local ids=''
	while (($#)) && [[ $1 != but ]]; do
		[[ ! -e $1 ]] || ids+=" $(bpftool -j map show pinned "$1" | jq .id)"
		shift
	done
	bpftool -j prog show | jq -r --arg maps "$ids" --arg but "${*:2}" '
		($maps | [splits(" +") | select(. != "") | tonumber]) as $maps |
		($but | [splits(" +") | select(. != "") | tonumber]) as $but |
		[.[] | select((.id as $id | $but | index($id) | not) and any(.map_ids[]?; . as $m | $maps | index($m)))
			| "\(.name) id \(.id)"] | join(", ")'
}

# The filter at our place, pref 1 handle 1: tc_taken, its kind (empty: the place is free), and of a
# program tc_id tc_name tc_tag, tc_protocol (all, unless somebody has asked for less) and tc_direct
# (true: what it returns is done). Filters of one pref are of one kind, and bpf filters differ by handle.
tc_read() { # DEV ingress|egress
	IFS=$'\t' read -r tc_taken tc_id tc_name tc_tag tc_protocol tc_direct < <(
		tc -j filter show dev "$1" "$2" 2>/dev/null | jq -r '[.[] | select(.pref == 1 and (.chain // 0) == 0)] as $at |
			([$at[] | select(.options?.handle? == "0x1")] + [$at[] | select(.kind != "bpf")])[0] // {} |
			[.kind // "", .options?.prog?.id // "", .options?.prog?.name // "", .options?.prog?.tag // "",
			.protocol // "", .options?["direct-action"]? // ""] | map("\(.)x") | @tsv'
	) || :
	tc_taken=${tc_taken%x} tc_id=${tc_id%x} tc_name=${tc_name%x} tc_tag=${tc_tag%x}
	tc_protocol=${tc_protocol%x} tc_direct=${tc_direct%x}
	[[ ! $tc_id || $tc_name ]] || tc_name=$(prog_name "$tc_id")
}

# Filters that are asked before the program with this id: the newest of a pref comes first.
tc_before() { # DEV ingress|egress ID
	tc -j filter show dev "$1" "$2" | jq -r --argjson id "$3" '[.[] | select(.options)] |
		.[:(map(.options.prog?.id? == $id) | index(true) // 0)] | map(.options.prog?.name? // .kind) | join(", ")'
}

# The qdisc that has the hooks: clsact, ingress (which has only that one), or none.
qdisc_of() { # DEV
	tc -j qdisc show dev "$1" | jq -r '[.[].kind | select(. == "clsact" or . == "ingress")][0] // empty'
}

ports_of() { # BRIDGE
	ip -j link show master "$1" | jq -r '.[].ifname'
}

# The reasons that a program counts by, "NUMBER name" a line; of a program without BTF, or
# with that of a legacy object, which knows nothing of its maps, those of our objects. jq would take ten
# times as long to start.
reason_names() { # BTF-ID
	local text='' values='"name":"pb_reason"[^]]*"values":\[([^]]*)\]' value='"name":"PB_([A-Z0-9_]+)","val":([0-9]+)(.*)'
	! (($1)) || text=$(bpftool -j btf dump id "$1")
	[[ $text =~ $values ]] || text=$(bpftool -j btf dump file "$objs/xdp_allow.o")
	[[ $text =~ $values ]] || return 0
	text=${BASH_REMATCH[1]}
	while [[ $text =~ $value ]]; do
		printf '%d %s\n' "${BASH_REMATCH[2]}" "${BASH_REMATCH[1],,}"
		text=${BASH_REMATCH[3]}
	done
}

# The log of a loaded program: its one variable. off, dropped, all; empty if it has none.
readonly log_modes=(off dropped all) # enum pb_log

log_of() { # ID
	local bss
	bss=$(bss_of "$1")
	[[ $bss && $(bpftool -j map lookup id "$bss" key 0 0 0 0) =~ \"pb_log_mode\":([0-9]) ]] || return 0
	printf '%s' "${log_modes[BASH_REMATCH[1]]-}"
}

# The map of a program's variables. Without jq: commands ask this at every end.
bss_of() { # ID
	local id maps
	[[ $(bpftool -j prog show id "$1" 2>/dev/null) =~ \"map_ids\":\[([0-9,]*)\] ]] || return 0
	maps=$(bpftool -j map show)
	for id in ${BASH_REMATCH[1]//,/ }; do
		[[ ! $maps =~ \"id\":$id,\"type\":\"array\",\"name\":\"[^\"]*\.bss\" ]] || { printf '%s' "$id" && return; }
	done
}

map_field() { # PIN FIELD; empty if there is no such map
	{ bpftool -j map show pinned "$1" 2>/dev/null || :; } | jq -r ".$2 // empty"
}

# The inner map that programs see: its id, or nothing.
slot_id() { # KIND
	local text inner
	text=$(bpftool -j map lookup pinned "$(slot_of "$1")" key 0 0 0 0 2>/dev/null) || :
	! inner_id "$text" || printf '%d' "$inner"
}

# How bpftool tells it: Debian 11's and 12's own by the bytes of the value.
readonly inner_map='"(inner_map_id":([0-9]+)|value":\["0x(..)","0x(..)","0x(..)","0x(..)"\])'

inner_id() { # JSON; sets inner
	[[ $1 =~ $inner_map ]] || return 1
	inner=${BASH_REMATCH[2]}
	[[ $inner ]] || if ((big)); then
		inner=$((0x${BASH_REMATCH[3]}${BASH_REMATCH[4]}${BASH_REMATCH[5]}${BASH_REMATCH[6]}))
	else
		inner=$((0x${BASH_REMATCH[6]}${BASH_REMATCH[5]}${BASH_REMATCH[4]}${BASH_REMATCH[3]}))
	fi
}
