# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# The allow list: edits, and questions. Sourced by the commands that need it, after base.bash and addr.bash.
#
# A list has two generations (maps/list.h). An edit of several entries is built in the one that is not
# active, by the helper fill; then one call of bpftool makes that one active. So a command killed at any
# moment leaves the old list or the new one. A single entry is one call of bpftool in the maps
# that are active, which are pinned as pb_KIND.

readonly until_removed=(0 0 0 0 0 0 0 0)
# Where the list is that is asked: as fill wants it.
list_where=$globals

# What is left to move when a command was killed after its change, or before it.
list_unfinished() { [[ -e $next_pins/pb_host4 || -e $next_pins/pb_host6 || -e $next_pins/pb_net4 || -e $next_pins/pb_net6 ]]; }

# Whether all pins are there, as far as can be seen without a program.
list_there() {
	local pin
	for pin in "${list_pin[@]}"; do [[ -e $pin && -e ${pin}_slots ]] || return; done
	[[ -e $list_state && -e ${list_base}table4_slots && -e ${list_base}table6_slots ]] && ! list_unfinished
}

# Takes the lock, makes the maps that are missing, and mends what a killed command or a hand has left.
list_open() {
	need_fill
	need bpftool
	need_globals
	take_lock
	list_there || say "$fill" open "$globals"
	[[ $dry ]] || "$fill" -p "$prog" open "$globals" || fill_failed $? 2
}

