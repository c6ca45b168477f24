# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Every path and pin name. No other file writes one.

# The only place that knows pins. ip and tc pin by name below $globals (TC_BPF_MNT moves the root).
readonly bpffs=${TC_BPF_MNT:-/sys/fs/bpf}
readonly globals=$bpffs/tc/globals
readonly pins=$bpffs/plainbpf
readonly state=/run/plainbpf
# An edit that is under way. Each root has its own: it is completed in the lists that it was begun in.
readonly journal=$state/journal${TC_BPF_MNT:+${TC_BPF_MNT//\//%}}
# A trace is a directory below $traces: its links, and below maps its maps. new is one that is being
# made, pids holds the PID set.
readonly traces=$pins/trace
readonly new_trace=$traces/new
readonly pid_dir=$traces/pids
readonly pid_set=$pid_dir/maps/pb_pids
readonly tracefs=/sys/kernel/tracing
readonly kinds=(host4 host6 net4 net6)
pin_of() { printf '%s/pb_%s' "$globals" "$1"; }
slot_of() { printf '%s/pb_%s_slot' "$globals" "$1"; }
# Programs that xdp-on and tc-on have attached from a user's object, or were about to: files
# NETNS.INDEX.HOOK.TAG, of a hook xdp, ingress or egress. Those of our objects are known by name and
# maps.
readonly attached=$state/attached
# A clsact that we have added is noted, by device and network namespace, and goes when it is empty.
readonly clsacts=$state/clsact
trace_dir() { printf '%s/%s' "$traces" "${1//-/_}"; }
# The locks of those who read the stream with this map id: of `events`, and of bpf_dump (lock.c).
ask_file_of() { printf '%s/ask.%s' "$state" "$1"; }
reader_file_of() { printf '%s/reader.%s' "$state" "$1"; }
# Tracing instances for readers of trace_pipe, named after the process that reads.
readonly instances=$tracefs/instances/plainbpf_
readonly print_event=events/bpf_trace/bpf_trace_printk
readonly lab=$state/lab
