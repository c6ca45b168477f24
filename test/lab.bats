#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# lab: up, down, exec and the demo. It keeps its state in /run, so the tests give it another /run.

load helper

setup() { new_host host mounts; }
teardown() {
	host lab -q down
	sandbox_end
}

@test "up, exec, down; twice is fine; the machine's lists are not the lab's" {
	host allow -q 9.9.9.9
	host lab up
	host lab up
	[[ $(host lab exec client1 curl -sf -m2 http://172.17.0.1:8080/) == 'Welcome to the lab' ]]
	[[ $(host lab exec client2 curl -gsf -m2 'http://[fd17::1]:8080/') == 'Welcome to the lab' ]]
	host lab exec host "$scripts/allow" -q 172.17.0.2
	host lab exec host "$scripts/xdp-on" -q lab0
	host lab exec client1 ping -qc1 -W2 172.17.0.1
	run -1 host lab exec client2 ping -qc2 -i0.1 -W0.3 172.17.0.1
	[[ $(host allow list) == 9.9.9.9/32 ]]
	host lab down
	host lab down
	run -2 --separate-stderr host lab exec client1 true
	[[ ${#stderr_lines[@]} == 1 ]]
	run -0 host bash -c 'ls -d /run/plainbpf/lab*; ip -br link'
	[[ $output != *lab0* && ${lines[0]} == /run/plainbpf/lab.lock ]]
}

# Processes of this test's labs, by its environment.
no_sleepers() {
	local environ
	while read -r environ; do
		[[ $(tr '\0' ' ' <"${environ%environ}cmdline") != 'sleep infinity ' ]] || return 1
	done < <(grep -lsz "^BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR\$" /proc/[0-9]*/environ)
} 2>/dev/null

@test "up many times at once is up once, and down leaves no process" {
	local n pids=()
	for n in 1 2 3; do
		host lab -q up 3>&- &
		pids+=("$!")
	done
	for n in "${pids[@]}"; do wait "$n"; done
	host lab exec client2 curl -sf -m2 http://172.17.0.1:8080/
	web=$(host cut -d' ' -f1 /run/plainbpf/lab/server.pid)
	[[ -e /proc/$web ]]
	run ! no_sleepers
	host lab -q down
	retry 50 no_sleepers
	retry 50 test ! -e "/proc/$web"
	run -1 --separate-stderr host lab -n up
	[[ ${#stderr_lines[@]} == 1 ]]
}

@test "the shown commands can be pasted, from the tree" {
	run -0 --separate-stderr host lab up
	[[ ${stderr_lines[1]} == '+ scripts/lab exec host ip addr add 172.17.0.1/16 dev lab0' ]]
	host lab exec host ip link del lab0
	kill "$(host cut -d' ' -f1 /run/plainbpf/lab/server.pid)"
	# Those of the bridge, and the web server.
	while read -r _ line; do
		[[ $line != *httpd* ]] || break
		[[ ! $line =~ lab0 || $line == *client* ]] || host bash -c "cd '$repo' && $line"
	done <<<"$stderr"
	[[ $line == 'scripts/lab exec host busybox httpd '* ]]
	spawn host bash -c "cd '$repo' && exec $line"
	retry 50 host lab exec host curl -sf -m1 http://172.17.0.1:8080/
	kill "${spawned[-1]}"
}

@test "exec hands on the words, the directory, input and status" {
	host lab -q up
	run -7 host lab exec client1 sh -c 'exit 7'
	[[ $(host lab exec client2 printf '<%s>' 'a b' '*' '') == '<a b><*><>' ]]
	[[ $(host bash -c 'cd /usr && lab exec host pwd') == /usr ]]
	[[ $(echo hello | host lab exec client1 cat) == hello ]]
}

@test "bad words" {
	local words
	for words in '' sideways 'up now' exec 'exec client1' 'exec nobody true' '-x up'; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host lab $words
		[[ ${#stderr_lines[@]} == 1 ]]
	done
}

@test "the demo tells the story, and each effect is what it should be" {
	run -0 --separate-stderr host lab demo
	[[ $output == *'client1$ curl -sS -m2 http://172.17.0.1:8080/'$'\n''Welcome to the lab'* ]]
	[[ $output == *'client2$ curl'*'timed out'* ]]
	[[ $output == *'+ ip link set dev lab0 xdp obj '*'/objs/xdp_allow.o sec xdp'* ]]
	[[ $output == *'bpf_trace_printk: Drop ICMP packets'* ]]
	[[ $output == *'drop not_listed: '* && $output != *'not as it should'* ]]
	# And what to type next.
	[[ ${lines[-1]} == *'scripts/lab up'*'scripts/lab exec host scripts/xdp-on lab0'* ]]
}
