# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Object files: which one to load, and what is in it.

# Since libbpf 1.0 loaders take no legacy map definitions. What does not name its libbpf is older.
takes_legacy() { # ip|tc|bpftool
	local version
	version=$("$1" -V)
	[[ ! $version =~ libbpf\ v?([0-9]+)\. ]] || ((BASH_REMATCH[1] == 0))
}

# Sets `object` to a file that the loader takes: the user's own, or what modernize makes of one with
# legacy map definitions, which goes with the command. What is no object at all, the loader says.
modern_object() { # ip|tc|bpftool FILE
	local text flavour map why
	object=$2
	[[ -x $here/modernize ]] && text=$("$here/modernize" -j show "$2" 2>/dev/null) || return 0
	IFS=$'\t' read -r flavour map why < <(jq -r 'if any(.maps[]; .flavour == "legacy") then .state else "modern" end
		+ "\t\(.reason_map // "-")\t\(.reason)"' <<<"$text")
	[[ $flavour != modern ]] && ! takes_legacy "$1" || return 0
	[[ $flavour == legacy ]] || die 2 "$2: legacy map definitions that cannot be carried over: ${map/#-/the object}: $why"
	[[ $tmp ]] || scratch
	object=$tmp/modern/${2##*/}
	note "$2: legacy map definitions, which this $1 does not load; loading a modernized copy"
	say "$here/modernize" "$2" "$object"
	mkdir -p "$tmp/modern"
	"$here/modernize" -q "$2" "$object" || die 2 "$2: cannot be modernized"
}

# Whether the loader can look things up in the kernel's BTF. libbpf before 1.0 cannot read the BTF of
# kernels since 5.13 or so, and not every kernel has it.
reads_kernel_btf() { # ip|tc
	[[ -e /sys/kernel/btf/vmlinux ]] || return 1
	command -v "$1" >/dev/null || return 0 # `need` says that
	takes_legacy "$1" || return 0
	[[ $(uname -r) =~ ^([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 5013))
}

# Sets `file` to a copy of it in which the relocations against the kernel's BTF are switched off, if it
# has any (objs/parts/lookup.bpf.h): their length in the header of .BTF.ext becomes 0.
without_relocations() {
	local at copy header='\x9f\xeb\x01\0\x20\0\0\0'
	((!big)) || header='\xeb\x9f\x01\0\0\0\0\x20'
	IFS=: read -r at _ < <(LC_ALL=C grep -s -abo -m1 -P "$header" "$file") || return 0
	at=$((at + 28))
	[[ $(od -An -tu4 -j "$at" -N 4 "$file") != *[1-9]* ]] && return
	[[ $tmp ]] || scratch
	copy=$tmp/plain/${file##*/}
	note "the loader cannot read the kernel's BTF; loading a copy of $file that does without"
	say mkdir -p "${copy%/*}"
	say cp "$file" "$copy"
	say dd if=/dev/zero of="$copy" bs=1 count=4 seek="$at" conv=notrunc status=none
	mkdir -p "${copy%/*}"
	cp "$file" "$copy"
	dd if=/dev/zero of="$copy" bs=1 count=4 seek="$at" conv=notrunc status=none || die 2 "cannot write $copy"
	file=$copy
}

# The tag that an object's section would have in this kernel, without attaching it to anything of
# the user's: a throw-away network namespace has a loopback for that. Empty if it cannot be loaded.
tag_of() { # HOOK FILE sec|program NAME
	# Its pins go into a room of their own, and away with it.
	local room=$pins/probe
	mkdir -p "$room"
	# shellcheck disable=SC2016 # expanded there
	TC_BPF_MNT=$room unshare -n bash -c '
		hook=$1 && shift
		if [[ $hook == xdp ]]; then
			ip link set dev lo xdpgeneric obj "$@" >/dev/null 2>&1 && ip -j link show dev lo
		else
			tc qdisc add dev lo clsact && tc filter add dev lo ingress bpf da obj "$@" >/dev/null 2>&1 && tc -j filter show dev lo ingress
		fi' probe "$@" |
		jq -r '[.[] | (.xdp.prog.tag, .options?.prog?.tag) // empty][0] // empty' || :
	rm -rf -- "$room"
	rmdir -- "$pins" 2>/dev/null || :
}

# Whether an object has a log, by the variable's name.
has_log() { grep -aq pb_log_mode -- "$1"; }
