# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Addresses: text, map key and hex digits. A key line is "KIND KEY TEXT", as the helper fill prints it.
# Sourced after base.bash.

readonly plain_ip4='^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$'

readonly fill=$here/fill
need_fill() { [[ -x $fill ]] || die 2 "missing: $fill (run make)"; }
# fill has said why it failed, unless it was killed.
fill_failed() { # STATUS [STATUS-TO-END-WITH]
	(($1 <= 2)) || die 2 "$fill ended with status $1 (killed? out of memory?); nothing was done"
	exit "${2:-$1}"
}

# Sets keys to the key lines of these words. An invalid word ends the command. A single plain IPv4
# address, the usual case, needs no helper: that would cost a fifth of the whole command.
read_words() { # STATUS-IF-INVALID WORD…
	local bad=$1 b
	shift
	if (($# == 1)) && [[ $1 =~ $plain_ip4 ]]; then
		b=("${BASH_REMATCH[@]:1}")
		if ((b[0] < 256 && b[1] < 256 && b[2] < 256 && b[3] < 256)); then
			printf -v keys 'host4 %02x_%02x_%02x_%02x %s/32' "${b[@]}" "$1"
			return
		fi
	fi
	need_fill
	keys=$("$fill" -p "$prog" keys "$@") || fill_failed $? "$bad"
	[[ $keys ]] || die 2 "unexpected answer of $fill"
}

# The same, printed.
parse_words() { # STATUS-IF-INVALID WORD…
	local keys
	read_words "$@"
	printf '%s\n' "$keys"
}

# An address of a frame, in hex digits, as a key of the list.
addr_key() { # HEX
	local i key=${1:0:2}
	for ((i = 2; i < ${#1}; i += 2)); do key+=_${1:i:2}; done
	printf '%s' "$key"
}

addr_kind() { if ((${#1} == 8)); then printf 4; else printf 6; fi; } # HEX

# Sets text_of_addr. A capture has many packets of few addresses, so a text is made only once.
declare -A texts_of_addr
addr_text() { # HEX
	local i word='' keys
	if ((${#1} == 8)); then
		printf -v text_of_addr '%d.%d.%d.%d' "0x${1:0:2}" "0x${1:2:2}" "0x${1:4:2}" "0x${1:6:2}"
		return
	fi
	if [[ ! ${texts_of_addr[$1]-} ]]; then
		for ((i = 0; i < 32; i += 4)); do word+=:${1:i:4}; done
		if [[ $1 == 00000000000000000000ffff* ]]; then
			text_of_addr=${word#:} # on no wire, but in a frame it may be
		else
			read_words 2 "${word#:}"
			text_of_addr=${keys##* }
		fi
		texts_of_addr[$1]=${text_of_addr%/128}
	fi
	text_of_addr=${texts_of_addr[$1]}
}

# Sets net_kind and net_key: where the networks around a host or network are looked up.
around() { # KIND KEY
	net_kind=net${1: -1} net_key=$2
	[[ $1 == host* ]] || return 0
	local bits=20
	[[ $1 == host6 ]] && bits=80
	if ((big)); then net_key=00_00_00_${bits}_$2; else net_key=${bits}_00_00_00_$2; fi
}
