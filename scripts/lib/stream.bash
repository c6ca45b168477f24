# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# The two streams of packets, and asking programs for some. Sourced after base.bash and calls.bash.
#
# Each stream serves all devices and hooks. Beside it a pinned array holds one struct pb_ask
# (maps/packet.h), all 0 while nobody asks. It belongs to the one reader of the stream: `events` holds
# a lock of its own as long as it reads, in addition to that of bpf_dump.

# shellcheck source=scripts/lib/addr.bash
. "$lib/addr.bash"
# shellcheck source=scripts/lib/kernel.bash
. "$lib/kernel.bash"

# What a line of text shows of a packet, at most 120 columns for usual ones. info lets all pass, but
# has hooks in both directions; for a log the reason counts. -v and -j show all.
declare -A columns=(
	[pb_packets]='ts,ifname,hook,src,dst,proto:6,sport,dport,len:5,verdict'
	[pb_packet_log]='ts,ifname,src,dst,proto:6,sport,dport,len:5,verdict,reason'
)

# What `events` does for a program that reports packets, by its words.
ask_packets() {
	packet_stream "$program" "${objects[@]}"
	if [[ ${words[-w]+given} ]]; then
		[[ ! $json ]] || usage_error '-j and -w: one of them'
		options+=(-w "${words[-w]}")
		: "${words[snap]=$pb_snap_max}"
	elif [[ ! $json && ! $verbose ]]; then
		options+=(-o "${columns[$stream]}${words[snap]+,data}")
	fi
	ask_words
	need_root
	need bpftool
	need_bpffs
	show_packets "$program" "${options[@]}"
}

# The stream that an object sends to: sets stream, and how, the words that attach it.
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
	[[ $stream ]] || usage_error "$name reports no packets"
	how=''
	for file; do
		case ${file##*/} in
		xdp_*) how+="; or: $(command_of xdp-on) DEV $name$log" ;;
		tc_*) how+="; or: $(command_of tc-on) DEV ingress|egress $name$log" ;;
		esac
	done
	how=${how#; or: }
	pin=$globals/$stream ask_pin=$globals/${pb_stream_ask[$stream]}
}

