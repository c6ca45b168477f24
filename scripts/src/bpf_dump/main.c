// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_dump: prints the records of any pinned ring buffer or perf event array as their BTF describes
 * them. See bpf_dump(8); which struct is printed: choose.h; where records come from: source.h.
 */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <linux/capability.h>
#include "caps.h"
#include "choose.h"
#include "lines.h"
#include "lock.h"
#include "pcapng.h"
#include "perf.h"
#include "ring.h"
#include "saved.h"
#include "say.h"
#include "sys.h"
#include "text.h"

#define MSEC	   1000000ll
#define NAP	   (10 * MSEC) /* between two looks while records come … */
#define LONG_NAP   (40 * MSEC) /* … and after IDLE without any */
#define IDLE	   (500 * MSEC)
#define FLUSH	   (50 * MSEC)	/* output is held back no longer than this */
#define LOST_EVERY (100 * MSEC) /* looks at counters of lost records */
#define TICK	   (500 * MSEC) /* looks for new CPUs, clocks, renamed interfaces */

struct options {
	enum fmt_mode mode;
	const char *type, *object, *pin, *until;
	const char *write;   /* packets, to this file */
	const char *columns; /* of text, see fmt_compile(); NULL: all */
	uint64_t count;	     /* 0: no end */
	int64_t duration;    /* ns, 0: no end */
	bool skip;	     /* what is there already */
	bool mark;	     /* where what is there already ends */
	bool quiet;	     /* no summary unless records were lost */
};

struct dump {
	struct sink sink; /* first, so that a sink is a dump */
	struct options opt;
	struct out out;
	struct fmt_env env;
	struct source *source; /* the one of these that is open, or NULL */
	union {
		struct ring ring;
		struct perf perf;
		struct lines lines;
		struct saved saved;
	};
	struct users users; /* of the map */
	struct choose choose;
	const struct fmt *shown; /* whose header was printed last */
	struct pcapng pcapng;	 /* of opt.write */
	uint64_t events, lost;
	uint64_t before; /* records lost before we began to read, since the programs were loaded */
	int write_fd, bad; /* bad: exit status of what cannot be written as packets */
	int map_fd;
	struct bpf_map_info map;
	struct lock lock;
	struct pollfd *polls;
	struct stat until; /* of opt.until, at the start */
};

/* Set by SIGINT and SIGTERM. */
static volatile sig_atomic_t stop;

static const char usage[] =
	"Usage: bpf_dump [-j | -x | -w FILE|- | -o MEMBER[:WIDTH],...] [-q] [-s | -m] [-t TYPE]\n"
	"                [-b OBJECT.o] [-c N] [-d SEC] [-u PATH] PIN|-\n"
	"       bpf_dump [-j] [-q] [-s] [-c N] [-d SEC] [-u PATH] TRACE_PIPE\n"
	"Summary: print the records of a pinned ring buffer or perf event array by their BTF\n"
	"\n"
	"  -j  JSON, one object per line       -x  hexadecimal, one record per line\n"
	"  -t  the records' type               -b  take the BTF from this object file\n"
	"  -c  stop after N records            -d  stop after SEC seconds\n"
	"  -u  stop when PATH is gone          -w  write packets, as pcapng\n"
	"  -o  show only these members, in columns of this width: ts,src:20,point.x\n"
	"  -s  skip what is already there, and print a line when that is done\n"
	"  -m  mark where the records end that are already there, also if none were lost\n"
	"  -q  no summary at the end, unless records were lost\n"
	"  -h  help                            -V  version\n"
	"  -   read saved records from standard input: each a 4-byte little-endian\n"
	"      length, then that many bytes\n"
	"A trace_pipe of tracefs is read as lines of text.\n"
	"\n"
	"The record's struct is looked for in the BTF of the programs that use the map:\n"
	"  1. the one named with -t\n"
	"  2. the type of the map's values, if the map has one\n"
	"  3. one named after the map: events, event, events_record, events_event,\n"
	"     events_rec, events_data, events_t; for x_log, x_ring, x_rb, x_buf and\n"
	"     x_map also as if the map were called x\n"
	"  4. one that a global variable is or points to: const struct X *unused;\n"
	"  5. one that is the value of another map\n"
	"  6. any other that is not the kernel's own\n"
	"It must have the record's size. If a step leaves several, it is ambiguous; without\n"
	"a struct the record is printed in hexadecimal.\n"
	"\n"
	"Status: 0 done; 1 invalid arguments, or damaged input; 2 refused by the kernel, or\n"
	"something is missing\n";

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MSEC + t.tv_nsec;
}

