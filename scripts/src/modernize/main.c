// SPDX-License-Identifier: GPL-2.0-only
/*
 * modernize: rewrites an object with legacy map definitions so that today's loaders accept it. No
 * source is needed. See modernize(8); how it works: rewrite.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "out.h"
#include "rewrite.h"
#include "say.h"
#include "show.h"

static const char usage[] =
	"Usage: modernize [-q] OLD.o NEW.o\n"
	"       modernize [-j] show OBJ.o\n"
	"Summary: make today's loaders accept an object with legacy map definitions\n"
	"\n"
	"Since libbpf 1.0, ip, tc and bpftool refuse objects whose maps are struct\n"
	"bpf_map_def or bpf_elf_map in section maps. NEW.o has the same programs and the\n"
	"same maps, as BTF definitions. OLD.o is not changed; an object that is already\n"
	"modern is copied. What cannot be converted is refused, with the map's name.\n"
	"  show  print the object's maps and programs, and how loaders respond to it\n"
	"\n"
	"Options: -j JSON, -q quiet, -h help, -V version\n"
	"Status: 0 done; 1 invalid arguments, no such file, or not a BPF object; 2 the\n"
	"object cannot be converted, or NEW.o cannot be written\n";

struct options {
	bool json, quiet;
	const char *show, *old, *new;
};

struct file {
	uint8_t *buf;
	size_t len;
	struct stat st;
};

/* -1: go on; otherwise the exit status. */
static int parse(struct options *o, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+jqhV")) != -1) {
		char word[3] = { '-', optopt, '\0' };

		switch (c) {
		case 'j':
			o->json = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'h':
			return answer(usage);
		case 'V':
			return puts(version) < 0 || fflush(stdout) ? 2 : 0;
		default:
			return bad_argument("unknown option, see modernize -h",
					    optopt ? word : argv[optind - 1]);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && !strcmp(argv[0], "help"))
		return answer(usage);
	if (argc < 2)
		return bad_argument("missing argument, see modernize -h", argc ? "NEW.o" : "OLD.o");
	if (argc > 2)
		return bad_argument("unexpected argument, see modernize -h", argv[2]);
	if (!strcmp(argv[0], "show")) {
		o->show = argv[1];
		return -1;
	}
	o->old = argv[0];
	o->new = argv[1];
	if (o->json)
		return bad_argument("only with show", "-j");
	return -1;
}

/* -1, or the exit status. */
static int read_old(struct file *f, const char *path)
{
	int err = read_file(path, &f->st, &f->buf, &f->len);

	if (!err)
		return -1;
	if (!f->st.st_mode) /* it could not even be opened */
		return bad_argument(strerror(-err), path);
	if (err == -EINVAL || err == -EFBIG)
		return bad_argument("not an object file", path);
	say("cannot be read: %s: %s", path, strerror(-err));
	return 2;
}

/* Writes a temporary file and renames it: the target is complete, or as it was. */
static int write_file(const char *path, const uint8_t *buf, size_t len)
{
	sigset_t all, before;
	char *temporary;
	mode_t mask;
	int fd, err = 0;

	temporary = malloc(strlen(path) + 8);
	if (!temporary)
		return -ENOMEM;
	sprintf(temporary, "%s.XXXXXX", path);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before); /* a signal must not leave the temporary file */
	fd = mkstemp(temporary);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	while (len && !err) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0) {
			err = n ? -errno : -EIO;
			break;
		}
		buf += n;
		len -= n;
	}
	mask = umask(0);
	umask(mask);
	if (!err && fchmod(fd, 0666 & ~mask))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
out:
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(temporary);
	return err;
}

static void note(void *arg, const char *kind, const char *name, const char *what, const char *word)
{
	(void)arg;
	say("%s %s: %s: %s", kind, name, what, word);
}

/* Ends what was put into out; err is that of opening it or of what came after. Returns the exit
 * status. */
static int finish(struct out *out, int err)
{
	if (!err) {
		out_flush(out);
		err = out->err;
	}
	out_close(out);
	if (err)
		say("cannot write the output: %s", strerror(-err));
	return err ? 2 : 0;
}

