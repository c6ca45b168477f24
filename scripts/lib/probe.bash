# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Runs frames through a loaded program. Sourced after kernel.bash.

# A program of section "xdp" sees at most this many bytes of a frame in a test run: a page without the
# headroom and without the kernel's own data at its end. Of a longer frame it would see only a part.
xdp_run_max=''

# Writes frames to the files that run_frames reads: $tmp/frame.N.
put_frames() { # FRAME…
	local frame line i n=0
	if (($# == 1 && ${#1} <= 4000)); then
		line=''
		for ((i = 0; i < ${#1}; i += 2)); do line+=\\x${1:i:2}; done
		{ printf '%b' "$line" >"$tmp/frame.0"; } 2>/dev/null || die 2 "cannot write in $tmp"
		return
	fi
	while read -r frame; do
		{ printf '%b' "$frame" >"$tmp/frame.$n"; } 2>/dev/null || die 2 "cannot write in $tmp"
		n=$((n + 1))
	done < <(printf '%s\n' "$@" | sed 's/../\\x&/g')
	((n == $#)) || die 2 "cannot write the frames (sed)"
}

# The names of a program's reasons, by number, into reason_name.
declare -A reasons_read=()
reasons_of() { # BTF-ID
	local key name
	reason_name=()
	[[ ${reasons_read[$1]-} ]] || reasons_read[$1]=$(reason_names "$1")
	while read -r key name; do
		[[ ! $name ]] || reason_name[key]=$name
	done <<<"${reasons_read[$1]}"
}

# Runs frames 0 to LAST through a program. Sets, by number, ran_ret (the return value; "-" if it cannot
# be run) and ran_reason: the reason whose counter went up during the run, hence the lock must be held;
# "-" without counters; "?" if not exactly one did, as somebody else ran the program by hand; of a frame
# that cannot be run, why. What the program made of a frame is in $tmp/frame.N.out.
run_frames() { # ID COUNTERS-ID BTF-ID LAST
	local id=$1 last=$4 n=0 lines lookups='' key got ret reason first
	ran_ret=() ran_reason=() reason_name=()
	if (($2)); then
		reasons_of "$3"
		((${#reason_name[@]})) || die 2 "the names of its reasons are not in its BTF (id $1)"
		for key in "${!reason_name[@]}"; do
			if ((big)); then printf -v key '00 00 00 %02x' $((key + pb_reasons)); else printf -v key '%02x 00 00 00' $((key + pb_reasons)); fi
			lookups+="map lookup id $2 key hex $key"$'\n'
		done
	fi
	# bpftool ends a batch where the kernel refuses a frame; the next batch begins after it.
	while ((n <= last)); do
		lines=$lookups first=$n
		for (( ; n <= last; n++)); do
			lines+="prog run id $id data_in $tmp/frame.$n data_out $tmp/frame.$n.out data_size_out 70000 repeat 1"$'\n'$lookups
		done
		got=$(bpftool -j batch file - <<<"$lines" 2>"$tmp/err" | awk -v big="$big" -v runs="$pb_reasons" -f "$lib/probe.awk") || :
		while read -r n ret reason; do
			[[ $n ]] || break
			[[ $n != *[!0-9]* && ($ret == - || ($ret && $ret != *[!0-9]* && $reason && $reason != *[!0-9?]*)) ]] ||
				die 2 "cannot run the program (id $id): $n $ret $reason"
			[[ $ret != - || $reason != 'no answer' ]] || die 2 "bpftool cannot run the program (id $id): it was killed, or said too little"
			if [[ $ret != - ]]; then
				if ((!$2)); then reason=-; elif [[ $reason != \? ]]; then reason=${reason_name[reason]-?}; fi
			fi
			ran_ret[n]=$ret ran_reason[n]=$reason
		done <<<"$got"
		[[ $got ]] || { complaint=$(<"$tmp/err") && die 2 "bpftool cannot run the program (id $id): $(reason)"; }
		n=${got##*$'\n'}
		n=$((${n%% *} + 1))
		((n > first)) || die 2 "bpftool cannot run the program (id $id)"
	done
}

# What a return value does to a frame, into verdict: pass, drop, or the word for what else becomes of
# it. A tc program that leaves the verdict to others (unspec) lets it pass.
verdict_of() { # HOOK RETVAL
	case ${1%%/*}:$2 in
	xdp:0) verdict=aborted ;;
	xdp:2) verdict=pass ;;
	xdp:3) verdict=tx ;;
	xdp:4 | tc:7) verdict=redirect ;;
	tc:2) verdict=drop ;;
	tc:4) verdict=stolen ;;
	tc:8) verdict='trap' ;;
	tc:*) verdict=pass ;; # what is no action counts as unspec
	xdp:*) verdict=drop ;;
	esac
}

# Why a frame cannot be run through a program, into why; empty if it was.
cannot() { # HOOK NAME BYTES RETVAL WHY
	why=''
	if (($3 < 14)); then
		why='bpftool prog run takes no frame below 14 bytes'
	elif [[ $1 == xdp && $2 != *@(_frags|_frag|_fra|_fr) ]] && (($3 > 3000)) && xdp_run_limit && (($3 > xdp_run_max)); then
		why="bpftool prog run shows it the first $xdp_run_max bytes only"
	elif [[ $4 == - ]] && (($3 > 3400)); then
		why='bpftool prog run takes no frame of this size here'
	elif [[ $4 == - && $1 == tc/* ]]; then
		why='bpftool prog run takes no frame on tc whose IP header is cut off'
	elif [[ $4 == - ]]; then
		why="bpftool: $5"
	fi
}
xdp_run_limit() {
	local size
	[[ ! $xdp_run_max ]] || return 0
	size=$(getconf PAGESIZE) || size=''
	[[ $size && $size != *[!0-9]* ]] || die 2 'cannot read the page size (getconf)'
	xdp_run_max=$((size - 576))
}
