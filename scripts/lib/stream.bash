# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# What programs tell about packets, and asking them for some. Sourced after base.bash and list.bash.
#
# Two streams for all devices and hooks, each with a pinned array of one struct pb_ask (maps/packet.h),
# which is all 0 while nobody asks. It belongs to the one reader of the stream: `events` locks a file
# of its own as long as it reads, beside that of bpf_dump.

readonly snap_max=16384 # PB_SNAP_MAX
readonly ask_size=80    # of struct pb_ask, bytes
declare -A ask_pin=([pb_packets]=$globals/pb_packets_ask [pb_packet_log]=$globals/pb_log_ask)

# The stream that an object names: sets stream and how, the words that attach it.
packet_stream() { # NAME FILE…
	local name=$1 file log=''
	shift
	stream=''
	for file; do
		[[ -e $file ]] || die 2 "$file is not built (make)"
		if grep -q pb_packet_log "$file"; then
			stream=pb_packet_log log=' log dropped'
		elif grep -q pb_packets "$file"; then
			stream=pb_packets
		fi
	done
	[[ $stream ]] || usage_error "$name tells of no packets"
	how=''
	for file; do
		case ${file##*/} in
		xdp_*) how+="; or: xdp-on DEV $name$log" ;;
		tc_*) how+="; or: tc-on DEV ingress|egress $name$log" ;;
		esac
	done
	how=${how#; or: }
}