/* What NEW is now. Its name is printed through the filter: anything can be in it. */
static int tell(const struct options *o, const char *what)
{
	struct out out;
	int err = out_open(&out, STDOUT_FILENO, NULL);

	if (!err) {
		put_shown(&out, o->new, strlen(o->new));
		out_room(&out, strlen(what) + OUT_VALUE);
		put_str(&out, ": ");
		put_str(&out, what);
		put_char(&out, '\n');
	}
	return finish(&out, err);
}

static int save(const struct options *o, const uint8_t *buf, size_t len)
{
	int err = write_file(o->new, buf, len);

	if (err)
		say("cannot be written: %s: %s", o->new, strerror(-err));
	return err ? 2 : 0;
}

/* The new object, by the rules that libbpf has: nothing is called modern that it would not take. */
static bool refused(const struct options *o, const struct rewrite *r)
{
	struct object made;
	const char *why = object_open(&made, r->out, r->len);

	if (!why) {
		why = object_rules(&made);
		object_close(&made);
	}
	if (why[0])
		say("cannot be carried over: %s: %s", o->old, why);
	return why[0];
}

static int modernize(const struct options *o, const struct file *old, struct object *obj)
{
	struct rewrite r = { .note = o->quiet ? NULL : note };
	const char *map, *why = object_why(obj, &map);
	uint32_t n = obj->maps.n_legacy, typed = obj->typed, n_what;
	bool incomplete = is_incomplete(obj);
	struct stat st;
	char what[128];
	int err, rc;

	if (!stat(o->new, &st)) {
		if (st.st_dev == old->st.st_dev && st.st_ino == old->st.st_ino)
			return bad_argument("OLD and NEW are the same file", o->new);
		if (!S_ISREG(st.st_mode))
			return bad_argument("not a file", o->new);
	}
	if (why[0]) {
		if (map[0])
			say("cannot be carried over: %s: map %s: %s", o->old, map, why);
		else
			say("cannot be carried over: %s: %s", o->old, why);
		return 2;
	}
	if (!object_is_legacy(obj)) {
		if (!o->quiet)
			notes(obj, note, NULL);
		rc = save(o, old->buf, old->len);
		return rc || o->quiet ? rc : tell(o, "modern already, copied unchanged");
	}
	err = rewrite(&r, obj);
	if (err == -EBADMSG)
		return bad_argument("the object contradicts itself", o->old);
	if (err == -ENOTSUP)
		say("cannot be carried over: %s: it refers to something in section maps that is no "
		    "map",
		    o->old);
	else if (err)
		say("cannot be carried over: %s: %s", o->old, strerror(-err));
	if (err)
		return 2;
	rc = refused(o, &r) ? 2 : save(o, r.out, r.len);
	free(r.out);
	if (rc || o->quiet)
		return rc;
	n_what = n || !typed ? n : typed;
	snprintf(what, sizeof(what), "%u %s%s made modern%s", n_what,
		 n || !typed ? "legacy map definition" : "function symbol", n_what == 1 ? "" : "s",
		 incomplete ? "; only its own loader can complete it" : "");
	return tell(o, what);
}

static int print(const struct options *o, const struct object *obj)
{
	struct out out;
	int err = out_open(&out, STDOUT_FILENO, NULL);

	if (!err)
		err = show(&out, obj, o->show, o->json);
	return finish(&out, err);
}

int main(int argc, char **argv)
{
	struct options o = {};
	struct file f = {};
	struct object obj;
	const char *path, *why;
	int rc;

	rc = parse(&o, argc, argv);
	if (rc >= 0)
		return rc;
	signal(SIGPIPE, SIG_IGN);
	path = o.show ? o.show : o.old;
	rc = read_old(&f, path);
	if (rc >= 0)
		goto out;
	why = object_open(&obj, f.buf, f.len);
	if (why) {
		rc = bad_argument(why, path);
		goto out;
	}
	rc = o.show ? print(&o, &obj) : modernize(&o, &f, &obj);
	object_close(&obj);
out:
	free(f.buf);
	return rc;
}
