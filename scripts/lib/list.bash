# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# The allow list: what it says of an address, and edits of one entry. Sourced by the commands that
# need it, after base.bash and addr.bash.
#
# A kind (host4 …) is an inner map, pinned as pb_KIND and held by the one slot of the array
# pb_KIND_slot, which is what programs look into. The slot is the truth; the pin beside it is for
# people and for us. maps.bash makes, mends and rebuilds the maps. It is read only when there is
# something to do for it, because every command here is to answer at once.
#
# The look-up below is the only one in user space. It knows entry times, as the programs do:
#
#   list_read          finds the maps that programs look into now: list_map, list_max
#   list_admitted      whether an address is let in
#   list_entry         which entry lets it in, or does not any more, or comes near
#
# To ask another list, fill in list_map and list_max and leave list_read out.

declare -A list_map=()   # by kind, as bpftool wants it: "id N" or "pinned PIN"; no map: no entry
declare -A list_max=()   # room in it
declare -A list_known=() # values that have been looked up already, by "KIND KEY"; empty: not there
declare -A list_texts=() # dumps, by the maps dumped

# Above this many entries a map is long: it is edited in place, and not dumped for a look-up's sake.
list_long=4096
readonly until_removed=(0 0 0 0 0 0 0 0)

# Text of bpftool: a value, the map in a slot (before bpftool 7.2 as four bytes), an id and room.
readonly text_value='value:[[:space:]]+(([0-9a-f]{2}[[:space:]]*){8})'
readonly text_slot='key: 00 00 00 00  (inner_map_id: ([0-9]+)|value: (..) (..) (..) (..))'
readonly text_map='(^|'$'\n'')([0-9]+): (hash|lpm_trie) [^:]*max_entries ([0-9]+)'