# Whether any loaded program sends to the stream.
is_fed() { # MAP-ID
	local text
	text=$(bpftool -j prog show) || return 0 # who cannot look does not know
	[[ $text =~ \"map_ids\":\[([0-9]+,)*"$1"[],] ]]
}

# Whether any of the programs of this name logs now.
is_logging() ( # NAME MAP-ID
	for id in $(bpftool -j prog show | jq --arg name "$1" --argjson map "$2" '.[] |
		select((.map_ids // [] | index($map)) and (.name // "" | test("^(xdp|tc)_" + $name + "(_|$)"))) | .id'); do
		[[ $(log_of "$id") == off ]] || exit 0
	done
	exit 1
)

# What is asked for, as the bytes of a struct pb_ask in hex.
ask=()
ask_nothing() {
	local i
	for ((i = 0; i < ask_size; i++)); do ask[i]=00; done
}
ask_number() { # OFFSET SIZE NUMBER, in the host's byte order
	local i
	for ((i = 0; i < $2; i++)); do
		printf -v "ask[$1 + i]" '%02x' $(($3 >> 8 * (big ? $2 - 1 - i : i) & 255))
	done
}
# An address is 16 bytes, IPv4's as ::ffff:a.b.c.d; its mask follows.
ask_address() { # OFFSET WORD
	local line kind key text plen i bits bytes
	line=$(parse_words 1 "$2") || exit
	read -r kind key text <<<"$line"
	plen=${text##*/}
	IFS=_ read -ra bytes <<<"$key"
	[[ $kind != net* ]] || bytes=("${bytes[@]:4}")
	if [[ $kind == *4 ]]; then
		bytes=(00 00 00 00 00 00 00 00 00 00 ff ff "${bytes[@]}")
		plen=$((plen + 96))
	elif [[ $text == ::/* ]] && ((plen <= 80)); then
		die 1 "so wide that IPv4 is in it: $2"
	fi
	for ((i = 0; i < 16; i++)); do
		bits=$((plen - 8 * i))
		((bits >= 0)) || bits=0
		((bits <= 8)) || bits=8
		ask[$1 + i]=${bytes[i]}
		printf -v "ask[$1 + 16 + i]" '%02x' $((0xff << (8 - bits) & 0xff))
	done
}
# Names of protocols are those of the objects' enum pb_proto.
ask_protocol() { # WORD FILE
	local name number names='' n
	if [[ $1 =~ ^(0x[0-9a-fA-F]{1,4}|[1-9][0-9]{0,4})$ ]]; then
		n=$(($1))
		((n > 0 && n <= 65535)) || usage_error "not a protocol's number: $1"
		ask_number 64 4 "$n"
		return
	fi
	need bpftool jq
	while read -r name number; do
		[[ $name == "${1,,}" ]] && ask_number 64 4 "$number" && return
		names+=" $name"
	done < <(bpftool -j btf dump file "$2" | jq -r '.types[] | select(.name == "pb_proto") | .values[] |
		"\(.name | sub("^PB_PROTO_"; "") | ascii_downcase) \(.val)"')
	usage_error "unknown protocol: $(printf '%q' "$1") (a number, or one of:$names)"
}

# A number between two bounds, of a word that may be missing.
ask_bounded() { # WORD MOST OFFSET SIZE
	local n=${words[$1]-}
	[[ ${words[$1]+given} ]] || return 0
	[[ $n =~ ^[1-9][0-9]{0,9}$ && $n -le $2 ]] || usage_error "$1: not a number from 1 to $2: $(printf '%q' "$n")"
	ask_number "$3" "$4" "$n"
}
# All of the words, by the offsets of struct pb_ask.
ask_words() { # FILE
	ask_nothing
	ask_bounded port 65535 68 2
	ask_bounded sample 4294967295 72 4
	ask_bounded snap "$snap_max" 76 4
	case ${words[verdict]-} in
	pass) ask_number 70 2 1 ;;
	drop) ask_number 70 2 2 ;;
	*) [[ ! ${words[verdict]+given} ]] || usage_error "verdict: neither pass nor drop: $(printf '%q' "${words[verdict]}")" ;;
	esac
	[[ ! ${words[src]+given} ]] || ask_address 0 "${words[src]}"
	[[ ! ${words[dst]+given} ]] || ask_address 32 "${words[dst]}"
	[[ ! ${words[proto]+given} ]] || ask_protocol "${words[proto]}" "$1"
}

put_ask() { try bpftool map update pinned "${ask_pin[$stream]}" key 0 0 0 0 value hex "${ask[@]}"; }
# Whether the kernel has it already. Without jq, which takes longer than all the rest.
is_asked() {
	local text want
	text=$(bpftool -j map lookup pinned "${ask_pin[$stream]}" key 0 0 0 0 2>/dev/null) || return 1
	printf -v want ',"0x%s"' "${ask[@]}"
	[[ ${text//[[:space:]]/} == *"\"value\":[${want#,}]"* ]]
}

# One `events` at a time asks: the lock is a file that goes with the reader. Of another, which PID.
take_ask() { # FILE; 1 and reader_pid if somebody has it
	reader_pid=''
	while :; do
		exec {ask_fd}<>"$1" || die 2 "cannot write in $state"
		if ! flock -n "$ask_fd"; then
			read -r reader_pid <"$1" || :
			exec {ask_fd}>&-
			return 1
		fi
		# Who had it before may have removed it after we opened it.
		[[ ! $1 -ef /proc/self/fd/$ask_fd ]] || break
		exec {ask_fd}>&-
	done
	printf '%d\n' "$$" >"$1"
}
# bpf_dump's own lock; one that is about to end may do so.
is_read() { # FILE; 0 and reader_pid if somebody reads
	reader_pid=''
	[[ -e $1 ]] || return 1
	! flock -w 0.5 "$1" true || return 1
	read -r reader_pid <"$1" || :
}

# Ends as bpf_dump does. What is asked for is asked as long as this runs.
show_packets() { # NAME OPTION of bpf_dump…
	local name=$1 pin=$globals/$stream line text='' rc out err
	shift
	take_lock
	ring=$(bpftool -j map show pinned "$pin" 2>/dev/null) || ring=''
	[[ ! $ring =~ \"id\":([0-9]+) ]] || ring=${BASH_REMATCH[1]}
	[[ $ring && -e ${ask_pin[$stream]} ]] || die 2 "$name is not attached (first: $how)"
	is_fed "$ring" || die 2 "$name is not attached (first: $how)"
	ask_file=$state/ask.$ring
	take_ask "$ask_file" || die 2 "has a reader already: PID ${reader_pid:-unknown}"
	undos+=(end_asking)
	! is_read "$state/reader.$ring" || die 2 "has a reader already: PID ${reader_pid:-unknown}"
	[[ $stream != pb_packet_log ]] || is_logging "$name" "$ring" || note "nothing is logged yet (first: $how)"
	asked=1
	is_asked || put_ask || die 2 "cannot ask for packets: $(reason)"
	exec {out}>&1
	exec {err}< <(exec setpriv --pdeathsig TERM -- "$here/bpf_dump" -s "$@" "$pin" 2>&1 >&"$out" {ask_fd}>&- {lock_fd}>&- {out}>&-)
	reader=$!
	exec {out}>&-
	trap end_reader INT TERM HUP
	while :; do
		rc=0
		IFS= read -r -t 1 -u "$err" line || rc=$?
		text+=$line
		if ((!rc)); then
			printf '%s\n' "$text" >&2 || :
			# The next may try now.
			[[ ! ${lock_fd-} || $text != *': listening on '* ]] || exec {lock_fd}>&-
			text=''
		elif ((rc <= 128)); then
			break
		elif ! is_fed "$ring"; then
			note "ends, no program sends any more: $pin"
			end_reader
		fi
	done
	rc=0
	wait "$reader" || rc=$?
	reader=''
	return "$rc"
}
reader='' asked=''
end_reader() { [[ ! $reader ]] || kill -TERM "$reader" 2>/dev/null || :; }
# shellcheck disable=SC2317 # called at the end
end_asking() {
	end_reader
	[[ ! $reader ]] || wait "$reader" 2>/dev/null || :
	if [[ $asked ]]; then
		ask_nothing
		is_asked || put_ask || warn "cannot take back what was asked for: $(reason)"
	fi
	rm -f -- "$ask_file"
}
