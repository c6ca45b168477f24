# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2317 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Addresses: text, map key and hex digits. A key line is "KIND KEY TEXT"; see addr.awk, which makes
# them. Sourced after base.bash.

readonly plain_ip4='^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$'

# Sets keys to the key lines of these words. An invalid word ends the command. A single plain IPv4
# address, the usual case, needs no awk: that would cost a third of the whole command.
read_words() { # STATUS-IF-INVALID WORD…
	local word bad=$1 b
	shift
	if (($# == 1)) && [[ $1 =~ $plain_ip4 ]]; then
		b=("${BASH_REMATCH[@]:1}")
		if ((b[0] < 256 && b[1] < 256 && b[2] < 256 && b[3] < 256)); then
			printf -v keys 'host4 %02x_%02x_%02x_%02x %s/32' "${b[@]}" "$1"
			return
		fi
	fi
	for word; do
		visible "$word"
		[[ $shown == "$word" ]] || die "$bad" "not an address: $shown"
	done
	local IFS=$'\n'
	keys=$(awk -v to=keys -v prog="$prog" -v big="$big" -f "$lib/addr.awk" <<<"$*") || exit "$bad"
}

# The same, printed.
parse_words() { # STATUS-IF-INVALID WORD…
	local keys
	read_words "$@"
	printf '%s\n' "$keys"
}

# Reads a file of addresses. Their key lines are in the file keys_file: they may be a million.
keys='' keys_file=''
read_file() { # FILE|-
	[[ $1 == - || -r $1 && ! -d $1 ]] || die 1 "cannot read: $1"
	[[ $1 == - ]] || exec <"$1"
	[[ $tmp ]] || scratch
	keys_file=$tmp/keys
	awk -v to=keys -v prog="$prog" -v file="$1" -v big="$big" -f "$lib/addr.awk" >"$keys_file" || exit 1
}

# An address of a frame, in hex digits, as a key of the list.
addr_key() { # HEX
	local i key=${1:0:2}
	for ((i = 2; i < ${#1}; i += 2)); do key+=_${1:i:2}; done
	printf '%s' "$key"
}

addr_kind() { if ((${#1} == 8)); then printf 4; else printf 6; fi; } # HEX
declare -A texts_of_addr

# Sets text_of_addr. A capture has many packets of few addresses, so a text is made only once.
addr_text() { # HEX
	if ((${#1} == 8)); then
		printf -v text_of_addr '%d.%d.%d.%d' "0x${1:0:2}" "0x${1:2:2}" "0x${1:4:2}" "0x${1:6:2}"
		return
	fi
	if [[ ! ${texts_of_addr[$1]-} ]]; then
		text_of_addr=$(entry_text host6 "$(addr_key "$1")")
		texts_of_addr[$1]=${text_of_addr%/128}
	fi
	text_of_addr=${texts_of_addr[$1]}
}

# The text of an entry, with its prefix length.
entry_text() { # KIND KEY
	local line
	line=$(awk -v to=text -v big="$big" -f "$lib/addr.awk" <<<"$1 $2")
	printf '%s\n' "${line#* }"
}

# Sets net_kind and net_key: where the networks around a host or network are looked up.
around() { # KIND KEY
	net_kind=net${1: -1} net_key=$2
	[[ $1 == host* ]] || return 0
	local bits=20
	[[ $1 == host6 ]] && bits=80
	if ((big)); then net_key=00_00_00_${bits}_$2; else net_key=${bits}_00_00_00_$2; fi
}
