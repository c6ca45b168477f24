# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# The allow list's maps: make, read, edit, grow. Sourced by the commands that need it, after base.bash.
#
# A kind (host4 …) is an inner map pinned as pb_KIND and held by the one slot of the array
# pb_KIND_slot, which is what programs look into. The slot is the truth; the pin beside it is for
# people and for us. One entry is one map update. More than one is journalled, made ready in new
# maps beside the old where that is not too long, and put in force by one bpftool process, so that
# who dies on the way leaves the old list or one that the next command completes.

declare -A kind_type=([host4]=hash [host6]=hash [net4]=lpm_trie [net6]=lpm_trie)
declare -A kind_key=([host4]=4 [host6]=16 [net4]=8 [net6]=20)
declare -A kind_flags=([host4]=0 [host6]=0 [net4]=1 [net6]=1) # BPF_F_NO_PREALLOC, a trie's must
readonly until_removed=(0 0 0 0 0 0 0 0)

# Entries that a map of N should have room for. Eight times as many up to 32768: a hash with empty
# buckets answers faster, until they no longer fit the processor's cache beside the entries
# (docs/performance.md). Beyond, the next power of two.
capacity() { # N
	local want=$(($1 * 8)) room=256
	((want <= 32768)) || want=$(($1 > 32768 ? $1 : 32768))
	while ((room < want)); do room=$((room * 2)); done
	printf '%d' "$room"
}

create() { # KIND PIN ENTRIES
	try bpftool map create "$2" type "${kind_type[$1]}" key "${kind_key[$1]}" value 8 \
		entries "$3" name "pb_$1" flags "${kind_flags[$1]}"
}

fill_slot() { # KIND PIN
	try bpftool map update pinned "$(slot_of "$1")" key 0 0 0 0 value pinned "$2"
}

# An array made here must be what the objects define, or ip would refuse to reuse the pin.
create_slot() { # KIND
	try bpftool map create "$(slot_of "$1")" type array_of_maps key 4 value 4 entries 1 \
		name "pb_$1_slot" inner_map pinned "$(pin_of "$1")"
}

