# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what lib.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# What is attached to a device, whose it is, and attaching in one step. Sourced after lib.bash.

# Programs that xdp-on and tc-on have attached from a user's object, or were about to: files
# NETNS.INDEX.HOOK.TAG, of a hook xdp, ingress or egress. Those of our objects are known by name and
# maps.
readonly attached=$state/attached
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
pin_in_the_way() { # by what the loader said
	[[ ! $complaint =~ couldn\'t\ reuse\ pinned\ map\ at\ \'[^\']*/([^\'/]+)\' ]] || printf '%s' "$globals/${BASH_REMATCH[1]}"
}
# Attaches by ip or tc. Pins of another version's rings are in the way, and hold nothing that is
# the user's: they go if nobody uses them.
attach_try() { # WORD…
	local pin users
	until try "$@"; do
		pin=$(pin_in_the_way)
		case ${pin##*/} in
		pb_packets | pb_packets_ask | pb_packet_log | pb_log_ask | pb_copies) ;;
		*) return 1 ;;
		esac
		users=$(users_of "$pin")
		[[ -z $users ]] || die 2 "$pin is another version's and in use (first take off: $users)"
		run rm -f "$pin"
	done
}

# The words that xdp-on and tc-on share: sets device program file section what replace log, and used,
# the number of words that WORD took with it.
device='' program='' file='' section='' what=sec replace='' log='' used=0
attach_word() { # WORD [NEXT…]
	used=0
	case $1 in
	dev | obj | sec | log)
		(($# > 1)) || usage_error "$1 needs a word after it"
		used=1
		;;&
	dev)
		[[ -z $device ]] || usage_error "a second device: $2"
		device=$2
		;;
	obj)
		[[ -z $file ]] || usage_error "a second object: $2"
		file=$2
		;;
	sec)
		[[ -z $section ]] || usage_error "a second section: $2"
		section=$2
		;;
	log)
		[[ $2 =~ ^(off|dropped|all)$ ]] || usage_error "unknown log: $2 (dropped, all, off)"
		log=$2
		;;
	replace) replace=1 ;;
	-*) usage_error "options come first: $1" ;;
	*)
		if [[ -z $device ]]; then
			device=$1
		elif [[ -z $program ]]; then
			program=$1
		else
			usage_error "unknown word: $1"
		fi
		;;
	esac
}
# Whether the loader can look things up in the kernel's BTF. libbpf before 1.0 cannot read that of
# kernels since 5.13 or so, and not every kernel has it. Else there are objects that need none of it.
reads_kernel_btf() { # ip|tc
	[[ -e /sys/kernel/btf/vmlinux ]] || return 1
	command -v "$1" >/dev/null || return 0 # `need` says that
	takes_legacy "$1" || return 0
	[[ $(uname -r) =~ ^([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 5013))
}

# What these words say is attached: one of our programs, by its whole name in `program`, or the
# user's file.
attach_object() { # xdp|tc
	[[ $device ]] || usage_error 'no device given'
	[[ -z $file || -z $program ]] || usage_error "obj takes the place of a program: $program"
	[[ -z $section || $file ]] || usage_error "$what goes with obj FILE"
	if [[ -z $file ]]; then
		program=${program:-allow}
		program=$1_${program#"$1"_}
		[[ $program =~ ^[a-z0-9_]+$ && (-e $objs/$program.bpf.c || -e $objs/$program.o) ]] ||
			usage_error "unknown program: ${program#"$1"_}"
		file=$objs/$program.o
		reads_kernel_btf "${1/xdp/ip}" || file=$objs/no_core/$program.o
		[[ -e $file ]] || die 2 "$file is not built (make)"
	fi
	[[ -f $file && -r $file ]] || die 1 "cannot read: $file"
	[[ -z $log ]] || has_log "$file" || die 1 "${program:-$file} has no log"
}

# What an attachment to the device that was read sees, in words.
sees() { # DEV HOOK
	case $2:$dev_kind:$dev_master in
	tc/egress:bridge:*) printf 'what the host sends out by %s (host to container, outside to container), not container to container' "$1" ;;
	tc/egress:*:-) printf 'every frame that leaves by %s' "$1" ;;
	tc/egress:*) printf 'every frame that leaves %s by this port' "$dev_master" ;;
	xdp:bridge:*) printf 'what comes up to the host by %s (container to host, container to outside), not container to container (use: xdp-on %s ports)' "$1" "$1" ;;
	*:bridge:*) printf 'what comes up to the host by %s (container to host, container to outside), not container to container' "$1" ;;
	*:-) printf 'every frame that enters by %s' "$1" ;;
	*) printf 'every frame that enters %s by this port' "$dev_master" ;;
	esac
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
# A clsact that we have added is noted, by device and network namespace, and goes when it is empty.
readonly clsacts=$state/clsact
clsact_note() { # of the device that was read
	printf '%s/%s.%s' "$clsacts" "$(netns)" "$dev_index"
}
clsact_add() { # DEV
	if [[ ! $dry ]]; then
		mkdir -p "$clsacts"
		: >"$(clsact_note)"
	fi
	try tc qdisc add dev "$1" clsact || die 2 "$1: $(reason)"
}
clsact_tidy() { # DEV
	local noted
	noted=$(clsact_note)
	[[ -e $noted ]] || return 0
	[[ $(tc -j filter show dev "$1" ingress)$(tc -j filter show dev "$1" egress) == '[]'*'[]' ]] || return 0
	# Somebody may have been quicker.
	[[ $(qdisc_of "$1") != clsact ]] || run tc qdisc del dev "$1" clsact || :
	[[ $dry ]] || rm -f -- "$noted"
}

