# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# The state of devices, programs and maps. The only reader of `ip -j`, `tc -j` and `bpftool -j`. It
# changes nothing.
#
# k_snapshot reads all of it at once, with three programs; the look-ups below answer from that. Whoever
# changes something calls k_stale, and the next look-up reads again. In a subshell what is read is lost:
# ask for the snapshot before $(…).
#
# Devices, by name (k_named: by an alternative name; k_name_of: by index), in order in k_devices:
declare -A k_index=() k_type=() k_kind=() k_master=() k_mtu=() k_mac=() k_link=() k_named=()
declare -A k_addr4=() k_addr6=() k_dynamic=()                   # first global address; 1 if one is by DHCP or the like
declare -A k_xdp_id=() k_xdp_name=() k_xdp_tag=() k_xdp_mode=() # of the XDP program, or empty
k_devices=() k_name_of=()
# Attachments, by number: device, hook (xdp, tc/ingress, tc/egress), program id, mode (empty on tc),
# whether it is ours (true, false), on how many hooks the same loaded program is (its counters and its
# log are theirs together), all of it as JSON, and whether it is by tcx (true, false).
k_at_dev=() k_at_hook=() k_at_id=() k_at_mode=() k_at_ours=() k_at_shared=() k_at_json=() k_at_tcx=()
k_ours=() k_shared=() # by program: 1 if it is ours on some hook, on how many it is
# Programs, by id. counters, bss and lost are map ids, 0 if there is no such map; slots are the ids of
# the arrays that it looks for the list in, lists are NAME=ID of the maps of a list.
k_prog_type=() k_prog_name=() k_prog_tag=() k_prog_btf=() k_prog_maps=()
k_prog_counters=() k_prog_bss=() k_prog_lost=() k_prog_slots=() k_prog_lists=()
# Maps, by id; k_pin: the id by the path of a pin.
k_map_type=() k_map_name=() k_map_max=() k_map_pinned=()
declare -A k_pin=()