# Arrays of the first edition go when no program looks into them any more. After kernel.bash.
list_retire() {
	local kind old=()
	for kind in "${kinds[@]}"; do [[ ! -e ${list_pin[$kind]}_slot ]] || old+=("${list_pin[$kind]}_slot"); done
	((${#old[@]})) && [[ ! $dry ]] || return 0
	k_stale
	[[ $(users_of "${old[@]}") ]] || run rm -f "${old[@]}"
}

# Set: what is to be taken out need not be there.
list_missing=''
# Carries out an edit: all of it or, if one entry cannot be done, nothing.
list_edit() { # add|del|replace|flush|rollback [file FILE] [ADDR…]
	local did how value pin moved=() plus minus
	need_fill
	trap '' PIPE # nobody listens to what is said: no reason to stop half-way
	need bpftool
	# Nothing is made for words that are invalid.
	[[ -d $globals || ${*: -1} == - ]] || "$fill" -p "$prog" -n build "$globals" "$@" >/dev/null || fill_failed $?
	need_globals
	take_lock
	did=$("$fill" -p "$prog" ${dry:+-n} ${list_missing:+-m} build "$globals" "$@") || list_failed $?
	say "$fill" ${list_missing:+-m} build "$globals" "$@"
	read -r how did <<<"$did"
	read -ra value <<<"$did"
	if [[ $how == same || $how == 'done' ]]; then
		list_did "$1" "${value[@]}"
		return
	fi
	[[ $how == flip && ${#value[@]} == 10 ]] || die 2 "unexpected answer of $fill"
	plus=${value[8]} minus=${value[9]} value=("${value[@]:0:8}")
	for pin in "${list_pin[@]}"; do moved+=("$next_pins/${pin##*/}"); done
	trap '' INT TERM HUP # from here on to the end
	say bpftool map update pinned "$list_state" key 0 0 0 0 value "${value[@]}"
	[[ $dry ]] || list_flip
	run mv -f "${moved[@]}" "$globals" || die 3 "the new list is in force, but its maps are not pinned: $globals"
	list_did "$1" "$plus" "$minus"
}

list_failed() { # STATUS
	(($1 <= 128)) || die 2 "list full, or killed by hand: signal $(($1 - 128)) ended $fill (out of memory?); the list is unchanged"
	fill_failed "$1"
}

# The one step. It is read back by the same process.
list_flip() {
	local answer bytes
	answer=$(bpftool batch file - 2>&1 <<<"map update pinned $list_state key 0 0 0 0 value ${value[*]}
map lookup pinned $list_state key 0 0 0 0") || :
	printf -v bytes '%02x ' "${value[@]}"
	if [[ $answer != *"value: ${bytes% }"* ]]; then
		complaint=$answer
		die 2 "the list is unchanged: $(reason)"
	fi
}

list_did() { # HOW PLUS MINUS
	case $1 in
	replace | rollback) note "+ ${2-0} - ${3-0}" ;;
	esac
}

# --- one entry

# One entry is one call, atomic by itself. flock -F becomes bpftool, which keeps the lock. 1 if that was
# not the end of it, and the edit has to be built: a map is full, or the entry is in a compiled table.
list_one_ready() { # KIND
	need bpftool
	if [[ -e ${list_pin[$1]} && -e $list_state && -w $state && -O $state/private ]] && ! list_unfinished; then
		# The state directory is private, or is made so on the long way (need_state).
		trusted "$globals" "$bpffs"
	else
		list_open
	fi
}
list_one_ask() { # LINES; sets answer
	local lock=(flock -F -w 2 -E 75 "$lock_file")
	[[ ! ${lock_fd-} ]] || lock=()
	answer=$("${lock[@]}" bpftool batch file - 2>&1 <<<"$1") || :
}

list_add_one() { # KIND KEY
	local answer edit="map update pinned ${list_pin[$1]} key hex ${2//_/ } value ${until_removed[*]}"
	list_one_ready "$1"
	if [[ ! $dry ]]; then
		list_one_ask "$edit
map lookup pinned ${list_pin[$1]} key hex ${2//_/ }"
		[[ $answer == *'value: 00 00 00 00 00 00 00 00'* ]] || return
	fi
	# shellcheck disable=SC2086 # words
	say bpftool $edit
}

# Warns if a wider entry still lets the address in.
list_del_one() { # KIND KEY TEXT
	local answer rest net_kind net_key edit="map delete pinned ${list_pin[$1]} key hex ${2//_/ }" tables
	local found found_kind found_key found_text
	if [[ $dry ]]; then
		list_entry "$3"
		[[ $found == in && $found_text == "$3" && $found_kind != table ]] || return
		# shellcheck disable=SC2086 # words
		say bpftool $edit
		return
	fi
	list_one_ready "$1"
	around "$1" "$2"
	list_one_ask "map lookup pinned $list_state key 0 0 0 0
$edit
map lookup pinned ${list_pin[$net_kind]} key hex ${net_key//_/ }"
	[[ $answer =~ value:\ [0-9a-f]{2}\ ([0-9a-f]{2})\  ]] || return
	tables=${BASH_REMATCH[1]} rest=${answer#*value:}
	case $rest in
	*'delete failed: No such file'*)
		[[ $tables != 00 ]] || die 1 "not in the list: $3"
		return 1
		;;
	*'Not found'* | *value:*) ;; # the last line was reached
	*) return 1 ;;
	esac
	# shellcheck disable=SC2086 # words
	say bpftool $edit
	if [[ $tables != 00 ]]; then
		list_missing=1 # it may be in the table as well, but need not
		list_edit del "$3"
	elif [[ $rest == *value:* ]]; then
		list_entry "$3"
		[[ $found != in ]] || warn "$3: still allowed by $found_text"
	fi
}

# --- questions

# What the list says of an address or network. Sets found, and found_kind (table: of a compiled
# table), found_key and found_text, an entry:
#   in     it lets it in
#   ended  it would, but its time is over
#   near   nothing lets it in; this entry has the most bits in common
#   empty  nothing lets it in, and there is nothing near
declare -A list_answers=()
list_entry() { # TEXT
	local asked="$list_where $1"
	need_fill
	[[ ${list_answers[$asked]-} ]] ||
		list_answers[$asked]=$("$fill" -p "$prog" test "$list_where" "$1") || fill_failed $? 2
	found_kind='' found_key='' found_text=''
	read -r found found_kind found_key found_text <<<"${list_answers[$asked]}"
	[[ $found == @(in|ended|near|empty) ]] || die 2 "unexpected answer of $fill"
}

list_admits() { # TEXT
	local found found_kind found_key found_text
	list_entry "$1"
	[[ $found == in ]]
}

list_print() {
	need_fill
	"$fill" -p "$prog" ${json:+-j} list "$list_where" || fill_failed $? 2
}

list_test() { # ADDR
	local found found_kind found_key found_text text
	read_words 2 "$1"
	[[ $keys != *$'\n'* ]] || die 2 "not one entry: $1"
	text=${keys##* }
	list_entry "$text"
	case $found in
	in) note "$text: allowed by $found_text" ;;
	ended) note "$text: not allowed; the time of $found_text has ended" ;;
	near) note "$text: not allowed; nearest $found_text" ;;
	*) note "$text: not allowed; the list has no IPv$(if [[ $text == *:* ]]; then echo 6; else echo 4; fi) entry" ;;
	esac
	[[ $found == in ]]
}

# What a list in a file has more or less. 1 if there is a difference, as of diff(1).
list_diff() { # FILE|-
	local lines
	need_fill
	lines=$("$fill" -p "$prog" diff "$list_where" "$1") || fill_failed $?
	[[ $lines ]] || return 0
	printf '%s\n' "$lines" || die 2 'cannot write the output'
	return 1
}

# The list as text that can be read, edited and fed back.
list_save() { # FILE|-
	local to=$1
	need_fill
	if [[ $to == - ]]; then
		list_print
		return
	fi
	say "$fill" list "$list_where" ">$to"
	[[ ! $dry ]] || return 0
	# Beside and moved: a full disk leaves the old file.
	{ "$fill" -p "$prog" list "$list_where" >"$to.new" && mv -f -- "$to.new" "$to"; } 2>/dev/null || {
		rm -f -- "$to.new"
		die 2 "cannot write $to"
	}
}

# Sets list_used and list_max by kind: entries of each map and its room; and table_used and table_bytes
# by family, of the compiled tables.
list_count() {
	local counts kind used room
	need_fill
	counts=$("$fill" -p "$prog" count "$list_where") || fill_failed $? 2
	declare -gA list_used=() list_max=() table_used=() table_bytes=()
	[[ $counts == *end ]] || die 2 "unexpected answer of $fill"
	while read -r kind used room; do
		case $kind in
		table*) table_used[${kind#table}]=$used table_bytes[${kind#table}]=$room ;;
		host* | net*) list_used[$kind]=$used list_max[$kind]=$room ;;
		esac
	done <<<"$counts"
}

# Whether the list holds nothing at all.
list_empty() {
	local n
	list_count
	((${#table_used[@]} == 0)) || return
	for n in "${list_used[@]}"; do ((n == 0)) || return; done
}
