# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Attaching a program to hooks: one plan (leave alone, attach or replace; verify; undo) with two back
# ends, xdp and tc. A target is a device for XDP, "DEV ingress" or "DEV egress" for tc. A back end has
#   xdp_at TARGET        what is there: at_taken at_id at_name at_tag at_mode
#   xdp_again TARGET     the same, read from the kernel after a change
#   xdp_check TARGET     ends the command if what is there is ours and in the way all the same
#   xdp_put TARGET …     attaches or replaces: obj FILE sec|program NAME, or pinned PIN; 1 if it cannot
#   xdp_take_off TARGET  detaches what was read
#   xdp_id_call TARGET   a command that prints the id of what is attached, for a dry run
hook=xdp # or tc
targets=()
# By target: what is to be done (nothing, attach, replace), the program that was there, the log that the
# program is to have (empty: as it is), the index of the device, the word that tells ip the mode.
declare -A todo=() old=() want_log=() index=() with=()
# By program: its log, as far as it is known.
declare -A log_now=()

# --- XDP

declare -A mode_word=([auto]=xdp [native]=xdpdrv [generic]=xdpgeneric)

xdp_at() { # DEV
	dev_read "$1"
	at_taken=$xdp_id at_id=$xdp_id at_name=$xdp_name at_tag=$xdp_tag at_mode=$xdp_mode
}

xdp_again() { # DEV
	k_device "$1"
	xdp_at "$1"
}

xdp_check() { # DEV
	with[$1]=${mode_word[$at_mode]-}
	[[ $mode == auto || $mode == "$at_mode" ]] ||
		die 2 "$1: attached in $at_mode mode, and a mode cannot be changed without a gap (first: $(command_of xdp-off) $1)"
}

xdp_put() { # DEV WORD…
	local force=()
	[[ ${todo[$1]} == attach ]] || force=(-force)
	attach_try ip "${force[@]}" link set dev "$1" "${with[$1]}" "${@:2}"
}

# Plain "off" ends with 0 and detaches nothing where a generic program is on a device that knows native.
xdp_take_off() { # DEV
	try ip link set dev "$1" "${mode_word[$at_mode]-xdp}" off
}

xdp_id_call() { # DEV
	printf "ip -j link show dev %q | jq '.[0].xdp.prog.id'" "$1"
}

# --- tc

tc_at() { # TARGET
	dev_read "${1% *}"
	tc_read "${1% *}" "${1##* }"
	at_taken=$tc_taken at_id=$tc_id at_name=$tc_name at_tag=$tc_tag at_mode=''
}

tc_again() { tc_at "$1"; }

tc_check() { # TARGET
	[[ $tc_protocol == all ]] ||
		die 2 "$1: pref 1 sees protocol $tc_protocol only (first: tc filter del dev $1 pref 1)"
}

tc_put() { # TARGET WORD…
	k_partial=1
	attach_try tc filter replace dev "${1% *}" "${1##* }" pref 1 handle 1 bpf da "${@:2}"
}

tc_take_off() { # TARGET
	k_partial=1
	try tc filter del dev "${1% *}" "${1##* }" pref 1 handle 1 bpf
}

tc_id_call() { # TARGET
	printf "tc -j filter show dev %q %s pref 1 | jq '.[] | select(.options.handle? == \"0x1\").options.prog.id'" "${1% *}" "${1##* }"
}

# The qdisc that has the hooks is added if it is missing. That is noted, by device and network
# namespace, and tc-off takes it away when it is empty.
added=''
clsact_need() { # TARGET, which was read
	local dev=${1% *}
	qdisc_read "$dev"
	case $qdisc in
	clsact) return ;;
	ingress)
		[[ $1 == *' ingress' ]] || die 2 "$dev: an ingress qdisc is there, which knows no egress (somebody else's; clsact has both)"
		return
		;;
	esac
	added=$dev
	if [[ ! $dry ]]; then
		[[ -d $clsacts ]] || mkdir -p "$clsacts"
		netns_read
		: >"$clsacts/$netns.$dev_index"
	fi
	try tc qdisc add dev "$dev" clsact || die 2 "$dev: $(reason)"
}