# The kernel allows control characters in the names of devices, and ip, tc and bpftool print them as they
# are, which JSON does not allow.
json_clean() { # VARIABLE
	local -n dirty=$1
	local i byte
	dirty=${dirty//$'\n'/ }
	[[ $dirty == *[[:cntrl:]]* ]] || return 0
	for ((i = 1; i < 32; i++)); do
		printf -v byte '\\x%02x' "$i"
		printf -v byte '%b' "$byte"
		[[ $dirty != *"$byte"* ]] || printf -v dirty '%s' "${dirty//"$byte"/$(printf '\\u%04x' "$i")}"
	done
}

# A name as it may be shown: with its control characters escaped.
shown() { # NAME; sets name_shown
	name_shown=$1
	[[ $1 != *[[:cntrl:]]* ]] || printf -v name_shown '%q' "$1"
}

k_fresh='' k_partial='' # partial: hooks have changed since
k_stale() { k_fresh=''; }

# What cannot be read ends the command. One that has changed something by then names a function in
# k_when_blind, which says what is in force. k_blind: what was asked last of one device was not answered.
k_when_blind='' k_blind=''
k_cannot() { # MESSAGE
	${k_when_blind:-die 2} "$1"
}

# bpftool's status tells nothing: a batch that went well may end with 255. kernel.jq looks for the
# answers instead, and fails if one is missing: "cannot look" must never read as "nothing there".
k_snapshot() {
	[[ ! $k_fresh ]] || return 0
	local links batch rows row f claims='' names='' file
	links=$(ip -j -d addr show 2>/dev/null) || k_cannot 'cannot read the devices (ip -j -d addr show)'
	batch=$(bpftool -j -f batch file - 2>/dev/null <<<$'prog show\nmap show\nnet show') || :
	json_clean links
	json_clean batch
	for file in "$attached"/*; do
		[[ -e $file ]] || break
		netns_read
		file=${file##*/}
		[[ $file != "$netns".* ]] || claims+=${file#*.}$'\n'
	done
	for file in "$objs"/*.bpf.c "$objs"/*.o; do
		file=${file##*/}
		file=${file%.bpf.c}
		names+=${file%.o}$'\n'
	done
	rows=$(printf '%s\n%s\n' "$links" "$batch" |
		jq -rn --arg claims "$claims" --arg objects "$names" -f "$lib/kernel.jq" 2>&1) ||
		k_cannot "cannot read the programs and maps (bpftool): ${rows##*$'\n'}"
	[[ $rows == *'end' && $rows == *$'device\x1f'* ]] || k_cannot 'cannot read the devices, programs and maps: ip, bpftool or jq has said too little'
	k_devices=() k_name_of=() k_at_dev=() k_at_hook=() k_at_id=() k_at_mode=() k_at_ours=() k_at_shared=() k_at_json=() k_at_tcx=()
	k_ours=() k_shared=() k_index=() k_type=() k_kind=() k_master=() k_mtu=() k_mac=() k_link=() k_named=()
	k_addr4=() k_addr6=() k_dynamic=() k_xdp_id=() k_xdp_name=() k_xdp_tag=() k_xdp_mode=() k_pin=()
	k_prog_type=() k_prog_name=() k_prog_tag=() k_prog_btf=() k_prog_maps=()
	k_prog_counters=() k_prog_bss=() k_prog_lost=() k_prog_slots=() k_prog_lists=()
	k_map_type=() k_map_name=() k_map_max=() k_map_pinned=()
	while IFS=$'\x1f' read -ra f; do
		case ${f[0]-} in
		hook)
			k_at_dev+=("${f[1]}") k_at_hook+=("${f[2]}") k_at_id+=("${f[3]}") k_at_mode+=("${f[4]}")
			k_at_ours+=("${f[5]}") k_at_shared+=("${f[6]}") k_at_json+=("${f[7]}") k_at_tcx+=("${f[8]}")
			k_shared[f[3]]=${f[6]}
			[[ ${f[5]} != true ]] || k_ours[f[3]]=1
			;;
		device)
			row=${f[1]}
			k_devices+=("$row") k_name_of[f[2]]=$row
			k_index[$row]=${f[2]} k_type[$row]=${f[3]} k_kind[$row]=${f[4]} k_master[$row]=${f[5]}
			k_mtu[$row]=${f[6]} k_mac[$row]=${f[7]} k_link[$row]=${f[8]}
			k_xdp_id[$row]=${f[9]-} k_xdp_name[$row]=${f[10]-} k_xdp_tag[$row]=${f[11]-} k_xdp_mode[$row]=${f[12]-}
			for file in "${f[@]:13}"; do k_named[$file]=$row; done
			;;
		address)
			row=${f[1]}
			[[ ! ${f[4]-} ]] || k_dynamic[$row]=1
			[[ ${f[2]} != inet || ${k_addr4[$row]-} ]] || k_addr4[$row]=${f[3]}
			[[ ${f[2]} != inet6 || ${k_addr6[$row]-} ]] || k_addr6[$row]=${f[3]}
			;;
		program)
			k_prog_type[f[1]]=${f[2]} k_prog_name[f[1]]=${f[3]} k_prog_tag[f[1]]=${f[4]} k_prog_btf[f[1]]=${f[5]}
			k_prog_maps[f[1]]=${f[6]} k_prog_counters[f[1]]=${f[7]} k_prog_bss[f[1]]=${f[8]} k_prog_lost[f[1]]=${f[9]-}
			k_prog_slots[f[1]]=${f[10]-} k_prog_lists[f[1]]=${f[11]-}
			;;
		map)
			k_map_type[f[1]]=${f[2]} k_map_name[f[1]]=${f[3]} k_map_max[f[1]]=${f[4]}
			for file in "${f[@]:5}"; do k_pin[$file]=${f[1]} k_map_pinned[f[1]]=1; done
			;;
		esac
	done <<<"$rows"
	k_fresh=1 k_partial=''
}

