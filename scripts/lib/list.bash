# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# The allow list: whether its maps are in order, and edits of one entry. Sourced by the commands that
# need it, after base.bash and addr.bash.
#
# A kind (host4 …) is an inner map, pinned as pb_KIND and held by the one slot of the array
# pb_KIND_slot, which is what programs look into. The slot is the truth; the pin beside it is for
# people and for us. maps.bash makes, mends and rebuilds the maps. It is read only when there is
# something to do for it, because every command here is to answer at once.
#
# What the list says of an address is in lookup.bash, which is sourced from here, but for allow and
# deny, which mostly need none of it (lean).

declare -A list_map=()   # by kind, as bpftool wants it: "id N" or "pinned PIN"; no map: no entry
declare -A list_max=()   # room in it
declare -A list_known=() # values that have been looked up already, by "KIND KEY"; empty: not there
declare -A list_texts=() # dumps, by the maps dumped
declare -A list_used=()  # entries, see list_count

# Above this many entries a map is long: it is edited in place, and not dumped for a look-up's sake.
list_long=4096
readonly until_removed=(0 0 0 0 0 0 0 0)

# Text of bpftool: a value; the id and the room of a map.
readonly text_value='value:[[:space:]]+(([0-9a-f]{2}[[:space:]]*){8})'
readonly text_map='(^|'$'\n'')([0-9]+): (hash|lpm_trie) [^:]*max_entries ([0-9]+)'

# Sets inner to the map in a slot, from what bpftool prints after its key: before bpftool 7.2 four bytes.
slot_inner() { # TEXT
	local b
	inner=''
	case $1 in
	'inner_map_id: '*)
		inner=${1#*: }
		inner=${inner%%[!0-9]*}
		;;
	'value: '[0-9a-f][0-9a-f]' '*)
		read -ra b <<<"${1#*: }"
		if ((big)); then inner=$((0x${b[0]}${b[1]}${b[2]}${b[3]})); else inner=$((0x${b[3]}${b[2]}${b[1]}${b[0]})); fi
		;;
	esac
}

# Lines that ask bpftool which map is in a slot and which is pinned beside it, for every kind.
list_check_lines() {
	local kind
	check=''
	for kind in "${kinds[@]}"; do
		check+="map show pinned ${list_pin[$kind]}"$'\n'"map lookup pinned ${list_slot[$kind]} key 0 0 0 0"$'\n'
	done
}

