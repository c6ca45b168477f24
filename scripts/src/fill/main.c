// SPDX-License-Identifier: GPL-2.0-only
/*
 * fill: what the commands know of lists. Reads addresses and files of them, builds a list's next
 * generation, and answers questions. The commands show its calls and make the change itself, which
 * is one call of bpftool.
 */
#define _GNU_SOURCE /* program_invocation_short_name */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "ask.h"
#include "build.h"
#include "say.h"
#include "text.h"

static const char usage[] =
	"Usage: fill [-n] [-m] build DIR add|del|replace [file FILE|-] [ADDR...]\n"
	"       fill [-n] build DIR flush|rollback\n"
	"       fill open DIR\n"
	"       fill test WHERE ADDR...\n"
	"       fill [-j] list WHERE\n"
	"       fill diff WHERE FILE|-\n"
	"       fill count|first WHERE\n"
	"       fill keys ADDR...\n"
	"Summary: build the next generation of a list, and answer questions about it\n"
	"\n"
	"DIR is where the list is pinned. WHERE is that, or map ids by name:\n"
	"lists=ID,host4_slots=ID,... An ADDR is an address, ADDR/LENGTH or a range A-B.\n"
	"  build  make the generation that is not active what the list is to become, and\n"
	"         print what is left to do: flip BYTES PLUS MINUS, or same, or done\n"
	"  open   make the maps that are missing, and complete what was interrupted\n"
	"  test   print in, ended or near, and by which entry, or empty\n"
	"  list   print the entries, sorted\n"
	"  diff   print what a list in FILE has more (+) or less (-)\n"
	"  count  print entries and room of each map, entries and bytes of a table\n"
	"  first  print the first host and network of each family that let in\n"
	"  keys   print the map, key and text of entries\n"
	"\n"
	"Options: -n change nothing, -m del: what is not in the list is no error, -j JSON,\n"
	"-p NAME: the command that messages are of\n"
	"Status: 0 done, 1 invalid arguments or not in the list, 2 refused\n";

static const char *const edits[] = { "add", "del", "replace", "rollback", "flush" };

static int words(struct set *to, int argc, char **argv)
{
	int i, status = 0;

	for (i = 0; i < argc && !status; i++)
		status = read_word(to, argv[i]);
	return status;
}

static int main_build(int argc, char **argv, bool dry, bool may_miss)
{
	struct set asked = { 0 };
	size_t edit;
	int status;

	for (edit = 0; argc > 1 && edit < 5 && strcmp(argv[1], edits[edit]); edit++)
		;
	if (argc < 2 || edit == 5 || (edit >= EDIT_ROLLBACK) != (argc == 2))
		return bad_argument("not an edit", "see fill -h");
	if (argc > 2 && !strcmp(argv[2], "file"))
		status = argc == 4 ? read_list(&asked, argv[3],
					       edit == EDIT_REPLACE
						       ? " (to empty the list: allow flush)"
						       : "")
				   : bad_argument("file takes one word", "see fill -h");
	else
		status = words(&asked, argc - 2, argv + 2);
	if (status)
		return status;
	return build(argv[0], edit == 4 ? EDIT_REPLACE : (enum edit)edit, &asked, dry, may_miss);
}

static int main_ask(const char *verb, int argc, char **argv, bool json)
{
	struct set list = { 0 }, asked = { 0 };
	struct store st;
	int status = 0;

	if (!strcmp(verb, "test"))
		status = words(&asked, argc - 1, argv + 1);
	else if (!strcmp(verb, "diff") && argc == 2)
		status = read_list(&asked, argv[1], "");
	if (status)
		return status == 1 && !strcmp(verb, "test") ? 2 : status;
	if (!strcmp(verb, "count"))
		return store_open(&st, argv[0]) ? 2 : print_counts(&st);
	status = read_now(&st, argv[0], &list);
	if (status)
		return status;
	if (!strcmp(verb, "test"))
		return print_tests(&list, &asked);
	if (!strcmp(verb, "list"))
		return print_list(&list, json);
	if (!strcmp(verb, "first"))
		return print_first(&list);
	return set_sort(&asked) ? 2 : print_diff(&list, &asked);
}

int main(int argc, char **argv)
{
	/* Before Linux 5.11 the memory of maps counts as locked. What is refused, making one says.
	 */
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct set asked = { 0 };
	bool dry = false, json = false, may_miss = false;
	const char *verb;
	int i, status;

	setrlimit(RLIMIT_MEMLOCK, &all);
	signal(SIGPIPE, SIG_IGN); /* nobody listens: no reason to stop half-way */
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return answer(usage);
		if (!strcmp(argv[i], "-V") || !strcmp(argv[i], "--version"))
			return printf("%s\n", version) < 0 ? 2 : 0;
		if (!strcmp(argv[i], "-n"))
			dry = true;
		else if (!strcmp(argv[i], "-m"))
			may_miss = true;
		else if (!strcmp(argv[i], "-j"))
			json = true;
		else if (!strcmp(argv[i], "-p") && i + 1 < argc)
			program_invocation_short_name = argv[++i];
		else
			return bad_argument("unknown option", argv[i]);
	}
	argc -= i;
	argv += i;
	if (argc < 2)
		return bad_argument("too few words", "see fill -h");
	verb = *argv++;
	argc--;
	if (!strcmp(verb, "keys")) {
		status = words(&asked, argc, argv);
		return status ? status : print_keys(&asked);
	}
	if (!strcmp(verb, "build"))
		return main_build(argc, argv, dry, may_miss);
	if (!strcmp(verb, "open"))
		return argc == 1 ? open_list(*argv) : bad_argument("open takes one word", *argv);
	if (!strcmp(verb, "test") || !strcmp(verb, "list") || !strcmp(verb, "diff") ||
	    !strcmp(verb, "count") || !strcmp(verb, "first"))
		return main_ask(verb, argc, argv, json);
	return bad_argument("unknown word", verb);
}