# Asks bpftool questions that change nothing, a line each, by one process; by one more after each that
# fails, because there a batch ends. Sets k_answers: JSON arrays of {"command", "output"}, where the
# output of a question that failed has an "error". A question without an answer has failed, too.
k_ask() { # LINE…
	local text rest n
	k_answers=()
	while (($#)); do
		text=$(printf '%s\n' "$@" | bpftool -j batch file - 2>/dev/null) || :
		# bpftool 7.5 on Linux 5.10 puts a complaint before an answer that is good.
		while [[ $text =~ \"output\":(\{\"error\":\"[^\"]*\"\},)[[\{] ]]; do text=${text//"${BASH_REMATCH[1]}"/}; done
		rest=${text//'{"command":['/}
		n=$(((${#text} - ${#rest}) / 12))
		((n && n <= $#)) || return 0
		k_answers+=("$text")
		shift "$n"
	done
}

# The number of this network namespace, into netns.
netns=''
netns_read() {
	[[ $netns ]] || netns=$(stat -L -c %i "$own_netns") || netns=''
	[[ $netns && $netns != *[!0-9]* ]] || die 2 "cannot read the network namespace (stat $own_netns)"
}

# A device, by its name or an alternative one: dev_name dev_index dev_type dev_kind dev_master dev_mtu,
# and of its XDP program xdp_id (empty: none) xdp_name xdp_tag xdp_mode. What is not so is "-".
dev_read() { # DEV
	k_snapshot
	dev_name=$1
	[[ ${1:+${k_index[$1]+there}} ]] || dev_name=${1:+${k_named[$1]-}}
	[[ $dev_name ]] || die 1 "no such device: $1"
	dev_index=${k_index[$dev_name]} dev_type=${k_type[$dev_name]} dev_kind=${k_kind[$dev_name]:--}
	dev_master=${k_master[$dev_name]:--} dev_mtu=${k_mtu[$dev_name]} xdp_id=${k_xdp_id[$dev_name]}
	xdp_name=${k_xdp_name[$dev_name]:--} xdp_tag=${k_xdp_tag[$dev_name]:--} xdp_mode=${k_xdp_mode[$dev_name]:--}
}

# Reads one device's XDP program again, after a change to it, by one program and without jq. What else
# the snapshot knows of hooks stays as old as it was. Index 0 if the device is gone.
k_device() { # DEV
	k_partial=1
	local text modes=('' native generic offloaded several)
	k_blind=''
	if ! text=$(ip -j -d link show dev "$1" 2>&1); then
		[[ $text == *'does not exist'* || $text == *'Cannot find device'* ]] || k_blind=1
		text=''
	fi
	k_index[$1]=0 k_xdp_id[$1]='' k_xdp_name[$1]='' k_xdp_tag[$1]='' k_xdp_mode[$1]=''
	[[ $text =~ \"ifindex\":([0-9]+) ]] || return 0
	k_index[$1]=${BASH_REMATCH[1]}
	[[ $text =~ \"xdp\":\{\"mode\":([0-9]+),\"prog\":\{\"id\":([0-9]+)(,\"name\":\"([^\"]*)\")?(,\"tag\":\"([^\"]*)\")? ]] || return 0
	k_xdp_mode[$1]=${modes[BASH_REMATCH[1]]-} k_xdp_id[$1]=${BASH_REMATCH[2]}
	k_xdp_name[$1]=${BASH_REMATCH[4]} k_xdp_tag[$1]=${BASH_REMATCH[6]}
	[[ ${k_xdp_name[$1]} ]] || k_xdp_name[$1]=$(prog_name "${k_xdp_id[$1]}")
}

# Debian 11's ip and tc do not know the names of programs.
prog_name() { # ID; empty if it has none
	if [[ $k_fresh && ${k_prog_type[$1]-} ]]; then
		printf '%s' "${k_prog_name[$1]}"
	elif [[ $(bpftool -j prog show id "$1" 2>/dev/null) =~ \"name\":\"([^\"]*)\" ]]; then
		printf '%s' "${BASH_REMATCH[1]:0:15}"
	fi
}

is_ours() { # ID
	k_snapshot
	[[ ${k_ours[$1]-} ]]
}

# On how many hooks the loaded program is.
hooks_of() { # ID
	k_snapshot
	printf '%d' "${k_shared[$1]-0}"
}

# Whether the arrays that a program looks into are those that are pinned now: others are out of reach
# of allow and deny.
looks_into_pins() { # ID
	local slot pin pinned=' '
	k_snapshot
	for pin in "${!k_pin[@]}"; do [[ $pin != "$list_base"* ]] || pinned+="${k_pin[$pin]} "; done
	for slot in ${k_prog_slots[$1]-}; do
		[[ $pinned == *" $slot "* ]] || return 1
	done
}

# The root (TC_BPF_MNT) below which the list is pinned that a program looks into, into list_root; empty
# if it has none, or it is pinned nowhere.
list_root_read() { # ID
	local pin slot below=${globals#"$bpffs"}
	k_snapshot
	list_root='' slot=${k_prog_slots[$1]-}
	slot=${slot%% *}
	[[ $slot ]] || return 0
	for pin in "${!k_pin[@]}"; do
		[[ ${k_pin[$pin]} == "$slot" && $pin == *"$below"/pb_* ]] || continue
		list_root=${pin%"$below"/pb_*}
		[[ $list_root != "$bpffs" ]] || return 0
	done
}

# Programs other than these that use one of our pins, or this one: "NAME id N, …".
lists_in_use() { # ID…
	users_of "$globals"/pb_* but "$@"
}

users_of() { # PIN… [but ID…]
	local id map maps=' ' users=''
	k_snapshot
	while (($#)) && [[ $1 != but ]]; do
		maps+="${k_pin[$1]-} "
		shift
	done
	for id in "${!k_prog_type[@]}"; do
		[[ " ${*:2} " != *" $id "* ]] || continue
		for map in ${k_prog_maps[id]}; do
			[[ $maps != *" $map "* ]] || { users+=", ${k_prog_name[id]} id $id" && break; }
		done
	done
	printf '%s' "${users#, }"
}

ports_of() { # BRIDGE
	local dev
	k_snapshot
	for dev in "${k_devices[@]}"; do
		[[ ${k_master[$dev]} != "$1" ]] || printf '%s\n' "$dev"
	done
}

# Devices on which the host sees what enters through DEV: DEV itself, the bridge, bond, team or VRF that
# it is a part of, and VLAN, macvlan and ipvlan devices on top of any of these. Into near, with a space
# before and after each name, the nearest first. (The link of a veth is its other end.)
above_read() { # DEV
	local dev was=''
	k_snapshot
	near=" $1 "
	while [[ $near != "$was" ]]; do
		was=$near
		for dev in "${k_devices[@]}"; do
			[[ $was != *" $dev "* || ! ${k_master[$dev]} || $near == *" ${k_master[$dev]} "* ]] || near+="${k_master[$dev]} "
			case ${k_kind[$dev]} in
			vlan | macvlan | macvtap | ipvlan | ipvtap) ;;
			*) continue ;;
			esac
			[[ ! ${k_link[$dev]} || $was != *" ${k_link[$dev]} "* || $near == *" $dev "* ]] || near+="$dev "
		done
	done
}

# The routers that default routes were learned of by advertisements: "ADDR DEV" a line.
advertised_routers() {
	local text route='"gateway":"([^"]*)","dev":"([^"]*)"(.*)'
	text=$(ip -j -6 route show default proto ra 2>/dev/null) || return 0
	while [[ $text =~ $route ]]; do
		printf '%s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
		text=${BASH_REMATCH[3]}
	done
}

# The device that packets to an address leave through.
route_to() { # ADDR
	[[ ! $(ip -j route get "$1" 2>/dev/null) =~ \"dev\":\"([^\"]*)\" ]] || printf '%s' "${BASH_REMATCH[1]}"
}

# The filters of a direction, in the order in which they are asked: fl_kind fl_pref fl_chain fl_protocol,
# and of bpf filters fl_handle fl_id fl_name fl_tag fl_direct (true: what it returns is done). A quote
# within a string is escaped, so that what is looked for here cannot be in one.
filters_read() { # DEV ingress|egress
	local text one i=0
	fl_kind=() fl_pref=() fl_chain=() fl_protocol=() fl_handle=() fl_id=() fl_name=() fl_tag=() fl_direct=()
	k_blind=''
	text=$(tc -j filter show dev "$1" "$2" 2>/dev/null) || text=''
	[[ $text == *']' ]] || {
		k_blind=1
		k_cannot "cannot read the filters of $1 $2 (tc -j filter show)"
		return 0
	}
	text=${text//'{"protocol":'/$'\x1e'}
	while [[ $text == *$'\x1e'* ]]; do
		text=${text#*$'\x1e'}
		one=${text%%$'\x1e'*}
		[[ $one =~ ^\"([^\"]*)\",\"pref\":([0-9]+),\"kind\":\"([^\"]*)\"(,\"chain\":([0-9]+))?(.*) ]] || continue
		fl_protocol[i]=${BASH_REMATCH[1]} fl_pref[i]=${BASH_REMATCH[2]} fl_kind[i]=${BASH_REMATCH[3]}
		fl_chain[i]=${BASH_REMATCH[5]:-0} one=${BASH_REMATCH[6]} fl_handle[i]='' fl_id[i]='' fl_name[i]='' fl_tag[i]='' fl_direct[i]=''
		[[ $one == *'"options":{'* ]] || continue # the head of a pref
		[[ ! $one =~ \"handle\":\"([^\"]*)\" ]] || fl_handle[i]=${BASH_REMATCH[1]}
		[[ $one != *'"direct-action":true'* ]] || fl_direct[i]=true
		if [[ $one =~ \"prog\":\{\"id\":([0-9]+)(,\"name\":\"([^\"]*)\")?(,\"tag\":\"([^\"]*)\")? ]]; then
			fl_id[i]=${BASH_REMATCH[1]} fl_name[i]=${BASH_REMATCH[3]} fl_tag[i]=${BASH_REMATCH[5]}
			# Older tc (Debian 11) does not know a program's name.
			[[ ${fl_name[i]} ]] || fl_name[i]=$(prog_name "${fl_id[i]}")
		fi
		i=$((i + 1))
	done
}

# The filter at our place, pref 1 handle 1: tc_taken, its kind (empty: the place is free), and of a
# program tc_id tc_name tc_tag, tc_protocol (all, unless somebody has asked for less) and tc_direct
# (true: what it returns is done). Filters of one pref are of one kind, and bpf filters differ by handle.
tc_read() { # DEV ingress|egress
	local i at=''
	filters_read "$1" "$2"
	for i in "${!fl_pref[@]}"; do
		[[ ${fl_pref[i]} == 1 && ${fl_chain[i]} == 0 ]] || continue
		if [[ ${fl_handle[i]} == 0x1 && ${fl_kind[i]} == bpf ]]; then
			at=$i
			break
		fi
		[[ $at || ${fl_kind[i]} == bpf ]] || at=$i
	done
	tc_taken='' tc_id='' tc_name='' tc_tag='' tc_protocol='' tc_direct=''
	[[ ! $at ]] || tc_taken=${fl_kind[at]} tc_id=${fl_id[at]} tc_name=${fl_name[at]} tc_tag=${fl_tag[at]} \
		tc_protocol=${fl_protocol[at]} tc_direct=${fl_direct[at]}
}

# Filters that are asked before the program with this id: the newest of a pref comes first.
tc_before() { # ID; of the filters that were read
	local i before=''
	for i in "${!fl_pref[@]}"; do
		[[ ${fl_id[i]} != "$1" ]] || break
		before+=", ${fl_name[i]:-${fl_kind[i]}}"
	done
	printf '%s' "${before#, }"
}

# Programs of others that a hook asks before this one, as the snapshot has it: tcx before all filters.
# What they accept, it does not see. Into before.
before_read() { # DEV HOOK ID
	local i names=''
	k_snapshot
	for i in "${!k_at_dev[@]}"; do
		[[ ${k_at_dev[i]} == "$1" && ${k_at_hook[i]} == "$2" ]] || continue
		[[ ${k_at_id[i]} != "$3" ]] || break
		[[ ${k_at_ours[i]} != true && (${k_at_tcx[i]} == true || ${k_prog_type[$3]-}) ]] || continue
		names+=", ${k_prog_name[${k_at_id[i]}]:-a program without a name}"
	done
	before=${names#, }
}

# The qdisc that has the hooks, into qdisc: clsact, ingress (which has only that one), or none.
qdisc_read() { # DEV
	local text
	qdisc=''
	text=$(tc -j qdisc show dev "$1" 2>/dev/null) || text=''
	[[ $text == *']' ]] || die 2 "cannot read the qdiscs of $1 (tc -j qdisc show)"
	[[ ! $text =~ \"kind\":\"(clsact|ingress)\" ]] || qdisc=${BASH_REMATCH[1]}
}

# The reasons that a program counts by, "NUMBER name" a line; of a program without BTF, or
# with that of a legacy object, which knows nothing of its maps, those of our objects. jq would take ten
# times as long to start.
reason_names() { # BTF-ID
	local text='' values='"name":"pb_reason"[^]]*"values":\[([^]]*)\]' value='"name":"PB_([A-Z0-9_]+)","val":([0-9]+)(.*)'
	! (($1)) || text=$(bpftool -j btf dump id "$1")
	if [[ ! $text =~ $values ]]; then
		for text in "${!pb_reason[@]}"; do printf '%d %s\n' "$text" "${pb_reason[text]}"; done
		return
	fi
	text=${BASH_REMATCH[1]}
	while [[ $text =~ $value ]]; do
		printf '%d %s\n' "${BASH_REMATCH[2]}" "${BASH_REMATCH[1],,}"
		text=${BASH_REMATCH[3]}
	done
}

# The log of a loaded program: its one variable. off, dropped, all; empty if it has none.

log_of() { # ID
	local bss
	bss=$(bss_of "$1")
	[[ ! $bss ]] || log_in "$bss"
}
log_in() { # MAP-ID
	[[ $(bpftool -j map lookup id "$1" key 0 0 0 0) =~ \"pb_log_mode\":([0-9]) ]] || return 0
	printf '%s' "${pb_log_modes[BASH_REMATCH[1]]-}"
}

# The map of a program's variables; nothing if it has none. One that the snapshot does not know, having
# been loaded since, is asked for by itself: that is one program, and no jq.
bss_of() { # ID
	local text id
	[[ ! $k_fresh || ! ${k_prog_type[$1]-} ]] || {
		((k_prog_bss[$1] == 0)) || printf '%d' "${k_prog_bss[$1]}"
		return 0
	}
	text=$(bpftool -j batch file - 2>/dev/null <<<"prog show id $1"$'\nmap show') || :
	[[ $text =~ \"map_ids\":\[([0-9,]*)\] ]] || return 0
	for id in ${BASH_REMATCH[1]//,/ }; do
		[[ ! $text =~ \"id\":$id,\"type\":\"array\",\"name\":\"[^\"]*\.bss\" ]] || { printf '%d' "$id" && return; }
	done
}

# How bpftool shows the map in a slot: Debian 11's and 12's own as the bytes of its id.
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
