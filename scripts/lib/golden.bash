# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2086,SC2046 # what frame.bash and why set; a frame is a single word
# SPDX-License-Identifier: GPL-2.0-only
# The golden frames: docs/frames.md, row by row. `why pack` runs them through the programs of a device,
# test/frames.bats through ours. Sourced after frame.bash.

# The frames and the reason that each must get, into pack_name, pack_frame and, by program, pack_allow
# pack_egress pack_icmp. "?REASON" means listed if the address that counts is listed, otherwise REASON.
# The addresses: near is this host, in is listed, net is in a listed network, out is not listed. (Where
# there is no such address another one takes its place, and the list is asked what it gets.) pmtu is
# the reason for a "packet too big" about `in`.
pack_make() { # IN4 NET4 OUT4 IN6 NET6 OUT6 PMTU4 PMTU6
	local in4=$1 net4=$2 out4=$3 in6=$4 net6=$5 out6=$6 pmtu4=$7 pmtu6=$8 near4=ac110001 near6 link6 any6 all6 i t deep inner
	local listed4 listed6 tagged4 tagged6 solicit quote4 quote6 z udp tcp
	[[ ${pack_made-} != "$*" ]] || return 0
	pack_made=$*
	# What many frames share is made once: each $(…) is a process. z is zeros, two digits for a byte.
	printf -v z '%018000d' 0
	udp=$(udp) tcp=$(tcp)
	pack_name=() pack_frame=() pack_allow=() pack_egress=() pack_icmp=()
	near6=fd17${z:0:26}01 link6=fe80${z:0:26}01 any6=${z:0:32} all6=ff02${z:0:26}16
	solicit=$(icmp 135 0 ${z:0:32})
	quote4=$(ip4 $near4 $in4 6 ${z:0:16}) quote6=$(ip6 $near6 $in6 6 ${z:0:16})

	# By the address. On the way out the far end is the destination.
	both 'IPv4 listed host, UDP' other 4 $in4 $near4 17 $udp
	both 'IPv4 in a listed network, TCP' other 4 $net4 $near4 6 $tcp
	both 'IPv4 not listed, TCP' other 4 $out4 $near4 6 $tcp
	both 'IPv4 not listed, UDP' other 4 $out4 $near4 17 $udp
	both 'IPv4 not listed, GRE' other 4 $out4 $near4 47 ${z:0:64}
	both 'IPv4 not listed, with a listed one' other 4 $out4 $in4 17 $udp
	both 'IPv4 not listed, ping' icmp 4 $out4 $near4 1 $(icmp 8 0)
	both 'IPv4 listed host, ping' icmp 4 $in4 $near4 1 $(icmp 8 0)
	both 'IPv6 listed host, UDP' other 6 $in6 $near6 17 $udp
	both 'IPv6 in a listed network, TCP' other 6 $net6 $near6 6 $tcp
	both 'IPv6 not listed, TCP' other 6 $out6 $near6 6 $tcp
	both 'IPv6 not listed, without payload' other 6 $out6 $near6 59 ''
	both 'IPv6 not listed, of 2001::/16, TCP' other 6 2001${z:0:26}01 $near6 6 $tcp
	both 'IPv6 not listed, ping' icmp 6 $out6 $near6 58 $(icmp 128 0)
	row 'DHCP follows the list' '?not_listed' '?not_listed' other $(v4 00000000 ffffffff 17 $(udp 68 67))

	# What a network cannot do without.
	row ARP arp arp other $(dst=ffffffffffff eth 0806 00010800060400010200000000020a0000010000000000000a000002)
	row 'ARP after a tag' arp arp other $(eth 8100 $(tag 0806 ${z:0:56}))
	row STP l2_control l2_control other $(dst=0180c2000000 eth 0026 424203${z:0:70})
	row 'STP after a tag' l2_control l2_control other $(dst=0180c2000000 eth 8100 $(tag 0026 ${z:0:76}))
	row LACP l2_control l2_control other $(dst=0180c2000002 eth 8809 ${z:0:92})
	row LLDP l2_control l2_control other $(dst=0180c200000e eth 88cc ${z:0:92})
	row 'last reserved address' l2_control l2_control other $(dst=0180c200000f eth 0026 ${z:0:76})
	row 'one after the reserved addresses' ethertype ethertype other $(dst=0180c2000010 eth 0026 ${z:0:76})
	row '802.1X (EAPOL)' l2_control l2_control other $(eth 888e ${z:0:92})
	row 'IPv4 to a reserved address' '?not_listed' '?not_listed' other $(dst=0180c2000000 v4 $out4 $near4 17 $udp)
	for t in 133 135 136; do
		row "neighbour discovery, ICMPv6 $t" '?nd' '?nd' nd $(hop=255 v6 $out6 $out6 58 $(icmp $t 0 ${z:0:32}))
	done
	row 'router advertisement' '?not_listed' '?not_listed' nd $(hop=255 v6 $link6 $all6 58 $(icmp 134 0 ${z:0:16}))
	row 'router advertisement, listed' '?not_listed' '?not_listed' nd $(hop=255 v6 $in6 $in6 58 $(icmp 134 0 ${z:0:16}))
	row redirect '?not_listed' '?not_listed' nd $(hop=255 v6 $link6 $out6 58 $(icmp 137 0 ${z:0:64}))
	row 'discovery from another link' '?not_listed' '?not_listed' nd $(hop=254 v6 $out6 $out6 58 $solicit)
	row 'discovery, code 1' '?not_listed' '?not_listed' nd $(hop=255 v6 $out6 $out6 58 $(icmp 135 1 ${z:0:32}))
	row 'discovery after hop-by-hop' '?not_listed' '?not_listed' nd $(hop=255 v6 $out6 $out6 0 $(behind_hbh 58 $solicit))
	row 'discovery in a fragment' '?not_listed' '?not_listed' icmp $(hop=255 v6 $out6 $out6 44 3a00000000000000$solicit)
	for t in 130 131 132 143; do
		row "MLD, ICMPv6 $t" '?mld' '?mld' mld $(hop=1 v6 $link6 $all6 0 $(behind_hbh 58 $(icmp $t 0 ${z:0:32})))
	done
	row 'MLD from ::' '?mld' '?mld' mld $(hop=1 v6 $any6 $all6 0 $(behind_hbh 58 $(icmp 143 0 ${z:0:32})))
	row 'MLD from a global address' '?not_listed' '?not_listed' mld $(hop=1 v6 $out6 $out6 0 $(behind_hbh 58 $(icmp 143 0 ${z:0:32})))
	row 'IGMP from 0.0.0.0' '?igmp' '?igmp' other $(ttl=1 v4 00000000 e0000016 2 ${z:0:32})
	row 'IGMP from 0.0.0.0, TTL 2' '?not_listed' '?not_listed' other $(ttl=2 v4 00000000 e0000016 2 ${z:0:32})
	row 'IGMP from 0.0.0.0 to a host' '?not_listed' '?not_listed' other $(ttl=1 v4 00000000 $out4 2 ${z:0:32})
	row 'IGMP from elsewhere' '?not_listed' '?not_listed' other $(ttl=1 v4 $out4 e0000016 2 ${z:0:32})
	row 'too big, for a listed peer' "?$pmtu4" '?not_listed' icmp $(v4 $out4 $out4 1 $(icmp 3 4 $quote4))
	row 'too big, after IP options' "?$pmtu4" '?not_listed' icmp $(ihl=6 v4 $out4 $out4 1 $(icmp 3 4 $quote4))
	row 'too big, its quote cut off' '?not_listed' '?not_listed' icmp $(v4 $out4 $out4 1 $(icmp 3 4 $(trunc $quote4 19)))
	row 'port unreachable' '?not_listed' '?not_listed' icmp $(v4 $out4 $out4 1 $(icmp 3 3 $quote4))
	row 'IPv6 too big, for a listed peer' "?$pmtu6" '?not_listed' pmtu $(v6 $out6 $out6 58 $(icmp 2 0 $quote6))
	row 'IPv6 unreachable' '?not_listed' '?not_listed' icmp $(v6 $out6 $out6 58 $(icmp 1 0 $quote6))
	row '802.3 with LLC' ethertype ethertype other $(eth 0026 ${z:0:76})
	row PPPoE ethertype ethertype other $(eth 8864 ${z:0:92})

	# After tags. From a listed address to a listed one: it counts on the way out as well.
	listed4=$(v4 $in4 $in4 17 $udp) listed6=$(v6 $in6 $in6 17 $udp) inner=${listed4:28} t=0800
	for i in 1 2 3 4; do
		inner=$(tag $t $inner)
		if ((i == 1)); then t=8100; else t=88a8; fi
		row "$i VLAN tag$([[ $i == 1 ]] || echo s)$([[ $i != 2 ]] || echo ' (QinQ)')" '?not_listed' '?not_listed' other $(eth $t $inner)
	done
	row '5 VLAN tags' vlan_depth vlan_depth other $(eth 88a8 $(tag 88a8 $inner))
	row 'VLAN id 0' '?not_listed' '?not_listed' other $(eth 8100 $(vid=0 tag 0800 ${listed4:28}))
	row 'IPv6 after 802.1ad' '?not_listed' '?not_listed' other $(eth 88a8 $(tag 86dd ${listed6:28}))
	row 'ping after two tags' '?not_listed' '?not_listed' icmp $(eth 88a8 $(tag 8100 $(tag 0800 $(ip4 $out4 $out4 1 $(icmp 8 0)))))

	# IPv4 headers, and lengths that contradict each other.
	row 'IHL 6' '?not_listed' '?not_listed' other $(ihl=6 v4 $in4 $in4 17 $udp)
	row 'IHL 15' '?not_listed' '?not_listed' other $(ihl=15 v4 $in4 $in4 17 $udp)
	row 'IHL 15, not listed, ping' '?not_listed' '?not_listed' icmp $(ihl=15 v4 $out4 $out4 1 $(icmp 8 0))
	row 'IHL 4' malformed malformed other $(ihl=4 v4 $in4 $in4 1 $(icmp 8 0))
	row 'version 6 as IPv4' malformed malformed other $(ver=6 v4 $in4 $in4 17 $udp)
	row 'version 4 as IPv6' malformed malformed other $(ver=4 v6 $in6 $in6 17 $udp)
	row 'total length 0' malformed malformed other $(tot=0 v4 $in4 $in4 17 $udp)
	row 'total length 19' malformed malformed other $(tot=19 v4 $in4 $in4 17 $udp)
	row 'total length one too long' malformed malformed other $(tot=29 v4 $in4 $in4 17 $udp)
	row 'payload length one too long' malformed malformed other $(len=9 v6 $in6 $in6 17 $udp)
	row 'padding after the packet' '?not_listed' '?not_listed' other $(v4 $in4 $in4 17 $udp)${z:0:36}

	# Fragments, and the headers of IPv6.
	row 'first fragment' '?not_listed' '?not_listed' other $(frag=0x2000 v4 $in4 $in4 17 $udp)
	row 'middle fragment' '?not_listed' '?not_listed' other $(frag=0x2001 v4 $in4 $in4 17 $udp)
	row 'last fragment' '?not_listed' '?not_listed' other $(frag=0x0001 v4 $in4 $in4 17 $udp)
	row 'last fragment, not listed' '?not_listed' '?not_listed' other $(frag=0x1fff v4 $out4 $out4 17 $udp)
	row 'last fragment of a ping' '?not_listed' '?not_listed' icmp $(frag=0x0010 v4 $out4 $out4 1 ${z:0:32})
	row 'IPv6 first fragment of a ping' '?not_listed' '?not_listed' icmp $(v6 $in6 $in6 44 3a00000100000001$(icmp 128 0))
	row 'IPv6 last fragment' '?not_listed' '?not_listed' other $(v6 $in6 $in6 44 1100000800000001${z:0:32})
	row 'IPv6 last fragment, not listed' '?not_listed' '?not_listed' other $(v6 $out6 $out6 44 1100000800000001${z:0:32})
	row 'IPv6 after hop-by-hop, TCP' '?not_listed' '?not_listed' other $(v6 $in6 $in6 0 $(behind_hbh 6 $tcp))
	row 'IPv6 after options and routing, ping' '?not_listed' '?not_listed' icmp $(v6 $in6 $in6 60 $(behind_hbh 43 $(behind_hbh 58 $(icmp 128 0))))
	row 'IPv6 after AH, ping' '?not_listed' '?not_listed' icmp $(v6 $in6 $in6 51 3a04${z:0:44}$(icmp 128 0))
	deep=$(icmp 128 0) t=58
	for i in 1 2 3 4 5 6 7 8; do deep=$(printf '%02x00%s%s' $t 010400000000 $deep) t=60; done
	row 'IPv6 after 8 extension headers, ping' '?not_listed' '?not_listed' icmp $(v6 $out6 $out6 60 $deep)
	row 'IPv6 after 9 extension headers, ping' '?not_listed' '?not_listed' other $(v6 $out6 $out6 60 3c00010400000000$deep)

	# Cut off at the end of each header, and next to it.
	tagged4=$(eth 8100 $(tag 0800 ${listed4:28})) tagged6=$(eth 8100 $(tag 86dd ${listed6:28}))
	row 'Ethernet header alone, IPv4' malformed malformed other $(trunc $listed4 14)
	row 'Ethernet header alone, IPv6' malformed malformed other $(trunc $listed6 14)
	row 'cut in the tag' malformed malformed other $(trunc $tagged4 17)
	row 'cut after the tag' malformed malformed other $(trunc $tagged4 18)
	row 'cut in the IPv4 header' malformed malformed other $(trunc $listed4 33)
	row 'cut in the IPv4 header, after a tag' malformed malformed other $(trunc $tagged4 37)
	row 'cut after the IPv4 header' malformed malformed other $(trunc $listed4 34)
	row 'cut in the IP options' malformed malformed other $(trunc $(ihl=6 v4 $in4 $in4 17 $udp) 37)
	row 'cut in the IPv6 header' malformed malformed other $(trunc $listed6 53)
	row 'cut in the IPv6 header, after a tag' malformed malformed other $(trunc $tagged6 57)
	row 'cut after the IPv6 header' malformed malformed other $(trunc $listed6 54)
	row 'cut in the UDP header' malformed malformed other $(trunc $listed4 41)

	# Large ones.
	row '1514 bytes' '?not_listed' '?not_listed' other $(v4 $in4 $in4 17 $udp${z:0:2944})
	row 'jumbo, 9014 bytes' '?not_listed' '?not_listed' other $(v4 $in4 $in4 17 $udp${z:0:17944})
	row 'jumbo, not listed' '?not_listed' '?not_listed' other $(v6 $out6 $out6 17 $udp${z:0:17904})
}