# Whether each slot holds the map that is pinned beside it. Every command asks this, so it is one
# bpftool call, and no jq, which takes ten times as long to start. bpftool's status tells nothing: a
# batch with "map show" in it ends with "reading batch file failed" when all went well (7.5).
list_sound() {
	local kind text answer answers ids=() inner
	for kind in "${kinds[@]}"; do
		[[ -e $(pin_of "$kind") && -e $(slot_of "$kind") && ! -e $(pin_of "$kind")_new ]] || return 1
		printf 'map lookup pinned %s key 0 0 0 0\nmap show pinned %s\n' "$(slot_of "$kind")" "$(pin_of "$kind")"
	done >"$tmp/sound"
	text=$(bpftool -j batch file "$tmp/sound" 2>/dev/null) || :
	mapfile -t -d '}' answers <<<"$text"
	for answer in "${answers[@]}"; do
		if inner_id "$answer"; then
			ids+=("$inner")
		elif [[ $answer =~ \"id\":([0-9]+) ]]; then
			ids+=("${BASH_REMATCH[1]}")
		fi
	done
	((${#ids[@]} == 8 && ids[0] == ids[1] && ids[2] == ids[3] && ids[4] == ids[5] && ids[6] == ids[7]))
}

# Makes the maps that are missing, and mends what a killed command or a hand has left.
list_open() {
	local kind
	need bpftool jq awk
	need_globals
	[[ ${lock_fd-} ]] || take_lock
	list_sound || for kind in "${kinds[@]}"; do list_mend "$kind"; done
	[[ -e $journal ]] || return 0
	note 'completing an edit that was interrupted'
	tail -n +2 "$journal" >"$tmp/journal"
	list_edit "$(head -n 1 "$journal")" "$tmp/journal" again
}

# The slot is what programs see, so the pin follows the slot.
list_mend() { # KIND
	local kind=$1 pin slot in_slot=''
	pin=$(pin_of "$kind") slot=$(slot_of "$kind")
	[[ ! -e $slot ]] || in_slot=$(slot_id "$kind")
	if [[ -e ${pin}_new ]]; then
		if [[ $in_slot && $in_slot == "$(map_field "${pin}_new" id)" ]]; then
			run mv -T "${pin}_new" "$pin"
		else
			run rm -f "${pin}_new"
		fi
	fi
	if [[ $in_slot && $in_slot != "$(map_field "$pin" id)" ]]; then
		run rm -f "$pin"
		run bpftool map pin id "$in_slot" "$pin" || die 2 "cannot pin $pin"
	fi
	[[ -e $pin ]] || create "$kind" "$pin" "$(capacity 0)" || die 2 "cannot make $pin: $(reason)"
	[[ -e $slot ]] || create_slot "$kind" || die 2 "cannot make $slot: $(reason)"
	[[ $in_slot ]] || fill_slot "$kind" "$pin" || die 2 "cannot fill $slot: $(reason)"
}

# Whether the list holds nothing at all.
list_empty() {
	local kind
	for kind in "${kinds[@]}"; do
		if bpftool -j map getnext pinned "$(pin_of "$kind")" 2>/dev/null | grep next_key >/dev/null; then
			return 1
		fi
	done
}

# All entries as lines "KIND KEY VALUE", into $tmp/entries.
list_dump() { # [KIND…]
	local kind pin
	for kind in "${@:-${kinds[@]}}"; do
		pin=$(pin_of "$kind")
		[[ ! -e $pin ]] || entries_of "$kind" pinned "$pin" || die 2 "cannot read $pin"
	done >"$tmp/entries"
}

# Those of one map. A long entry is broken into lines by bpftool, hence the split at "key:".
entries_of() { # KIND pinned PIN | KIND id N
	bpftool map dump "$2" "$3" >"$tmp/dump" || return
	awk -v kind="$1" -v size="${kind_key[$1]}" '
		BEGIN { RS = "key:" }
		NR > 1 {
			key = $1; value = $(size + 2)
			for (i = 2; i <= size; i++) key = key "_" $i
			for (i = size + 3; i <= size + 9; i++) value = value "_" $i
			print kind, key, value
		}' "$tmp/dump"
}

in_map() { # KIND KEY; of a trie: whether a prefix covers it
	# shellcheck disable=SC2046 # a key is words
	bpftool map lookup pinned "$(pin_of "$1")" key hex $(words "$2") &>/dev/null
}

# The longest prefix around each of the hosts and networks, lines "TEXT ENTRY". bpftool's look-up in
# a trie finds that prefix too, but does not say which it is.
covering() { # FILE of key lines
	list_dump net4 net6
	awk -v big="$big" '
		function cut(bits, n,    i, s, keep, have) {
			s = ""
			for (i = 1; i <= bytes; i++) {
				have = part[off + i]
				keep = n - 8 * (i - 1)
				if (keep <= 0) have = "00"
				else if (keep < 8) have = sprintf("%02x", hex(have) - hex(have) % 2 ^ (8 - keep))
				s = s "_" have
			}
			return s
		}
		function hex(s) {
			return (index("0123456789abcdef", substr(s, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(s, 2, 1)) - 1
		}
		NR == FNR { have[$1, $2]; next }
		{
			v = substr($1, length($1)); count = split($2, part, "_")
			off = $1 ~ /^net/ ? 4 : 0; bytes = count - off
			split($3, text, "/")
			for (n = text[2]; n >= 0; n--) {
				key = (big ? sprintf("00_00_00_%02x", n) : sprintf("%02x_00_00_00", n)) cut(bytes, n)
				if (("net" v, key) in have) { print "net" v, key, $3; break }
			}
		}' "$tmp/entries" "$1" | awk -v to=text -v big="$big" -f "$lib/addr.awk" | cut -d' ' -f2-
}

# The entry that lets the host or network of a key line in, or nothing.
list_admits() { # FILE
	local kind key text
	read -r kind key text <"$1"
	if [[ $kind == host* ]] && in_map "$kind" "$key"; then
		printf '%s' "$text"
	else
		covering "$1" | cut -d' ' -f2
	fi
}

# Puts edits in force, given as key lines. All of them or, if one cannot be, none.
list_edit() { # add|del|flush FILE [again: what is done already is no error]
	local how=$1 missing n
	committing=''
	LC_ALL=C sort -u "$2" >"$tmp/asked"
	n=$(wc -l <"$tmp/asked")
	if [[ $n == 1 && ! ${3-} ]]; then
		list_edit_one "$how" && return
	fi
	list_dump
	# An entry that ends is there for deny, but to add it is to let it in until removed.
	awk -v here="$tmp/present" -v away="$tmp/absent" -v how="$how" '
		BEGIN { printf "" >here; printf "" >away }
		FILENAME == ARGV[1] { if (how == "del" || $3 ~ /^[0_]*$/) have[$1, $2]; next }
		{ print >(($1, $2) in have ? here : away) }' "$tmp/entries" "$tmp/asked"
	case $how in
	add) cp "$tmp/absent" "$tmp/todo" ;;
	del)
		missing=$(awk '{ printf "%s%s", sep, $3; sep = " " } NR == 5 { printf " …"; exit }' "$tmp/absent")
		[[ -z $missing || ${3-} ]] || die 1 "not in the list: $missing"
		cp "$tmp/present" "$tmp/todo"
		;;
	flush) cut -d' ' -f1,2 "$tmp/entries" >"$tmp/todo" ;;
	esac
	[[ -s $tmp/todo ]] || return 0
	if [[ ! $dry && ! ${3-} ]]; then
		undos+=(list_abandon)
		printf '%s\n' "$how" | cat - "$tmp/todo" 2>/dev/null >"$journal.new" || die 2 "cannot write $journal"
		mv "$journal.new" "$journal" || die 2 "cannot write $journal"
	fi
	list_apply "$how"
	[[ $dry ]] || rm -f "$journal"
	committing=1
}

# An edit that ends before anything of it is in force has not been; later it is completed.
committing=''

list_abandon() {
	local kind
	[[ ! $committing ]] || return 0
	rm -f "$journal" "$journal.new"
	for kind in "${kinds[@]}"; do
		[[ ! -e $(pin_of "$kind")_new ]] || run rm -f "$(pin_of "$kind")_new"
	done
}

# A single entry is a single call, atomic by itself. 1 if the map must grow first.
list_edit_one() { # add|del
	local one call
	read -ra one <"$tmp/asked"
	read -ra call <<<"pinned $(pin_of "${one[0]}") key hex $(words "${one[1]}")"
	case $1 in
	add) try bpftool map update "${call[@]}" value "${until_removed[@]}" && return ;;
	del) # shown when it is done: what is not in the list is one line of complaint
		if [[ $dry ]]; then
			list_dump "${one[0]}"
			grep -q "^${one[0]} ${one[1]} " "$tmp/entries" || die 1 "not in the list: ${one[2]}"
		fi
		if [[ $dry ]] || keep bpftool map delete "${call[@]}"; then
			say bpftool map delete "${call[@]}"
			return
		fi
		;;
	esac
	case $complaint in
	*'Argument list too long'* | *'No space left'*) return 1 ;;
	*'No such file'*) die 1 "not in the list: ${one[2]}" ;;
	esac
	die 2 "cannot $1 ${one[2]}: $(reason)"
}

