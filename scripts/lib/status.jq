# SPDX-License-Identifier: GPL-2.0-only
# What `status` prints, from the answers of bpftool (standard input; k_ask) and rows of fields. The first
# line is the status: 0, or 2 if something could not be read.
#
# $rows: attachment JSON SEES BTF-ID LIST | port NAME INDEX BRIDGE | list NAME USED ROOM |
# table NAME ENTRIES BYTES | trace NAME |
# link TRACE ID TYPE WHERE | traced N | pin PATH | reason NUMBER NAME | log NUMBER NAME
# $device: only this one and its ports. $pinned: ids of maps that are pinned anywhere.

def hex: if . > 96 then . - 87 else . - 48 end;
def number:
	if all(.[]; . == "0x00") then 0 else
		(if $big == "1" then . else reverse end) |
		reduce .[] as $b (0; . * 256 + ($b | ltrimstr("0x") | explode | map(hex) | if length == 2 then .[0] * 16 + .[1] else .[0] end))
	end;
def readable: type == "array" or (type == "object" and (has("error") | not));
# A name with its control characters escaped, as bash reads it.
def shown: explode |
	if any(.[]; . < 32 or . == 127) then
		"$\u0027" + (map(if . < 32 or . == 127 then "\\x" + ("0123456789abcdef" as $d | $d[. / 16 | floor:(. / 16 | floor) + 1] + $d[. % 16:. % 16 + 1])
			elif . == 39 or . == 92 then "\\" + ([.] | implode) else [.] | implode end) | join("")) + "\u0027"
	else implode end;
def list_text: if length < 2 then .[0] else (.[:-1] | join(", ")) + " and " + .[-1] end;

($rows | split("\n") | map(select(. != "") | split("\u001f"))) as $rows |
def rows($kind): $rows[] | select(.[0] == $kind);
(reduce (inputs | .[] | select(.command)) as $a ({}; .[$a.command | join(" ")] = $a.output)) as $answers |
(reduce rows("reason") as $r ({}; .[$r[1]] = $r[2])) as $our_reasons |
(reduce rows("log") as $r ({}; .[$r[1]] = $r[2])) as $logs |
($pinned | split(" ") | map(tonumber)) as $pinned |

# The names of a program's reasons. One without BTF, or with that of a legacy object, which knows
# nothing of its maps, has those of our objects.
def reasons($btf):
	if $btf == "0" then $our_reasons else
		$answers["btf dump id \($btf)"] | select(readable) |
		(reduce (first(.types[]? | select(.name == "pb_reason")) | .values[]?) as $v ({}; .["\($v.val)"] = ($v.name | ascii_downcase | ltrimstr("pb_")))) |
		if . == {} then $our_reasons else . end
	end;
# By their bytes: maps of legacy objects have no BTF.
def counters($map; $names):
	$answers["map dump id \($map)"] | select(readable) |
	reduce (.[] | {key: (.key | number), packets: ([.values[].value[0:8] | number] | add), bytes: ([.values[].value[8:16] | number] | add)} |
		select(.packets > 0 and $names["\(.key)"])) as $c ({pass: {}, drop: {}};
		.[if $c.key < ($first_drop | tonumber) then "pass" else "drop" end][$names["\($c.key)"]] = {packets: $c.packets, bytes: $c.bytes});
# Packets that events was not told of: all of them, and those above the rate of a log.
def not_told($map):
	$answers["map dump id \($map)"] | select(readable) |
	[.[] | [.values[].value | number] | add] | {packets: .[0], above_rate: .[1]};
# The log of a program is its one variable. "" if it has none.
def log_of($map):
	$answers["map lookup id \($map) key 0 0 0 0"] | select(readable) |
	[.. | .pb_log_mode? | numbers] | if . == [] then "" else $logs["\(.[0])"] // "" end;

