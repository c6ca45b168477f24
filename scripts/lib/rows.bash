# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# What `status` shows, as rows for status.jq, and the questions that bpftool still has to answer for
# them. Sourced after kernel.bash, list.bash, hook.bash and trace.bash.

# What jq is told besides bpftool's answers: a kind of row, then its fields (status.jq).
rows=''
row() {
	local IFS=$'\x1f'
	rows+="$*"$'\n'
}

# Attachments, and the questions about them. Programs with one tag have the same reasons.
attachment_rows() {
	local i id dev btf
	local -A asked=() btf_of=()
	questions=()
	for i in "${!k_at_id[@]}"; do
		id=${k_at_id[i]} dev=${k_at_dev[i]}
		dev_kind=${k_kind[$dev]:--} dev_master=${k_master[$dev]:--} btf=''
		if [[ ! $device || $dev == "$device" || $dev_master == "$device" ]] && ((k_prog_counters[id])); then
			btf=${btf_of[${k_prog_tag[id]}]:-${k_prog_btf[id]}}
			btf_of[${k_prog_tag[id]}]=$btf
			asked["map dump id ${k_prog_counters[id]}"]=1
			((btf == 0)) || asked["btf dump id $btf"]=1
			((k_prog_bss[id] == 0)) || asked["map lookup id ${k_prog_bss[id]} key 0 0 0 0"]=1
			((k_prog_lost[id] == 0)) || asked["map dump id ${k_prog_lost[id]}"]=1
		fi
		list_root_read "$id"
		row attachment "${k_at_json[i]}" "$(sees "$dev" "${k_at_hook[i]}" "$id")" "$btf" "${list_root:+$list_root${globals#"$bpffs"}}"
	done
	questions=("${!asked[@]}")
}

# Ports that let everything pass, although other ports of the same bridge have a program of ours.
port_rows() {
	local i dev master
	local -A filtered=()
	for i in "${!k_at_id[@]}"; do
		[[ ${k_at_hook[i]} != xdp || ${k_at_ours[i]} != true ]] || filtered[" ${k_master[${k_at_dev[i]}]}"]=1
	done
	for dev in "${k_devices[@]}"; do
		master=${k_master[$dev]}
		[[ $master && ${filtered[" $master"]-} && ${k_kind[$master]-} == bridge && ! ${k_xdp_id[$dev]} ]] || continue
		[[ $device && $dev != "$device" && $master != "$device" ]] || row port "$dev" "${k_index[$dev]}" "$master"
	done
}

# A damaged or missing list is shown as it is. It is never made by looking.
list_rows() {
	local kind
	list_count
	for kind in "${kinds[@]}"; do
		[[ ! ${list_used[$kind]-} ]] || row list "pb_$kind" "${list_used[$kind]}" "${list_max[$kind]}"
	done
	for kind in 4 6; do
		[[ ! ${table_used[$kind]-} ]] || row table "pb_table$kind" "${table_used[$kind]}" "${table_bytes[$kind]}"
	done
}

trace_rows() {
	local dir pin
	survey
	for dir in "$traces"/*/; do
		dir=${dir%/}
		[[ -d $dir && $dir != "$new_trace" && $dir != "$pid_dir" ]] || continue
		row trace "${dir##*/}"
		for pin in "$dir"/*; do
			[[ ! -f $pin ]] || ! link_of "$pin" || row link "${dir##*/}" "${link// /$'\x1f'}"
		done
	done
	[[ ! -e $pid_set ]] || row traced "${#traced[@]}"
}

pin_rows() {
	local pin
	shopt -s globstar nullglob
	for pin in "$globals"/pb_* "$pins"/**; do [[ ! -f $pin ]] || row pin "$pin"; done
	shopt -u globstar nullglob
}
