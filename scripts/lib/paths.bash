# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Every path and pin name. No other file writes one.

# The only place that knows pins. ip and tc pin by name below $globals (TC_BPF_MNT moves the root).
readonly usual_bpffs=/sys/fs/bpf netns_dir=/run/netns
bpffs=${TC_BPF_MNT:-$usual_bpffs}
# One directory, one name.
while [[ $bpffs == *//* ]]; do bpffs=${bpffs//\/\//\/}; done
[[ $bpffs == / ]] || bpffs=${bpffs%/}
readonly bpffs
readonly globals=$bpffs/tc/globals
readonly pins=$bpffs/plainbpf
readonly state=/run/plainbpf
# The bpffs whose lists all that is attached was seen to look into: a directory in it that has a name of
# its own, and a note of that name.
reach_note=$state/reach
[[ $bpffs == "$usual_bpffs" ]] || reach_note+=${bpffs//\//%}
readonly reach_note
readonly reach_marks=$bpffs/tc/plainbpf_
# A trace is a directory below $traces: its links, and below maps its maps. new is one that is being
# made, pids holds the PID set.
readonly traces=$pins/trace
readonly new_trace=$traces/new
readonly pid_dir=$traces/pids
readonly pid_set=$pid_dir/maps/pb_pids
readonly tracefs=/sys/kernel/tracing
readonly kinds=(host4 host6 net4 net6)
# The maps of a list are pinned as pb_KIND; what programs look into are arrays of such maps. All begin so.
readonly list_base=$globals/pb_
declare -A list_pin=()
for kind in "${kinds[@]}"; do list_pin[$kind]=$list_base$kind; done
unset kind
readonly list_state=${list_base}lists
# Pins of a generation that is to become active.
readonly next_pins=$globals/next
# Programs that xdp-on and tc-on have attached from a user's object, or were about to: files
# NETNS.INDEX.HOOK.TAG, of a hook xdp, ingress or egress. Those of our objects are known by name and
# maps.
readonly attached=$state/attached
# The tag that an object file had when it was last loaded, by file, loader and section.
readonly tags=$state/tags
# A clsact that we have added is noted, by device and network namespace, and goes when it is empty.
readonly clsacts=$state/clsact
readonly lock_file=$state/lock
# Of a stream, by the id of its map: who asks for packets, and who reads it (bpf_dump locks that one).
ask_file_of() { printf '%s/ask.%s' "$state" "$1"; }
reader_file_of() { printf '%s/reader.%s' "$state" "$1"; }
# Programs that a command is about to replace, to put them back; one that goes to several ports; and
# what a throw-away load pins.
readonly undo_pins=$pins/undo
readonly shared_pins=$pins/shared
readonly trial_pin=$bpffs/try # in a hint
readonly probe_root=$pins/probe
readonly own_netns=/proc/self/ns/net
readonly kernel_btf=/sys/kernel/btf/vmlinux
trace_dir() { printf '%s/%s' "$traces" "${1//-/_}"; }
# Tracing instances for readers of trace_pipe, named after the process that reads.
readonly instances=$tracefs/instances/plainbpf_
readonly print_event=events/bpf_trace/bpf_trace_printk
readonly lab=$state/lab
readonly kprobe_events=/sys/bus/event_source/devices/kprobe
