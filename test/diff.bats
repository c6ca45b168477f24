#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The packet parser against libpcap's filters, on mutated frames, and the loaded programs on some of
# them (test/fuzz/fuzz_frames.c). For longer runs there are FUZZ_FRAMES and FUZZ_SEED.

load helper
load fixtures/frames

: "${CLANG:=clang}"
fuzz=$repo/test/fuzz

setup() {
	make -s -C "$repo" test/fuzz/fuzz_frames
	allow_table >"$BATS_TEST_TMPDIR/table"
}
teardown() { sandbox_end; }

# bats test_tags=long
@test "mutated frames: objs/parts/ and libpcap agree" {
	local frames=${FUZZ_FRAMES:-$(often 100000 3000000)}
	run -0 "$fuzz/fuzz_frames" -n "$frames" -s "${FUZZ_SEED:-1}" -t "$BATS_TEST_TMPDIR/table" "${listed[@]}"
	echo "$output"
	[[ $output == *"$frames mutated"* ]]
}

# bats test_tags=long
@test "the loaded programs give the same frames the same verdicts, and count them by the same reasons" {
	local id name args=()
	new_host host mounts
	host ip link add v1 type veth peer name v2
	host ip link add v3 type veth peer name v4
	host allow -q "${listed[@]}"
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp
	host ip link set dev v2 xdp obj "$objs/xdp_allow.o" sec xdp.frags
	host ip link set dev v3 xdp obj "$objs/xdp_icmp.o" sec xdp
	host ip link set dev v4 xdp obj "$objs/xdp_icmp.o" sec xdp.frags
	host tc qdisc add dev v1 clsact
	host tc qdisc add dev v3 clsact
	for name in allow:v1 icmp:v3; do
		host tc filter replace dev "${name#*:}" ingress pref 1 handle 1 bpf da obj "$objs/tc_${name%:*}.o" sec tc
		host tc filter replace dev "${name#*:}" egress pref 1 handle 1 bpf da obj "$objs/tc_${name%:*}.o" sec tc/egress
	done
	while read -r id name; do
		host bpftool prog pin id "$id" "/sys/fs/bpf/$name"
		args+=("$name=/sys/fs/bpf/$name")
	done < <(
		for name in v1:xdp_allow v2:xdp_allow_frags v3:xdp_icmp v4:xdp_icmp_frags; do
			printf '%s %s\n' "$(xdp_id "${name%:*}")" "${name#*:}"
		done
		for name in v1:allow v3:icmp; do
			printf '%s %s\n' "$(tc_id "${name%:*}" ingress)" "tc_${name#*:}" \
				"$(tc_id "${name%:*}" egress)" "tc_${name#*:}_egress"
		done
	)
	run -0 host "$fuzz/fuzz_frames" -n "$(often 50000 200000)" -r "$(often 5000 20000)" -s 7 -t "$BATS_TEST_TMPDIR/table" "${listed[@]}" "${args[@]}"
	echo "$output"
	((${#args[@]} == 8))
	[[ $(grep -c ' run, ' <<<"$output") == 8 ]]
	# The same list, compiled: what is added lies within networks that are listed.
	awk 'BEGIN { for (; i < 1200; i++) printf "10.8.%d.%d\n2001:db8:8:%x::/64\n", i / 256, i % 256, i }' | host allow -q file -
	[[ $(host fill count "$globals" | grep -c table) == 2 ]]
	run -0 host "$fuzz/fuzz_frames" -n "$(often 50000 200000)" -r "$(often 5000 20000)" -s 8 -t "$BATS_TEST_TMPDIR/table" "${listed[@]}" "${args[@]}"
	[[ $(grep -c ' run, ' <<<"$output") == 8 ]]
	# And it would be seen.
	host deny -q 10.0.0.1
	run -1 host "$fuzz/fuzz_frames" -n 50000 -r 5000 -s 7 "${listed[@]}" "${args[@]}"
	[[ $output == *'another verdict of the loaded program'* ]]
}
tc_id() { host tc -j filter show dev "$1" "$2" | jq -r '.[] | select(.options.prog).options.prog.id'; } # DEV HOOK

# What is to be found must be found: faults in a copy of objs/parts/, each a line that sed changes.
faults=(
	'parse.bpf.h the IP header length is ignored|s/\*hlen = (ip->version_ihl & 0x0f) \* 4/*hlen = 20/'
	'parse.bpf.h the IPv4 version is not looked at|s/ip->version_ihl >> 4 != 4 || \*hlen/*hlen/'
	'parse.bpf.h the IPv6 version is not looked at|s/ip->version_class >> 4 != 6 || sizeof/sizeof/'
	'verdict.h five tags are looked behind|s/define PB_TAGS_MAX 4/define PB_TAGS_MAX 5/'
	'parse.bpf.h 802.1ad is no tag|s/ || proto == bpf_htons(ETH_P_8021AD)//'
	'parse.bpf.h a tag more is read than is there|/p += sizeof(\*tag);/,+1s/p > f->data_end/p > f->data_end + 1/'
	'parse.bpf.h the total length may be one too long|s/tot_len > l3->len/tot_len > l3->len + 1/'
	'parse.bpf.h BIG TCP begins one byte too early|s/f->len > 0xffff/f->len >= 0xffff/'
	'parse.bpf.h later fragments have ports|s/if (ip->frag_off & bpf_htons(PB_IP4_OFFSET))/if (0)/'
	'parse.bpf.h IPv6 fragments have ports|s/if (p\[2\] | (p\[3\] & 0xf8))/if (p[2] \&\& p[3] == 0)/'
	'parse.bpf.h an authentication header is counted in 8 bytes|s/(p\[1\] + 2) \* 4/(p[1] + 1) * 8/'
	'verdict.h nine extension headers are looked behind|s/define PB_EXT_MAX  8/define PB_EXT_MAX 9/'
	'parse.bpf.h too many addresses are control frames|s/dst\[5\] & 0xf0/dst[5] \& 0xe0/'
	'parse.bpf.h a tag that was taken out does not count|s/tags = f->tags;/tags = 0;/'
	'parse.bpf.h the priority is part of the VLAN id|s/define PB_VLAN_ID\t0x0fff/define PB_VLAN_ID 0xffff/'
	'parse.bpf.h ports lie behind 20 bytes|s/k->at = l3->start + hlen/k->at = l3->start + 20/'
	'parse.bpf.h ports behind the packet|s/k->left = (len ? len : l3->len) - hlen/k->left = l3->len - hlen/'
	'parse.bpf.h the IPv6 header may be cut|s/if ((__u8 \*)(ip + 1) > f->data_end)$/if ((__u8 *)ip > f->data_end)/'
	'allow.bpf.h the wrong end has to be listed|s/end == PB_SOURCE ? ip->saddr/end != PB_SOURCE ? ip->saddr/'
	'allow.bpf.h any hop limit is a neighbour|s/ip->hop_limit == 255/ip->hop_limit >= 254/'
	'allow.bpf.h whoever advertises is a router|s/type == PB_ICMP6_ND_FIRST ||/type == PB_ICMP6_ND_FIRST || type == 134 ||/'
	'allow.bpf.h whoever redirects is a router|s/type == PB_ICMP6_ND_FIRST ||/type == PB_ICMP6_ND_LAST || type == PB_ICMP6_ND_FIRST ||/'
	'allow.bpf.h IGMP from afar|s/ip->ttl == 1/ip->ttl/'
	'allow.bpf.h IGMP to a host|s/bpf_htonl(0xe0000000)/(ip->daddr \& bpf_htonl(0xf0000000))/'
	'allow.bpf.h MLD from anywhere|s/ || !pb_is_mld_source(ip->saddr)//'
	'allow.bpf.h MLD behind the packet|s/if (hlen > left)/if (0)/'
	'allow.bpf.h "too big" in a fragment|s/if (ip->frag_off & bpf_htons(PB_IP4_FRAGMENT))/if (0)/'
	'allow.bpf.h the quoted packet is taken for the packet|s/pb_quoted4(quoted->daddr)/pb_quoted4(quoted->saddr)/'
	'allow.bpf.h a quoted packet of another version|s/quoted->version_ihl >> 4 == 4 && //'
	'icmp.bpf.h fragments have a type|s/k->fragment || !p/!p/'
	'icmp.bpf.h 138 is discovery|s/type <= PB_ICMP6_ND_LAST/type <= PB_ICMP6_ND_LAST + 1/'
)

# In `make test` one of each file.
some_faults() {
	local fault file last=''
	for fault in "${faults[@]}"; do
		file=${fault%% *}
		[[ ! ${PLAINBPF_LONG-} && $file == "$last" ]] || printf '%s\n' "$fault"
		last=$file
	done
}

# bats test_tags=long
@test "faults in a copy of objs/parts/ are found" {
	local fault file name missed=0
	mapfile -t faults < <(some_faults)
	((${#faults[@]} >= $(often 3 31)))
	cd "$BATS_TEST_TMPDIR"
	for fault in '' "${faults[@]}"; do
		name=${fault%%|*} file=${fault%% *}
		rm -rf maps parts
		cp -r "$repo/maps" "$repo/objs/parts" .
		if [[ $fault ]]; then
			cp ./*/"$file" before
			sed -i "${fault#*|}" ./*/"$file"
			cmp -s before ./*/"$file" && echo "no such line any more: $name" && return 1
		fi
		"$CLANG" -O1 -fsanitize=address,undefined -fno-sanitize=alignment -Imaps -Iparts -c "$fuzz/frames_parser.c" -o parser.o
		"$CLANG" -fsanitize=address,undefined "$fuzz/fuzz_frames.o" "$fuzz/frames_ref.o" parser.o -lpcap -o fuzz_frames
		# Without the table: frames of its own are enough.
		run ./fuzz_frames -n 300000 "${listed[@]}"
		if [[ ! $fault ]]; then
			((status == 0))
		elif ((status != 1)) || [[ $output != *' readable '* && $output != *'ERROR: AddressSanitizer'* ]]; then
			echo "not found: $name: $output"
			missed=$((missed + 1))
		fi
	done
	((missed == 0))
}
