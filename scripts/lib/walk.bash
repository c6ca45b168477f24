# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# A frame's way through the programs of a device: which it meets, what each of them does, and why.
# Sourced after probe.bash and explain.bash.

# The programs on the way, in order, as numbers of the snapshot's attachments. Of several filters on one
# hook bpftool names the one that is asked first first.
way=()
way_read() { # xdp|ingress|egress|''
	local hook i others='' ports=''
	for hook in xdp tc/ingress tc/egress; do
		for i in "${!k_at_dev[@]}"; do
			[[ ${k_at_hook[i]} == "$hook" ]] || continue
			if [[ ${k_at_dev[i]} != "$device" ]]; then
				[[ ${k_master[${k_at_dev[i]}]-} != "$device" || "$ports, " == *", ${k_at_dev[i]}, "* ]] || ports+=", ${k_at_dev[i]}"
			elif [[ $1 && ${hook#tc/} == "$1" ]] || [[ ! $1 && ($verb == pack || $hook != tc/egress) ]]; then
				way+=("$i")
			else
				others+=", $hook $(prog_name "${k_at_id[i]}")"
			fi
		done
	done
	((${#way[@]} == 0)) || return 0
	[[ ! $others ]] || die 2 "$device: nothing is attached there; there is: ${others#, } (say: egress, ingress or xdp)"
	[[ ! $ports ]] || die 2 "$device: nothing is attached to it, but to ports of it: ${ports#, } (name one of them)"
	die 2 "$device: nothing is attached (first: $(command_of xdp-on) $device)"
}

# The list that a program looks into: list_where, empty if it knows none; list_pinned if allow and deny
# reach it. The look-up is the same for every list.
lists_of() { # ID
	local list
	list_where=${k_prog_lists[$1]// /,} list_pinned=1
	list_root_read "$1"
	for list in ${k_prog_lists[$1]}; do
		[[ ${k_pin[$list_base${list%=*}]-} == "${list#*=}" ]] || list_pinned=''
	done
}

# A row of fields that may be empty, into row.
fields() {
	local IFS=$'\x1f'
	row="$*"
}

# Puts frames through the programs on the way, and prints what each of them does. Sets status.
walk() {
	local texts=() srcs=() dsts=() quoteds=() result=() over=() verdict_rows=() n line i p
	local -A explained=()
	for line in "${frames[@]}"; do
		frame_read "$line"
		frame_text "$line"
		texts+=("$fr_text") srcs+=("$fr_src") dsts+=("$fr_dst") quoteds+=("$fr_quoted") result+=(pass) over+=('')
	done
	put_frames "${frames[@]}"
	for p in "${!way[@]}"; do
		((p == 0)) || changed_frames
		walk_one "${way[p]}"
	done
	walk_status
	if [[ $json ]]; then walk_json; else walk_text; fi || die 2 'cannot write the output'
}

walk_one() { # ATTACHMENT
	local hook=${k_at_hook[$1]} id=${k_at_id[$1]} mode=${k_at_mode[$1]:--} name n ret reason verdict why addr asked row
	name=$(prog_name "$id")
	lists_of "$id"
	run_frames "$id" "${k_prog_counters[id]}" "${k_prog_btf[id]}" $((${#frames[@]} - 1))
	for n in "${!frames[@]}"; do
		[[ ${result[n]} == pass && ${over[n]} != "$hook" ]] || continue
		ret=${ran_ret[n]} reason=${ran_reason[n]}
		cannot "$hook" "$name" $((${#frames[n]} / 2)) "$ret" "$reason"
		verdict=unknown
		if [[ ! $why ]]; then
			verdict_of "$hook" "$ret"
			addr=${srcs[n]}
			[[ $name != *_egress ]] || addr=${dsts[n]}
			[[ $reason != pmtu ]] || addr=${quoteds[n]}
			# The frames of a capture ask much the same.
			asked=$id:$reason:$addr
			if [[ ! ${explained[$asked]+there} ]]; then
				explain "$reason" "$addr" "$hook" "$id" "$mode"
				fields "$address" "$entry" "$nearest" "$text" "${change[@]}"
				explained[$asked]=$row
			fi
			row=${explained[$asked]}
		else
			fields '' '' '' "$why"
			reason=''
		fi
		result[n]=$verdict
		# After TC_ACT_OK no further filter of this hook is asked.
		[[ $hook == xdp || $ret != 0 ]] || over[n]=$hook
		fields "$n" "$hook" "$name" "$id" "${k_at_ours[$1]}" "$verdict" "${reason#-}" "$row"
		verdict_rows[n]+=$row$'\n'
	done
}

# A program gets what the one before it made of a frame. What was changed is read again.
changed_frames() {
	local n sum file
	local -A sums=()
	while read -r sum file; do sums[${file#"$tmp/frame."}]=$sum; done < <(md5sum -- "$tmp"/frame.*)
	for n in "${!frames[@]}"; do
		[[ ${sums[$n.out]-} && ${sums[$n.out]} != "${sums[$n]}" ]] || continue
		frame_read "$(od -An -v -tx1 "$tmp/frame.$n.out" | tr -d ' \n')"
		mv -- "$tmp/frame.$n.out" "$tmp/frame.$n"
		srcs[n]=$fr_src dsts[n]=$fr_dst quoteds[n]=$fr_quoted
	done
}

walk_status() {
	local n
	status=0
	for n in "${!frames[@]}"; do
		case ${result[n]} in
		pass) ;;
		unknown) status=2 ;;
		*) ((status)) || status=1 ;;
		esac
	done
}

walk_text() {
	local n hook name id ours verdict reason text line what
	for n in "${!frames[@]}"; do
		while IFS=$'\x1f' read -r _ hook name id ours verdict reason _ _ _ text line what; do
			[[ $hook ]] || continue
			[[ $ours == true ]] || name+=' (not ours)'
			text="$device $hook: $name: $verdict${reason:+ ($reason)}${text:+: $text}"
			((${#frames[@]} == 1)) || text="$((n + 1)): ${texts[n]}: $text"
			data "$text"
			((missing[n] == 0)) || note "frame $((n + 1)): the last ${missing[n]} bytes are not in the file: taken as 0"
			[[ ! $quiet && ${#frames[@]} == 1 && $line ]] || continue
			data "  to change it: $line" ${what:+"  by hand: $what"}
		done <<<"${verdict_rows[n]-}"
	done
}

walk_json() {
	local n row
	for n in "${!frames[@]}"; do
		fields frame "${result[n]}" "${frames[n]}" "${texts[n]}" "${missing[n]}"
		printf '%s\n%s' "$row" "${verdict_rows[n]-}"
	done | jq -cnR --arg ifname "$device" '
		def may: if . == "" then null else . end;
		reduce (inputs | select(. != "") | split("\u001f")) as $r ({ifname: $ifname, frames: []};
			if $r[0] == "frame" then
				.frames += [$r | {verdict: .[1], text: .[3], missing: (.[4] | tonumber), frame: .[2], programs: []}]
			else
				.frames[-1].programs += [$r | {hook: .[1], program: .[2], id: (.[3] | tonumber), ours: (.[4] == "true"),
					verdict: .[5], reason: (.[6] | may), address: (.[7] | may), entry: (.[8] | may), nearest: (.[9] | may),
					text: (.[10] | may), change: .[11:]}]
			end)'
}