[rows("attachment") | (.[1] | fromjson) + {sees: .[2], btf: .[3], list: .[4]}] as $all |
[$all[] | select($device == "" or .ifname == $device or .master == $device) | . as $at |
	[$all[] | select(.id == $at.id and (.ifname != $at.ifname or .hook != $at.hook)) |
		if .hook == $at.hook then .ifname else "\(.ifname) \(.hook)" end] as $others |
	(if .counters == 0 then [] else [reasons(.btf) as $names | counters($at.counters; $names)] end) as $count |
	(if .counters == 0 or .bss == 0 then [""] else [log_of(.bss)] end) as $log |
	(if .counters == 0 or .lost == 0 then [null] else [not_told(.lost)] end) as $untold |
	[(if .counters != 0 and $count == [] then "counters" else empty end), (if $log == [] then "log" else empty end),
	 (if $untold == [] then "not_told" else empty end)] as $unreadable |
	(if .slots - $pinned == [] then {} else {stale_list: true} end) as $stale |
	del(.tcx, .btf_id, .kind, .master, .slots, .bss, .lost, .lists, .shared, .btf, .list) + {sees, counters: $count[0]} +
	(if ($log[0] // "") != "" then {log: $log[0]} else {} end) + (if $untold[0] then {not_told: $untold[0]} else {} end) +
	(if $others == [] then {} else {shared_with: $others} end) +
	(if $unreadable == [] then {} else {unreadable: $unreadable} end) + (if (.list // "") == "" then {} else {list} end) + $stale] as $attachments |
{attachments: $attachments,
 unfiltered_ports: [rows("port") | {ifname: .[1], ifindex: (.[2] | tonumber), master: .[3]}],
 lists: [rows("list") | {name: .[1], used: (.[2] | tonumber), max: (.[3] | tonumber)}],
 tables: [rows("table") | {name: .[1], entries: (.[2] | tonumber), bytes: (.[3] | tonumber)}],
 traces: [rows("trace") | .[1] as $name | {program: $name,
	links: [rows("link") | select(.[1] == $name) | {id: (.[2] | tonumber), type: .[3], on: .[4]}]}],
 traced: ([rows("traced") | .[1] | tonumber][0]), pins: [rows("pin") | .[1]]} |
(if any(.attachments[]; .unreadable) then 2 else 0 end),
if $json != "" then tojson else
	(.attachments as $all | range($all | length) as $i | $all[$i] |
		. as $at | ([$all[:$i][] | select(.id == $at.id)][0]) as $before |
		"\(.ifname | shown) \(.hook): \(.program // "a program without a name")\(if .ours then "" else " (not ours)" end)\(if .mode then ", \(.mode) mode" else "" end), id \(.id), tag \(.tag)",
		"  sees \(.sees)",
		(if .list then "  list \(.list)/pb_*" else empty end),
		(if .stale_list then "  its list is pinned no more: allow and deny do not reach it (run \($xdp_on) again)" else empty end),
		if $before then "  counters shared with \($before.ifname | shown)\(if $before.hook == .hook then "" else " \($before.hook)" end) (see there)" else
			(if .shared_with and .counters then "  counters shared with \(.shared_with | map(shown) | list_text)" else empty end),
			(.counters // {} | to_entries[] | .key as $verdict | .value | to_entries[] |
				"  \($verdict) \(.key): \(.value.packets) packets, \(.value.bytes) bytes"),
			(.unreadable[]? | "  \(if . == "not_told" then "not told" else . end) unreadable"),
			(if .log and .log != "off" then "  log \(.log) (read it with \($events))" else empty end),
			(.not_told // {packets: 0} | select(.packets > 0) | "  not told: \(.packets) packets, \(.above_rate) of them above the rate")
		end),
	(.unfiltered_ports[] | "\(.ifname | shown): UNFILTERED port of \(.master | shown) (run \($xdp_on) \(.master | shown) ports again)"),
	(if (.attachments | length) == 0 then "nothing is attached" else empty end),
	(.lists[] | "list \(.name): \(.used)/\(.max)"),
	(.tables[] | "table \(.name): \(.entries) entries, \(.bytes / 1024 | floor) KiB"),
	(.traces[] | "trace \(.program): " + ([.links[] | "link \(.id) (\([.type, .on] | map(values) | join(" ")))"] | join(", "))),
	(.traced // empty | "traced processes: \(.)"),
	(if $verbose != "" then .pins[] | "pin \(.)" else empty end)
end