static void on_signal(int sig)
{
	/* repeated, to interrupt a system call that blocks after `stop` was tested */
	struct itimerval again = { .it_interval = { 0, 50000 }, .it_value = { 0, 50000 } };

	if (sig == SIGALRM)
		return;
	stop = 1;
	setitimer(ITIMER_REAL, &again, NULL);
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

/* Returns 0 or, after a message, the exit status. */
static int write_packet(struct dump *d, const void *data, size_t len)
{
	const struct fmt *f = choose_fmt(&d->choose, len);
	const char *why = d->choose.why;
	const struct btf *b;
	uint32_t id;
	int err;

	if (!f) {
		why = *why ? strchr(why, ':') + 2 : "no struct of its size";
		say("cannot be written as packets: %s", why);
		return 1;
	}
	if (*why)
		say("%s", why);
	d->choose.why[0] = '\0';
	id = choose_type(&d->choose, f, &b);
	err = pcapng_record(&d->pcapng, b, id, &d->env, &d->out, data, len);
	if (err == -EPROTOTYPE)
		say("its records are no packets, a member is missing: %s", d->pcapng.missing);
	else if (err == -EBADMSG)
		say("a record is shorter than its struct: %s", d->opt.pin);
	else if (err)
		say("%s: %s", d->opt.pin, strerror(-err));
	return !err ? 0 : err == -ENOMEM ? 2 : 1;
}

static int counted(struct dump *d)
{
	d->events++;
	if (d->out.err)
		return d->out.err;
	return d->opt.count && d->events == d->opt.count;
}

static int on_line(struct sink *s, const void *data, size_t len)
{
	struct dump *d = (struct dump *)s;

	text_line(&d->env, &d->out, d->opt.mode == FMT_JSON, data, len);
	return counted(d);
}

static int on_packet(struct sink *s, const void *data, size_t len)
{
	struct dump *d = (struct dump *)s;

	d->bad = write_packet(d, data, len);
	return d->bad ? 1 : counted(d);
}

static int on_record(struct sink *s, const void *data, size_t len)
{
	struct dump *d = (struct dump *)s;
	uint32_t slack = d->source->slack;
	const struct fmt *f = NULL;

	/* in hexadecimal the type serves only to leave out the padding */
	if (d->opt.mode != FMT_HEX || slack || d->opt.type)
		f = choose_fmt(&d->choose, len);
	if (d->choose.why[0]) {
		if (d->opt.mode != FMT_HEX)
			say("%s", d->choose.why);
		d->choose.why[0] = '\0';
	}
	if (f && f != d->shown && d->opt.mode == FMT_TEXT)
		fmt_header(f, &d->out, len);
	d->shown = f ? f : d->shown;
	if (f)
		fmt_record(f, &d->env, &d->out, data, len, slack);
	else
		fmt_hex(d->opt.mode, &d->out, data, len);
	return counted(d);
}

static void on_lost(struct sink *s, uint64_t n, int cpu)
{
	struct dump *d = (struct dump *)s;
	bool json = d->opt.mode == FMT_JSON;
	struct out *o = &d->out;

	d->lost += n;
	if (d->opt.write) {
		pcapng_lost(&d->pcapng, n);
		return;
	}
	out_room(o, 2 * OUT_VALUE);
	put_str(o, json ? "{\"lost\":" : "# lost ");
	put_u64(o, n);
	if (cpu >= 0) {
		put_str(o, json ? ",\"cpu\":" : " on CPU ");
		put_u64(o, cpu);
	}
	put_str(o, json ? "}\n" : "\n");
}

static int parse_number(const char *text, uint64_t most, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return *text < '0' || *text > '9' || *end || errno || !*n || *n > most ? -EINVAL : 0;
}

static int parse_seconds(const char *text, int64_t *ns)
{
	char *end;
	double v = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end || strpbrk(text, "xX") || !(v > 0 && v < 1e9))
		return -EINVAL;
	*ns = v * 1e9;
	return *ns > 0 ? 0 : -EINVAL;
}

