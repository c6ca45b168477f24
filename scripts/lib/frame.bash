# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash and others set is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Frames: building them, from words too, and reading them. Sourced after base.bash and addr.bash.
#
# A frame is a string of hex digits. A builder prints one; the caller can preset its fields in the
# environment (`ihl=6 ip4 …`), and the others get correct values. Addresses are hex as well; IPv4
# addresses may also be dotted.

readonly mac_peer=020000000002
zeros() { ((!$1)) || printf '%0*d' $((2 * $1)) 0; } # BYTES
trunc() { printf '%s' "${1:0:$((2 * $2))}"; }       # FRAME BYTES

eth() { # TYPE PAYLOAD; dst
	printf '%s%s%s%s' "${dst:-020000000001}" "$mac_peer" "$1" "$2"
}

tag() { # INNER-TYPE PAYLOAD: what follows the EtherType of a tag; vid
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

v4() { eth 0800 '' && ip4 "$@"; }
v6() { eth 86dd '' && ip6 "$@"; }
icmp() { printf '%02x%02x000000000000%s' "$1" "$2" "${3-}"; }  # TYPE CODE [PAYLOAD]
udp() { printf '%04x%04x00080000' "${1:-1000}" "${2:-2000}"; } # [SPORT DPORT]
tcp() { printf '%04x%04x00000001000000005002ffff00000000' "${1:-1000}" "${2:-2000}"; }

behind_hbh() { # NEXT PAYLOAD: preceded by hop-by-hop options with a router alert
	printf '%02x00050200000100%s' "$1" "$2"
}

# Reads a frame into fr_version (4, 6, or empty), fr_src, fr_dst, fr_proto, fr_at (offset of the data
# after the IP headers, in digits), fr_later (set for a fragment other than the first), fr_quoted
# (destination of the packet that an ICMP error quotes), fr_tags and fr_type. Assumes that the frame is
# well formed; fields beyond its end are left empty.
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

# A short description of the frame that was read, into fr_text.
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

proto_name() { # NUMBER; into name_of_proto
	for name_of_proto in "${!pb_proto[@]}"; do
		[[ ${pb_proto[$name_of_proto]} != "$1" ]] || return 0
	done
	name_of_proto="protocol $1"
}

# Prints the frames of a file, at most MOST, as lines "MISSING FRAME": MISSING bytes at the end were not
# captured and are zeros. Text is hex digits with an empty line between frames; anything else must be a
# pcap or pcapng.
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

# The frames of a file into frames, and into missing how many bytes of each were not captured.
frames=() missing=()
frames_read() { # FILE|- MOST
	local n line
	[[ $1 == - || -r $1 && ! -d $1 ]] || die 2 "cannot read: $1"
	cat <"$([[ $1 == - ]] && printf /dev/stdin || printf '%s' "$1")" >"$tmp/file" || die 2 "cannot read: $1"
	frames_of "$tmp/file" $(($2 + 1)) >"$tmp/asked" 2>"$tmp/err" || { complaint=$(<"$tmp/err") && die 2 "$1: $(reason)"; }
	while read -r n line; do missing+=("$n") frames+=("$line"); done <"$tmp/asked"
	((${#frames[@]} > $2)) || return 0
	note "$1: only the first $2 frames"
	unset "frames[$2]" "missing[$2]"
}

# --- a frame from words

declare -A said=() # by the word that introduces it
vlans=()
frame_took=0

# Takes an argument that describes the frame, with the value that follows it, and sets frame_took to the
# number of further arguments used. 1 if it is no such argument.
frame_word() { # WORD [NEXT…]
	local word=$1
	frame_took=0
	case $1 in
	to | proto | port | sport | type | code | about | ttl | vlan)
		(($# > 1)) || usage_error "$1 needs a value"
		frame_took=1
		;;
	fragment) set -- fragment 1 ;;
	*:* | [0-9]*.*.*)
		[[ $verb == build ]] || return 1
		set -- source "$1"
		;;
	*) return 1 ;;
	esac
	if [[ $1 == vlan ]]; then
		vlans+=("$2")
	else
		[[ ! ${said[$1]+there} || $1 == fragment ]] || usage_error "a second $1: $2"
		said[$1]=$2
	fi
}

is_number() { # TEXT MOST
	[[ $1 =~ ^(0|[1-9][0-9]{0,5})$ ]] && (($1 <= $2))
}

# What can be said of the words before anything is looked at.
frame_words_check() {
	local word id most
	for word in port sport type code ttl; do
		most=255
		[[ $word != *port ]] || most=65535
		[[ ! ${said[$word]+there} ]] || is_number "${said[$word]}" "$most" || usage_error "$word: not a number up to $most: ${said[$word]}"
	done
	for id in "${vlans[@]}"; do
		is_number "$id" 4095 || usage_error "vlan: not an id up to 4095: $id"
	done
}

# One address as hex digits, into addr_hex. Its text is kept for addr_text.
address() { # WORD
	[[ $1 != */* ]] || die 2 "not a single address: $1"
	read_words 2 "$1"
	address_of "$keys"
}
address_of() { # KEY-LINE
	local kind key text
	read -r kind key text <<<"$1"
	addr_hex=${key//_/}
	texts_of_addr["$addr_hex"]=${text%/*}
}

# Source and destination as hex digits, into src and far: what was said, else the device's address or one
# that stands for it. Two IPv6 addresses are read by one awk.
addresses() {
	local from=${said[source]-} to=${said[to]-} word
	for word in "$from" "$to"; do
		[[ $word != */* ]] || die 2 "not a single address: $word"
	done
	if [[ $from$to == *:* ]]; then
		from=${from:-${k_addr6[$device]:-2001:db8::1}} to=${to:-${k_addr6[$device]:-2001:db8::1}}
		read_words 2 "$from" "$to"
		address_of "${keys%%$'\n'*}"
		src=$addr_hex
		address_of "${keys##*$'\n'}" # the only line, if they are equal
	else
		address "${from:-${k_addr4[$device]:-192.0.2.1}}"
		src=$addr_hex
		address "${to:-${k_addr4[$device]:-192.0.2.1}}"
	fi
	far=$addr_hex
	[[ ${#src} == "${#far}" ]] || usage_error "IPv4 and IPv6 in one packet: $from, $to"
	version=$(addr_kind "$src")
}

# Builds the frame that the words describe, into frames.
frames_build() {
	local src far version proto payload='' inner type word i mld='' hops=64 dev_mac=${k_mac[$device]//:/}
	[[ $path == egress || ${said[source]+there} ]] || usage_error 'no source address given'
	[[ $path != egress || ${said[to]+there} ]] || usage_error 'egress: no destination given (to ADDR)'
	addresses

	# Without proto, the other words name the protocol.
	proto=${said[proto]-}
	if [[ ! $proto ]]; then
		proto=tcp
		[[ ! ${said[type]+there}${said[code]+there}${said[about]+there} ]] || proto=icmp
	fi
	[[ $proto != icmp || $version == 4 ]] || proto=icmpv6
	if [[ $proto == arp ]]; then
		build_arp
	else
		[[ ! ${pb_proto[$proto]+known} ]] || proto=${pb_proto[$proto]}
		is_number "$proto" 255 || usage_error "unknown protocol: ${said[proto]}"
		build_payload
		build_ip
	fi
	for ((i = ${#vlans[@]} - 1; i >= 0; i--)); do
		inner=$(vid=${vlans[i]} tag "$type" "$inner")
		if ((i == ${#vlans[@]} - 1)); then type=8100; else type=88a8; fi
	done
	[[ ${#dev_mac} == 12 ]] || dev_mac=020000000001
	frames=("$(dst=$dev_mac eth "$type" "$inner")") missing=(0)
}

build_arp() {
	[[ $version == 4 ]] || usage_error "arp: not for IPv6: ${said[source]-${said[to]}}"
	for word in port sport type code about ttl fragment; do
		[[ ! ${said[$word]+there} ]] || usage_error "$word does not go with arp"
	done
	inner=0001080006040001$mac_peer${src}000000000000$far type=0806
}

build_payload() {
	if [[ $proto =~ ^(6|17|33|132|136)$ ]]; then
		case $proto in
		6) payload=$(tcp "${said[sport]-40000}" "${said[port]-80}") ;;
		17) payload=$(udp "${said[sport]-40000}" "${said[port]-80}") ;;
		*) payload=$(printf '%04x%04x' "${said[sport]-40000}" "${said[port]-80}")$(zeros 12) ;;
		esac
	else
		[[ ! ${said[port]+there}${said[sport]+there} ]] || usage_error "port goes with a protocol that has ports, not ${said[proto]-icmp}"
		payload=$(zeros 16)
	fi
	if [[ $version:$proto == 4:1 || $version:$proto == 6:58 ]]; then
		build_icmp
	elif [[ ${said[type]+there}${said[code]+there}${said[about]+there} ]]; then
		usage_error 'type, code and about go with proto icmp'
	fi
	[[ ${said[fragment]+there} ]] || return 0
	[[ ! ${said[port]+there}${said[sport]+there}${said[type]+there} ]] || usage_error 'the last fragment has no ports and no type'
	payload=$(zeros 16)
}

# The ICMP message, as its protocol would send it.
build_icmp() {
	local t=8 about quote
	((version == 4)) || t=128
	t=${said[type]-$t}
	if [[ ${said[about]+there} ]]; then
		address "${said[about]}"
		about=$addr_hex
		[[ ${#about} == "${#src}" ]] || usage_error "IPv4 and IPv6 in one packet: ${said[about]}"
		quote=$("ip$version" "$far" "$about" 6 "$(zeros 8)")
		if [[ ! ${said[type]+there} ]]; then
			# "Packet too big", which the list lets through.
			if ((version == 4)); then t=3; else t=2; fi
			[[ $version == 6 || ${said[code]+there} ]] || said[code]=4
		fi
	fi
	payload=$(icmp "$t" "${said[code]-0}" "${quote-$payload}")
	if ((version == 6 && t >= 133 && t <= 137)); then
		hops=255
	elif ((version == 6)) && [[ $t =~ ^(13[012]|143)$ ]]; then
		mld=1
	fi
}

build_ip() {
	type=86dd
	if ((version == 4)); then
		type=0800
		((proto != pb_proto[igmp])) || hops=1
		inner=$(ttl=${said[ttl]-$hops} frag=$((${said[fragment]-0} * 0x10)) ip4 "$src" "$far" "$proto" "$payload")
	elif [[ ${said[fragment]+there} ]]; then
		inner=$(hop=${said[ttl]-64} ip6 "$src" "$far" 44 "$(printf '%02x00008000000001%s' "$proto" "$payload")")
	elif [[ $mld ]]; then
		inner=$(hop=${said[ttl]-1} ip6 "$src" "$far" 0 "$(behind_hbh 58 "$payload")")
	else
		inner=$(hop=${said[ttl]-$hops} ip6 "$src" "$far" "$proto" "$payload")
	fi
}