slot_value() { # after a match of text_slot: sets inner
	inner=${BASH_REMATCH[2]}
	[[ $inner ]] || if ((big)); then
		inner=$((0x${BASH_REMATCH[3]}${BASH_REMATCH[4]}${BASH_REMATCH[5]}${BASH_REMATCH[6]}))
	else
		inner=$((0x${BASH_REMATCH[6]}${BASH_REMATCH[5]}${BASH_REMATCH[4]}${BASH_REMATCH[3]}))
	fi
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
# holds the map that is pinned beside it.
list_checked() { # TEXT
	local kind inner
	rest=$1
	list_map=() list_max=() list_known=() list_texts=()
	for kind in "${kinds[@]}"; do
		[[ $rest =~ $text_map ]] || return 1
		list_map[$kind]="id ${BASH_REMATCH[2]}" list_max[$kind]=${BASH_REMATCH[4]}
		rest=${rest#*"${BASH_REMATCH[0]}"}
		[[ $rest =~ $text_slot ]] || return 1
		rest=${rest#*"${BASH_REMATCH[0]}"}
		slot_value
		[[ ${list_map[$kind]} == "id $inner" ]] || return 1
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

# Finds the maps that programs look into. Makes none: without maps the list is empty. Looks up a host
# as well, which saves a program.
list_read() { # [KIND KEY]
	local check rest answer kind inner
	need bpftool awk
	! list_unfinished || list_open
	list_check_lines
	[[ ! ${1-} ]] || check+="map lookup pinned ${list_pin[$1]} key hex ${2//_/ }"
	if list_there && list_ask "$check" && list_checked "$answer"; then
		[[ ! ${1-} ]] || list_know "$1 $2" "$rest"
		return
	fi
	# Something is missing, or a hand was at work.
	list_map=() list_max=() list_known=() list_texts=()
	for kind in "${kinds[@]}"; do
		[[ -e ${list_slot[$kind]} ]] || continue
		list_ask "map lookup pinned ${list_slot[$kind]} key 0 0 0 0"
		[[ $answer =~ $text_slot ]] || continue
		slot_value
		list_ask "map show id $inner"
		[[ $answer =~ $text_map ]] || continue
		list_map[$kind]="id $inner" list_max[$kind]=${BASH_REMATCH[4]}
	done
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

# Sets now to the time that entries are measured by, bpf_ktime_get_boot_ns.
list_clock() {
	local up
	read -r up _ </proc/uptime
	now=$((10#${up/./} * 10000000))
}

# Whether an entry of this value lets in: 0 stays until it is removed, else it is the time of its end.
list_lets_in() { # VALUE
	local i ns=''
	[[ $1 != 00_00_00_00_00_00_00_00 ]] || return 0
	for ((i = 0; i < 24; i += 3)); do
		if ((big)); then ns+=${1:i:2}; else ns=${1:i:2}$ns; fi
	done
	((16#$ns < 0 || 16#$ns > now)) # what is below 0 here is far away
}

# Whether a host or network is let in. Asks the maps as a program does.
list_admitted() { # KIND KEY
	local value now net_kind net_key
	list_clock
	if [[ $1 == host* ]]; then ! list_value "$1" "$2" || ! list_lets_in "$value" || return 0; fi
	around "$1" "$2"
	list_value "$net_kind" "$net_key" && list_lets_in "$value"
}

# What the list says of a host or network. Sets found, and found_kind, found_key and found_text, an entry:
#   in     it lets it in
#   ended  it would, but its time is over
#   near   nothing lets it in; this entry has the most bits in common
#   long   nothing lets it in, and the list is too long to look for something near
#   empty  nothing lets it in, and there is nothing near
list_entry() { # KIND KEY TEXT
	local value now net_kind net_key kind long='' dumps='' script=''
	list_clock
	found=in found_kind=$1 found_key=$2 found_text=$3
	if [[ $1 == host* ]]; then ! list_value "$1" "$2" || ! list_lets_in "$value" || return 0; fi
	around "$1" "$2"
	for kind in "host${1: -1}" "$net_kind"; do
		[[ ${list_map[$kind]-} ]] || continue
		# The network around it is found by a dump only, however long the list.
		if ((list_max[$kind] > list_long)) && ! { [[ $kind == net* ]] && list_value "$net_kind" "$net_key"; }; then
			long=1
			continue
		fi
		dumps+=" $kind" script+="map dump ${list_map[$kind]}"$'\n'
	done
	if [[ ! $dumps ]]; then
		found=${long:+long} found=${found:-empty} found_kind='' found_key='' found_text=''
	else
		[[ ${list_texts[$script]+there} ]] || list_texts[$script]=$(bpftool batch file - <<<"$script" 2>/dev/null) || :
		read -r found found_kind found_key found_text < <(
			asked="$1 $2 $3" awk -v want=entry -v kinds="$dumps" -v now="$now" -v long="$long" -v big="$big" \
				-f "$lib/addr.awk" -f "$lib/list.awk" <<<"${list_texts[$script]}"
		) || die 2 'cannot read the list'
	fi
	# A host of a long list is not in the dump.
	if [[ $found != in && $1 == host* && ${list_known["$1 $2"]-} ]]; then
		found=ended found_kind=$1 found_key=$2 found_text=$3
	fi
}

# Dumps the maps of these kinds into awk; its arguments come from the caller.
list_dump_into() { # KINDS AWK-ARGUMENT…
	local kind dumps='' script='' asked_kinds=$1
	shift
	for kind in $asked_kinds; do
		[[ ! ${list_map[$kind]-} ]] || dumps+=" $kind" script+="map dump ${list_map[$kind]}"$'\n'
	done
	awk -v kinds="$dumps" -v big="$big" "$@" -f "$lib/addr.awk" -f "$lib/list.awk" \
		< <([[ ! $script ]] || bpftool batch file - <<<"$script" 2>/dev/null)
}

# Prints "TEXT ENTRY" for each of these hosts and networks that a wider entry lets in.
list_around() { # KEY-LINES|FILE
	local now
	list_clock
	if [[ $1 == /* ]]; then
		list_dump_into 'net4 net6' -v want=around -v now="$now" -v from="$1"
	else
		asked=$1 list_dump_into 'net4 net6' -v want=around -v now="$now"
	fi
}

# Warns of what is still let in by a wider entry, the first few of it.
list_warn_around() {
	local kind key _ net_kind net_key value said n=0 asked by
	if [[ ! $keys_file && $keys != *$'\n'* ]]; then
		# Mostly nothing, which is known by now.
		read -r kind key _ <<<"$keys"
		around "$kind" "$key"
		list_value "$net_kind" "$net_key" || return 0
	fi
	said=$(list_around "${keys_file:-$keys}") || die 2 'cannot read the list'
	[[ $said ]] || return 0
	while read -r asked by; do
		((++n > 5)) || warn "$asked: still allowed by $by"
	done <<<"$said"
	((n <= 5)) || warn "… and $((n - 5)) more"
}

# Prints the list: sorted, one entry per line, with -j as JSON.
list_print() {
	if [[ $json ]]; then
		list_sorted | awk 'BEGIN { printf "[" } { printf "%s{\"addr\":\"%s\"}", sep, $2; sep = "," } END { print "]" }'
	else
		list_sorted | cut -d' ' -f2
	fi || die 2 'cannot write the list'
}

list_sorted() { list_dump_into "${kinds[*]}" -v want=list | LC_ALL=C sort; }

# Sets list_used, the number of entries of each kind that has a map, and list_max. Never by reading the
# list as text, which takes a second at 50 000 entries, unless the helper is not built.
declare -A list_used=()
list_count() {
	local kind maps=() have=() counts answer n room
	list_used=()
	for kind in "${kinds[@]}"; do
		# shellcheck disable=SC2206 # two words
		[[ ! ${list_map[$kind]-} ]] || maps+=(${list_map[$kind]#pinned }) have+=("$kind")
	done
	((${#have[@]})) || return 0
	if [[ -x $here/map_count ]]; then
		counts=$("$here/map_count" "${maps[@]}") || die 2 'cannot count the entries'
	else
		counts=$(list_dump_into "${have[*]}" -v want=count) || die 2 'cannot count the entries'
	fi
	for kind in "${have[@]}"; do
		read -r n room <<<"$counts"
		counts=${counts#*$'\n'}
		if [[ ! $room ]]; then
			list_ask "map show ${list_map[$kind]}"
			[[ $answer =~ $text_map ]] || die 2 'cannot count the entries'
			room=${BASH_REMATCH[4]}
		fi
		list_used[$kind]=$n list_max[$kind]=$room
	done
}

# Whether the list holds nothing at all.
list_empty() {
	local kind
	list_count
	for kind in "${!list_used[@]}"; do
		((list_used[$kind] == 0)) || return 1
	done
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
	list_there && [[ -w $state ]] || return
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
