# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Attaching a program to a device hook.

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

pin_in_the_way() { # by what the loader said
	[[ ! $complaint =~ couldn\'t\ reuse\ pinned\ map\ at\ \'[^\']*/([^\'/]+)\' ]] || printf '%s' "$globals/${BASH_REMATCH[1]}"
}

# Attaches by ip or tc. Pins of another version's rings are in the way, and hold nothing that is
# the user's: they go if nobody uses them.
attach_try() { # WORD…
	local pin users
	k_stale
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