/* NAME[:WIDTH],… */
static bool are_columns(const char *s)
{
	int n;

	for (n = 1; n <= FMT_COLUMNS; n++) {
		size_t name = strcspn(s, ",:"), digits;
		unsigned long width;

		if (!name)
			return false;
		s += name;
		if (*s == ':') {
			digits = strspn(++s, "0123456789");
			width = strtoul(s, NULL, 10);
			if (!digits || !width || width > FMT_WIDTH)
				return false;
			s += digits;
		}
		if (!*s)
			return true;
		if (*s++ != ',')
			return false;
	}
	return false;
}

/* -1: go on; otherwise the exit status */
static int parse(struct options *o, int argc, char **argv)
{
	int c, modes = 0;

	opterr = 0;
	while ((c = getopt(argc, argv, ":jxw:o:qsmt:b:c:d:u:hV")) != -1) {
		char word[3] = { '-', optopt, '\0' };

		switch (c) {
		case 'j':
			o->mode = FMT_JSON;
			modes |= 1;
			break;
		case 'x':
			o->mode = FMT_HEX;
			modes |= 2;
			break;
		case 'w':
			o->write = optarg;
			modes |= 4;
			break;
		case 'o':
			if (!are_columns(optarg))
				return bad_argument("no list of members", optarg);
			o->columns = optarg;
			modes |= 8;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 's':
			o->skip = true;
			break;
		case 'm':
			o->mark = true;
			break;
		case 't':
			o->type = optarg;
			break;
		case 'b':
			o->object = optarg;
			break;
		case 'c':
			if (parse_number(optarg, UINT64_MAX, &o->count))
				return bad_argument("not a number of records", optarg);
			break;
		case 'd':
			if (parse_seconds(optarg, &o->duration))
				return bad_argument("not a number of seconds", optarg);
			break;
		case 'u':
			o->until = optarg;
			break;
		case 'h':
			return answer(usage);
		case 'V':
			return puts(version) < 0 || fflush(stdout) ? 2 : 0;
		case ':':
			return bad_argument("needs an argument", word);
		default:
			return bad_argument("unknown option, see bpf_dump -h", word);
		}
	}
	if (modes & (modes - 1))
		return bad_argument("cannot be combined", "-j -x -w -o");
	if (optind == argc)
		return bad_argument("missing argument, see bpf_dump -h", "PIN");
	if (optind + 1 < argc)
		return bad_argument("unexpected argument, see bpf_dump -h", argv[optind + 1]);
	o->pin = argv[optind];
	if (o->skip && !strcmp(o->pin, "-"))
		return bad_argument("makes no sense with saved records", "-s");
	if (!strcmp(o->pin, "help"))
		return answer(usage);
	return -1;
}

/* Reports a failed call; returns the exit status. */
static int refused(const char *what, const char *thing, int err)
{
	if ((err == -EPERM || err == -EACCES) && geteuid())
		say("must be root: %s", what);
	else
		say("%s: %s: %s", what, thing, strerror(-err));
	return 2;
}