# Does the edits in $tmp/todo, knowing $tmp/entries. New maps are made and filled beside the old
# ones; then one bpftool process does all that programs can see. A few edits of a long list are made
# in the map itself, by that same process.
list_apply() { # add|del|flush
	local how=$1 kind touched=() pin has edits max
	: >"$tmp/commit"
	for kind in "${kinds[@]}"; do
		pin=$(pin_of "$kind")
		edits=$(grep -c "^$kind " "$tmp/todo") || continue
		has=$(grep -c "^$kind " "$tmp/entries") || :
		max=$(map_field "$pin" max_entries)
		if [[ $how != flush ]] && ((has > 65536 && edits * 8 < has && has + edits <= ${max:-0})); then
			list_lines "$how" "$kind" "$pin" <"$tmp/todo" >>"$tmp/commit"
		else
			list_rebuild "$how" "$kind"
			touched+=("$kind")
			printf 'map update pinned %s key 0 0 0 0 value pinned %s_new\n' "$(slot_of "$kind")" "$pin" >>"$tmp/commit"
		fi
	done
	committing=1
	batch "$tmp/commit" || die 2 "an edit stopped half way: $(reason); the next allow completes it"
	for kind in "${touched[@]}"; do
		run mv -T "$(pin_of "$kind")_new" "$(pin_of "$kind")"
	done
}

# Entries as bpftool batch lines.
list_lines() { # add|del KIND PIN
	awk -v how="$1" -v kind="$2" -v pin="$3" '
		$1 != kind { next }
		{ gsub(/_/, " ", $2) }
		how == "del" { print "map delete pinned " pin " key hex " $2; next }
		{
			value = $3 ~ /^[0-9a-f_]+$/ ? $3 : "00_00_00_00_00_00_00_00"
			gsub(/_/, " ", value)
			print "map update pinned " pin " key hex " $2 " value hex " value
		}'
}

# A new map beside the old one, filled with what the list is to hold.
list_rebuild() { # add|del|flush KIND
	local how=$1 kind=$2 pin max n
	pin=$(pin_of "$kind")
	awk -v how="$how" -v kind="$kind" '
		$1 != kind { next }
		FILENAME == ARGV[1] { edit[$2]; next }
		!($2 in edit) { print }
		END { if (how == "add") for (key in edit) print kind, key }' "$tmp/todo" "$tmp/entries" >"$tmp/next"
	n=$(wc -l <"$tmp/next")
	list_lines add "$kind" "${pin}_new" <"$tmp/next" >"$tmp/fill"
	if ! create "$kind" "${pin}_new" "$(capacity "$n")" || ! batch "$tmp/fill"; then
		# A tool that ran out of memory may have been killed before it could say so.
		[[ ! $complaint || $complaint =~ (too long|allocate memory|No space left|Killed) ]] ||
			die 2 "cannot make a new list: $kind: $(reason)"
		max=$(map_field "$pin" max_entries)
		die 2 "list full ($(grep -c "^$kind " "$tmp/entries" || :)/$max): $kind: $(reason)"
	fi
}

# One bpftool process for many calls. Shows them one by one if they are few.
batch() { # FILE
	local n line
	n=$(wc -l <"$1")
	((n)) || return 0
	if ((n <= 100)); then
		while read -ra line; do say bpftool "${line[@]}"; done <"$1"
	elif [[ ! $quiet ]]; then
		# No call to be pasted: the file goes with this command.
		printf '# bpftool batch file %s: %d lines such as\n#   %s\n' "$1" "$n" "$(head -n 1 "$1")" >&2 || :
	fi
	[[ $dry ]] || keep bpftool batch file "$1"
}
