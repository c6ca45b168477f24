# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2004 # list_map and others are by name; shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# What the list says of an address. The only look-up in user space; it knows entry times, as the
# programs do. Sourced by list.bash.
#
#   list_read          finds the maps that programs look into now: list_map, list_max
#   list_admitted      whether an address is let in
#   list_entry         which entry lets it in, or does not any more, or comes near
#
# To ask another list, fill in list_map and list_max, empty list_known and list_texts, and leave
# list_read out.

list_is_asked=1

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
		slot_inner "${answer#*key: 00 00 00 00  }"
		[[ $inner ]] || continue
		list_ask "map show id $inner"
		[[ $answer =~ $text_map ]] || continue
		list_map[$kind]="id $inner" list_max[$kind]=${BASH_REMATCH[4]}
	done
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
	local said n=0 asked by
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
		[[ $n && $n != *[!0-9]* ]] || die 2 'cannot count the entries'
		if [[ ! $room ]]; then
			list_ask "map show ${list_map[$kind]}"
			[[ $answer =~ $text_map ]] || die 2 'cannot count the entries'
			room=${BASH_REMATCH[4]}
		fi
		list_used[$kind]=$n list_max[$kind]=$room
	done
}

# The first entry of a map that lets in, as hex digits of the address that it begins with, into first;
# empty if none of the first few does.
list_first() { # KIND
	local key=() i answer byte map
	first=''
	[[ ${list_map[$1]-} ]] || return 0
	read -ra map <<<"${list_map[$1]}"
	for ((i = 0; i < 16; i++)); do
		answer=$(bpftool map getnext "${map[@]}" ${key:+key} "${key[@]}" 2>/dev/null) || return 0
		answer=${answer##*next key:}
		read -rd '' -a key <<<"$answer" || :
		((${#key[@]})) || return 0
		first=''
		for byte in "${key[@]}"; do first+=$byte; done
		key=("${key[@]/#/0x}")
		[[ $1 == host* ]] || first=${first:8}
		! list_admitted "host$(addr_kind "$first")" "$(addr_key "$first")" || return 0
		first=''
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
