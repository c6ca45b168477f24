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

# Warns of routers whose advertisements would be dropped: what the host has learned from them runs out.
warn_of_routers() {
	local router dev routers
	routers=$(advertised_routers)
	while read -r router dev; do
		[[ $router && $near == *" $dev "* ]] || continue
		! list_admits "$router" || continue
		warn "$dev has its default route by advertisements of $router, which is not listed: it will run out (first: $(command_of allow) $router)"
	done <<<"$routers"
}

# Warns of those who are about to be shut out. Needs the list open and the snapshot.
warn_who_is_left_out() { # DEV [in|out]
	local device=$1 near dev said peer from zone
	if list_empty; then
		warn "the allow list is empty: no IPv4 or IPv6 packet gets ${2-in} through $device (first: $(command_of allow) ADDR)"
	fi
	above_read "$device"
	for dev in $near; do
		[[ ${k_dynamic[$dev]-} ]] || continue
		said=$device
		[[ $dev == "$device" ]] || said="$dev, on top of $device,"
		warn "$said has its address by DHCP or router advertisement: list the server, or the address will run out"
		break
	done
	[[ ${2-in} != in ]] || warn_of_routers
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
