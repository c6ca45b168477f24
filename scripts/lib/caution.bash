# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Warnings about who would be locked out.

# The address that this ssh session comes from. sudo removes the variable; an ancestor still has it.
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

# Devices on which the host sees what enters through DEV: DEV itself, the bridge that it is a port of,
# VLAN devices on top of either. Into near, with a space before and after each name.
also_known_as() { # DEV
	local dev was=''
	near=" $1 "
	while [[ $near != "$was" ]]; do
		was=$near
		for dev in "${k_devices[@]}"; do
			[[ $near != *" $dev "* || ! ${k_master[$dev]} || $near == *" ${k_master[$dev]} "* ]] || near+="${k_master[$dev]} "
			[[ ${k_kind[$dev]} != vlan || $near != *" ${k_link[$dev]} "* || $near == *" $dev "* ]] || near+="$dev "
		done
	done
}

# Warns of those who are about to be shut out. Needs the list open and the snapshot.
warn_who_is_left_out() { # DEV [in|out]
	local device=$1 near dev peer from zone
	if list_empty; then
		warn "the allow list is empty: no IPv4 or IPv6 packet gets ${2-in} through $device (first: $(command_of allow) ADDR)"
	fi
	also_known_as "$device"
	for dev in $near; do
		[[ ${k_dynamic[$dev]-} ]] || continue
		warn "$device has its address by DHCP or router advertisement: list the server, or the address will run out"
		break
	done
	peer=$(ssh_peer)
	peer=${peer#::ffff:}
	[[ $peer ]] || return 0
	zone=${peer#*%}
	from=$(route_to "${peer%%%*}")
	[[ $zone == "$peer" ]] || from=$zone
	[[ $near == *" $from "* ]] || return 0
	! list_admits "${peer%%%*}" || return 0
	warn "your ssh session comes from $peer through $device and is not listed: it will hang (first: $(command_of allow) ${peer%%%*})"
}
