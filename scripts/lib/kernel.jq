# SPDX-License-Identifier: GPL-2.0-only
# What `ip -j -d addr show` and a bpftool batch of prog, map and net show print, as rows that bash
# reads: the kind of a row, then its fields, with a unit separator between them. k_snapshot in
# kernel.bash knows the fields.
#
# Input: the links, then the batch. $claims: attachments of a user's own object, INDEX.HOOK.TAG a line
# each. $objects: the names of our objects, one a line. Regular expressions would double the time.

def set: split("\n") | map({key: ., value: true}) | from_entries;
# A name that holds the separator is not to be told from two fields.
def row: map(if . == null then "" else tostring | split("\u001f") | join("?") end) | join("\u001f");
def mode: {"1": "native", "2": "generic", "3": "offloaded", "4": "several"}["\(.mode)"];
def list_of: # what a map of this name is of a list, or nothing
	ltrimstr("pb_") as $n | select($n != .) | ($n | rtrimstr("s") | rtrimstr("_slot")) as $what |
	select($what | . == "host4" or . == "host6" or . == "net4" or . == "net6" or . == "table4" or . == "table6" or . == "list") | $n;
# The answer to one of the questions of the batch. A question that failed must not be taken for "none".
def answer($what):
	(first(.[] | select(.command[0] == $what)) // error("no answer to \($what) show")).output |
	if type == "object" and .error then error(.error) else . end;

input as $links | input as $batch |
($batch | answer("prog")) as $progs | ($batch | answer("map")) as $maps | ($batch | answer("net")) as $net |
# The kernel keeps 15 bytes of a name, which is what ip, tc and older bpftools show; from BTF newer ones
# know all of it. One name everywhere.
($claims | set) as $claimed |
($objects | split("\n") | map(select(. != "") | ., . + "_frags", . + "_egress" | .[0:15]) | map({key: ., value: true}) | from_entries) as $ours |
($progs | map(if .name then .name |= .[0:15] else . end)) as $progs |
($links | map({key: "\(.ifindex)", value: .}) | from_entries) as $link |
($maps | map({key: "\(.id)", value: (.name // "")}) | from_entries) as $map |

# Programs, with the maps picked out that matter.
($progs | map([.map_ids[]? | {id: ., name: ($map["\(.)"] // empty)}] as $m | . + {
	counters: ([$m[] | select(.name == "pb_counters").id][0] // 0),
	bss: ([$m[] | select(.name | endswith(".bss")).id][0] // 0),
	lost: ([$m[] | select(.name == "pb_lost").id][0] // 0),
	slots: [$m[] | select(.name | startswith("pb_") and (endswith("_slot") or endswith("_slots"))).id],
	lists: [$m[] | .id as $id | .name | list_of | "\(.)=\($id)"]})) as $progs |
($progs | map({key: "\(.id)", value: .}) | from_entries) as $prog |

# Attachments. Of several on one hook bpftool names the first one first.
[($links[] | select(.xdp.prog) | {ifindex, hook: "xdp", id: .xdp.prog.id, mode: (.xdp | mode)}),
 ($net[0].tc[]? | (.id // .prog_id) as $id | select($id and .ifindex) |
	{ifindex, hook: ("tc/" + (.kind | ltrimstr("clsact/") | ltrimstr("tcx/"))), id: $id, mode: null, tcx: (.kind | startswith("tcx/"))})] |
map(. as $at | $link["\(.ifindex)"] as $l | $prog["\(.id)"] as $p | select($l and $p) |
	{ifname: $l.ifname, ifindex, hook, program: $p.name,
	 ours: ($claimed["\(.ifindex).\(.hook | ltrimstr("tc/")).\($p.tag)"] == true or
		($p.counters != 0 and $ours[$p.name // ""] == true)),
	 mode, id, tcx, tag: $p.tag, btf_id: ($p.btf_id // 0), kind: ($l.linkinfo.info_kind // "-"), master: ($l.master // "-"),
	 counters: $p.counters, bss: $p.bss, lost: $p.lost, slots: $p.slots, lists: $p.lists}) |
(reduce .[] as $h ({}; ."\($h.id)" += 1)) as $users |
(.[] | . + {shared: $users["\(.id)"]} |
	["hook", .ifname, .hook, .id, .mode, .ours, .shared, tojson, .tcx // false] | row),
($links[] | (.xdp.prog // {} | . + ($prog["\(.id)"] // {})) as $p |
	["device", .ifname, .ifindex, .link_type, .linkinfo.info_kind, .master, .mtu, .address, .link,
	 $p.id, $p.name, $p.tag, (.xdp // {} | mode), (.altnames // [] | .[])] | row),
($links[] | .ifname as $dev | .addr_info[]? | select(.scope == "global" or .dynamic) |
	["address", $dev, .family, .local, (.dynamic // "")] | row),
($progs[] | ["program", .id, .type, .name, .tag, .btf_id // 0, (.map_ids // [] | join(" ")),
	.counters, .bss, .lost, (.slots | join(" ")), (.lists | join(" "))] | row),
($maps[] | ["map", .id, .type, .name, .max_entries, (.pinned // [] | .[])] | row),
"end"
