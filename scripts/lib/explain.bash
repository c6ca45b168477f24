# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# From a reason and the list to words and commands. Sourced after list.bash and hook.bash.

declare -A reason_text=() # by name
for number in "${!pb_reason[@]}"; do reason_text[${pb_reason[number]}]=${pb_reason_text[number]}; done
unset number

# Explains a verdict: sets text, and where they apply address (the one that the list was asked for),
# entry, nearest, and change: commands that would change the verdict, the last one by hand.
explain() { # REASON ADDR HOOK ID MODE
	address='' entry='' nearest='' text='' change=()
	case $1 in
	listed | not_listed | pmtu) [[ ! $2 ]] || explain_address "$1" "$2" ;;
	\?) text='somebody else ran the program at that moment: ask again' ;;
	*) text=${reason_text[$1]-} ;;
	esac
	case $1 in
	vlan_depth | ethertype | malformed | icmp) take_off "$3" "$4" "$5" ;;
	esac
}

explain_address() { # REASON ADDR
	local v key pin command base=$list_base elsewhere=''
	addr_text "$2"
	address=$text_of_addr v=$(addr_kind "$2") key=$(addr_key "$2")
	list_entry "$address/$((${#2} * 4))"
	case $1:$found in
	*:in) entry=$found_text text=$found_text ;;
	*:ended) nearest=$found_text text="$address; the time of $found_text has ended" ;;
	not_listed:near) nearest=$found_text text="$address; nearest $found_text" ;;
	not_listed:empty) text="$address; the list has no IPv$v entry" ;;
	*) text=$address ;;
	esac
	[[ $1 != pmtu ]] || text="about a packet to $address${entry:+, $entry}"
	if [[ ! $list_pinned && $list_root ]]; then
		elsewhere="TC_BPF_MNT=$list_root " base=$list_root${list_base#"$bpffs"}
		text+="; the list of $list_root"
	elif [[ ! $list_pinned ]]; then
		text+='; its list is pinned no more, allow and deny do not reach it'
		return
	fi
	if [[ $1 == not_listed ]]; then
		command=$(command_of allow)
		change=("$elsewhere$command $address")
		pin=${base}host$v
		[[ ! -e $pin ]] || change+=("bpftool map update pinned $pin key hex ${key//_/ } value ${until_removed[*]}")
	elif [[ $entry ]]; then
		command=$(command_of deny)
		change=("$elsewhere$command $entry")
		[[ $found_kind == table ]] || change+=("bpftool map delete pinned $base$found_kind key hex ${found_key//_/ }")
	fi
}

# No entry would change it: only taking the program off does.
take_off() { # HOOK ID MODE
	local i
	if [[ $1 == xdp ]]; then
		change=("$(command_of xdp-off) $device" "ip link set dev $device ${mode_word[$3]-xdp} off")
		return
	fi
	change=("$(command_of tc-off) $device ${1#tc/}")
	filters_read "$device" "${1#tc/}"
	for i in "${!fl_id[@]}"; do
		[[ ${fl_id[i]} == "$2" ]] || continue
		change+=("tc filter del dev $device ${1#tc/} pref ${fl_pref[i]} handle ${fl_handle[i]} bpf")
		break
	done
}
