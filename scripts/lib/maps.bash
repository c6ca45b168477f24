# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2004 # shared with the files that source this one; list_map is by name
# SPDX-License-Identifier: GPL-2.0-only
# The list's maps: made, mended, rebuilt. Sourced by list.bash when one of these is needed.
#
# An edit of several entries makes new maps beside the old ones and fills them; then each is put into
# its slot, which programs see as one step. A long list is edited in the map itself: to copy it would
# take longer than everything else. What needs more than one step is written down first, in the
# journal, so that a command killed half-way leaves the old list, or one that the next command completes.

# shellcheck source=scripts/lib/contract.bash
. "$lib/contract.bash"
readonly list_least=256 # room in the smallest map

# How a map is made, as words for bpftool. Sets shape.
shape_of() { # KIND
	shape="type ${pb_map_type[$1]} key ${pb_key_size[$1]} value $pb_value_size flags ${pb_map_flags[$1]} name pb_$1"
}

create() { # KIND PIN
	local shape
	shape_of "$1"
	# shellcheck disable=SC2086 # words
	try bpftool map create "$2" $shape entries "$list_least"
}

fill_slot() { # KIND PIN
	try bpftool map update pinned "${list_slot[$1]}" key 0 0 0 0 value pinned "$2"
}

# An array made here must be what the objects define, or ip would refuse to reuse the pin.
create_slot() { # KIND
	try bpftool map create "${list_slot[$1]}" type array_of_maps key 4 value 4 entries 1 \
		name "pb_$1_slot" inner_map pinned "${list_pin[$1]}"
}

# Sets id to that of a pinned map or of the map in a slot, or to nothing.
id_pinned() { # PIN
	local answer
	id=''
	[[ -e $1 ]] || return 0
	list_ask "map show pinned $1"
	[[ ! $answer =~ $text_map ]] || id=${BASH_REMATCH[2]}
}
id_in_slot() { # KIND
	local answer inner
	id=''
	[[ -e ${list_slot[$1]} ]] || return 0
	list_ask "map lookup pinned ${list_slot[$1]} key 0 0 0 0"
	slot_inner "${answer#*key: 00 00 00 00  }"
	id=$inner
}

# Makes what is missing and mends what is damaged, then completes an edit that was interrupted.
list_repair() {
	local kind check rest answer
	for kind in "${kinds[@]}"; do list_mend "$kind"; done
	if [[ ! $dry ]]; then
		list_check_lines
		list_ask "$check"
		list_checked "$answer" || die 2 "the list's maps cannot be read: ${answer##*Error: }"
	fi
	[[ -s $journal ]] || return 0
	local keys='' keys_file='' line how
	mapfile -t line < <(tail -n 1 "$journal")
	if [[ ${line-} == end ]]; then
		note 'completing an edit that was interrupted'
		[[ $tmp ]] || scratch
		sed '1d;$d' "$journal" >"$tmp/journal"
		read -r how <"$journal"
		keys_file=$tmp/journal
		if [[ $how == flush ]]; then list_flush; else list_edit_many "$how" again; fi
	fi
	[[ $dry ]] || : >"$journal"
}

# The slot is what programs see, so the pin follows the slot.
list_mend() { # KIND
	local pin=${list_pin[$1]} id in_slot
	id_in_slot "$1"
	in_slot=$id
	if [[ -e ${pin}_new ]]; then
		id_pinned "${pin}_new"
		if [[ $in_slot && $in_slot == "$id" ]]; then
			run mv -T "${pin}_new" "$pin"
		else
			run rm -f "${pin}_new"
		fi
	fi
	id_pinned "$pin"
	if [[ $in_slot && $in_slot != "$id" ]]; then
		[[ ! -e $pin ]] || run rm -f "$pin"
		run bpftool map pin id "$in_slot" "$pin" || die 2 "cannot pin $pin"
	fi
	[[ -e $pin ]] || create "$1" "$pin" || die 2 "cannot make $pin: $(reason)"
	[[ -e ${list_slot[$1]} ]] || create_slot "$1" || die 2 "cannot make ${list_slot[$1]}: $(reason)"
	[[ $in_slot ]] || fill_slot "$1" "$pin" || die 2 "cannot fill ${list_slot[$1]}: $(reason)"
}

# --- edits of several entries, or of one that needs a larger map

# Kinds that an edit under way touches, and whether it edits a map in place.
touched=() in_place=''

