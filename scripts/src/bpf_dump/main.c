// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_dump: prints the records of a pinned ring buffer or perf event array, anybody's, as their BTF
 * describes them. See docs/bpf_dump.8; which struct is printed: choose.h.
 */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
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
#include "sys.h"

#ifndef VERSION
#define VERSION "0.1"
#endif

#define MSEC	   1000000ll
#define NAP	   (10 * MSEC) /* between two looks while records come … */
#define LONG_NAP   (40 * MSEC) /* … and after IDLE without any */
#define IDLE	   (500 * MSEC)
#define FLUSH	   (50 * MSEC)	 /* output is not kept for longer */
#define LOST_EVERY (100 * MSEC)	 /* looks at counters of lost records */
#define LINES	   (1024 * 1024) /* of text that the kernel keeps, about */
#define TICK	   (500 * MSEC)	 /* looks for new CPUs, clocks, renamed interfaces */

struct options {
	enum fmt_mode mode;
	const char *type, *object, *pin, *until;
	const char *write; /* packets, to this file */
	uint64_t count;	   /* 0: no end */
	int64_t duration;  /* ns, 0: no end */
	bool skip;	   /* what is there already */
};

struct dump {
	struct sink sink; /* first, so that a sink is a dump */
	struct options opt;
	struct out out;
	struct fmt_env env;
	struct feed feed;
	struct choose choose;
	const struct fmt *shown; /* whose header was printed last */
	struct pcapng pcapng;	 /* of opt.write */
	uint64_t events, lost;
	int write_fd, bad; /* bad: exit status of what cannot be written as packets */
	int map_fd;
	struct bpf_map_info map;
	struct lock lock;
	struct ring ring;
	struct perf perf;
	struct lines lines; /* instead of a map */
	struct pollfd *polls;
	struct stat until; /* of opt.until, at the start */
	int64_t nap;
};

/* The only thing that a signal can tell us by: set by SIGINT and SIGTERM. */
static volatile sig_atomic_t stop;

static const char usage[] =
	"Usage: bpf_dump [-j | -x | -w FILE|-] [-s] [-t TYPE] [-b OBJECT.o] [-c N] [-d SEC]\n"
	"                [-u PATH] PIN|-\n"
	"       bpf_dump [-j] [-s] [-c N] [-d SEC] [-u PATH] TRACE_PIPE\n"
	"Summary: print the records of a pinned ring buffer or perf event array by their BTF\n"
	"\n"
	"  -j  JSON, one object per line       -x  hexadecimal, one record per line\n"
	"  -t  the records' type               -b  take the BTF from this object file\n"
	"  -c  stop after N records            -d  stop after SEC seconds\n"
	"  -u  stop when PATH is gone          -w  write packets, as pcapng\n"
	"  -s  skip what is already there, and print a line when that is done\n"
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

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;
	char line[1024];
	int n, i;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (i = 0; i < n && i < (int)sizeof(line) - 1; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	fprintf(stderr, "bpf_dump: %s\n", line);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MSEC + t.tv_nsec;
}

