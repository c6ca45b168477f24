# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash and others set is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Frames: building them, reading them, and putting them through a loaded program. Sourced after
# base.bash.
#
# A frame is a word of hex digits. Builders print one; their fields are set by the caller's
# environment (`ihl=6 ip4 …`), else they are right. Addresses are hex as well, of IPv4 dotted too.

readonly mac_peer=020000000002
zeros() { ((!$1)) || printf '%0*d' $((2 * $1)) 0; } # BYTES
trunc() { printf '%s' "${1:0:$((2 * $2))}"; }       # FRAME BYTES

eth() { # TYPE PAYLOAD; dst
	printf '%s%s%s%s' "${dst:-020000000001}" "$mac_peer" "$1" "$2"
}

tag() { # TYPE-BEHIND PAYLOAD: what follows the EtherType of a tag; vid
	printf '%04x%s%s' "${vid:-7}" "$1" "$2"
}

quad() { # DOTTED
	local IFS=.
	# shellcheck disable=SC2086 # an address is four words
	printf '%02x%02x%02x%02x' $1
}

ip4() { # SRC DST PROTO PAYLOAD; ihl tot ver frag ttl
	local words=${ihl:-5} opts='' from=$1 to=$2
	[[ $1 != *.* ]] || from=$(quad "$1")
	[[ $2 != *.* ]] || to=$(quad "$2")
	((words <= 5)) || printf -v opts '%0*d' $(((words - 5) * 8)) 0
	printf '%02x00%04x0001%04x%02x%02x0000%s%s%s%s' $((${ver:-4} * 16 + words)) \
		"${tot:-$((20 + (${#opts} + ${#4}) / 2))}" "${frag:-0}" "${ttl:-64}" "$3" "$from" "$to" "$opts" "$4"
}

ip6() { # SRC DST NEXT PAYLOAD; len ver hop
	printf '%02x000000%04x%02x%02x%s%s%s' $((${ver:-6} * 16)) "${len:-$((${#4} / 2))}" "$3" "${hop:-64}" "$1" "$2" "$4"
}

v4() { eth 0800 "$(ip4 "$@")"; }
v6() { eth 86dd "$(ip6 "$@")"; }
icmp() { printf '%02x%02x000000000000%s' "$1" "$2" "${3-}"; }  # TYPE CODE [BEHIND]
udp() { printf '%04x%04x00080000' "${1:-1000}" "${2:-2000}"; } # [SPORT DPORT]
tcp() { printf '%04x%04x00000001000000005002ffff00000000' "${1:-1000}" "${2:-2000}"; }

behind_hbh() { # NEXT PAYLOAD: behind hop-by-hop options with a router alert
	printf '%02x00050200000100%s' "$1" "$2"
}