# Reads the answer into list_map and list_max, and what is left of it into rest. 1 unless each slot
# holds the map that is pinned beside it. By patterns: regular expressions would take a tenth of the
# whole command.
list_checked() { # TEXT
	local kind inner id room
	rest=$1
	list_map=() list_max=() list_known=() list_texts=()
	for kind in "${kinds[@]}"; do
		[[ $rest == *[0-9]': '*' name pb_'*max_entries\ *'key: 00 00 00 00  '* ]] || return 1
		id=${rest%% name pb_*} # "N: hash "
		id=${id%:*}
		id=${id##*[!0-9]}
		rest=${rest#*max_entries }
		room=${rest%%[!0-9]*}
		rest=${rest#*key: 00 00 00 00  }
		slot_inner "${rest%%$'\n'*}"
		[[ $id && $id == "$inner" ]] || return 1
		list_map[$kind]="id $id" list_max[$kind]=$room
		rest=${rest#*$'\n'}
	done
}

# Whether the maps are all there, as far as can be seen without a program, and nothing is unfinished.
list_there() {
	local kind
	[[ ! -s $journal ]] || return 1
	for kind in "${kinds[@]}"; do
		[[ -e ${list_pin[$kind]} && -e ${list_slot[$kind]} && ! -e ${list_pin[$kind]}_new ]] || return 1
	done
}

list_unfinished() {
	local kind
	[[ ! -s $journal ]] || return 0
	for kind in "${kinds[@]}"; do
		[[ ! -e ${list_pin[$kind]}_new ]] || return 0
	done
	return 1
}

# bpftool's status is of no use here: a batch with "map show" in it ends with "reading batch file
# failed" when all went well (7.5).
list_ask() { # LINES; sets answer
	answer=$(bpftool batch file - 2>&1 <<<"$1") || :
}

list_maps() {
	list_lookup
	# shellcheck source=scripts/lib/maps.bash
	[[ ${list_least-} ]] || . "$lib/maps.bash"
}

# Opens the list for an edit: takes the lock, makes the maps that are missing, and mends what a killed
# command or a hand has left.
list_open() {
	local check rest answer
	[[ ${lock_fd-} ]] || { need bpftool awk && need_globals && take_lock; }
	list_check_lines
	if list_there && list_ask "$check" && list_checked "$answer"; then return; fi
	list_maps
	list_repair
}

list_know() { # "KIND KEY" TEXT; sets value
	value=''
	if [[ $2 =~ $text_value ]]; then
		read -ra value <<<"${BASH_REMATCH[1]//$'\n'/ }"
		printf -v value '%s_' "${value[@]}"
	fi
	value=${value%_}
	list_known[$1]=$value
}

# Sets value to what a map has for a key; of a trie, for the longest prefix around it. 1 if nothing.
list_value() { # KIND KEY
	local answer
	value=''
	[[ ${list_map[$1]-} ]] || return
	if [[ ${list_known["$1 $2"]+known} ]]; then
		value=${list_known["$1 $2"]}
	else
		list_ask "map lookup ${list_map[$1]} key hex ${2//_/ }"
		list_know "$1 $2" "$answer"
	fi
	[[ $value ]]
}

# Carries out an edit of the entries in keys, or in the file keys_file: all of them or, if one of them
# cannot be done, none.
list_edit() { # add|del|flush
	local how=$1 one=''
	trap '' PIPE # nobody listens to what is said: no reason to stop half-way
	if [[ $how != flush && ! $dry && ! $keys_file && $keys != *$'\n'* ]]; then one=1; fi
	[[ ! $one ]] || ! list_edit_one "$how" || return 0
	list_open
	[[ ! $one ]] || ! list_edit_one "$how" || return 0
	list_maps
	list_edit_many "$how"
}

# One entry is one call, atomic by itself, by the same process that looks whether the list is in order:
# to edit a map that has been replaced harms nobody. 1 if that was not the end of it. flock -F becomes
# bpftool, which keeps the lock.
list_edit_one() { # add|del
	local check rest answer kind key text edit net_kind net_key lock=(flock -F -w 2 -E 75 "$state/lock")
	# The state directory is private, or is made so on the long way (need_state).
	list_there && [[ -w $state && -O $state/private ]] || return
	trusted "$globals" "$bpffs"
	read -r kind key text <<<"$keys"
	list_check_lines
	edit="pinned ${list_pin[$kind]} key hex ${key//_/ }"
	if [[ $1 == add ]]; then
		edit="map update $edit value ${until_removed[*]}"
	else
		around "$kind" "$key"
		edit="map delete $edit"
		check+=$edit$'\n'"map lookup pinned ${list_pin[$net_kind]} key hex ${net_key//_/ }"
	fi
	[[ $1 == del ]] || check+=$edit
	[[ ! ${lock_fd-} ]] || lock=()
	answer=$("${lock[@]}" bpftool batch file - 2>&1 <<<"$check") || :
	list_checked "$answer" || return
	case $answer in # stderr may come first
	*'delete failed: No such file'*) die 1 "not in the list: $text" ;;
	*'processed '* | *'reading batch file failed'*) ;; # all lines were done
	*Error:*) return 1 ;;
	*'Not found'*) [[ $1 == del ]] || return ;; # the last line: no network is around it
	*) return 1 ;;
	esac
	# shellcheck disable=SC2086 # words
	say bpftool $edit
	[[ $1 == add ]] || list_know "$net_kind $net_key" "$rest"
}

# Whether something wider may let in what has been taken out. For one entry that is known by now, and
# mostly there is nothing.
list_may_remain() {
	local kind key _ net_kind net_key value
	[[ ! $keys_file && $keys != *$'\n'* ]] || return 0
	read -r kind key _ <<<"$keys"
	around "$kind" "$key"
	list_value "$net_kind" "$net_key"
}

list_lookup() {
	# shellcheck source=scripts/lib/lookup.bash
	[[ ${list_is_asked-} ]] || . "$lib/lookup.bash"
}
[[ ${lean-} ]] || list_lookup