# An edit that fails or is broken off: what is in a slot stays, and is completed by the next command;
# without that nothing has happened.
list_settle() {
	local kind id in_slot committed=$in_place
	((${#touched[@]})) || [[ $in_place ]] || return 0
	for kind in "${touched[@]}"; do
		[[ -e ${list_pin[$kind]}_new ]] || continue
		id_in_slot "$kind"
		in_slot=$id
		id_pinned "${list_pin[$kind]}_new"
		if [[ $in_slot && $id == "$in_slot" ]]; then committed=1; else run rm -f "${list_pin[$kind]}_new"; fi
	done
	touched=() in_place=''
	if [[ $committed ]]; then
		warn 'an edit stopped half-way; the next allow or deny completes it'
	else
		list_forget
	fi
}

# The edit is done, or has not begun. An empty journal stays: to remove it would be one more program.
list_forget() { [[ $dry || ! -s $journal ]] || : >"$journal"; }

# Works out the edit in the maps of these kinds: prints a plan, see list.awk.
list_plan() { # HOW KINDS AGAIN JOURNAL
	local kind shape shapes='' room='' text=''
	for kind in $2; do
		room+=" ${list_max[$kind]-$list_least}"
		shape_of "$kind"
		shapes+="|$kind $shape"
	done
	[[ $keys_file ]] || text=$keys
	asked=$text list_dump_into "$2" -v want=plan -v how="$1" -v all="$2" -v again="$3" -v from="$keys_file" \
		-v pins="$list_base" -v max="$room" -v shapes="${shapes#|}" -v least="$list_least" -v long="$list_long" -v journal="$4"
}

# Carries out an edit of keys or of keys_file, of which some may be done already (again).
list_edit_many() { # add|del|flush [again]
	local how=$1 again=${2-} verdict='' count=0 fills places rest='' plan lines=() dumped plan_file notes=$journal fd
	[[ $how != flush ]] || { list_flush && return; }
	[[ ! $again && ! $dry ]] || notes=''
	[[ $again || $dry ]] || undos+=(list_settle)
	if list_is_quick "$again"; then
		list_quick "$how" && return
		list_settle # a map is full: now the way that makes a larger one
	fi
	list_split_kinds
	if [[ $plan_file ]]; then
		[[ $tmp ]] || scratch
		plan_file=$tmp/plan
		list_plan "$how" "$dumped" "$again" "$notes" >"$plan_file" || die 2 'cannot work out the edit'
		exec {fd}<"$plan_file"
		read -r verdict rest <&"$fd"
	else
		plan=$(list_plan "$how" "$dumped" "$again" "$notes") || die 2 'cannot work out the edit'
		mapfile -t lines <<<"$plan"
		read -r verdict rest <<<"${lines[0]}"
		lines=("${lines[@]:1}")
	fi
	[[ $verdict != missing ]] || die 1 "not in the list: $rest"
	read -r count fills commits places rest <<<"$rest"
	((count)) || return 0
	if [[ $dry && ! $keys_file && $keys != *$'\n'* ]]; then
		list_say_one "$how"
		return
	fi
	read -ra touched <<<"$rest"
	((places == 0)) || in_place=1
	if ((fills + commits <= 100)); then
		[[ ! $plan_file ]] || mapfile -t lines <&"$fd"
		list_batch "${lines[@]}" || list_failed
	elif [[ $plan_file ]]; then
		list_say_many $((fills + commits)) "$(sed -n '2{p;q}' "$plan_file")"
		[[ $dry ]] || list_call <&"$fd" || list_failed
	else
		list_say_many ${#lines[@]} "${lines[0]}"
		[[ $dry ]] || list_call <<<"$(printf '%s\n' "${lines[@]}")" || list_failed
	fi
	list_finish
}

# Sets dumped, the kinds that an edit touches, and plan_file if that is more than fits a variable.
list_split_kinds() {
	local kind
	dumped='' plan_file=''
	if [[ $keys_file ]]; then
		dumped=${kinds[*]} plan_file=1
		return
	fi
	for kind in "${kinds[@]}"; do
		[[ $'\n'$keys == *$'\n'"$kind "* ]] || continue
		dumped+=" $kind"
		((${list_max[$kind]-0} <= list_long)) || plan_file=1
	done
}

# Makes the calls on standard input. Where a line fails, bpftool says why and stops; where all went well
# it may end with a complaint about the end of the file, and a status to go with it (5.10, 7.5).
readonly batch_quirk='reading batch file failed'
list_call() {
	complaint=$(bpftool batch file - 2>&1) || :
	[[ $complaint == *'processed '*' commands'* || $complaint == *"$batch_quirk"* ]]
}

# Shows calls and makes them in one process.
list_batch() { # LINE…
	local line
	for line; do
		# shellcheck disable=SC2086 # words
		say bpftool $line
	done
	[[ $dry ]] || list_call <<<"$(printf '%s\n' "$@")"
}

list_say_many() { # N LINE
	[[ $quiet && ! $dry ]] || printf '# bpftool batch file -: %d lines such as\n#   %s\n' "$1" "$2" >&2 || :
}

list_say_one() { # add|del
	local kind key
	read -r kind key _ <<<"$keys"
	if [[ $1 == add ]]; then
		# shellcheck disable=SC2086 # words
		say bpftool map update pinned "${list_pin[$kind]}" key hex ${key//_/ } value "${until_removed[@]}"
	else
		# shellcheck disable=SC2086 # words
		say bpftool map delete pinned "${list_pin[$kind]}" key hex ${key//_/ }
	fi
}

# All is done: the pins follow the slots.
list_finish() {
	local kind
	for kind in "${touched[@]}"; do
		run mv -T "${list_pin[$kind]}_new" "${list_pin[$kind]}"
		list_map[$kind]="pinned ${list_pin[$kind]}"
	done
	touched=() in_place='' list_known=() list_texts=()
	list_forget
}

# A batch has failed.
list_failed() {
	local why kind
	why=$(reason)
	# A tool that ran out of memory may have been killed before it could say so.
	[[ ! $complaint || $complaint =~ (too long|allocate memory|No space left|Killed) ]] || why="cannot make a new list: $why"
	if [[ $why != cannot* ]]; then
		list_count
		kind=${touched[0]-${kinds[0]}}
		why="list full (${list_used[$kind]-0}/${list_max[$kind]-0}): $kind: $why"
	fi
	list_settle
	die 2 "$why"
}

list_flush() {
	local kind lines=() shape
	list_count
	for kind in "${!list_used[@]}"; do
		((list_used[$kind])) || continue
		touched+=("$kind")
		shape_of "$kind"
		lines+=("map create ${list_pin[$kind]}_new $shape entries $list_least")
	done
	((${#touched[@]})) || return 0
	for kind in "${touched[@]}"; do
		lines+=("map update pinned ${list_slot[$kind]} key 0 0 0 0 value pinned ${list_pin[$kind]}_new")
	done
	[[ $dry ]] || undos+=(list_settle)
	if [[ ! $dry ]] && ((${#touched[@]} > 1)); then list_note flush; fi
	list_batch "${lines[@]}" || list_failed
	list_finish
}

# Writes an edit down. Without the last line it has not begun.
list_note() { # HOW
	printf '%s\n' "$1" ${keys:+"$keys"} end 2>/dev/null >"$journal" || die 2 "cannot write $journal"
}

# Whether an edit can do without a dump: a few hosts of a long list.
list_is_quick() { # AGAIN
	local line n=0
	[[ ! $1 && ! $dry && ! $keys_file && $keys == *$'\n'* ]] || return
	while read -r line; do
		[[ $line == host* && ${list_max[${line%% *}]-0} -gt $list_long ]] || return
		((++n <= 1000)) || return
	done <<<"$keys"
}

# Edits hosts of a long list in the map itself. After each process it is known what is done: a look-up
# behind an update prints a value, and noexist stops at an entry that is there already. 1 if the map is
# full, or too many entries are there already; then nothing is changed.
list_quick() { # add|del
	local kind key text calls=() texts=() lines n i=0 made=() ended=() rounds=0 answer left
	local forever='00 00 00 00 00 00 00 00'
	while read -r kind key text; do
		calls+=("pinned ${list_pin[$kind]} key hex ${key//_/ }")
		texts+=("$text")
	done <<<"$keys"
	n=${#calls[@]}
	list_note "$1"
	in_place=1
	if [[ $1 == del ]]; then
		lines=("${calls[@]/#/map lookup }" "${calls[@]/#/map delete }")
		list_ask "$(printf '%s\n' "${lines[@]}")"
		list_values
		if ((${#left[@]} < n)); then
			in_place=''
			list_forget
			die 1 "not in the list: ${texts[${#left[@]}]}"
		fi
		[[ $answer == *'processed '* || $answer == *"$batch_quirk"* ]] || list_failed
		list_shown "${calls[@]/#/map delete }"
		list_finish
		return
	fi
	while ((i < n)); do
		((++rounds <= 8)) || break
		lines=()
		for key in "${calls[@]:i}"; do lines+=("map update $key value ${until_removed[*]} noexist" "map lookup $key"); done
		list_ask "$(printf '%s\n' "${lines[@]}")"
		list_values
		made+=("${calls[@]:i:${#left[@]}}")
		i=$((i + ${#left[@]}))
		((i < n)) || break
		[[ $answer == *'File exists'* ]] || break
		list_ask "$(printf 'map lookup %s\n' "${calls[@]:i}")"
		list_values
		for text in "${left[@]}"; do
			[[ $text == "$forever" ]] || ended+=("map update ${calls[i]} value ${until_removed[*]}")
			i=$((i + 1))
		done
	done
	if ((i < n)); then
		((!${#made[@]})) || list_call <<<"$(printf 'map delete %s\n' "${made[@]}")" || list_failed
		in_place=''
		list_forget
		return 1
	fi
	made=("${made[@]/#/map update }")
	((!${#ended[@]})) || list_call <<<"$(printf '%s\n' "${ended[@]}")" || list_failed
	list_shown "${made[@]/%/ value ${until_removed[*]}}" "${ended[@]}"
	list_finish
}

# Sets left to the values in answer.
list_values() {
	mapfile -t left <<<"${answer//value: /$'\n'value: }"
	local line values=()
	for line in "${left[@]}"; do
		[[ $line != value:* ]] || values+=("${line:7:23}")
	done
	left=("${values[@]}")
}

# Shows calls that have been made.
list_shown() { # LINE…
	local line
	[[ ! $quiet ]] || return 0
	if (($# > 100)); then
		list_say_many $# "$1"
		return
	fi
	for line; do
		# shellcheck disable=SC2086 # words
		say bpftool $line
	done
}
