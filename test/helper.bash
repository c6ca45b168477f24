# shellcheck shell=bash
# shellcheck disable=SC2034,SC2030,SC2031,SC2209 # the tests use what is set here; spawn works in a subshell
# SPDX-License-Identifier: GPL-2.0-only
# Sandboxes for the tests: hosts in network namespaces, one of them with a bpffs and a /run of its
# own, so that nothing is attached, pinned or locked outside. A host is a sleeping process that is
# entered with nsenter (`ip netns exec` would hide bpffs); it and what it holds go with the test.

bats_require_minimum_version 1.5.0

repo=$(readlink -f "$BATS_TEST_DIRNAME/..")
while [[ ! -e $repo/Makefile ]]; do repo=${repo%/*}; done
scripts=$repo/scripts
objs=$repo/objs
globals=/sys/fs/bpf/tc/globals
export PATH=$scripts:$PATH
unset SSH_CONNECTION

declare -gA holder # -g: bats loads this file in a function
spawned=()

# Starts a process for the length of the test, in the background. `at` then leaves no shell behind
# it, so that the last of `spawned` is the process itself, and goes with the test.
spawn() { # CMD…
	(
		[[ $(type -t "$1") == function ]] || exec "$@"
		spawning=exec
		"$@"
	) 3>&- &
	spawned+=("$!")
}

# new_host NAME [mounts]: an empty network namespace; with "mounts" its own bpffs and /run too.
new_host() {
	local flags=(-n) setup=''
	if [[ ${2-} == mounts ]]; then
		flags+=(-m --propagation private)
		setup='mount -t tmpfs tmpfs /run; mount -t bpf bpf /sys/fs/bpf;'
	fi
	# Not a sandbox's "host" twice: who enters a namespace before it is made works on the machine.
	local ready=$BATS_TEST_TMPDIR/$1.ready
	[[ ! -e $ready ]] || { printf 'there is a host %s already\n' "$1" >&2 && return 1; }
	spawn unshare "${flags[@]}" bash -c "$setup ip link set lo up; : >'$ready'; exec sleep 3600"
	holder[$1]=$!
	retry 100 test -e "$ready"
	# Never on the machine itself.
	[[ $(readlink "/proc/${holder[$1]}/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

# at NAME CMD…: a command on a host. Clients share the file system of "host".
at() {
	local name=$1
	shift
	if [[ $name == host ]]; then
		${spawning-} nsenter -t "${holder[host]}" -n -m -r -w -- "$@"
	else
		${spawning-} nsenter -t "${holder[host]}" -m -r -w -- nsenter -t "${holder[$name]}" -n -- "$@"
	fi
}
host() { at host "$@"; }

# tracefs on "host", where systemd has not mounted it for the whole machine.
tracefs() { host sh -c 'mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing'; }

# link NAME IF: a veth pair, IF in "host" and eth0 in the host NAME, both up.
link() {
	host ip link add "$2" type veth peer name eth0 netns "${holder[$1]}"
	at "$1" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	host sysctl -qw "net.ipv6.conf.$2.accept_dad=0"
	host ip link set "$2" up
	at "$1" ip link set eth0 up
}

# The tutorial's network: a bridge br0 at 172.17.0.1 and fd17::1 in "host", client1 (.2, ::2) and
# client2 (.3, ::3) behind its ports v1 and v2.
sandbox() {
	local i
	new_host host mounts
	# A fixed address: else it changes with the ports.
	host ip link add br0 address 02:00:00:00:17:01 type bridge mcast_snooping 0
	host sysctl -qw net.ipv6.conf.br0.accept_dad=0
	host ip link set br0 up
	host ip addr add 172.17.0.1/16 dev br0
	host ip addr add fd17::1/64 dev br0
	for i in 1 2; do
		new_host "client$i"
		link "client$i" "v$i"
		host ip link set "v$i" master br0
		at "client$i" ip addr add "172.17.0.$((i + 1))/16" dev eth0
		at "client$i" ip addr add "fd17::$((i + 1))/64" dev eth0
	done
	retry 50 at client1 ping -qc1 -W1 172.17.0.1
	retry 50 at client2 ping -qc1 -W1 fd17::1
}

sandbox_end() {
	local name pid net nets=' ' ns
	# Never the machine's own, and nothing for a holder that is gone: all that is in these is killed.
	for name in "${!holder[@]}"; do
		net=$(readlink "/proc/${holder[$name]}/ns/net") || continue
		[[ $net == "$(readlink /proc/self/ns/net)" ]] || nets+="$net "
	done
	for pid in "${spawned[@]}"; do kill -9 "$pid" 2>/dev/null || :; done
	for pid in "${spawned[@]}"; do wait "$pid" 2>/dev/null || :; done
	# And what was started inside.
	while read -r ns pid; do
		if [[ $nets == *" $ns "* ]]; then kill -9 "${pid//[!0-9]/}" 2>/dev/null || :; fi
	done < <(find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%l %p\n' 2>/dev/null)
	spawned=()
}

# What this platform cannot: a command on "host" that ends with 2 and one line, which is so. It is told
# among the lines of the test, and in docs/platforms.md.
cannot() { # PATTERN CMD…
	local pattern=$1
	shift
	run -2 --separate-stderr host "$@" || return
	# shellcheck disable=SC2053 # a pattern
	[[ ${#stderr_lines[@]} == 1 && $stderr == $pattern ]] || { printf 'said: %s\n' "$stderr" && return 1; }
	printf '# cannot: %s\n' "$stderr" >&3
}

# A call with one of our objects in it, as the help says it. A loader that cannot read this kernel's
# BTF says so, and takes the one of objs/no_core.
by_hand() { # PROGRAM CMD…, with OBJECT among its words
	local object=$objs/$1.o other=$objs/no_core/$1.o said
	shift
	said=$("${@/#OBJECT/$object}" 2>&1) && return
	if [[ $said != *'kernel BTF'* ]]; then
		printf '%s\n' "$said" >&2
		return 1
	fi
	printf '# otherwise: %s\n' "$(sed -n '/kernel BTF/{p;q}' <<<"$said") (of $object; $other is loaded)" >&3
	"${@/#OBJECT/$other}"
}

# An object of the fixtures, built here, or with the tree where there is no compiler: prints its path.
fixture() { # NAME
	local out=$BATS_TEST_TMPDIR/$1.o
	type -P clang >/dev/null || { printf '%s' "$repo/test/fixtures/$1.o" && return; }
	clang -target bpf -g -O2 -Wall -I "/usr/include/$(cc -dumpmachine)" -c "$repo/test/fixtures/$1.bpf.c" -o "$out"
	printf '%s' "$out"
}

# Somebody who is not root, but may read this tree wherever it lies: the whole of a prefix command.
not_root=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search)

# How many programs a command on "host" starts, itself among them (env and bash of a script are two);
# which they were is in $BATS_TEST_TMPDIR/strace.
programs_of() { # CMD…
	host strace -f -qq -e trace=execve -o "$BATS_TEST_TMPDIR/strace" "$@" >/dev/null
	sed -i '/ = 0$/!d' "$BATS_TEST_TMPDIR/strace"
	wc -l <"$BATS_TEST_TMPDIR/strace"
}

# How often a test with the tag `long` repeats itself: in `make test`, and in `make test-long`.
often() { printf '%d' "$([[ ${PLAINBPF_LONG-} ]] && echo "$2" || echo "$1")"; } # SHORT LONG

# retry TIMES CMD…: until it succeeds, a tenth of a second apart.
retry() {
	local n=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		((n-- > 0)) || { printf 'gave up: %s\n' "$*" >&2 && return 1; }
		sleep 0.1
	done
}

# Traffic, each with its negative twin: one packet that must arrive, several of which none may.
reaches() { # HOST ADDR
	at "$1" ping -qc1 -W2 "$2" >/dev/null
}
# 1 is ping's word for "no answer"; other errors are none.
cut_off() { # HOST ADDR
	local rc=0
	at "$1" ping -qc3 -i0.05 -W0.3 "$2" >/dev/null || rc=$?
	((rc == 1))
}

# A web page on a host, as the tutorial's, and fetching it.
serve() { # HOST PORT
	mkdir -p "$BATS_TEST_TMPDIR/www"
	echo 'Welcome to the lab' >"$BATS_TEST_TMPDIR/www/index.html"
	spawn at "$1" busybox httpd -f -p "$2" -h "$BATS_TEST_TMPDIR/www"
	retry 50 at "$1" curl -sf -m1 "http://127.0.0.1:$2/"
}
gets_page() { [[ $(at "$1" curl -gsf -m2 "$2") == 'Welcome to the lab' ]]; } # HOST URL

# What is attached to a device of "host": id, or a field of the program.
xdp_id() { host ip -j link show dev "$1" | jq -r '.[0].xdp.prog.id // empty'; }
xdp_mode() { host ip -j link show dev "$1" | jq -r '.[0].xdp.mode // 0'; }

# Packets counted by the program on a device of "host": count DEV VERDICT REASON.
count() { host status -j "$1" | jq --arg v "$2" --arg r "$3" '.attachments[0].counters[$v][$r].packets // 0'; }
