# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Object files: which one to load, and what is in it.

# Since libbpf 1.0 loaders take no legacy map definitions. What does not name its libbpf is older.
takes_legacy() { # ip|tc|bpftool
	local version libraries=(/usr/lib/*/libbpf.so.?)
	# Debian's ip and tc are linked with the one libbpf that is installed. To look is quicker than to ask.
	[[ $1 == bpftool || $(type -P "$1") != /usr/sbin/* || "${libraries[*]}" != */libbpf.so.1 || ${#libraries[@]} != 1 ]] || return 1
	version=$("$1" -V)
	[[ ! $version =~ libbpf\ v?([0-9]+)\. ]] || ((BASH_REMATCH[1] == 0))
}

# Sets `object` to a file that the loader takes: the user's own or, of one with legacy map definitions,
# a copy that modernize has made and that goes with the command. What is no object at all, the loader
# says.
modern_object() { # ip|tc|bpftool FILE
	local text map='' why='' what='legacy map definitions' value='":"(([^"\\]|\\.)*)"'
	object=$2
	[[ -x $here/modernize ]] && text=$("$here/modernize" -j show "$2" 2>/dev/null) || return 0
	[[ $text == *'"state":"legacy"'* || ($text == *'"flavour":"legacy"'* && $text != *'"state":"modern"'*) ]] &&
		! takes_legacy "$1" || return 0
	if [[ $text != *'"state":"legacy"'* ]]; then
		[[ ! $text =~ \"reason$value ]] || why=${BASH_REMATCH[1]}
		[[ ! $text =~ \"reason_map$value ]] || map=${BASH_REMATCH[1]}
		die 2 "$2: legacy map definitions that cannot be carried over: ${map:-the object}: $why"
	fi
	[[ $tmp ]] || scratch
	object=$tmp/modern/${2##*/}
	[[ $text == *'"flavour":"legacy"'* ]] || what="an old compiler's functions"
	note "$2: $what, which this $1 does not load; loading a modernized copy"
	say mkdir -p "$tmp/modern"
	say "$here/modernize" "$2" "$object"
	mkdir -p "$tmp/modern"
	"$here/modernize" -q "$2" "$object" || die 2 "$2: cannot be modernized"
}

# Whether the loader can look things up in the kernel's BTF. libbpf before 1.0 cannot read the BTF of
# kernels since 5.13 or so, and not every kernel has it.
reads_kernel_btf() { # ip|tc
	[[ -e $kernel_btf ]] || return 1
	command -v "$1" >/dev/null || return 0 # `need` says that
	takes_legacy "$1" || return 0
	[[ $(uname -r) =~ ^([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 5013))
}

# Before an object is loaded: a loader that cannot read the kernel's BTF (no_btf, by words.bash) gets a
# copy that needs none.
no_btf=''
object_ready() {
	[[ ! $no_btf ]] || without_relocations
	no_btf=''
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

# The tag that an object's section has in this kernel, into object_tag; empty if it cannot be loaded.
# It was written down when the file was last loaded (object_note). Else it is loaded for that, without
# attaching it to anything of the user's: a throw-away network namespace has a loopback for that.
declare -A known_tag=()
object_tag=''

tag_of() { # ip|tc sec|program NAME; of $file
	local note was
	object_tag=${known_tag["$*"]-}
	[[ ! $object_tag ]] || return 0
	note=$(tag_note "$@")
	object_identity
	if { read -r object_tag was <"$note"; } 2>/dev/null && [[ $was && $was == "$identity" ]]; then
		known_tag["$*"]=$object_tag
		return
	fi
	object_ready
	object_tag=$(tag_by_loading "$@") || object_tag=''
	[[ ! $object_tag ]] || object_note "$object_tag" "$@"
}

# What tells a rebuilt object from the one before: a file that was written to, moved or copied has
# another change time or number. Asked before the file is loaded, so that a change in between at worst
# makes a note that no later question fits.
identity=''
object_identity() { # of $named, which $file may be a modernized copy of
	local rows
	[[ ! $identity ]] || return 0
	# Every program counts: the network namespace is asked for by the same one.
	rows=$(stat -L -c '%d:%i:%s:%z' -- "$named" "$own_netns") || die 2 "cannot read: $named"
	identity=${rows%%$'\n'*}
	rows=${rows##*$'\n'} rows=${rows#*:}
	netns=${rows%%:*}
	[[ $identity == *:*:*:* && $netns && $netns != *[!0-9]* ]] || die 2 "cannot read: $named"
}

tag_note() { # ip|tc sec|program NAME
	local name="$named.$*"
	[[ $named == /* ]] || name=$PWD/$name
	name=${name//[\/ ]/%}
	((${#name} <= 200)) || name=${name: -200}
	printf '%s/%s' "$tags" "$name"
}

# Writes down the tag of what was loaded. Failing to is no harm.
object_note() { # TAG ip|tc sec|program NAME
	known_tag["${*:2}"]=$1
	[[ -d $tags ]] || mkdir -p -- "$tags" || return 0
	printf '%s %s\n' "$1" "$identity" 2>/dev/null >"$(tag_note "${@:2}")" || :
}

tag_by_loading() { # ip|tc sec|program NAME
	local text
	# Its pins go into a directory of their own, and away with it.
	mkdir -p "$probe_root"
	# shellcheck disable=SC2016 # expanded there
	text=$(TC_BPF_MNT=$probe_root unshare -n "$BASH" -c '
		loader=$1 && shift
		if [[ $loader == ip ]]; then
			ip link set dev lo xdpgeneric obj "$@" >/dev/null 2>&1 && ip -j link show dev lo
		else
			tc qdisc add dev lo clsact && tc filter add dev lo ingress bpf da obj "$@" >/dev/null 2>&1 && tc -j filter show dev lo ingress
		fi' probe "$1" "$file" "${@:2}") || :
	rm -rf -- "$probe_root"
	rmdir -- "$pins" 2>/dev/null || :
	[[ ! $text =~ \"prog\":\{[^\}]*\"tag\":\"([0-9a-f]+)\" ]] || printf '%s' "${BASH_REMATCH[1]}"
}

# Whether an object has a log, by the variable's name.
has_log() { # FILE
	local n
	n=$(grep -ac pb_log_mode -- "$1") || :
	[[ $n && $n != *[!0-9]* ]] || die 2 "cannot look into $1 (grep)"
	((n))
}
