# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# What a command stands on: the bpffs, the state directory and the lock, and that only root can
# change them. Sourced by base.bash.

# Of the mounts that hold a path, the last one counts. Sets mount_type, mount_source and mount_flags (ro
# or rw first); read from the kernel's table because that takes no program.
mount_at() { # DIR
	local line point mounts mount_flags_there
	mount_type='' mount_source='' mount_flags=''
	mapfile -t mounts </proc/self/mountinfo
	for line in "${mounts[@]}"; do
		point=${line#* * * * }
		mount_flags_there=${point#* }
		point=${point%% *}
		[[ $1/ == "${point%/}"/* ]] || continue
		mount_flags=${mount_flags_there%% *}
		read -r mount_type mount_source _ <<<"${line#* - }"
	done
}

on_bpffs() {
	mount_at "$bpffs"
	[[ $mount_type == bpf || $(stat -f -c %T -- "$bpffs" 2>/dev/null) == bpf_fs ]]
}

# `ip netns exec NAME` gives one command a mount namespace of its own, with a sysfs called NAME over
# /sys. What is pinned there is gone when the command ends.
in_netns_exec() {
	mount_at /sys
	[[ $mount_type == sysfs && $mount_source != sysfs && $mount_source != none ]]
}

# Asked once: a command may need it in several places.
grounded=''
need_bpffs() {
	[[ ! $grounded ]] || return 0
	# Its name becomes a word of tool calls, and a part of file names.
	[[ $bpffs =~ ^(/[A-Za-z0-9_.:-]+)+$ && $bpffs/ != */../* ]] ||
		die 2 "TC_BPF_MNT: not a plain absolute path: $bpffs"
	[[ $bpffs == "$usual_bpffs" ]] || one_name
	if ! on_bpffs; then
		! in_netns_exec ||
			die 2 "under \`ip netns exec\` pins end with the command (use: nsenter --net=$netns_dir/$mount_source $(command_of "$prog") …)"
		# Mounting over a directory that happens to be named would hide what is in it.
		[[ $bpffs == "$usual_bpffs" ]] || die 2 "TC_BPF_MNT: not in a bpffs: $bpffs"
		run mount -t bpf -o mode=0700 bpf "$bpffs" || die 2 "no bpffs at $bpffs"
		mount_flags=rw
	fi
	[[ $dry || $mount_flags != ro* ]] || die 2 "$bpffs is mounted read-only (mount -o remount,rw,bind $bpffs)"
	trusted "$globals" "$bpffs"
	trusted "$traces" "$bpffs"
	need_state
	grounded=1
}

# What is unfinished in a list is noted by the name of its directory, so it may have only one.
one_name() {
	local path='' part parts
	IFS=/ read -ra parts <<<"${bpffs#/}"
	for part in "${parts[@]}"; do
		path+=/$part
		[[ ! -L $path ]] || die 2 "TC_BPF_MNT: $path is a link; name the directory itself"
	done
	[[ ! $bpffs -ef $usual_bpffs ]] || die 2 "TC_BPF_MNT: $bpffs is $usual_bpffs; name it so"
}

need_globals() {
	need_bpffs
	[[ -d $globals ]] || run mkdir -p "$globals" || die 2 "cannot make $globals"
}

# After an edit: whether what is attached looks into the lists here. A bpffs that was mounted over the
# other since hides those, and so does a hand that removes pins. No program is started where nothing is
# new since that was seen last.
reach_asked=''
reached() {
	local noted='' kind old=1
	reach_asked=1
	[[ ! $dry ]] || return 0
	{ read -r noted <"$reach_note"; } 2>/dev/null || :
	for kind in "${kinds[@]}"; do [[ ! $list_base${kind}_slots -nt $reach_note ]] || old=''; done
	[[ ! $old || ! $noted || ! -d $reach_marks$noted ]] || return 0
	# shellcheck source=scripts/lib/reach.bash
	. "$lib/reach.bash"
	reach_ask
}

# The same for an edit that ends otherwise: what is not in the list here may be in the other.
reach_say() { [[ $reach_asked ]] || (reached) || :; }

# Before something is attached here: if the lists of another bpffs were noted, there are now two.
reach_new() {
	local noted=''
	{ read -r noted <"$reach_note"; } 2>/dev/null || :
	[[ ! $noted || -d $reach_marks$noted ]] || : >"$reach_note"
}

# Every part of a path below a directory is, as far as it exists, a real directory of root's: a local
# user who may write in the bpffs must not lead root's commands to files elsewhere.
trusted() { # PATH BELOW
	local path=$2 part parts
	IFS=/ read -ra parts <<<"${1#"$2"/}"
	for part in "${parts[@]}"; do
		path+=/$part
		[[ -e $path || -L $path ]] || return 0
		[[ -d $path && ! -L $path && -O $path ]] ||
			die 2 "$path: not a directory that belongs to root (somebody else's; remove it first)"
	done
}

# The state directory is root's alone: who can write in it could have an edit of a list completed, and who
# can open the lock could hold it. The file `private` says that its mode has been set; a directory
# of an earlier version may have been made with a loose umask.
need_state() {
	trusted "$state" "${state%/*}"
	if [[ $dry ]]; then
		[[ -d $state ]] || say mkdir -p "$state"
		return
	fi
	[[ -d $state ]] || mkdir -p -- "$state" 2>/dev/null || [[ -d $state ]] || die 2 "cannot make $state"
	[[ ! (-f $state/private && -O $state/private) ]] || return 0
	{ mkdir -p -- "$attached" "$tags" "$clsacts" && chmod -R go= -- "$state"; } || die 2 "cannot make $state private"
	: 2>/dev/null >"$state/private" || die 2 "cannot write in $state"
}

# One editor at a time: lists and attachments together. The lock ends with the process and with the
# tools that it has started, so that a killed command's last call is over before the next begins.
take_lock() {
	[[ ! $dry && ! ${lock_fd-} ]] || return 0
	[[ -w $state && (! -e $lock_file || -w $lock_file) ]] || die 2 "cannot write in $state"
	exec {lock_fd}>"$lock_file"
	flock -w 2 "$lock_fd" >/dev/null && return
	note "waiting for another command ($lock_file)"
	flock -w 60 "$lock_fd" >/dev/null || die 2 "another command has held $lock_file for a minute (see: fuser -v $lock_file)"
}
drop_lock() {
	exec {lock_fd}>&-
	lock_fd=''
}