clsact_tidy() { # DEV, which was read
	local noted direction
	for noted in "$clsacts"/*."$dev_index"; do [[ -e $noted ]] || return 0; done
	netns_read
	noted=$clsacts/$netns.$dev_index
	[[ -e $noted ]] || return 0
	for direction in ingress egress; do
		filters_read "$1" "$direction"
		((${#fl_pref[@]} == 0)) || return 0
	done
	# Somebody may have been quicker.
	qdisc_read "$1"
	[[ $qdisc != clsact ]] || run tc qdisc del dev "$1" clsact || :
	[[ $dry ]] || rm -f -- "$noted"
}

# --- the plan

# Decides about every target before anything is done.
hook_plan() {
	local target
	for target in "${targets[@]}"; do plan_one "$target"; done
	[[ ! $log ]] || plan_log
	for target in "${targets[@]}"; do
		[[ ${todo[$target]} == nothing ]] || object_identity
	done
}

logs=''      # whether the file's program has a log
plan_one() { # TARGET
	"${hook}_at" "$1"
	todo[$1]=attach old[$1]=$at_id want_log[$1]=$log index[$1]=$dev_index with[$1]=${mode_word[${mode-auto}]}
	[[ $at_taken ]] || return 0
	if [[ ! $at_id ]]; then
		[[ $replace && $at_taken == bpf ]] || die 2 "$1: pref 1 is taken by somebody else's $at_taken filter${replace:+, which tc does not replace}"
	elif ! is_ours "$at_id"; then
		[[ $replace ]] || die 2 "$1: $at_name (id $at_id) is attached and not ours (use: replace)"
	elif [[ $program == *_allow && ! $replace ]]; then
		list_root_read "$at_id"
		[[ ! $list_root || $list_root == "$bpffs" ]] ||
			die 2 "$1: attached with the list of $list_root (keep it: TC_BPF_MNT=$list_root; to give it the list of $bpffs: replace)"
	fi
	"${hook}_check" "$1"
	todo[$1]=nothing
	is_same || todo[$1]=replace
	# What takes the place of a program takes over its log.
	[[ ! $log && ${todo[$1]} == replace && $at_id ]] || return 0
	[[ $logs ]] || if has_log "$file"; then logs=yes; else logs=no; fi
	[[ $logs == yes ]] || return 0
	[[ ${log_now[$at_id]+known} ]] || log_now[$at_id]=$(log_of "$at_id")
	want_log[$1]=${log_now[$at_id]}
}

# Names are read with the 15 bytes that the kernel keeps of them.
is_named() { [[ $at_name == "${1:0:15}" ]]; } # NAME

# Whether what was read is the file's program, and looks into the lists that are pinned now.
is_same() {
	local name=$section
	[[ $at_id && ($hook == xdp || $tc_direct) ]] || return 1
	[[ $hook != xdp || ${given[sec]-}${given[program]-} || $at_name != *_frags ]] || name=xdp.frags
	# Ours go by their names: another name, another program.
	[[ ! $program ]] || is_named "$program" || is_named "${program}_frags" || is_named "${program}_egress" || return 1
	[[ $program != *_allow ]] || looks_into_pins "$at_id" || return 1
	tag_of "$loader" "$what" "$name"
	[[ $object_tag && $object_tag == "$at_tag" ]]
}

# A log belongs to a loaded program. Where that is on other hooks too, these get a program of their own.
plan_log() {
	local target id
	local -A here=()
	for target in "${targets[@]}"; do
		id=${old[$target]}
		[[ ${todo[$target]} != nothing ]] || here[$id]=$((${here[$id]-0} + 1))
	done
	for id in "${!here[@]}"; do
		(($(hooks_of "$id") > here[$id])) || continue
		[[ $(log_of "$id") != "$log" ]] || continue
		for target in "${targets[@]}"; do
			[[ ${todo[$target]} != nothing || ${old[$target]} != "$id" ]] || todo[$target]=replace
		done
	done
}

# --- doing it

# What undo has to look at; targets that have gone away meanwhile, which is nobody's fault.
done_targets=()
declare -A gone=()
# A program that goes to several targets is loaded once: its pin, by section and log. How many targets
# still want one with that log.
declare -A shared=() wanted=()
# Pins by which a program that is replaced comes back, by its id.
declare -A kept=()

hook_apply() {
	local target
	[[ $dry ]] || reach_new
	[[ $dry ]] || rm_pins # of a command that was killed
	notes_sweep
	undos+=(hook_undo)
	for target in "${targets[@]}"; do
		if [[ ${todo[$target]} == nothing ]]; then
			[[ ! $replace || $program || $dry ]] || claim "$target" "$section"
			continue
		fi
		wanted["log ${want_log[$target]}"]=$((${wanted["log ${want_log[$target]}"]-0} + 1))
		[[ ${todo[$target]} != replace ]] || keep_old "$target"
	done
	for target in "${targets[@]}"; do
		[[ ${todo[$target]} == nothing ]] || attach_one "$target"
	done
	if [[ ! $dry ]]; then
		k_when_blind=attached_blindly k_blind=''
		((${#targets[@]} == 1)) || k_stale
		for target in "${targets[@]}"; do verify_one "$target"; done
		k_when_blind=''
	fi
	for target in "${targets[@]}"; do
		[[ ${gone[$target]-} ]] || set_log "$target"
	done
	done_targets=() added=''
	rm_pins
}

keep_old() { # TARGET
	local id=${old[$1]}
	[[ $id && ! ${kept[$id]-} ]] || return 0
	[[ -d $undo_pins || ${kept[*]-} ]] || run mkdir -p "$undo_pins"
	kept[$id]=$undo_pins/$id
	try bpftool prog pin id "$id" "${kept[$id]}" || die 2 "$1: $(reason)"
}

rm_pins() {
	local dir
	for dir in "$undo_pins" "$shared_pins"; do
		[[ -d $dir || ($dry && "${kept[*]-} ${shared[*]-}" == *"$dir"/*) ]] || continue
		run rm -r -- "$dir"
		[[ $dry ]] || rmdir -- "$pins" 2>/dev/null || :
	done
}

# MTUs at which a device has refused the section without frags.
declare -A needs_frags=()

attach_one() { # TARGET
	local names=("$section") name first=''
	dev_read "${1% *}"
	# Frames that fill more than one buffer need the other section.
	if [[ $hook == xdp && $what == sec && $section == xdp ]]; then
		if [[ ${needs_frags[$dev_mtu]-} ]]; then names=(xdp.frags); else names+=(xdp.frags); fi
	fi
	done_targets+=("$1") # before it is done: a signal may come in between
	for name in "${names[@]}"; do
		put "$1" "$name" && return
		first=${first:-$complaint}
		[[ $complaint == *MTU* ]] || break
		needs_frags[$dev_mtu]=1
	done
	complaint=$first
	k_device "${1% *}"
	! hook_gone "$1" || return 0
	ip_status "${1% *}" "$named" "$what $name"
}

# Whether a port is not there any more, which is no error for the others.
hook_gone() { # TARGET, with the device read again
	[[ ${given[ports]-} && ! $k_blind && ${k_index[${1% *}]-0} != "${index[$1]}" ]] || return 1
	gone[$1]=1
}

# Attaches the section: by loading it, or by the pin of the one that was loaded before.
put() { # TARGET SECTION
	local log_wanted="log ${want_log[$1]}" pin
	pin=${shared["$2 $log_wanted"]-}
	[[ $program || $dry ]] || claim "$1" "$2"
	if [[ $pin ]]; then
		"${hook}_put" "$1" pinned "$pin" || return
	else
		object_ready
		"${hook}_put" "$1" obj "$file" "$what" "$2" || return
	fi
	used[$1]=$2
	wanted["$log_wanted"]=$((${wanted["$log_wanted"]} - 1))
	((${wanted["$log_wanted"]} > 0)) && [[ ! $pin ]] || return 0
	# It is needed again. If it cannot be pinned, the next target loads it anew.
	[[ -d $shared_pins || ${shared[*]-} ]] || run mkdir -p "$shared_pins" || return 0
	pin=$shared_pins/${#shared[@]}
	if [[ $dry ]]; then
		# shellcheck disable=SC2016 # for the shell that it is pasted into
		printf '+ bpftool prog pin id "$(%s)" %s\n' "$("${hook}_id_call" "$1")" "$pin" >&2
	else
		"${hook}_again" "$1"
		[[ $at_id ]] && try bpftool prog pin id "$at_id" "$pin" || return 0
	fi
	shared["$2 $log_wanted"]=$pin
}
declare -A used=() # the section that a target has got

verify_one() { # TARGET
	[[ ${todo[$1]} != nothing && ! ${gone[$1]-} ]] || return 0
	if ((${#targets[@]} == 1)); then
		"${hook}_again" "$1"
		[[ ! $k_blind ]] || k_cannot "$hook"
		! hook_gone "$1" || return 0
	else
		k_snapshot
		! hook_gone "$1" || return 0
		"${hook}_at" "$1"
	fi
	[[ $at_id && $at_id != "${old[$1]}" && ($hook == xdp || $tc_direct) ]] ||
		die 3 "$1: ${used[$1]} was accepted, but another program is attached"
	[[ $hook != xdp || $mode == auto || $mode == "$at_mode" ]] || die 3 "$1: attached in $at_mode mode, not $mode"
	object_note "$at_tag" "$loader" "$what" "${used[$1]}"
}

# What ip or tc has attached stays, although it cannot be seen: taken off, nothing would filter.
attached_blindly() {
	local names
	printf -v names ', %s' "${done_targets[@]}"
	done_targets=() added=''
	rm_pins
	die 3 "${names#, }: ${program:-$named} was attached, but cannot be read back (see: $(command_of status))"
}

set_log() { # TARGET
	local want=${want_log[$1]}
	if [[ $dry && ${todo[$1]} != nothing ]]; then
		[[ ${want:-off} != off && ! ${log_now["new $want"]-} ]] || return 0
		log_now["new $want"]=1
		# The program is not there yet, nor is the map of its variables.
		log_bytes "$want"
		# shellcheck disable=SC2016 # for the shell that it is pasted into
		printf '+ bpftool map update id "$(bpftool -j map show | jq --argjson of "$(bpftool -j prog show id "$(%s)" | jq -c .map_ids)" %s)" key 0 0 0 0 value %s\n' \
			"$("${hook}_id_call" "$1")" "'.[] | select((.name // \"\" | endswith(\".bss\")) and (.id | IN(\$of[]))).id'" "${bytes_of_log[*]}" >&2
		return
	fi
	((${#targets[@]} == 1)) || "${hook}_at" "$1" # the only one was read last
	[[ ! ${log_now[$at_id]-} ]] || return 0
	if [[ $want ]]; then
		# A program that has just been loaded logs nothing.
		log_now[$at_id]=off
		[[ ${todo[$1]} != nothing ]] || log_now[$at_id]=$(log_of "$at_id")
		log_set "$at_id" "$want" || die 3 "$1: attached, but its log is not $want"
	elif [[ ${todo[$1]} == nothing ]]; then
		log_now[$at_id]=$(log_of "$at_id")
	fi
	log_now[$at_id]=${log_now[$at_id]:-off}
}

# Switches it, and reads it back.
log_set() { # ID MODE; log_now is known
	local bss
	[[ ${log_now[$1]} ]] || return 1 # it has none, or it cannot be read
	[[ ${log_now[$1]} != "$2" ]] || return 0
	bss=$(bss_of "$1")
	[[ $bss ]] || return 1
	log_bytes "$2"
	run bpftool map update id "$bss" key 0 0 0 0 value "${bytes_of_log[@]}" || return 1
	[[ $dry || $(log_in "$bss") == "$2" ]] || return 1
	log_now[$1]=$2
}
log_bytes() { # MODE
	local i
	for i in "${!pb_log_modes[@]}"; do
		[[ ${pb_log_modes[i]} != "$1" ]] || break
	done
	bytes_of_log=()
	bytes bytes_of_log 4 "$i"
}

# Takes back what this command has done, when a later step fails.
hook_undo() {
	local target
	[[ ! $dry ]] || return 0
	if ((${#done_targets[@]})); then
		k_stale
		k_snapshot
	fi
	for target in "${done_targets[@]}"; do
		[[ ${k_index[${target% *}]-} == "${index[$target]}" ]] || continue
		"${hook}_at" "$target"
		if [[ $at_id && $at_id != "${old[$target]}" ]]; then
			if [[ ${kept[${old[$target]:-0}]-} ]]; then
				"${hook}_put" "$target" pinned "${kept[${old[$target]}]}" || :
			else
				"${hook}_take_off" "$target" || :
			fi
		fi
		k_partial=1
		disclaim "${index[$target]}"
	done
	rm_pins
	[[ ! $added ]] || { dev_read "$added" && clsact_tidy "$added"; }
}

# --- whose it is

# Notes that a program of a user's object is ours on a device. Before it is attached: a command that
# is killed right after that must not leave a program that nobody owns.
claim() { # TARGET SECTION
	local where=xdp
	[[ $1 != *' '* ]] || where=${1##* }
	tag_of "$loader" "$what" "$2"
	[[ $object_tag ]] || return 0
	netns_read
	[[ -d $attached ]] || mkdir -p "$attached"
	: >"$attached/$netns.${index[$1]}.$where.$object_tag"
}

# Forgets what is no longer attached to a device.
disclaim() { # INDEX
	local file i mine='' now=' '
	for file in "$attached"/*."$1".*; do
		[[ -e $file ]] || return 0
		if [[ ! $mine ]]; then
			netns_read
			mine=$netns.$1
			[[ ! $k_partial ]] || k_stale
			k_snapshot
			for i in "${!k_at_dev[@]}"; do
				[[ ${k_index[${k_at_dev[i]}]} != "$1" ]] || now+="${k_at_hook[i]#tc/}.${k_prog_tag[k_at_id[i]]} "
			done
		fi
		file=${file##*/}
		[[ $file != "$mine".* || $now == *" ${file#"$mine".} "* ]] || rm -f -- "$attached/$file"
	done
}