# Reads a frame into fr_version (4, 6, or empty), fr_src fr_dst fr_proto, fr_at (where what is behind
# the IP headers begins, in digits), fr_later (a fragment, not the first), fr_quoted (where the packet
# went that an ICMP error quotes), fr_tags and fr_type. Reads it as a well-formed frame, of the length
# that is there.
frame_read() { # FRAME
	local at=28 hlen frag=0
	fr_version='' fr_src='' fr_dst='' fr_proto='' fr_quoted='' fr_later='' fr_tags=0 fr_type=${1:24:4}
	while [[ $fr_type == 8100 || $fr_type == 88a8 ]]; do
		fr_type=${1:at+4:4} at=$((at + 8)) fr_tags=$((fr_tags + 1))
	done
	if [[ $fr_type == 0800 && ${1:at+39:1} ]]; then
		fr_version=4 fr_src=${1:at+24:8} fr_dst=${1:at+32:8} fr_proto=$((16#${1:at+18:2}))
		frag=$((16#${1:at+12:4} & 0x1fff))
		at=$((at + 8 * 16#${1:at+1:1}))
	elif [[ $fr_type == 86dd && ${1:at+79:1} ]]; then
		fr_version=6 fr_src=${1:at+16:32} fr_dst=${1:at+48:32} fr_proto=$((16#${1:at+12:2}))
		at=$((at + 80))
		while [[ $frag == 0 && $fr_proto =~ ^(0|43|44|51|60|135)$ && ${1:at+15:1} ]]; do
			case $fr_proto in
			44) hlen=16 frag=$((16#${1:at+4:4} & 0xfff8)) ;;
			51) hlen=$((8 * (16#${1:at+2:2} + 2))) ;;
			*) hlen=$((16 * (16#${1:at+2:2} + 1))) ;;
			esac
			fr_proto=$((16#${1:at:2})) at=$((at + hlen))
		done
	fi
	fr_at=$at
	((frag == 0)) || fr_later=1
	[[ ! $fr_later ]] || return 0
	case $fr_version:$fr_proto:${1:at:4} in
	4:1:0304) fr_quoted=${1:at+48:8} ;;
	6:58:02*) fr_quoted=${1:at+64:32} ;;
	esac
}

# A few words for people about the frame that was read, into fr_text.
frame_text() { # FRAME
	local from
	case $fr_type in
	0800 | 86dd)
		if [[ $fr_version ]]; then
			addr_text "$fr_src"
			from=$text_of_addr
			addr_text "$fr_dst"
			proto_name "$fr_proto"
			fr_text="$from > $text_of_addr $name_of_proto"
			if [[ $fr_later ]]; then
				fr_text+=', later fragment'
			elif [[ $name_of_proto =~ ^(tcp|udp|sctp)$ && ${1:fr_at+7:1} ]]; then
				fr_text+=" $((16#${1:fr_at:4})) > $((16#${1:fr_at+4:4}))"
			elif [[ $name_of_proto =~ ^icmp(v6)?$ && ${1:fr_at+3:1} ]]; then
				fr_text+=" $((16#${1:fr_at:2}))/$((16#${1:fr_at+2:2}))"
			fi
		else
			fr_text='IP header cut off'
		fi
		;;
	0806) fr_text=ARP ;;
	????) if ((16#$fr_type < 0x600)); then fr_text=802.3; else fr_text="EtherType 0x$fr_type"; fi ;;
	*) fr_text='cut off' ;;
	esac
	case $fr_tags in
	0) ;;
	1) fr_text+=', 1 tag' ;;
	*) fr_text+=", $fr_tags tags" ;;
	esac
	fr_text+=", $((${#1} / 2)) bytes"
}

declare -A proto_number=([icmp]=1 [igmp]=2 [ipip]=4 [tcp]=6 [udp]=17 [dccp]=33 [ipv6]=41 [gre]=47 [esp]=50 [ah]=51
	[icmpv6]=58 [ospf]=89 [pim]=103 [vrrp]=112 [sctp]=132 [udplite]=136)

proto_name() { # NUMBER; into name_of_proto
	for name_of_proto in "${!proto_number[@]}"; do
		[[ ${proto_number[$name_of_proto]} != "$1" ]] || return 0
	done
	name_of_proto="protocol $1"
}

# The frames of a file, lines "MISSING FRAME": MISSING bytes that the capture has not kept are zeros.
# At most `most`. Text is hex digits, an empty line between frames; else a pcap or pcapng.
frames_of() { # FILE MOST
	local magic
	magic=$(head -c 4 "$1" | od -An -v -tx1 | tr -d ' \n')
	case $magic in
	d4c3b2a1 | a1b2c3d4 | 4d3cb2a1 | a1b23c4d | 0a0d0d0a)
		{ od -An -v -w4096 -tx1 "$1" | tr -d ' ' || :; } | awk -v most="$2" -v magic="$magic" -f "$lib/pcap.awk"
		;;
	*)
		awk -v most="$2" '
			function put() { if (hex != "" && n++ < most) print 0, hex; hex = "" }
			{ sub(/#.*/, ""); gsub(/[ \t\r:]/, "") }
			$0 == "" { put(); next }
			/[^0-9a-fA-F]/ { print "line " NR ": neither hex digits nor a capture" >"/dev/stderr"; exit failed = 1 }
			{ hex = hex tolower($0) }
			END { if (failed) exit 1; put(); if (!n) { print "no frame in it" >"/dev/stderr"; exit 1 } }' "$1"
		;;
	esac
}
