# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Addresses: text, map key and hex digits.

# Key lines of addresses; a bad one ends the command.
parse_words() { # STATUS-IF-BAD WORD…
	local word bad=$1
	shift
	for word; do
		[[ $word != *[[:cntrl:]]* ]] || die "$bad" "not an address: $(printf '%q' "$word")"
	done
	printf '%s\n' "$@" | awk -v to=keys -v prog="$prog" -v big="$big" -f "$lib/addr.awk" || exit "$bad"
}

parse_file() { # FILE|-
	[[ $1 == - || -r $1 && ! -d $1 ]] || die 1 "cannot read: $1"
	[[ $1 == - ]] || exec <"$1"
	awk -v to=keys -v prog="$prog" -v file="$1" -v big="$big" -f "$lib/addr.awk" || exit 1
}

words() { printf '%s' "${1//_/ }"; }

# An address of a frame in text, and as a key of the list.
addr_key() { # HEX
	local i key=${1:0:2}
	for ((i = 2; i < ${#1}; i += 2)); do key+=_${1:i:2}; done
	printf '%s' "$key"
}

addr_kind() { if ((${#1} == 8)); then printf 4; else printf 6; fi; } # HEX
declare -A texts_of_addr

addr_text() { # HEX; into text_of_addr. Of a capture many have few addresses: no process for each
	if ((${#1} == 8)); then
		printf -v text_of_addr '%d.%d.%d.%d' "0x${1:0:2}" "0x${1:2:2}" "0x${1:4:2}" "0x${1:6:2}"
		return
	fi
	[[ ${texts_of_addr[$1]-} ]] || texts_of_addr[$1]=$(entry_text host6 "$(addr_key "$1")" | sed 's,/128$,,')
	text_of_addr=${texts_of_addr[$1]}
}

entry_text() { # KIND KEY
	printf '%s %s\n' "$1" "$2" | awk -v to=text -v big="$big" -f "$lib/addr.awk" | cut -d' ' -f2
}