declare -A mode_word=([auto]=xdp [native]=xdpdrv [generic]=xdpgeneric)

ports_of() { # BRIDGE
	ip -j link show master "$1" | jq -r '.[].ifname'
}

# The tag that an object's section would have in this kernel, without attaching it to anything of
# the user's: a throw-away network namespace has a loopback for that. Empty if it cannot be loaded.
tag_of() { # HOOK FILE sec|program NAME
	# Its pins go into a room of their own, and away with it.
	local room=$pins/probe
	mkdir -p "$room"
	# shellcheck disable=SC2016 # expanded there
	TC_BPF_MNT=$room unshare -n bash -c '
		hook=$1 && shift
		if [[ $hook == xdp ]]; then
			ip link set dev lo xdpgeneric obj "$@" >/dev/null 2>&1 && ip -j link show dev lo
		else
			tc qdisc add dev lo clsact && tc filter add dev lo ingress bpf da obj "$@" >/dev/null 2>&1 && tc -j filter show dev lo ingress
		fi' probe "$@" |
		jq -r '[.[] | (.xdp.prog.tag, .options?.prog?.tag) // empty][0] // empty' || :
	rm -rf -- "$room"
	rmdir -- "$pins" 2>/dev/null || :
}

# Notes that a program of a user's object is ours on a device. Before it is attached: a command that
# is killed right after that must not leave a program that nobody owns.
claim() { # INDEX HOOK FILE sec|program NAME
	local tag
	tag=$(tag_of "${@:2}")
	[[ ! $tag ]] || { mkdir -p "$attached" && : >"$attached/$(netns).$1.$2.$tag"; }
}
# Forgets what is no longer attached to the device that was read.
disclaim() {
	local file now mine
	mine=$attached/$(netns).$dev_index
	for file in "$mine".*; do
		[[ -e $file ]] || continue
		[[ ${now-} ]] || now=" $(hooks | jq -r --argjson i "$dev_index" 'select(.ifindex == $i) | "\(.hook | ltrimstr("tc/")).\(.tag)"' | tr '\n' ' ')"
		[[ $now == *" ${file#"$mine".} "* ]] || rm -f -- "$file"
	done
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
log_of() {                           # ID
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
# Switches it, and reads it back.
log_set() { # ID MODE
	local bss now i mode_bytes=()
	now=$(log_of "$1")
	[[ $now ]] || return 1 # it has none, or it cannot be read
	[[ $now != "$2" ]] || return 0
	bss=$(bss_of "$1")
	for i in "${!log_modes[@]}"; do
		[[ ${log_modes[i]} != "$2" ]] || break
	done
	bytes mode_bytes 4 "$i"
	run bpftool map update id "$bss" key 0 0 0 0 value "${mode_bytes[@]}" || return 1
	[[ $dry || $(log_of "$1") == "$2" ]]
}
log_words() { # ID: of one that is on
	local mode
	mode=$(log_of "$1")
	[[ ! $mode || $mode == off ]] || printf ', log %s' "$mode"
}
# Whether an object has a log, by the variable's name.
has_log() { grep -aq pb_log_mode -- "$1"; }

# The lines of our programs' common errors are ip's and libbpf's; these are what a user can act on.
ip_status() { # DEV FILE SECTION; of the complaint of ip or tc
	local why
	why=$(reason)
	case $complaint in
	*"couldn't reuse pinned map"*) die 2 "$2: $(pin_in_the_way) is a map of another kind or size" ;;
	*"doesn't contain"*) die 1 "$2: no $3 in it" ;;
	*'Cannot initialize ELF'*) die 1 "$2: not an object file" ;;
	*'BTF is required'*) die 2 "$2: no BTF in it (compile with clang -g)" ;;
	*'legacy map definitions'*) die 2 "$2: legacy map definitions, which this libbpf does not load (make builds modernize, which helps)" ;;
	*'failed to initialize slot'*) die 2 "$2: tail calls, which ip does not set up (with bpftool: see modernize(8))" ;;
	*'MTU'*) die 2 "$1: $why (no xdp.frags to use: lower the MTU of both ends, or use: mode generic)" ;;
	*'upper device'*) die 2 "$1: $why (first: xdp-off $dev_master)" ;;
	*'lower device'*) die 2 "$1: $why (first: xdp-off $1 ports)" ;;
	*'native mode'*) die 2 "$1: $why (use: mode generic)" ;;
	*'bpf_link'* | *'BPF XDP link'*) die 2 "$1: $why (held by a bpf_link of another program)" ;;
	*'already attached'*) die 2 "$1: another program was attached in the meantime" ;;
	*'Permission denied'* | *'load program'* | *'PROG LOAD LOG'*) die 2 "$2: refused by the kernel's verifier (see: bpftool -d prog load $2 /sys/fs/bpf/try)" ;;
	*) die 2 "$1: $why" ;;
	esac
}

# Where the peer of this ssh session is. sudo takes the variable away; an ancestor still has it.
ssh_peer() {
	local pid=$$ value=${SSH_CONNECTION-} word stat
	while [[ -z $value ]] && ((pid > 1)); do
		while IFS= read -r -d '' word; do
			[[ $word != SSH_CONNECTION=* ]] || value=${word#*=}
		done <"/proc/$pid/environ" || break
		IFS= read -r -d '' stat <"/proc/$pid/stat" || [[ $stat ]] || break
		read -r _ pid _ <<<"${stat##*) }"
	done 2>/dev/null
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
warn_who_is_left_out() { # DEV [in|out]
	local device=$1 near peer from zone
	if list_empty; then
		warn "the allow list is empty: no IPv4 or IPv6 packet gets ${2-in} by $device (first: allow ADDR)"
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
