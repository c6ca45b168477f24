# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Whether what is attached looks into the lists that allow and deny edit. Sourced by ground.bash when
# that has to be asked.

# Attachments whose list no pin leads to, a line each. A list of another root has pins there.
unreached() {
	local i slot hint
	# shellcheck source=scripts/lib/kernel.bash
	. "$lib/kernel.bash"
	k_snapshot
	for i in "${!k_at_id[@]}"; do
		for slot in ${k_prog_slots[k_at_id[i]]}; do
			[[ ! ${k_map_pinned[slot]-} ]] || continue
			hint="$(command_of xdp-on) ${k_at_dev[i]}"
			[[ ${k_at_hook[i]} == xdp ]] || hint="$(command_of tc-on) ${k_at_dev[i]} ${k_at_hook[i]#tc/}"
			printf '%s %s: %s (id %d) looks into another list, which this does not change (a bpffs over %s? umount it; or: %s)\n' \
				"${k_at_dev[i]}" "${k_at_hook[i]}" "${k_prog_name[k_at_id[i]]}" "${k_at_id[i]}" "$bpffs" "$hint"
			break
		done
	done
}

reach_ask() {
	local lines line mark
	need ip jq
	lines=$(unreached) || die 3 "the list at $globals is changed; whether everything attached looks into it is not known"
	if [[ $lines ]]; then
		while IFS= read -r line; do warn "$line"; done <<<"$lines"
		exit 3
	fi
	for mark in "$reach_marks"*; do [[ -d $mark ]] && break; done
	if [[ ! -d $mark ]]; then
		mark=$reach_marks$$_$RANDOM$RANDOM
		mkdir -- "$mark" 2>/dev/null || return 0
	fi
	printf '%s\n' "${mark#"$reach_marks"}" 2>/dev/null >"$reach_note" || :
}
