#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# events of packets: what is told is what tcpdump saw, filters, one reader, pcapng. By real traffic.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq's and retry's; a test is a subshell; what the fixtures set

load helper
load fixtures/events

setup() { sandbox; }
teardown() { sandbox_end; }

# Something of each kind, which has passed when this returns.
traffic() {
	reaches client1 172.17.0.1
	reaches client2 172.17.0.1
	reaches client1 fd17::1
	gets_page client1 http://172.17.0.1:8080/
	gets_page client2 'http://[fd17::1]:8080/'
	gets_page client2 http://172.17.0.1:8081/
}
serve_two() {
	serve host 8080
	spawn at host busybox httpd -f -p 8081 -h "$BATS_TEST_TMPDIR/www"
	retry 50 at host curl -sf -m1 http://127.0.0.1:8081/
}

# --- the same as tcpdump

@test "on the bridge: the packets of a page, a ping and ARP, field by field, IPv4 and IPv6" {
	serve host 8080
	host xdp-on -q br0 info
	watch -j info
	capture br0 -Q in
	at client1 ip neigh flush dev eth0
	gets_page client1 http://172.17.0.1:8080/
	gets_page client1 'http://[fd17::1]:8080/'
	reaches client2 172.17.0.1
	captured
	watched
	told_lines >"$BATS_TEST_TMPDIR/told"
	diff "$BATS_TEST_TMPDIR/told" <(captured_lines)
	[[ $(grep -c ' 172.17.0.1 tcp [0-9]* 8080 ' "$BATS_TEST_TMPDIR/told") -ge 5 ]]
	[[ $(grep -c '^fd17::2 fd17::1 tcp [0-9]* 8080 ' "$BATS_TEST_TMPDIR/told") -ge 5 ]]
	grep -qx '172.17.0.3 172.17.0.1 icmp 8 0 98' "$BATS_TEST_TMPDIR/told"
	grep -qx '172.17.0.2 172.17.0.1 arp 0 0 [0-9]*' "$BATS_TEST_TMPDIR/told"
	only '.ifname == "br0" and .hook == "xdp" and .verdict == "pass" and (.ts | test("^[0-9-]+T[0-9:]+\\.[0-9]{9}Z$"))'
	jq -se 'map(.ts) | . == sort' "$shown"
	only 'keys_unsorted[:11] == ["ts", "ifname", "ifindex", "hook", "src", "dst", "proto", "sport", "dport", "len", "verdict"] and (has("data") | not)'
}

@test "on a port in native mode, and on tc in both directions" {
	serve host 8080
	host xdp-on -q v1 info mode native
	watch -j info
	capture v1 -Q in
	gets_page client1 http://172.17.0.1:8080/
	reaches client1 fd17::1
	captured
	watched
	diff <(told_lines) <(captured_lines)
	[[ $(told '.dport == 8080') -ge 5 && $(told '.proto == "icmpv6" and .sport == 128') == 1 ]]
	host xdp-off -q v1
	tc_info v1
	watch -j info
	capture v1
	gets_page client1 'http://[fd17::1]:8080/'
	reaches client1 172.17.0.1
	captured
	watched
	diff <(told_lines) <(captured_lines)
	[[ $(told '.hook == "tc_ingress" and .dport == 8080') -ge 5 && $(told '.hook == "tc_egress" and .sport == 8080') -ge 3 ]]
	[[ $(told '.hook == "tc_egress" and .proto == "icmp" and .sport == 0') == 1 ]]
}