# What is noted of a device goes with it: of an index that this network namespace has no more, and of a
# namespace that no process is in and that has no name.
notes_sweep() {
	local file space index spaces='' left=()
	[[ ! $dry ]] || return 0
	k_snapshot
	for file in "$attached"/*.* "$clsacts"/*.*; do
		[[ -e $file ]] || continue
		netns_read
		space=${file##*/} index=${file##*/}
		space=${space%%.*} index=${index#*.}
		if [[ $space == "$netns" ]]; then
			[[ ${k_name_of[${index%%.*}]-} ]] || left+=("$file")
			continue
		fi
		spaces=${spaces:-$(stat -L -c %i /proc/[0-9]*/ns/net "$netns_dir"/* 2>/dev/null || :)}
		[[ $'\n'$spaces$'\n' == *$'\n'"$space"$'\n'* ]] || left+=("$file")
	done
	((!${#left[@]})) || rm -f -- "${left[@]}" || :
}

# --- words

# What an attachment to the device that was read sees.
sees() { # DEV HOOK [ID]
	local seen
	sees_read "$@"
	printf '%s' "$seen"
}
sees_read() { # DEV HOOK [ID]; sets seen
	local name_shown before='' at dev=$1 ports=''
	shown "$1"
	[[ $2 != tc/* || ! ${3-} ]] || before_read "$@"
	set -- "$name_shown" "$2"
	# On the ports of a bridge frames are met first.
	[[ $2:$dev_kind != xdp:bridge ]] || for at in "${!k_at_dev[@]}"; do
		[[ ${k_at_hook[at]} != xdp || ${k_master[${k_at_dev[at]}]-} != "$dev" ]] || ports+=", ${k_at_dev[at]}"
	done
	case $2:$dev_kind:$dev_master in
	tc/egress:bridge:*) printf -v seen 'what the host sends out through %s (host to container, outside to container), not container to container' "$1" ;;
	tc/egress:*:-) printf -v seen 'every frame that leaves through %s' "$1" ;;
	tc/egress:*) printf -v seen 'every frame that leaves %s by this port' "$dev_master" ;;
	xdp:bridge:*)
		if [[ $ports ]]; then
			shown "${ports#, }"
			printf -v seen 'what comes up to the host through %s (container to host, container to outside), after the programs on its ports: %s' "$1" "$name_shown"
			return
		fi
		printf -v seen 'what comes up to the host through %s (container to host, container to outside), not container to container (use: %s %s ports)' "$1" "${use_ports:=$(command_of xdp-on)}" "$1"
		;;
	*:bridge:*) printf -v seen 'what comes up to the host through %s (container to host, container to outside), not container to container' "$1" ;;
	*:-) printf -v seen 'every frame that enters through %s' "$1" ;;
	*) printf -v seen 'every frame that enters %s by this port' "$dev_master" ;;
	esac
	[[ ! $before ]] || seen+=", but not what programs before it accept: $before"
}

# Says what is attached: a line for each target, or JSON.
hook_report() {
	local target where list='' lines=() text log seen name_shown
	for target in "${!gone[@]}"; do note "$target: went away meanwhile"; done
	((${#gone[@]} < ${#targets[@]})) || die 2 "$device: no port is left"
	[[ ! $quiet || $json ]] || return 0
	[[ $program != *_allow ]] || list=", list $globals/pb_*"
	for target in "${targets[@]}"; do
		[[ ! ${gone[$target]-} ]] || continue
		((${#targets[@]} == 1)) || "${hook}_at" "$target"
		where=xdp
		[[ $hook == xdp ]] || where=tc/${target##* }
		sees_read "$dev_name" "$where" "$at_id"
		if [[ $json ]]; then
			printf -v text '{"ifname":%s,"ifindex":%d,"hook":"%s","program":"%s","ours":true,"mode":%s,"id":%d,"tag":"%s","sees":%s}' \
				"$(json_string "$dev_name")" "$dev_index" "$where" "$at_name" "$(json_string "$at_mode")" "$at_id" "$at_tag" "$(json_string "$seen")"
		else
			log=${log_now[$at_id]-}
			[[ ${log:-off} != off ]] && log=", log $log" || log=''
			shown "$target"
			text="$name_shown: $at_name${at_mode:+, $at_mode mode}, id $at_id, tag $at_tag$list$log; sees $seen"
		fi
		lines+=("$text")
	done
	if [[ $json ]]; then
		text=$(IFS=, && printf '%s' "${lines[*]}")
		lines=("{\"attachments\":[$text]}")
	fi
	printf '%s\n' "${lines[@]}" 2>/dev/null # the caller says what it is if this fails
}

json_string() { # TEXT; null if it is empty
	local text=${1//\\/\\\\}
	[[ $text ]] || { printf null && return; }
	text=${text//\"/\\\"}
	json_clean text
	printf '"%s"' "$text"
}

# --- what ip and tc say

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

# Which devices on top have a program: that is what the kernel does not say.
first_off_above() { # DEV
	local dev near off=''
	k_stale
	above_read "$1"
	for dev in $near; do
		[[ $dev == "$1" || ! ${k_xdp_id[$dev]} ]] || off+=", $(command_of xdp-off) $dev"
	done
	[[ ! $off ]] || printf ' (first: %s)' "${off#, }"
}

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
	*'upper device'*) die 2 "$1: $why$(first_off_above "$1")" ;;
	*'lower device'*) die 2 "$1: $why (first: $(command_of xdp-off) $1 ports)" ;;
	*'native mode'*) die 2 "$1: $why (use: mode generic)" ;;
	*'bpf_link'* | *'BPF XDP link'*) die 2 "$1: $why (held by a bpf_link of another program)" ;;
	*'already attached'*) die 2 "$1: another program was attached in the meantime" ;;
	*'Permission denied'* | *'load program'* | *'PROG LOAD LOG'*) die 2 "$2: refused by the kernel's verifier (see: bpftool -d prog load $2 $trial_pin)" ;;
	*'libbpf: '* | *'BPF object file'*) die 2 "$1: $2: $why" ;;
	*) die 2 "$1: $why" ;;
	esac
}
