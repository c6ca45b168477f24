# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what lib.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# What is attached to a device, whose it is, and attaching in one step. Sourced after lib.bash.

# Programs that xdp-on has attached from a user's object, or was about to: files INDEX.TAG. Those of
# our objects are known by name and maps.
readonly attached=$state/attached

# Reads a device, by its name or an alternative one: dev_name dev_index dev_type dev_kind dev_master
# dev_mtu, and of its XDP program xdp_id (empty: none) xdp_name xdp_tag xdp_mode.
dev_read() { # DEV
	local line
	line=$(ip -j -d link show dev "$1" 2>/dev/null) || die 1 "no such device: $1"
	IFS=$'\t' read -r dev_name dev_index dev_type dev_kind dev_master dev_mtu xdp_id xdp_name xdp_tag xdp_mode < <(
		jq -r '.[0] | [.ifname, .ifindex, .link_type, .linkinfo.info_kind // "-", .master // "-", .mtu]
			+ (.xdp // {} | [.prog.id // "-", .prog.name // "-", .prog.tag // "-",
				({"1": "native", "2": "generic", "3": "offloaded", "4": "several"}["\(.mode)"] // "-")])
			| @tsv' <<<"$line"
	)
	[[ $xdp_id != - ]] || xdp_id=''
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
		[[ ! -e $object ]] || basename "${object%.bpf.c}" .o
	done >"$tmp/objects"
	jq -nc --slurpfile links "$tmp/links" --slurpfile progs "$tmp/progs" --slurpfile maps "$tmp/maps" \
		--slurpfile net "$tmp/net" --rawfile named "$tmp/named" --rawfile objects "$tmp/objects" '
		($named | split("\n")) as $named | ($objects | split("\n")) as $objects |
		($links[0] | INDEX("\(.ifindex)")) as $link |
		($progs[0] | INDEX("\(.id)")) as $prog |
		($maps[0] | map(select(.name == "pb_counters")) | INDEX("\(.id)")) as $counters |
		($maps[0] | map(select(.name // "" | test("^pb_.*_slot$"))) | INDEX("\(.id)")) as $slots |
		[($links[0][] | select(.xdp.prog) | {ifindex, hook: "xdp", id: .xdp.prog.id,
			mode: ({"1": "native", "2": "generic", "3": "offloaded"}["\(.xdp.mode)"])}),
		 ($net[0][0].tc // [] | .[] | select(.id and .ifindex) | {ifindex, id, mode: null,
			hook: ("tc/" + (.kind | sub("^(clsact|tcx)/"; "")))})][] |
		. as $at | $link["\(.ifindex)"] as $l | $prog["\(.id)"] as $p | select($l and $p) |
		{ifname: $l.ifname, ifindex, hook, program: $p.name,
		 ours: (($named | index("\($at.ifindex).\($p.tag)") != null) or
			(($objects | index($p.name | sub("_frags$"; "")) != null) and any($p.map_ids[]?; $counters["\(.)"]))),
		 mode, id, tag: $p.tag, btf_id: ($p.btf_id // 0), kind: ($l.linkinfo.info_kind // "-"), master: ($l.master // "-"),
		 counters: ([$p.map_ids[]? | select($counters["\(.)"])][0] // 0),
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

# Programs other than these that look into the lists: "NAME id N, …".
lists_in_use() { # ID…
	local pin ids=''
	for pin in "$globals"/pb_*; do
		[[ ! -e $pin ]] || ids+=" $(bpftool -j map show pinned "$pin" | jq .id)"
	done
	bpftool -j prog show | jq -r --arg maps "$ids" --arg but "$*" '
		($maps | [splits(" +") | select(. != "") | tonumber]) as $maps |
		($but | [splits(" +") | select(. != "") | tonumber]) as $but |
		[.[] | select((.id as $id | $but | index($id) | not) and any(.map_ids[]?; . as $m | $maps | index($m)))
			| "\(.name) id \(.id)"] | join(", ")'
}

# What an attachment to the device that was read sees, in words.
sees() { # DEV
	if [[ $dev_kind == bridge ]]; then
		printf 'what comes up to the host by %s (container to host, container to outside), not container to container (use: xdp-on %s ports)' "$1" "$1"
	elif [[ $dev_master != - ]]; then
		printf 'every frame that enters %s by this port' "$dev_master"
	else
		printf 'every frame that enters by %s' "$1"
	fi
}

declare -A mode_word=([auto]=xdp [native]=xdpdrv [generic]=xdpgeneric)

ports_of() { # BRIDGE
	ip -j link show master "$1" | jq -r '.[].ifname'
}

# The tag that an object's section would have in this kernel, without attaching it to anything of
# the user's: a throw-away network namespace has a loopback for that. Empty if it cannot be loaded.
tag_of() { # FILE sec|program NAME
	# Its pins go into a room of their own, and away with it.
	local room=$pins/probe
	mkdir -p "$room"
	TC_BPF_MNT=$room unshare -n bash -c 'ip link set dev lo xdpgeneric obj "$@" >/dev/null 2>&1 && ip -j link show dev lo' probe "$@" |
		jq -r '.[0].xdp.prog.tag // empty' || :
	rm -rf -- "$room"
	rmdir -- "$pins" 2>/dev/null || :
}

# Notes that a program of a user's object is ours on a device. Before it is attached: a command that
# is killed right after that must not leave a program that nobody owns.
claim() { # INDEX FILE sec|program NAME
	local tag
	tag=$(tag_of "${@:2}")
	[[ ! $tag ]] || { mkdir -p "$attached" && : >"$attached/$1.$tag"; }
}
# Forgets what is no longer attached to the device that was read.
disclaim() {
	local file
	for file in "$attached/$dev_index".*; do
		[[ ! -e $file || ${file##*.} == "$xdp_tag" ]] || rm -f -- "$file"
	done
}

# The lines of our programs' common errors are ip's and libbpf's; these are what a user can act on.
ip_status() { # DEV FILE SECTION; the complaint is in $tmp/err
	local why
	why=$(reason)
	case $(<"$tmp/err") in
	*"doesn't contain"*) die 1 "$2: no $3 in it" ;;
	*'Cannot initialize ELF'*) die 1 "$2: not an object file" ;;
	*'BTF is required'*) die 2 "$2: no BTF in it (compile with clang -g)" ;;
	*'legacy map definitions'*) die 2 "$2: legacy map definitions, which this libbpf does not load" ;;
	*'MTU'*) die 2 "$1: $why (no xdp.frags to use: lower the MTU of both ends, or use: mode generic)" ;;
	*'upper device'*) die 2 "$1: $why (first: xdp-off $dev_master)" ;;
	*'lower device'*) die 2 "$1: $why (first: xdp-off $1 ports)" ;;
	*'native mode'*) die 2 "$1: $why (use: mode generic)" ;;
	*'bpf_link'* | *'BPF XDP link'*) die 2 "$1: $why (held by a bpf_link of another program)" ;;
	*'already attached'*) die 2 "$1: another program was attached in the meantime" ;;
	*'Permission denied'* | *'load program'* | *'PROG LOAD LOG'*) die 2 "$2: refused by the kernel's verifier (see: ip link set dev $1 xdp obj $2 $3 verbose)" ;;
	*) die 2 "$1: $why" ;;
	esac
}

