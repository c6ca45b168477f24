# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Warnings about who would be locked out.

# Where the peer of this ssh session is. sudo takes the variable away; an ancestor still has it.
ssh_peer() {
	local pid=$$ value=${SSH_CONNECTION-} word stat
	while [[ -z $value ]] && ((pid > 1)); do
		while IFS= read -r -d '' word; do
			[[ $word != SSH_CONNECTION=* ]] || value=${word#*=}
		done <"/proc/$pid/environ" || break
		IFS= read -r -d '' stat <"/proc/$pid/stat" || [[ $stat ]] || break
		read -r _ pid _ <<<"${stat##*) }"
	done 2>/dev/null
	printf '%s' "${value%% *}"
}

# Devices by which what enters DEV may be known to the host: itself, the bridges that it is a port of
# and the VLAN devices on top of it.
also_known_as() { # DEV
	ip -j -d link show | jq -r --arg dev "$1" '
		. as $all | def up: . as $names | ($names + [$all[] | select(.ifname as $i | $names | index($i)) | .master // empty]
			+ [$all[] | select(.linkinfo.info_kind == "vlan" and (.link as $l | $names | index($l))) | .ifname]) | unique |
			if . == $names then . else up end;
		[$dev] | up | .[]'
}

# Says who will not get in any more, before that is so. Needs the list open.
warn_who_is_left_out() { # DEV [in|out]
	local device=$1 near peer from zone keys kind key
	if list_empty; then
		warn "the allow list is empty: no IPv4 or IPv6 packet gets ${2-in} by $device (first: allow ADDR)"
	fi
	near=" $(also_known_as "$device" | tr '\n' ' ')"
	if ip -j addr show | jq -e --arg near "$near" \
		'any(.[] | select(.ifname as $i | $near | contains(" " + $i + " ")) | .addr_info[]?; .dynamic)' >/dev/null; then
		warn "$device has its address by DHCP or router advertisement: list who gives it, or it will run out"
	fi
	peer=$(ssh_peer)
	peer=${peer#::ffff:}
	[[ $peer ]] || return 0
	zone=${peer#*%}
	from=$(ip -j route get "${peer%%%*}" 2>/dev/null | jq -r '.[0].dev') || :
	[[ $zone == "$peer" ]] || from=$zone
	[[ $near == *" $from "* ]] || return 0
	read_words 2 "${peer%%%*}"
	read -r kind key _ <<<"$keys"
	! list_admitted "$kind" "$key" || return 0
	warn "your ssh session comes from $peer by $device and is not listed: it will hang (first: allow ${peer%%%*})"
}