# NAME ALLOW EGRESS ICMP FRAME: the reasons that the frame must get from the allow list on the way in
# and out, and from the icmp programs.
row() {
	pack_name+=("$1") pack_allow+=("$2") pack_egress+=("$3") pack_icmp+=("$4") pack_frame+=("$5")
}
# NAME ICMP VERSION FAR NEAR PROTO PAYLOAD: a packet from the far end, and on the way out one to it.
both() {
	row "$1" '?not_listed' - "$2" "$("v$3" "$4" "$5" "$6" "$7")"
	row "$1 (out)" - '?not_listed' "$2" "$("v$3" "$5" "$4" "$6" "$7")"
}

# The verdict that a reason implies, into verdict.
verdict_by() { # REASON
	local i
	verdict=pass
	for ((i = pb_first_drop; i < pb_reasons; i++)); do
		[[ ${pb_reason[i]-} != "$1" ]] || verdict=drop
	done
}

# --- running them

first_unlisted() { # HEX…: the first of them that is not let in, else the last, into first
	for first; do
		admitted "$first" || return 0
	done
}
admitted() { # HEX
	addr_text "$1"
	list_admits "$text_of_addr"
}

# Runs the golden frames through one program. Sets packed: rows of fields NAME EXPECTED ACTUAL OUTCOME,
# where EXPECTED and ACTUAL are "VERDICT REASON" or "VERDICT", and OUTCOME is ok, DIFFERS, or why it
# could not be run.
pack_run() { # ATTACHMENT
	local hook=${k_at_hook[$1]} id=${k_at_id[$1]} first firsts in4='' net4='' out4 in6='' net6='' out6 pmtu4=not_listed pmtu6=not_listed
	local rules=allow end=source i n want got why addr kind row verdict wants=() names=() run=()
	local -A is_listed=()
	case ${k_at_ours[$1]}:$name in
	true:*icmp*) rules=icmp ;;
	true:*info*) rules=info ;;
	true:*_egress) end=destination ;;
	false:*) [[ $hook != tc/egress ]] || end=destination ;;
	esac
	lists_of "$id"
	# A program that knows no list of ours is judged by the one that is pinned.
	[[ $list_where ]] || list_where=$globals
	firsts=$("$fill" -p "$prog" first "$list_where") || fill_failed $? 2
	while read -r kind first; do
		case $kind in
		host4) in4=$first ;;
		net4) net4=$first ;;
		host6) in6=$first ;;
		net6) net6=$first ;;
		esac
	done <<<"$firsts"
	# 192.0.2.77 198.51.100.77 203.0.113.77 198.18.7.7 100.64.7.7 10.255.7.7 8.8.7.7
	first_unlisted c000024d c633644d cb00714d c6120707 64400707 0aff0707 08080707
	out4=$first
	# 2001:db8:ffff::77 3fff:fff::77 fd77:77::77 2600:77::77 2a00:77::77
	first_unlisted 20010db8ffff00000000000000000077 3fff0fff000000000000000000000077 fd770077000000000000000000000077 \
		26000077000000000000000000000077 2a000077000000000000000000000077
	out6=$first
	[[ ! $in4$net4 ]] || pmtu4=pmtu
	[[ ! $in6$net6 ]] || pmtu6=pmtu
	in4=${in4:-${net4:-$out4}} in6=${in6:-${net6:-$out6}}
	pack_make "$in4" "${net4:-$in4}" "$out4" "$in6" "${net6:-$in6}" "$out6" "$pmtu4" "$pmtu6"

	for i in "${!pack_name[@]}"; do
		case $rules:$end in
		allow:source) want=${pack_allow[i]} ;;
		allow:*) want=${pack_egress[i]} ;;
		icmp:*) want=${pack_icmp[i]} ;;
		info:*) want=other ;;
		esac
		[[ $want != - ]] || continue
		if [[ $want == \?* ]]; then
			want=${want#\?}
			frame_read "${pack_frame[i]}"
			addr=$fr_src
			[[ $end == source ]] || addr=$fr_dst
			if [[ ! ${is_listed[$addr]-} ]]; then
				is_listed[$addr]=no
				! admitted "$addr" || is_listed[$addr]=yes
			fi
			[[ ${is_listed[$addr]} == no ]] || want=listed
		fi
		verdict_by "$want"
		names+=("${pack_name[i]}") wants+=("$verdict $want") run+=("${pack_frame[i]}")
	done
	put_frames "${run[@]}"
	run_frames "$id" "${k_prog_counters[id]}" "${k_prog_btf[id]}" $((${#run[@]} - 1))
	packed=()
	for n in "${!run[@]}"; do
		want=${wants[n]}
		cannot "$hook" "$name" $((${#run[n]} / 2)) "${ran_ret[n]}" "${ran_reason[n]}"
		verdict_of "$hook" "${ran_ret[n]}"
		got=$verdict
		if [[ ${ran_reason[n]} != - ]]; then
			got+=" ${ran_reason[n]}"
		elif [[ ! $why ]]; then
			want=${want%% *}
			[[ $got != aborted ]] || got=drop
		fi
		if [[ $why ]]; then
			got=''
		elif [[ $got == "$want" ]]; then
			why=ok
		else
			why=DIFFERS
		fi
		fields "${names[n]}" "$want" "$got" "$why"
		packed+=("$row")
	done
}

# Runs them through every program on the way, and prints what each must do and does. Sets status.
pack_walk() {
	local i name frame want got outcome ok differs skipped row ours
	status=0
	for i in "${way[@]}"; do
		name=$(prog_name "${k_at_id[i]}") ours=${k_at_ours[i]}
		pack_run "$i"
		ok=0 differs=0 skipped=0
		[[ $json ]] || printf '%s %s: %s%s\n' "$device" "${k_at_hook[i]}" "$name" "$([[ $ours == true ]] || echo ' (not ours)')"
		[[ ! $json ]] || { fields program "${k_at_hook[i]}" "$name" "${k_at_id[i]}" "$ours" && printf '%s\n' "$row"; }
		for row in "${packed[@]}"; do
			IFS=$'\x1f' read -r frame want got outcome <<<"$row"
			case $outcome in
			ok) ok=$((ok + 1)) ;;
			DIFFERS) differs=$((differs + 1)) ;;
			*) skipped=$((skipped + 1)) ;;
			esac
			if [[ $json ]]; then
				printf 'frame\x1f%s\n' "$row"
			elif [[ ! $quiet || $outcome == DIFFERS ]]; then
				printf '  %-42s %-18s %-18s %s\n' "$frame" "$want" "${got:--}" "$outcome"
			fi
		done
		[[ $json ]] || printf '  %d ok, %d differ, %d could not be run\n' "$ok" "$differs" "$skipped"
		((!differs)) || status=1
	done >"$tmp/out"
	if [[ $json ]]; then
		jq -cnR --arg ifname "$device" '
			def parts: split(" ") | if . == [] then null else {verdict: .[0], reason: .[1]} end;
			reduce (inputs | split("\u001f")) as $r ({ifname: $ifname, programs: []};
				if $r[0] == "program" then
					.programs += [$r | {hook: .[1], program: .[2], id: (.[3] | tonumber), ours: (.[4] == "true"), differs: 0, frames: []}]
				else
					.programs[-1].frames += [$r | {name: .[1], expected: (.[2] | parts), actual: (.[3] | parts),
						ok: (if .[3] == "" then null else .[4] == "ok" end), text: (if .[3] == "" then .[4] else null end)}] |
					if $r[4] == "DIFFERS" then .programs[-1].differs += 1 else . end
				end)' "$tmp/out"
	else
		data "$(<"$tmp/out")"
	fi || die 2 'cannot write the output'
}