# Where the peer of this ssh session is. sudo takes the variable away; an ancestor still has it.
ssh_peer() {
	local pid=$$ value=${SSH_CONNECTION-}
	while [[ -z $value ]] && ((pid > 1)); do
		value=$({ tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p'; } 2>/dev/null) || :
		pid=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$pid/stat" 2>/dev/null) || break
	done
	printf '%s' "${value%% *}"
}
# Devices by which what enters DEV may be known to the host: itself, the bridges that it is a port of
# and the VLAN devices on top of it.
also_known_as() { # DEV
	ip -j -d link show | jq -r --arg dev "$1" '
		. as $all | def up: . as $names | ($names + [$all[] | select(.ifname as $i | $names | index($i)) | .master // empty]
			+ [$all[] | select(.linkinfo.info_kind == "vlan" and (.link as $l | $names | index($l))) | .ifname]) | unique |
			if . == $names then . else up end;
		[$dev] | up | .[]'
}

# Says who will not get in any more, before that is so. Needs the list open.
warn_who_is_left_out() { # DEV
	local device=$1 near peer from zone
	if list_empty; then
		warn "the allow list is empty: no IPv4 or IPv6 packet gets in by $device (first: allow ADDR)"
	fi
	near=" $(also_known_as "$device" | tr '\n' ' ')"
	if ip -j addr show | jq -e --arg near "$near" \
		'any(.[] | select(.ifname as $i | $near | contains(" " + $i + " ")) | .addr_info[]?; .dynamic)' >/dev/null; then
		warn "$device has its address by DHCP or router advertisement: list who gives it, or it will run out"
	fi
	peer=$(ssh_peer)
	peer=${peer#::ffff:}
	[[ $peer ]] || return 0
	zone=${peer#*%}
	from=$(ip -j route get "${peer%%%*}" 2>/dev/null | jq -r '.[0].dev') || :
	[[ $zone == "$peer" ]] || from=$zone
	[[ $near == *" $from "* ]] || return 0
	parse_words 2 "${peer%%%*}" >"$tmp/peer"
	[[ -z $(list_admits "$tmp/peer") ]] || return 0
	warn "your ssh session comes from $peer by $device and is not listed: it will hang (first: allow ${peer%%%*})"
}