static void on_signal(int sig)
{
	/* a system call that blocks after this was looked at is interrupted again and again */
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

/* Returns 0 or, after it has said why not, the exit status. */
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

static int on_record(struct sink *s, const void *data, size_t len)
{
	struct dump *d = (struct dump *)s;
	bool perf = d->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	const struct fmt *f = NULL;

	if (d->lines.fd >= 0) {
		lines_put(&d->env, &d->out, d->opt.mode == FMT_JSON, data, len);
		goto out;
	}
	if (d->opt.write) {
		d->bad = write_packet(d, data, len);
		if (d->bad)
			return 1;
		goto out;
	}
	/* in hexadecimal the type only tells padding from bytes */
	if (d->opt.mode != FMT_HEX || perf || d->opt.type)
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
		fmt_record(f, &d->env, &d->out, data, len, perf ? 7 : 0);
	else
		fmt_hex(d->opt.mode, &d->out, data, len);
out:
	d->events++;
	if (d->out.err)
		return d->out.err;
	return d->opt.count && d->events == d->opt.count;
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

static int bad_words(const char *what, const char *thing)
{
	say("%s: %s", what, thing);
	return 1;
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

/* -1: go on; else the exit status */
static int parse(struct options *o, int argc, char **argv)
{
	int c, modes = 0;

	opterr = 0;
	while ((c = getopt(argc, argv, ":jxw:st:b:c:d:u:hV")) != -1) {
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
		case 's':
			o->skip = true;
			break;
		case 't':
			o->type = optarg;
			break;
		case 'b':
			o->object = optarg;
			break;
		case 'c':
			if (parse_number(optarg, UINT64_MAX, &o->count))
				return bad_words("not a number of records", optarg);
			break;
		case 'd':
			if (parse_seconds(optarg, &o->duration))
				return bad_words("not a number of seconds", optarg);
			break;
		case 'u':
			o->until = optarg;
			break;
		case 'h':
			return fputs(usage, stdout) < 0 || fflush(stdout) ? 2 : 0;
		case 'V':
			return puts("plainbpf " VERSION) < 0 || fflush(stdout) ? 2 : 0;
		case ':':
			return bad_words("a word is missing after", word);
		default:
			return bad_words("unknown option, see bpf_dump -h", word);
		}
	}
	if (modes & (modes - 1))
		return bad_words("only one of them", "-j -x -w");
	if (optind == argc)
		return bad_words("a word is missing, see bpf_dump -h", "PIN");
	if (optind + 1 < argc)
		return bad_words("unknown word, see bpf_dump -h", argv[optind + 1]);
	o->pin = argv[optind];
	if (o->skip && !strcmp(o->pin, "-"))
		return bad_words("saved records are all from before", "-s");
	if (!strcmp(o->pin, "help"))
		return fputs(usage, stdout) < 0 || fflush(stdout) ? 2 : 0;
	return -1;
}

/* A refusal by the kernel, or what is missing. */
static int refused(const char *what, const char *thing, int err)
{
	if ((err == -EPERM || err == -EACCES) && geteuid())
		say("must be root: %s", what);
	else
		say("%s: %s: %s", what, thing, strerror(-err));
	return 2;
}

static int open_map(struct dump *d)
{
	const char *pin = d->opt.pin;
	char link[64] = "", self[32];
	int err;

	d->map_fd = bpf_pin_open(pin);
	if (d->map_fd == -ENOENT || d->map_fd == -ENOTDIR)
		return bad_words("no such file", pin);
	if (d->map_fd < 0 && !geteuid() && !access(pin, F_OK))
		return bad_words("not a pinned map", pin);
	if (d->map_fd < 0)
		return refused("cannot open", pin, d->map_fd);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", d->map_fd);
	if (readlink(self, link, sizeof(link) - 1) > 0 && !strstr(link, "bpf-map"))
		return bad_words("not a pinned map", pin);
	err = bpf_info(d->map_fd, &d->map, sizeof(d->map));
	if (err)
		return refused("cannot read about", pin, err);
	if (d->map.type != BPF_MAP_TYPE_RINGBUF && d->map.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return bad_words("neither a ring buffer nor a perf event array", pin);
	return -1;
}

static int open_btf(struct dump *d)
{
	const char *pin = d->opt.pin;
	bool live = strcmp(pin, "-");
	int err = 0;

	if (live) {
		/* with -b only for the counters of lost records */
		err = feed_find(&d->feed, d->map.id, !d->opt.object);
		if (!err && !d->opt.object && d->map.btf_id)
			err = feed_add_btf(&d->feed, d->map.btf_id, d->map.name);
		if (err && !d->opt.object)
			return refused("cannot look for its program", pin, err);
	}
	if (d->opt.object) {
		err = feed_add_file(&d->feed, d->opt.object);
		if (err == -ENOENT)
			return bad_words("no such file", d->opt.object);
		if (err == -ENODATA)
			return bad_words("no BTF (compile it with -g)", d->opt.object);
		if (err == -EBADMSG || err == -E2BIG)
			return bad_words("not an object file, or its BTF is corrupt",
					 d->opt.object);
		if (err)
			return refused("cannot read", d->opt.object, err);
	}
	d->choose.feed = &d->feed;
	d->choose.mode = d->opt.mode;
	d->choose.kernel = "/sys/kernel/btf/vmlinux";
	d->choose.perf = d->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	memcpy(d->choose.map, d->map.name, sizeof(d->choose.map) - 1);
	err = choose_open(&d->choose, d->opt.type, d->map.btf_value_type_id,
			  d->opt.object ? 0 : d->map.btf_id);
	if (err == -ENOENT && !d->feed.n_btfs)
		return bad_words("there is no BTF to find the type in, give it with -b",
				 d->opt.type);
	if (err == -ENOENT)
		return bad_words("no such type in its BTF", d->opt.type);
	if (err && d->opt.type)
		return bad_words("its BTF cannot be printed", d->opt.type);
	if (err)
		return refused("cannot read its BTF", pin, err);
	return -1;
}

/* Where records go. Not before it is sure that nobody else is writing there what they read. */
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
	uint64_t keep = 0;
	long pid;
	int err;

	err = lock_take(&d->lock, d->map.id, &pid);
	if (err == -EBUSY) {
		say("has a reader already: PID %ld", pid);
		return 2;
	}
	if (err)
		return refused("cannot lock", d->lock.path, err);
	feed_lost(&d->feed, NULL);
	if (perf)
		err = perf_open(&d->perf, d->map_fd, d->map.max_entries);
	else
		err = ring_open(&d->ring, d->map_fd, d->map.max_entries);
	if (err)
		return refused("cannot read", d->opt.pin, err);
	err = open_output(d); /* a file may need a capability */
	if (err >= 0)
		return err;
	if (d->perf.missed)
		say("%d CPUs have no place in the map, their records are lost: %s", d->perf.missed,
		    d->opt.pin);
	/* a CPU that comes online needs an event, memory for it and a place in the map */
	if (perf)
		keep = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_IPC_LOCK;
	else if (d->feed.n_losts) /* Linux before 5.19 looks nothing up without */
		keep = 1ull << CAP_BPF;
	err = caps_keep(keep);
	if (err)
		return refused("cannot drop capabilities", d->opt.pin, err);
	return -1;
}

/* Lines need neither a map nor its BTF, and no capability once they are open. */
static int open_lines(struct dump *d)
{
	int err;

	if (d->opt.mode == FMT_HEX || d->opt.write || d->opt.type || d->opt.object)
		return bad_words("lines of text have no type, no -x, -w, -t, -b", d->opt.pin);
	err = lines_open(&d->lines, d->opt.pin);
	if (!err && out_open(&d->out, STDOUT_FILENO, &stop))
		err = -ENOMEM;
	if (!err)
		err = caps_keep(0);
	return err ? refused("cannot read", d->opt.pin, err) : -1;
}

/* Sleep until there may be records, the reader of our output has gone, or a signal comes. */
static void nap(struct dump *d, int64_t ns, bool idle)
{
	int i, n = 1 + (d->perf.n ? d->perf.n : 1);
	struct timespec t = { .tv_sec = ns / (1000 * MSEC), .tv_nsec = ns % (1000 * MSEC) };
	struct pollfd *more = realloc(d->polls, n * sizeof(*more));

	if (!more)
		return;
	d->polls = more;
	more[0] = (struct pollfd){ .fd = d->out.fd };
	more[1] = (struct pollfd){ .fd = idle && d->ring.consumer ? d->map_fd : -1,
				   .events = POLLIN };
	for (i = 0; i < d->perf.n; i++)
		more[1 + i] = (struct pollfd){ .fd = d->perf.cpus[i].fd, .events = POLLIN };
	for (i = 0; i < d->perf.n; i++)
		if (!d->perf.cpus[i].online) /* its event is dead and always ready */
			more[1 + i].fd = -1;
	if (ppoll(more, n, &t, NULL) > 0 && more[0].revents & (POLLERR | POLLNVAL))
		d->out.err = -EPIPE;
}

/*
 * How long to sleep, so that the buffer is an eighth full at the next look: `bytes` came within
 * `took`. A calm that ends is trusted only slowly.
 */
static int64_t next_nap(int64_t nap, int64_t took, uint64_t bytes, uint64_t size)
{
	int64_t most = 2 * nap + MSEC / 20, want;

	if (bytes > size / 4)
		return 0;
	want = bytes ? (int64_t)((double)took * (size / 8) / bytes) : NAP;
	want = want < most ? want : most;
	return want < NAP ? want : NAP;
}

static int round_of(struct dump *d, bool all, uint64_t *bytes, uint64_t *size, bool *more)
{
	*more = false;
	if (d->lines.fd >= 0) {
		*size = LINES;
		return lines_drain(&d->lines, &d->sink, bytes);
	}
	if (d->ring.consumer) {
		*size = d->ring.size;
		return ring_drain(&d->ring, &d->sink, bytes);
	}
	*size = d->perf.n ? d->perf.cpus[0].size : 1;
	return perf_drain(&d->perf, &d->sink, all, bytes, more);
}

/* Whether -u's path is gone; another in its place is not the one. Who may not look cannot tell. */
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

/* Takes what is there without a look at it, and then says that what comes is read. */
static int skip_old(struct dump *d)
{
	const struct sink sink = d->sink;
	uint64_t bytes, size;
	bool more;
	int err;

	d->sink = (struct sink){ .record = ignore_record, .lost = ignore_lost };
	if (d->ring.consumer)
		err = ring_skip(&d->ring);
	else
		err = round_of(d, true, &bytes, &size, &more);
	feed_lost(&d->feed, &d->sink);
	d->sink = sink;
	if (err)
		return refused("cannot read", d->opt.pin, err);
	say("listening on %s", d->opt.pin);
	return 0;
}

static int read_live(struct dump *d)
{
	int64_t now = now_ns(), end = now + d->opt.duration, last = now, lost_at = now,
		tick_at = now, flushed = now, looked = now, sleep = NAP;
	uint64_t bytes, size, before;
	bool more, idle = false;
	int err = 0;

	while (!err && !stop && !d->out.err) {
		before = d->events;
		err = round_of(d, false, &bytes, &size, &more);
		now = now_ns();
		sleep = idle ? 0 : next_nap(sleep, now - looked, bytes, size);
		looked = now;
		if (d->events != before || more)
			last = now;
		if (now - lost_at >= LOST_EVERY) {
			feed_lost(&d->feed, &d->sink);
			lost_at = now;
			if (is_over(d)) {
				say("ends, it is gone: %s", d->opt.until);
				break;
			}
		}
		if (now - tick_at >= TICK) {
			fmt_env_tick(&d->env);
			if (d->perf.cpus && !err) {
				int n = perf_online(&d->perf);

				if (n < 0)
					return refused("cannot read a new CPU's records",
						       d->opt.pin, n);
				perf_lost(&d->perf, &d->sink);
			}
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
			if (d->ring.consumer)
				ring_release(&d->ring);
			sleep = LONG_NAP;
		}
		/* Who shows our output may be traced while doing so: few batches, not many. */
		if (d->lines.fd >= 0 && bytes < LINES / 8)
			sleep = FLUSH;
		if (d->opt.duration && sleep > end - now)
			sleep = end - now;
		if (sleep > MSEC / 20)
			nap(d, sleep, idle);
	}
	/* what was there when the end came, but not what came since */
	if (!err && !d->out.err)
		err = round_of(d, true, &bytes, &size, &more);
	feed_lost(&d->feed, &d->sink);
	perf_lost(&d->perf, &d->sink);
	if (err == -EBADMSG)
		return refused("corrupt", d->opt.pin, err);
	if (err == -ENOMEM)
		return refused("cannot read", d->opt.pin, err);
	return 0;
}

static int read_saved(struct dump *d)
{
	struct saved v;
	int err = saved_open(&v, STDIN_FILENO);

	while (!err && !stop)
		err = saved_drain(&v, &d->sink);
	saved_close(&v);
	if (err == -EBADMSG) {
		say("a record's length is wrong, or the end is missing: standard input");
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
	fprintf(stderr, "%llu events, %llu lost\n", (unsigned long long)d->events,
		(unsigned long long)d->lost);
	return rc;
}

int main(int argc, char **argv)
{
	struct dump d = { .sink = { .record = on_record, .lost = on_lost },
			  .map_fd = -1,
			  .write_fd = -1,
			  .lock = { .fd = -1 },
			  .perf = { .online_fd = -1 },
			  .lines = { .fd = -1 } };
	bool live, text;
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
		return bad_words("no such file", d.opt.until);
	catch_signals();
	fmt_env_open(&d.env, live);
	text = live && lines_is(d.opt.pin);
	if (text)
		rc = open_lines(&d);
	else
		rc = live ? open_map(&d) : -1;
	if (rc < 0 && !text)
		rc = open_btf(&d);
	if (rc < 0 && !text)
		rc = live ? open_reader(&d) : open_output(&d);
	if (rc < 0 && live && d.opt.skip)
		rc = skip_old(&d) ?: -1;
	if (rc >= 0)
		goto out;
	rc = live ? read_live(&d) : read_saved(&d);
	rc = finish(&d, rc);
out:
	ring_release(&d.ring);
	ring_close(&d.ring);
	perf_close(&d.perf);
	lines_close(&d.lines);
	lock_drop(&d.lock);
	out_close(&d.out);
	if (d.opt.write)
		pcapng_close(&d.pcapng);
	if (d.write_fd >= 0)
		close(d.write_fd);
	choose_close(&d.choose);
	feed_free(&d.feed);
	fmt_env_close(&d.env);
	free(d.polls);
	return rc;
}