# bats test_tags=core
@test "who talks to whom, by XDP and by tc, in and out; a file of it that tcpdump reads" {
	host xdp-on -q v1 info
	host tc-on -q v1 ingress info
	host tc-on -q v1 egress info
	watch -j info
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	watched
	[[ $(jq -sc 'map(select((.proto == "icmp" or .proto == "icmpv6") and (.sport == 0 or .sport == 8 or .sport == 128 or .sport == 129))
			| [.ifname, .hook, .src, .dst, .verdict]) | sort | .[]' "$shown") == '["v1","tc_egress","172.17.0.1","172.17.0.2","pass"]
["v1","tc_egress","fd17::1","fd17::2","pass"]
["v1","tc_ingress","172.17.0.2","172.17.0.1","pass"]
["v1","tc_ingress","fd17::2","fd17::1","pass"]
["v1","xdp","172.17.0.2","172.17.0.1","pass"]
["v1","xdp","fd17::2","fd17::1","pass"]' ]]
	watch info proto icmp -w "$BATS_TEST_TMPDIR/file"
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	watched
	[[ $(tcpdump -nr "$BATS_TEST_TMPDIR/file" 2>/dev/null | sed 's/.* IP //; s/, id .*//') == \
		$'172.17.0.2 > 172.17.0.1: ICMP echo request\n172.17.0.2 > 172.17.0.1: ICMP echo request\n172.17.0.1 > 172.17.0.2: ICMP echo reply' ]]
	host xdp-off -q v1
	host tc-off -q v1
	run -2 host events info
}

@test "fragments, tags and what the machine cuts are marked, other packets are not" {
	tagged client2 v2
	host xdp-on -q v2 info mode native
	host xdp-on -q v1 info mode generic
	serve client1 80
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/www/large"
	watch -j info
	at client1 ping -qc1 -W2 -s 3000 172.17.0.1 >/dev/null
	host curl -sf -m5 -o /dev/null http://172.17.0.2/large
	at client2 ip neigh flush dev eth0
	reaches client2 172.17.0.1
	reaches client2 fd17::1
	reaches client1 172.17.0.1
	watched
	[[ $(told '.fragment') == 3 && $(told '.fragment and .sport == 8 and .len == 1514') == 1 ]]
	[[ $(told '.fragment and .sport == 0 and .dport == 0 and .proto == "icmp"') == 2 ]]
	jq -se 'all(.[]; if .ifname == "v2" then .vlan == 7 and .tags == 1 else .vlan == 0 and .tags == 0 end)' "$shown"
	[[ $(told '.ifname == "v2" and .proto == "arp" and .src == "172.17.0.3" and .dst == "172.17.0.1" and .len == 46') -gt 0 ]]
	[[ $(told '.ifname == "v2" and .proto == "icmp" and .sport == 8 and .len == 102') == 1 ]]
	[[ $(told '.ifname == "v2" and .proto == "icmpv6" and .sport == 128 and .len == 122') == 1 ]]
	[[ $(told '.gso') -gt 0 && $(told '.gso and (.len <= 1514 or .sport != 80)') == 0 ]]
	[[ $(told '.ifname == "v1" and .src == "172.17.0.2" and .sport == 8 and .len == 98 and (.fragment or .gso | not)') == 1 ]]
}

@test "lines of usual packets fit 120 columns, of info and of a log, by IPv4 and IPv6; -v shows all members" {
	local -A titles=(
		[info]='TS IFNAME HOOK SRC DST PROTO SPORT DPORT LEN VERDICT'
		[allow]='TS IFNAME SRC DST PROTO SPORT DPORT LEN VERDICT REASON'
	)
	local program all='TS IFNAME IFINDEX HOOK SRC DST PROTO SPORT DPORT LEN VERDICT REASON VLAN TAGS IP_VERSION FRAGMENT GSO'
	serve_two
	host allow -q 172.17.0.0/16 fd17::/64
	for program in info allow; do
		if [[ $program == info ]]; then tc_info v1; else host tc-off -q v1; fi
		[[ $program == info ]] || host xdp-on -q br0 allow log all
		watch "$program"
		traffic
		at client1 ping -qc1 -W2 "fe80::1%eth0" >/dev/null || :
		watched
		[[ $(head -n 1 "$shown" | tr -s ' ') == "${titles[$program]}" ]]
		grep -qE ' 172\.17\.0\.2 +172\.17\.0\.1 +tcp ' "$shown"
		grep -qE ' fd17::2 +fd17::1 +icmpv6 ' "$shown"
		grep -qE ' fe80::[0-9a-f:]+ ' "$shown"
		[[ $(wc -l <"$shown") -gt 10 ]]
		awk 'length > 120 { print; bad = 1 } END { exit bad }' "$shown"
		# Each value is below its title, where no address is wider than its column.
		awk 'NR == 1 { at = index($0, " VERDICT") } NR > 1 && !/fe80/ && substr($0, at, 6) !~ /^ (pass|drop)/ { print; bad = 1 } END { exit bad }' "$shown"
		watch -v "$program"
		reaches client1 172.17.0.1
		watched
		[[ $(head -n 1 "$shown" | tr -s ' ') == "$all" ]]
		watch "$program" snap 4
		reaches client1 172.17.0.1
		watched
		[[ $(head -n 2 "$shown" | tail -n 1) =~ \ [0-9a-f]{8}$ ]]
	done
}

@test "what was told before is not shown; columns of text have a line of titles" {
	host xdp-on -q br0 info
	reaches client1 172.17.0.1
	watch info
	reaches client2 172.17.0.1
	watched
	[[ $(head -n 1 "$shown") == 'TS '*' IFNAME '*' SRC '*' DST '*' PROTO '*' VERDICT' ]]
	grep -q ' 172.17.0.3 .* 172.17.0.1 .* icmp .* pass$' "$shown"
	run -1 grep -c ' 172.17.0.2 ' "$shown"
}

# --- what is asked for

@test "each word shows what fits, and nothing else; the rest is not even sent" {
	local -A words=(
		['src 172.17.0.2']='.src == "172.17.0.2"'
		['src 172.17.0.2/31']='.src == "172.17.0.2" or .src == "172.17.0.3"'
		['src 0.0.0.0/0']='.ip_version != 6'
		['src fd17::2']='.src == "fd17::2"'
		['src fd00::/8']='.src | startswith("fd17:")'
		['dst 172.17.0.1']='.dst == "172.17.0.1"'
		['dst fd17::1/128']='.dst == "fd17::1"'
		['port 8081']='.dport == 8081'
		['proto icmp']='.proto == "icmp" and .sport == 8'
		['proto TCP']='.proto == "tcp"'
		['proto 58']='.proto == "icmpv6"'
		['proto 0x806']='.proto == "arp" and .src == "172.17.0.3"'
		['proto arp']='.proto == "arp"'
		['verdict pass']='.verdict == "pass"'
		['src 172.17.0.3 dst 172.17.0.1 proto tcp port 8081']='.src == "172.17.0.3" and .proto == "tcp" and .dport == 8081'
	)
	local filter ask
	serve_two
	host xdp-on -q br0 info
	for filter in "${!words[@]}"; do
		read -ra ask <<<"$filter"
		at client2 ip neigh flush dev eth0
		watch -j info "${ask[@]}"
		grep -qF "+ bpftool map update pinned $globals/pb_packets_ask key 0 0 0 0 value hex " "$said"
		traffic
		watched
		only "${words[$filter]}"
		grep -qx "$(wc -l <"$shown") events, 0 lost" "$said"
		nothing_asked packets
	done
	watch -j info
	traffic
	watched
	# All that fits none of them is there without them.
	[[ $(told '.src == "172.17.0.2"') -gt 0 && $(told '.src == "172.17.0.3"') -gt 0 && $(told '.src == "fd17::2"') -gt 0 ]]
	[[ $(told '.dport == 8080') -gt 0 && $(told '.proto == "icmp"') -gt 0 && $(told '.proto == "icmpv6"') -gt 0 ]]
}

@test "what fits nothing shows nothing, while it passes" {
	local filter ask
	serve_two
	host xdp-on -q br0 info
	for filter in 'src 172.17.0.9' 'dst 172.17.0.2' 'src fd18::/16' 'port 9999' 'proto udp' 'verdict drop' 'src 172.17.0.2 port 8081' 'proto icmp port 8'; do
		read -ra ask <<<"$filter"
		watch -j info "${ask[@]}"
		traffic
		watched
		[[ ! -s $shown ]]
		grep -qx '0 events, 0 lost' "$said"
	done
}

@test "sample 10 shows about one in ten, count and duration end it" {
	host xdp-on -q br0 info
	watch -j info proto icmp
	at client1 ping -qfc 2000 172.17.0.1 >/dev/null
	watched
	[[ $(wc -l <"$shown") == 2000 ]]
	watch -j info proto icmp sample 10
	at client1 ping -qfc 2000 172.17.0.1 >/dev/null
	watched
	[[ $(wc -l <"$shown") -gt 120 && $(wc -l <"$shown") -lt 300 ]]
	watch -j info proto icmp count 3
	at client1 ping -qfc 10 172.17.0.1 >/dev/null
	watch_ends
	[[ $(wc -l <"$shown") == 3 ]]
	run -0 --separate-stderr timeout 10 nsenter -t "${holder[host]}" -n -m -- "$scripts/events" -q info proto 250 duration 0.2
	[[ ! $output ]]
}

@test "wrong words: 1 and one line, and nothing is asked" {
	local words bad=('src 172.17.0' 'src 1.2.3.4/33' 'dst ::ffff:1.2.3.4' 'src ::/0' 'port 0' 'port 65536' 'port x' 'proto nosuch' 'proto 0' 'proto 65536'
		'verdict maybe' 'sample 0' 'sample 4294967296' 'snap 16385' 'snap 0' 'src' '-w' 'port 1 port 2' 'count 0' 'nosuch' '-x')
	host xdp-on -q br0 info
	for words in "${bad[@]}"; do
		read -ra words <<<"$words"
		run -1 --separate-stderr host events info "${words[@]}"
		[[ ! $output && ${#stderr_lines[@]} == 1 && $stderr == 'events: '* ]]
		nothing_asked packets
	done
	run -1 --separate-stderr host events -j info -w "$BATS_TEST_TMPDIR/x"
	[[ $stderr == 'events: -j and -w: one of them'* && ! -e $BATS_TEST_TMPDIR/x ]]
	run -1 --separate-stderr host events ringbuf port 80
	[[ $stderr == *'port goes with programs that report packets'* ]]
}

@test "not attached: 2 and how it would be" {
	run -2 --separate-stderr host events info
	[[ $stderr == 'events: info is not attached (first: scripts/xdp-on DEV info; or: scripts/tc-on DEV ingress|egress info)' ]]
	run -2 --separate-stderr host events allow
	[[ $stderr == 'events: allow is not attached (first: scripts/xdp-on DEV allow log dropped; or: scripts/tc-on DEV ingress|egress allow log dropped)' ]]
	# Pins that are left of it send nothing.
	host xdp-on -q br0 info
	host xdp-off -q br0
	run -2 --separate-stderr host events info
	[[ $stderr == *'not attached'* ]]
}

# --- the log

@test "the log of allow: what was dropped, why; all; it says when nothing is logged" {
	host allow -q 172.17.0.2
	host xdp-on -q br0
	watch -j allow
	grep -q 'events: nothing is logged yet (first: scripts/xdp-on DEV allow log dropped; ' "$said"
	cut_off client2 172.17.0.1
	watched
	[[ ! -s $shown ]]
	host xdp-on -q br0 log dropped
	watch -j allow src 172.17.0.0/16
	[[ $(cat "$said") != *'nothing is logged'* && $(cat "$said") != *speaks* ]]
	cut_off client2 172.17.0.1
	reaches client1 172.17.0.1
	watched
	only '.src == "172.17.0.3" and .proto == "icmp" and .verdict == "drop" and .reason == "not_listed"'
	[[ $(wc -l <"$shown") == 3 ]]
	host xdp-on -q br0 log all
	watch -j allow proto icmp
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	watched
	[[ $(told '.src == "172.17.0.2" and .verdict == "pass" and .reason == "listed"') == 1 && $(told '.verdict == "drop"') == 3 ]]
	watch -j allow proto icmp verdict pass
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	watched
	only '.verdict == "pass"'
	nothing_asked log
}

# --- one reader

@test "a second reader is refused with the first's PID; the first's filter stays, and what it shows" {
	local before
	host xdp-on -q br0 info
	watch -j info src 172.17.0.2
	before=$(asked packets)
	for words in '' 'src 172.17.0.3' '-w x'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host events info $words
		[[ $stderr == "events: has a reader already: PID $watcher" && ! $output && ! -e x ]]
	done
	[[ $(asked packets) == "$before" ]]
	reaches client2 172.17.0.1
	reaches client1 172.17.0.1
	watched
	only '.src == "172.17.0.2"'
	# By hand, too.
	spawn host "$(type -P bpf_dump)" -s "$globals/pb_packets" >/dev/null 2>"$BATS_TEST_TMPDIR/said"
	retry 50 grep -q 'listening on' "$BATS_TEST_TMPDIR/said"
	run -2 --separate-stderr host events info src 172.17.0.2
	[[ $stderr == "events: has a reader already: PID ${spawned[-1]}" ]]
	nothing_asked packets
}

@test "however it ends, nothing is asked for any more; after kill -9 with the next reader" {
	local signal
	host xdp-on -q br0 info
	for signal in INT TERM HUP; do
		watch -j info src 172.17.0.2
		run ! nothing_asked packets
		watched "$signal"
		nothing_asked packets
		[[ $(tail -n 1 "$said") == "+ bpftool map update pinned $globals/pb_packets_ask "* && $(cat "$said") == *' events, 0 lost'* ]]
		[[ ! $(host ls /run/plainbpf) =~ (ask|reader)\. ]]
	done
	watch -j info src 172.17.0.2
	watched KILL || true
	run ! nothing_asked packets
	watch -j info src 172.17.0.3
	reaches client1 172.17.0.1
	reaches client2 172.17.0.1
	watched
	only '.src == "172.17.0.3"'
	watch -j info src 172.17.0.2
	watched KILL || true
	watch -j info
	reaches client2 172.17.0.1
	watched
	[[ $(told '.src == "172.17.0.3"') -gt 0 ]]
	nothing_asked packets
}

@test "it ends when the last program is gone, not before" {
	host xdp-on -q v1 info
	host xdp-on -q v2 info
	watch -j info proto icmp
	host xdp-off -q v1
	# Longer than it takes to see that.
	run -1 retry 15 gone "$watcher"
	reaches client2 172.17.0.1
	host xdp-off -q v2
	watch_ends
	only '.ifname == "v2"'
	grep -q 'events: ends, no program sends any more: ' "$said"
	nothing_asked packets
}

# Packets of 1400 bytes that the ring has no room for, by far.
twice_the_ring() { echo $((2 * $(host bpftool -j map show pinned "$globals/pb_packets" | jq .max_entries) / 1400)); }

@test "a reader that stands still stops no packet; what it missed is counted" {
	local n
	host xdp-on -q br0 info
	n=$(twice_the_ring)
	watch -j info proto icmp snap 1514
	pkill -STOP -P "$watcher" bpf_dump
	run -0 at client1 ping -qfc "$n" -s 1400 172.17.0.1
	[[ $output == *"$n received, 0% packet loss"* ]]
	pkill -CONT -P "$watcher" bpf_dump
	reaches client2 172.17.0.1
	retry 50 eval 'grep -q "\"lost\":" "$shown"'
	watched
	[[ $(told '.src') -gt 1000 && $(jq -s 'map(.lost // 0) | add' "$shown") -gt 1000 ]]
	[[ $(jq -s 'map(.lost // if .src then 1 else 0 end) | add' "$shown") == $((n + 1)) ]]
	[[ $(told '.src == "172.17.0.3" and (.data | length) == 2 * 98') == 1 ]]
}

# --- pcapng

# What Wireshark makes of a file, a line a packet.
packets() { # FILE FIELD…
	local file=$1 field fields=()
	shift
	for field; do fields+=(-e "$field"); done
	tshark -n -r "$file" -T fields -E separator=' ' "${fields[@]}" 2>/dev/null
}

@test "a file: packets as they were, with time, interface, direction and verdict" {
	local file=$BATS_TEST_TMPDIR/file.pcapng
	serve host 8080
	host xdp-on -q br0 info
	tc_info v2
	watch info -w "$file"
	capture br0 -Q in
	gets_page client1 http://172.17.0.1:8080/
	reaches client2 172.17.0.1
	captured
	watched
	[[ $(stat -c %a "$file") == 600 && ! -s $shown ]]
	# Byte by byte, of what entered by br0.
	tshark -r "$file" -Y 'frame.interface_name == "br0" && eth.dst.ig == 0' -w "$file.br0" -F pcapng 2>/dev/null
	tcpdump -tnxxr "$file.br0" 2>/dev/null >"$BATS_TEST_TMPDIR/ours"
	diff "$BATS_TEST_TMPDIR/ours" <(tcpdump -tnxxr "$capture" 'not ether multicast' 2>/dev/null)
	[[ $(grep -c ' 172.17.0.1.8080: ' "$BATS_TEST_TMPDIR/ours") -ge 5 ]]
	# When tcpdump noted them, but for the way from one to the other, and a busy machine.
	tcpdump -nr "$capture" -w "$capture.ip" 'ip and not ether multicast' 2>/dev/null
	tcpdump -nr "$file.br0" -w "$file.ip" 'ip' 2>/dev/null
	paste -d' ' <(packets "$capture.ip" frame.time_epoch ip.id) <(packets "$file.ip" frame.time_epoch ip.id) |
		awk '{ d = $1 - $3; if ($2 != $4 || d < -1 || d > 1) bad++ } END { exit !(NR > 5 && !bad) }'
	run -0 packets "$file" frame.interface_name frame.len frame.cap_len frame.comment frame.packet_flags_direction
	grep -qx 'br0 98 98 pass other 0x00000001' <<<"$output"
	grep -qx 'v2 98 98 pass other 0x00000001' <<<"$output"
	grep -qx 'v2 98 98 pass other 0x00000002' <<<"$output"
	run -0 tshark -V -r "$file" -Y 'icmp && frame.interface_name == "br0"'
	[[ $output == *'eBPF_XDP (2)'*'eBPF XDP: XDP_PASS (2)'* ]]
	run -0 tshark -V -r "$file" -Y 'icmp && frame.interface_name == "v2"'
	[[ $output == *'eBPF_TC (1)'*'eBPF TC: TC_ACT_UNSPEC (-1)'* ]]
	run -0 capinfos "$file"
	[[ $output == *'Capture application: plainbpf '* && $output == *'Time precision = nanoseconds (9)'* ]]
	# Another in its place.
	run -0 --separate-stderr host events -q info -w "$file" duration 0.1
	[[ $(packets "$file" frame.len) == '' && $(stat -c %s "$file") -gt 0 ]]
	run -2 --separate-stderr host events -q info -w "$BATS_TEST_TMPDIR/no/such"
	[[ ${#stderr_lines[@]} == 1 && $stderr == "bpf_dump: cannot write: $BATS_TEST_TMPDIR/no/such: "* ]]
	run -2 --separate-stderr host events -q info -w /dev/full duration 0.1
	[[ $stderr == *'cannot write: /dev/full: No space left on device'* ]]
	nothing_asked packets
}

@test "a file of the log: what was dropped, which tcpdump does not see; cut by snap" {
	local file=$BATS_TEST_TMPDIR/file.pcapng
	host allow -q 172.17.0.2
	host xdp-on -q br0
	host xdp-on -q br0 log dropped
	watch allow proto icmp snap 60 -w "$file"
	capture br0 icmp
	cut_off client2 172.17.0.1
	reaches client1 172.17.0.1
	captured
	watched
	run -0 packets "$file" ip.src frame.len frame.cap_len frame.comment
	[[ ${#lines[@]} == 3 && ${lines[0]} == '172.17.0.3 98 60 drop not_listed' && ${lines[2]} == "${lines[0]}" ]]
	run -0 tshark -V -r "$file"
	[[ $output == *'eBPF XDP: XDP_DROP (1)'* ]]
	[[ $(tcpdump -nr "$file" 2>/dev/null | grep -c '172.17.0.3 > 172.17.0.1: ICMP echo request') == 3 ]]
	run -0 tcpdump -nr "$capture"
	[[ $output == *'172.17.0.2 >'* && $output != *'172.17.0.3 >'* ]]
}

requests_shown() { (($(grep -c 'ICMP echo request' "$seen") == $1)); }

@test "a pipe: tcpdump shows packets as they pass; when it has enough, events ends with 0" {
	local seen=$BATS_TEST_TMPDIR/seen said=$BATS_TEST_TMPDIR/said i
	host xdp-on -q br0 info
	: >"$said"
	spawn host bash -c "'$scripts/events' info proto icmp -w - 2>'$said' | tcpdump -lnr - -c 4 >'$seen' 2>/dev/null; echo \${PIPESTATUS[*]} >'$seen.status'"
	retry 50 grep -q 'listening on' "$said"
	for i in 1 2 3; do
		reaches client1 172.17.0.1
		retry 50 requests_shown "$i"
	done
	[[ $(grep -c 'ICMP echo request' "$seen") == 3 ]]
	reaches client1 172.17.0.1
	retry 50 test -s "$seen.status"
	[[ $(cat "$seen.status") == '0 0' ]]
	nothing_asked packets
}

@test "packets that were lost are counted at the next one of the file" {
	local file=$BATS_TEST_TMPDIR/file.pcapng
	host xdp-on -q br0 info
	watch info proto icmp -w "$file"
	pkill -STOP -P "$watcher" bpf_dump
	at client1 ping -qfc "$(twice_the_ring)" -s 1400 172.17.0.1 >/dev/null
	pkill -CONT -P "$watcher" bpf_dump
	retry 50 eval 'test $(stat -c %s "$file") -gt 4000000'
	sleep 0.3
	reaches client2 172.17.0.1
	watched
	lost=$(awk '/ events, / { print $3 }' "$said")
	run -0 packets "$file" frame.drop_count
	((lost > 1000))
	[[ $(tr -d ' ' <<<"$output" | awk '{ n += $1 } END { print n }') == "$lost" ]]
}
