# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Puts frames through a loaded program.

# Bytes that XDP programs of section "xdp" see of a frame in a run: a page without the headroom and
# the kernel's own data behind it. What is longer such a program would be shown in part.
readonly xdp_run_max=$(($(getconf PAGESIZE) - 576))

# Frames on standard input, one a line, to the files that run_frames reads.
put_frames() {
	local frame n=0
	rm -rf -- "$tmp/frames"
	mkdir "$tmp/frames"
	sed 's/../\\x&/g' | while read -r frame; do
		printf '%b' "$frame" >"$tmp/frames/$n"
		n=$((n + 1))
	done
}

# Puts frames FIRST to LAST of $tmp/frames through a program: lines "N RETVAL REASON", or "N - WHY" of
# what cannot be run. What comes out is in $tmp/frames/N.out. REASON is the
# counter of runs that has gone up, hence the lock must be held; "-" without counters, "?" if it is not
# one: somebody else runs the program by hand.
run_frames() { # ID COUNTERS-ID BTF-ID FIRST LAST
	local id=$1 n=$4 last=$5 line reasons='' key
	if (($2)); then
		reason_names "$3" >"$tmp/reasons"
		[[ -s $tmp/reasons ]] || die 2 "the names of its reasons are not in its BTF (id $1)"
		while read -r key _; do
			if ((big)); then printf -v key '00 00 00 %02x' $((key + 32)); else printf -v key '%02x 00 00 00' $((key + 32)); fi
			reasons+="map lookup id $2 key hex $key"$'\n'
		done <"$tmp/reasons"
	else
		: >"$tmp/reasons"
	fi
	# bpftool ends a batch where the kernel refuses a line; the next begins behind it.
	while ((n <= last)); do
		{
			printf '%s' "$reasons"
			for (( ; n <= last; n++)); do
				printf 'prog run id %d data_in %s/%d data_out %s/%d.out data_size_out 70000 repeat 1\n%s' \
					"$id" "$tmp/frames" "$n" "$tmp/frames" "$n" "$reasons"
			done
		} >"$tmp/runs"
		bpftool -j batch file "$tmp/runs" >"$tmp/ran" 2>"$tmp/err" || complaint=$(<"$tmp/err")
		jq -r --rawfile names "$tmp/reasons" --argjson big "$big" --arg dir "$tmp/frames/" '
			($names | split("\n") | map(select(. != "") | split(" ") | {key: .[0], value: .[1]}) | from_entries) as $names |
			def digit: if . > 96 then . - 87 else . - 48 end;
			def number: (if $big == 1 then . else reverse end) | reduce .[] as $b (0; . * 256 + ($b | ltrimstr("0x") | explode | map(digit) | .[0] * 16 + .[1]));
			[foreach .[] as $line ({last: {}, runs: []};
				if $line.command[0] == "prog" then
					.runs += [{n: $line.command[5][($dir | length):], got: $line.output, moved: []}]
				else
					("\($line.output.key | number - 32)") as $key | [$line.output.values[].value] as $now |
					if (.runs | length) > 0 and .last[$key] != $now then .runs[-1].moved += [$key] else . end |
					.last[$key] = $now
				end; .)] | last | .runs[]? |
			if .got.error then "\(.n) - \(.got.error)" else
				"\(.n) \(.got.retval) \(if $names == {} then "-" elif .moved | length == 1 then $names[.moved[0]] else "?" end)" end' <"$tmp/ran" >"$tmp/got" ||
			die 2 "bpftool cannot run the program (id $id): $(reason)"
		[[ -s $tmp/got ]] || die 2 "bpftool cannot run the program (id $id): $(reason)"
		cat "$tmp/got"
		line=$(tail -n 1 "$tmp/got")
		n=$((${line%% *} + 1))
	done
}

# What a return value does to a frame: pass, drop, or the word of what else becomes of it. A tc
# program that leaves the verdict to others (unspec) lets it pass.
verdict_of() { # HOOK RETVAL
	case ${1%%/*}:$2 in
	xdp:0) printf aborted ;;
	xdp:2) printf pass ;;
	xdp:3) printf tx ;;
	xdp:4 | tc:7) printf redirect ;;
	tc:2) printf drop ;;
	tc:4) printf stolen ;;
	tc:8) printf trap ;;
	tc:*) printf pass ;; # what is no action counts as unspec
	xdp:*) printf drop ;;
	esac
}