static int open_pin(struct dump *d)
{
	const char *pin = d->opt.pin;
	char link[64] = "", self[32];
	int err;

	d->map_fd = bpf_pin_open(pin);
	if (d->map_fd == -ENOENT || d->map_fd == -ENOTDIR)
		return bad_argument("no such file", pin);
	if (d->map_fd < 0 && !geteuid() && !access(pin, F_OK))
		return bad_argument("not a pinned map", pin);
	if (d->map_fd < 0)
		return refused("cannot open", pin, d->map_fd);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", d->map_fd);
	if (readlink(self, link, sizeof(link) - 1) > 0 && !strstr(link, "bpf-map"))
		return bad_argument("not a pinned map", pin);
	err = bpf_info(d->map_fd, &d->map, sizeof(d->map));
	if (err)
		return refused("cannot get information on", pin, err);
	if (d->map.type != BPF_MAP_TYPE_RINGBUF && d->map.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return bad_argument("neither a ring buffer nor a perf event array", pin);
	return -1;
}

static int open_btf(struct dump *d)
{
	const char *pin = d->opt.pin;
	bool live = strcmp(pin, "-");
	int err = 0;

	if (live) {
		/* with -b only for the counters of lost records */
		err = users_find(&d->users, d->map.id, !d->opt.object);
		if (!err && !d->opt.object && d->map.btf_id)
			err = users_add_btf(&d->users, d->map.btf_id, d->map.name);
		if (err && !d->opt.object)
			return refused("cannot look for the programs that use it", pin, err);
	}
	if (d->opt.object) {
		err = users_add_file(&d->users, d->opt.object);
		if (err == -ENOENT)
			return bad_argument("no such file", d->opt.object);
		if (err == -ENODATA)
			return bad_argument("no BTF (compile it with -g)", d->opt.object);
		if (err == -EXDEV)
			return bad_argument("split BTF, and its base is not this kernel's",
					    d->opt.object);
		if (err == -EBADMSG || err == -E2BIG)
			return bad_argument("not an object file, or its BTF is corrupt",
					    d->opt.object);
		if (err)
			return refused("cannot read", d->opt.object, err);
	}
	d->choose.users = &d->users;
	d->choose.mode = d->opt.mode;
	d->choose.columns = d->opt.columns;
	d->choose.kernel = "/sys/kernel/btf/vmlinux";
	d->choose.perf = d->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	memcpy(d->choose.map, d->map.name, sizeof(d->choose.map) - 1);
	err = choose_open(&d->choose, d->opt.type, d->map.btf_value_type_id,
			  d->opt.object ? 0 : d->map.btf_id);
	if (err == -ENOENT && !d->users.n_btfs)
		return bad_argument("no BTF to find the type in, give it with -b", d->opt.type);
	if (err == -ENOENT)
		return bad_argument("no such type in its BTF", d->opt.type);
	if (err == -ENODATA)
		return bad_argument("not all of these are members of its type", d->opt.columns);
	if (err && d->opt.type)
		return bad_argument("its BTF cannot be printed", d->opt.type);
	if (err)
		return refused("cannot read its BTF", pin, err);
	return -1;
}

/* Opens the output; not before it is certain that nobody else reads these records into it. */
static int open_output(struct dump *d)
{
	const char *file = d->opt.write;
	int err = 0;

	if (file && strcmp(file, "-")) {
		/* packets are not for everybody to read */
		d->write_fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (d->write_fd < 0)
			return refused("cannot write", file, -errno);
	}
	if (out_open(&d->out, d->write_fd < 0 ? STDOUT_FILENO : d->write_fd, &stop))
		err = -ENOMEM;
	if (!err && file)
		err = pcapng_open(&d->pcapng, &d->out);
	return err ? refused("cannot start", d->opt.pin, err) : -1;
}

static int open_reader(struct dump *d)
{
	bool perf = d->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	uint64_t keep;
	long pid;
	int err;

	err = lock_take(&d->lock, d->map.id, &pid);
	if (err == -EBUSY) {
		say("has a reader already: PID %ld", pid);
		return 2;
	}
	if (err)
		return refused("cannot lock", d->lock.path, err);
	users_lost(&d->users, NULL);
	d->before = users_lost_total(&d->users);
	if (perf)
		err = perf_open(&d->perf, d->map_fd, d->map.max_entries);
	else
		err = ring_open(&d->ring, d->map_fd, d->map.max_entries);
	if (err)
		return refused("cannot read", d->opt.pin, err);
	d->source = perf ? &d->perf.source : &d->ring.source;
	err = open_output(d); /* a file may need a capability */
	if (err >= 0)
		return err;
	if (perf && d->perf.missed)
		say("%d CPUs have no place in the map, their records are lost: %s", d->perf.missed,
		    d->opt.pin);
	keep = d->source->caps;
	if (d->users.n_losts) /* Linux before 5.19 looks nothing up without */
		keep |= 1ull << CAP_BPF;
	err = caps_keep(keep);
	if (err)
		return refused("cannot drop capabilities", d->opt.pin, err);
	return -1;
}

static int open_map(struct dump *d)
{
	int rc = open_pin(d);

	if (rc < 0)
		rc = open_btf(d);
	return rc < 0 ? open_reader(d) : rc;
}

/* Lines need neither a map nor its BTF, and no capability once they are open. */
static int open_lines(struct dump *d)
{
	int err;

	if (d->opt.mode == FMT_HEX || d->opt.write || d->opt.columns || d->opt.type ||
	    d->opt.object)
		return bad_argument("-x, -w, -o, -t and -b do not apply to lines of text",
				    d->opt.pin);
	err = lines_open(&d->lines, d->opt.pin);
	if (!err) {
		d->source = &d->lines.source;
		d->sink.record = on_line;
		err = out_open(&d->out, STDOUT_FILENO, &stop);
	}
	if (!err)
		err = caps_keep(0);
	return err ? refused("cannot read", d->opt.pin, err) : -1;
}

static int open_saved(struct dump *d)
{
	int rc = open_btf(d), err;

	if (rc < 0)
		rc = open_output(d);
	if (rc >= 0)
		return rc;
	err = saved_open(&d->saved, STDIN_FILENO);
	if (err)
		return refused("cannot read", "standard input", err);
	d->source = &d->saved.source;
	return -1;
}

/* Sleeps until there may be records, the reader of our output has gone, or a signal comes. */
static void nap(struct dump *d, int64_t ns, bool resting)
{
	struct timespec t = { .tv_sec = ns / (1000 * MSEC), .tv_nsec = ns % (1000 * MSEC) };
	struct pollfd *p = realloc(d->polls, (1 + d->source->n_fds) * sizeof(*p));

	if (!p)
		return;
	d->polls = p;
	p[0] = (struct pollfd){ .fd = d->out.fd };
	if (d->source->polls)
		d->source->polls(d->source, p + 1, resting);
	if (ppoll(p, 1 + d->source->n_fds, &t, NULL) > 0 && p[0].revents & (POLLERR | POLLNVAL))
		d->out.err = -EPIPE;
}

/*
 * How long to sleep, so that the buffer is an eighth full at the next look, given what came within
 * `took` ns. After a calm period the estimate grows only slowly.
 */
static int64_t next_nap(int64_t nap, int64_t took, const struct drained *got)
{
	int64_t most = 2 * nap + MSEC / 20, want;

	if (got->bytes > got->size / 4)
		return 0;
	want = NAP;
	if (got->bytes)
		want = (double)took * (got->size / 8) / got->bytes;
	want = want < most ? want : most;
	return want < NAP ? want : NAP;
}

/* Whether -u's path is gone, or another file has its name. Unknown if we may not look. */
static bool is_over(struct dump *d)
{
	struct stat now;

	if (!d->opt.until)
		return false;
	if (!stat(d->opt.until, &now))
		return now.st_dev != d->until.st_dev || now.st_ino != d->until.st_ino;
	return errno == ENOENT || errno == ENOTDIR;
}

static int ignore_record(struct sink *s, const void *data, size_t len)
{
	(void)s, (void)data, (void)len;
	return 0;
}

static void ignore_lost(struct sink *s, uint64_t n, int cpu)
{
	(void)s, (void)n, (void)cpu;
}

/* Discards what is there already, and then announces that new records are read. */
static int skip_old(struct dump *d)
{
	struct sink nobody = { .record = ignore_record, .lost = ignore_lost };
	struct drained got;
	int err = d->source->drain(d->source, &nobody, true, &got);

	users_lost(&d->users, NULL);
	if (err)
		return refused("cannot read", d->opt.pin, err);
	say("listening on %s", d->opt.pin);
	return -1;
}

/*
 * Reads what was there before we came, and marks where it ends: what follows is new, and between
 * the two is what did not fit meanwhile. Returns what drain() does.
 */
static int read_old(struct dump *d)
{
	bool json = d->opt.mode == FMT_JSON;
	struct out *o = &d->out;
	struct drained got;
	int err;

	if (d->opt.skip || d->opt.write || !d->map.id)
		return 0;
	err = d->source->drain(d->source, &d->sink, true, &got);
	if (err || !d->events || (!d->opt.mark && !d->before))
		return err;
	out_room(o, 4 * OUT_VALUE);
	put_str(o, json ? "{\"old\":" : "# ");
	put_u64(o, d->events);
	put_str(o, json ? ",\"lost_before\":"
			: " old records end here; lost before, since it was loaded: ");
	put_u64(o, d->before);
	put_str(o, json ? "}\n" : "\n");
	return err;
}

/* What is to be done twice a second. */
static int tick(struct dump *d)
{
	struct source *s = d->source;
	int err;

	fmt_env_tick(&d->env);
	err = s->tick ? s->tick(s) : 0;
	if (err)
		return refused("cannot read the records of a new CPU", d->opt.pin, err);
	if (s->lost)
		s->lost(s, &d->sink);
	return -1;
}

static int read_live(struct dump *d)
{
	int64_t now = now_ns(), end = now + d->opt.duration, last = now, lost_at = now,
		tick_at = now, flushed = now, looked = now, sleep = NAP;
	struct source *s = d->source;
	struct drained got;
	bool idle = false;
	uint64_t before;
	int err = read_old(d), rc;

	while (!err && !stop && !d->out.err) {
		before = d->events;
		err = s->drain(s, &d->sink, false, &got);
		now = now_ns();
		sleep = idle ? 0 : next_nap(sleep, now - looked, &got);
		looked = now;
		if (d->events != before || got.more)
			last = now;
		if (now - lost_at >= LOST_EVERY) {
			users_lost(&d->users, &d->sink);
			lost_at = now;
			if (is_over(d)) {
				if (!d->opt.quiet)
					say("ends, it is gone: %s", d->opt.until);
				break;
			}
		}
		if (!err && now - tick_at >= TICK) {
			rc = tick(d);
			if (rc >= 0)
				return rc;
			tick_at = now;
		}
		if (sleep > MSEC || now - flushed >= FLUSH) {
			out_flush(&d->out);
			flushed = now;
		}
		if (err || stop || (d->opt.duration && now >= end))
			break;
		idle = now - last >= IDLE;
		if (idle) {
			if (s->rest)
				s->rest(s);
			sleep = LONG_NAP;
		}
		if (got.bytes < got.size / 8 && sleep < s->calm)
			sleep = s->calm;
		if (d->opt.duration && sleep > end - now)
			sleep = end - now;
		if (sleep > MSEC / 20)
			nap(d, sleep, idle);
	}
	/* what was there when the end came, but not what came since */
	if (!err && !d->out.err)
		err = s->drain(s, &d->sink, true, &got);
	users_lost(&d->users, &d->sink);
	if (s->lost)
		s->lost(s, &d->sink);
	if (err == -EBADMSG)
		return refused("corrupt", d->opt.pin, err);
	if (err == -ENOMEM)
		return refused("cannot read", d->opt.pin, err);
	return 0;
}

static int read_saved(struct dump *d)
{
	struct drained got;
	int err = 0;

	while (!err && !stop)
		err = d->source->drain(d->source, &d->sink, false, &got);
	if (err == -EBADMSG) {
		say("a record has a wrong length or is cut off: standard input");
		return 1;
	}
	if (err < 0 && err != -EINTR && err != d->out.err)
		return refused("cannot read", "standard input", err);
	return 0;
}

static int finish(struct dump *d, int rc)
{
	out_flush(&d->out);
	if (d->out.err && d->out.err != -EPIPE && d->out.err != -EINTR)
		rc = refused("cannot write", d->write_fd < 0 ? "standard output" : d->opt.write,
			     d->out.err);
	if (d->bad)
		return d->bad;
	if (d->opt.quiet && !d->lost)
		return rc;
	fprintf(stderr, "%llu events, %llu lost\n", (unsigned long long)d->events,
		(unsigned long long)d->lost);
	return rc;
}

int main(int argc, char **argv)
{
	struct dump d = { .sink = { .record = on_record, .lost = on_lost },
			  .map_fd = -1,
			  .write_fd = -1,
			  .lock = { .fd = -1 } };
	bool live;
	int rc;

	/* a map must not get the number of a standard stream that is closed */
	if (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
	    fcntl(STDERR_FILENO, F_GETFD) < 0)
		return 2;
	rc = parse(&d.opt, argc, argv);
	if (rc >= 0)
		return rc;
	live = strcmp(d.opt.pin, "-");
	if (d.opt.until && stat(d.opt.until, &d.until))
		return bad_argument("no such file", d.opt.until);
	if (d.opt.write)
		d.sink.record = on_packet;
	catch_signals();
	fmt_env_init(&d.env, live ? if_indextoname : NULL);
	if (!live)
		rc = open_saved(&d);
	else if (lines_is(d.opt.pin))
		rc = open_lines(&d);
	else
		rc = open_map(&d);
	if (rc < 0 && d.opt.skip)
		rc = skip_old(&d);
	if (rc < 0) {
		rc = live ? read_live(&d) : read_saved(&d);
		rc = finish(&d, rc);
	}
	if (d.source)
		d.source->close(d.source);
	lock_drop(&d.lock);
	out_close(&d.out);
	if (d.opt.write)
		pcapng_close(&d.pcapng);
	if (d.write_fd >= 0)
		close(d.write_fd);
	choose_close(&d.choose);
	users_free(&d.users);
	free(d.polls);
	return rc;
}