# Whether any loaded program sends to the stream. If that cannot be seen, it is assumed.
is_fed() { # MAP-ID
	plan prog show
	make_calls || return 0
	feeds "$1"
}
feeds() { [[ $answers =~ \"map_ids\":\[([0-9]+,)*"$1"[],] ]]; } # MAP-ID, by the programs read last

# Whether any of the programs of this name logs now, by the programs read last.
is_logging() { # NAME MAP-ID
	local part parts id ids=() xdp=xdp_$1 tc=tc_$1
	xdp=${xdp:0:15} tc=${tc:0:15} # all that older bpftools know of a name
	mapfile -t -d '}' parts <<<"$answers"
	for part in "${parts[@]}"; do
		[[ $part =~ \"id\":([0-9]+), ]] || continue
		id=${BASH_REMATCH[1]}
		[[ $part =~ \"name\":\"((xdp|tc)_"$1"(_[a-z_]+)?|"$xdp"|"$tc")\" && $part =~ \"map_ids\":\[([0-9]+,)*"$2"[],] ]] || continue
		ids+=("$id")
	done
	# A subshell: kernel.bash has variables of its own by the names of ours.
	for id in "${ids[@]}"; do
		[[ $(log_of "$id") == off ]] || return 0
	done
	return 1
}

# What is asked for, as the bytes of a struct pb_ask in hex.
ask=()
ask_nothing() {
	local i
	for ((i = 0; i < pb_ask_size; i++)); do ask[i]=00; done
}
ask_number() { # FIELD NUMBER, in host byte order
	local i size=${pb_ask_bytes[$1]}
	for ((i = 0; i < size; i++)); do
		printf -v "ask[${pb_ask[$1]} + i]" '%02x' $(($2 >> 8 * (big ? size - 1 - i : i) & 255))
	done
}
# An address is 16 bytes, IPv4's as ::ffff:a.b.c.d; its mask is a field of its own.
ask_address() { # FIELD WORD
	local line kind key text plen i bits bytes at=${pb_ask[$1]} mask_at=${pb_ask[${1}_mask]}
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
		ask[at + i]=${bytes[i]}
		printf -v "ask[mask_at + i]" '%02x' $((0xff << (8 - bits) & 0xff))
	done
}
ask_protocol() { # WORD
	local n=$1
	if [[ $n =~ ^(0x[0-9a-fA-F]{1,4}|[1-9][0-9]{0,4})$ ]]; then
		((n > 0 && n <= 65535)) || usage_error "not a protocol's number: $n"
	else
		[[ $n && ${pb_proto[${n,,}]+known} ]] ||
			usage_error "unknown protocol: $(printf '%q' "$n") (a number, or one of: $(printf '%s\n' "${!pb_proto[@]}" | sort | tr '\n' ' ' | sed 's/ $//'))"
		n=${pb_proto[${n,,}]}
	fi
	ask_number proto "$((n))"
}

# A number from 1 to a bound, of a word that may be missing.
ask_bounded() { # WORD MOST
	local n=${words[$1]-}
	[[ ${words[$1]+given} ]] || return 0
	[[ $n =~ ^[1-9][0-9]{0,9}$ && $n -le $2 ]] || usage_error "$1: not a number from 1 to $2: $(printf '%q' "$n")"
	ask_number "$1" "$n"
}
# All of the words. A verdict is asked for as 1 more than its number.
ask_words() {
	local verdict=${words[verdict]-} i
	ask_nothing
	ask_bounded port 65535
	ask_bounded sample 4294967295
	ask_bounded snap "$pb_snap_max"
	if [[ ${words[verdict]+given} ]]; then
		for i in "${!pb_verdicts[@]}"; do
			[[ ${pb_verdicts[i]} != "$verdict" ]] || { ask_number verdict $((i + 1)) && verdict=''; }
		done
		[[ ! $verdict && ${words[verdict]} ]] || usage_error "verdict: neither pass nor drop: $(printf '%q' "${words[verdict]}")"
	fi
	[[ ! ${words[src]+given} ]] || ask_address src "${words[src]}"
	[[ ! ${words[dst]+given} ]] || ask_address dst "${words[dst]}"
	[[ ! ${words[proto]+given} ]] || ask_protocol "${words[proto]}"
}

put_ask() { try bpftool map update pinned "$ask_pin" key 0 0 0 0 value hex "${ask[@]}"; }
# Whether the kernel has it already.
is_asked() {
	plan map lookup pinned "$ask_pin" key 0 0 0 0
	make_calls && has_asked
}
has_asked() {
	local want
	printf -v want ',"0x%s"' "${ask[@]}"
	[[ $answers == *"\"value\":[${want#,}]"* ]]
}

# One `events` at a time asks: its lock is a file that goes with the reader.
take_ask() { # FILE; 1 and reader_pid if another has it
	reader_pid=''
	while :; do
		exec {ask_fd}<>"$1" || die 2 "cannot write in $state"
		if ! flock -n "$ask_fd"; then
			read -r reader_pid <"$1" || :
			exec {ask_fd}>&-
			return 1
		fi
		# The last reader may have removed it after we opened it.
		[[ ! $1 -ef /proc/self/fd/$ask_fd ]] || break
		exec {ask_fd}>&-
	done
	{ printf '%d\n' "$$" >"$1"; } 2>/dev/null || die 2 "cannot write in $state"
}
# bpf_dump's own lock. A reader that is about to end gets half a second.
is_read() { # FILE; 0 and reader_pid if another reads
	reader_pid=''
	[[ -e $1 ]] || return 1
	! flock -w 0.5 "$1" true || return 1
	read -r reader_pid <"$1" || :
}

# Ends as bpf_dump does. Packets are asked for as long as this runs.
show_packets() { # NAME OPTION of bpf_dump…
	local name=$1 line text='' rc out err looked=1
	shift
	take_lock
	plan map show pinned "$pin"
	plan prog show
	plan map lookup pinned "$ask_pin" key 0 0 0 0
	make_calls || looked='' # a program may go while it is looked at
	[[ $answers =~ \"id\":([0-9]+) && -e $ask_pin ]] || die 2 "$name is not attached (first: $how)"
	ring=${BASH_REMATCH[1]}
	[[ ! $looked ]] || feeds "$ring" || die 2 "$name is not attached (first: $how)"
	ask_file=$(ask_file_of "$ring")
	take_ask "$ask_file" || die 2 "has a reader already: PID ${reader_pid:-unknown}"
	undos+=(end_asking)
	! is_read "$(reader_file_of "$ring")" || die 2 "has a reader already: PID ${reader_pid:-unknown}"
	[[ $stream != pb_packet_log ]] || is_logging "$name" "$ring" || note "nothing is logged yet (first: $how)"
	asked=1
	has_asked || put_ask || die 2 "cannot ask for packets: $(reason)"
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
			[[ $quiet && $text =~ (': listening on '|^[0-9]+' events, 0 lost'$) ]] || printf '%s\n' "$text" >&2 || :
			# Now another may try, and will be refused by the locks.
			[[ ! ${lock_fd-} || $text != *': listening on '* ]] || drop_lock
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
	exit "$rc" # no error of this command: bpf_dump has said why
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
