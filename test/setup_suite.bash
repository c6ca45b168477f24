# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The suite leaves the machine as it was: pins, links, mounts, processes, namespaces and files are
# noted before and compared after.
#
# A program or map that stays needs something that holds it: a pin, a device, a process or a mount.
# Processes, and the namespaces that they are in, are known as the suite's by their environment;
# what else goes on on the machine in the meantime does not matter.
machine() (
	local environ file pid
	shopt -s nullglob
	for file in /sys/fs/bpf/tc/globals/* /sys/fs/bpf/plainbpf/*; do printf 'pin %s\n' "$file"; done
	ip -j link show | jq -r '.[] | "link \(.ifname) \(.xdp.prog.id // "")"'
	cut -d' ' -f5,9 /proc/self/mountinfo | sed 's/^/mount /'
	grep -lsz "^PLAINBPF_SUITE=$suite\$" /proc/[0-9]*/environ | while read -r environ; do
		pid=${environ//[!0-9]/}
		printf 'process and its namespaces %s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done 2>/dev/null || :
	for file in "$TMPDIR"/plainbpf.* /run/plainbpf/*; do printf 'file %s\n' "$file"; done
)
left_over() { comm -13 <(sort "$BATS_SUITE_TMPDIR/before") <(machine | sort); }

setup_suite() {
	suite=$$
	export PLAINBPF_SUITE=$suite
	export TMPDIR=$BATS_SUITE_TMPDIR
	machine >"$BATS_SUITE_TMPDIR/before"
}

teardown_suite() {
	local n left
	export -n PLAINBPF_SUITE # the check itself is none of what it looks for
	for ((n = 0; n < 100; n++)); do
		left=$(left_over)
		[[ $left ]] || return 0
		sleep 0.1
	done
	printf 'left behind:\n%s\n' "$left" >&2
	return 1
}
