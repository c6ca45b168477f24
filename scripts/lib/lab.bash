# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# The lab: hosts in network namespaces, a bridge, a web server. Sourced after base.bash.

readonly server=172.17.0.1 port=8080

is_up() { [[ -e $lab/up ]] && pid_of host >/dev/null && pid_of client1 >/dev/null && pid_of client2 >/dev/null; }

# One command at a time makes it or takes it away. Processes that stay do not keep the lock.
lab_lock() {
	mkdir -p "$state" 2>/dev/null || die 2 "cannot write in $state"
	[[ -w $state ]] || die 2 "cannot write in $state"
	exec {lock_fd}>"$state/lab.lock"
	flock "$lock_fd"
}

# A host is a sleeping process in a network namespace of its own. "host" also has mounts of its own,
# which the clients share: a bpffs, and a /run/plainbpf for locks and records. (A file could keep a
# network namespace alive, but not on every kernel a mount namespace.)
start() { # NAME CMD…
	local name=$1
	shift
	"$@" </dev/null >/dev/null 2>&1 {lock_fd}>&- &
	printf '%d %s\n' "$!" "$(started "$!")" >"$lab/$name.pid"
}
# The start time of a process in clock ticks, which tells it from a later one of the same number.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
pid_of() { # NAME; 1 if it is gone
	local pid since
	read -r pid since <"$lab/$1.pid" && [[ $(started "$pid") == "$since" ]] && printf '%d' "$pid"
} 2>/dev/null

# What makes a command run on a host, as inside. setns leaves the root (in a chroot that matters) and
# the working directory: go back to them.
way_in() { # NAME
	local mounts net
	if ! mounts=$(pid_of host) || ! net=$(pid_of "$1"); then
		die 2 "the lab is broken (first: $(command_of lab) down)"
	fi
	inside=(nsenter --net="/proc/$net/ns/net" --mount="/proc/$mounts/ns/mnt" --root="/proc/$mounts/root" --
		env --chdir="$PWD")
}
enter() { # NAME CMD…
	way_in "$1"
	"${inside[@]}" "${@:2}"
}

make_hosts() {
	local name n
	mkdir -p "$lab"
	# shellcheck disable=SC2016 # expanded there
	start host unshare --net --mount sh -c '
		mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs tmpfs "$0" || exit
		mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
		exec sleep infinity' "$state"
	start client1 unshare --net sleep infinity
	start client2 unshare --net sleep infinity
	for ((n = 0; n < 100; n++)); do
		ready && return
		sleep 0.02
	done
	down_quietly
	die 2 'cannot make network namespaces here'
}
ready() {
	local name
	for name in host client1 client2; do
		[[ $(readlink "/proc/$(pid_of "$name")/ns/net") != "$(readlink /proc/self/ns/net)" ]] || return 1
		[[ $(<"/proc/$(pid_of "$name")/comm") == sleep ]] || return 1
	done
} 2>/dev/null

# Shows a command as it can be pasted while the lab is up, and runs it on a host.
on() { # NAME CMD…
	local typed
	read -ra typed <<<"$(command_of lab)"
	say "${typed[@]}" exec "$@"
	enter "$@"
}

up() {
	local n typed www=$state/www
	if is_up; then note 'up already' && return; fi
	down_quietly
	make_hosts
	on host ip link add lab0 type bridge mcast_snooping 0
	on host ip addr add "$server/16" dev lab0
	on host ip addr add fd17::1/64 dev lab0 nodad
	on host ip link set lo up
	on host ip link set lab0 up
	for n in 1 2; do
		on host ip link add "client$n" type veth peer name eth0 netns "$(pid_of "client$n")"
		on host ip link set "client$n" master lab0 up
		on "client$n" ip addr add "172.17.0.$((n + 1))/16" dev eth0
		on "client$n" ip addr add "fd17::$((n + 1))/64" dev eth0 nodad
		on "client$n" ip link set lo up
		on "client$n" ip link set eth0 up
	done
	# In the host's own /run/plainbpf, which hides ours.
	on host mkdir -p "$www"
	enter host tee "$www/index.html" <<<'Welcome to the lab' >/dev/null
	read -ra typed <<<"$(command_of lab)"
	say "${typed[@]}" exec host busybox httpd -f -p "$port" -h "$www"
	way_in host
	start server "${inside[@]}" busybox httpd -f -p "$port" -h "$www"
	for ((n = 0; n < 100; n++)); do
		enter client1 curl -sf -m1 "http://$server:$port/" >/dev/null && : >"$lab/up" && return
		sleep 0.05
	done
	down_quietly
	die 2 'the web server does not answer'
}

down_quietly() {
	local name pid
	for name in server client2 client1 host; do
		! pid=$(pid_of "$name") || kill "$pid" 2>/dev/null || :
	done
	rm -rf -- "$lab"
}
