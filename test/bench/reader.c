// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a reader costs that formats nothing, and what a reader's output and memory are.
 *
 * reader PIN         drains a pinned ring buffer or perf event array every 5 ms; at SIGTERM it says
 *                    how many records there were
 * reader count CHAR  says how often the character is in standard input
 * reader peak WORD…  runs a command and says on descriptor 3 how many KiB the largest process of
 *                    it and its children had in memory
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "../../scripts/src/bpf_dump/perf.h"
#include "../../scripts/src/bpf_dump/ring.h"
#include "../../scripts/src/common/sys.h"

struct counts {
	struct sink sink;
	unsigned long long seen, lost;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int on_record(struct sink *s, const void *data, size_t len)
{
	(void)*((const volatile uint8_t *)data + len - 1); /* a record has to be there, at least */
	((struct counts *)s)->seen++;
	return 0;
}

static void on_lost(struct sink *s, uint64_t n, int cpu)
{
	(void)cpu;
	((struct counts *)s)->lost += n;
}

static int drain(const char *pin)
{
	struct counts c = { .sink = { .record = on_record, .lost = on_lost } };
	struct sigaction act = { .sa_handler = on_signal };
	struct timespec nap = { .tv_nsec = 5000000 };
	struct bpf_map_info map = { 0 };
	int fd = bpf_pin_open(pin), err;
	struct perf perf;
	struct ring ring;
	struct source *s;
	struct drained got;

	if (fd < 0 || bpf_info(fd, &map, sizeof(map)))
		return 2;
	if (map.type == BPF_MAP_TYPE_RINGBUF) {
		err = ring_open(&ring, fd, map.max_entries);
		s = &ring.source;
	} else {
		err = perf_open(&perf, fd, map.max_entries);
		s = &perf.source;
	}
	if (err)
		return 2;
	sigaction(SIGTERM, &act, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* how the bench sees that this reads */
	do {
		nanosleep(&nap, NULL);
		err = s->drain(s, &c.sink, stop, &got);
	} while (!err && !stop);
	if (s->lost)
		s->lost(s, &c.sink);
	s->close(s);
	fprintf(stderr, "%llu events, %llu lost\n", c.seen, c.lost);
	return err ? 2 : 0;
}

static int count(char wanted)
{
	static char buf[65536];
	unsigned long long n = 0;
	ssize_t len;

	signal(SIGTERM, SIG_IGN);
	while ((len = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		const char *at = buf, *end = buf + len;

		while ((at = memchr(at, wanted, end - at))) {
			at++;
			n++;
		}
	}
	printf("%llu\n", n);
	return len < 0 ? 2 : 0;
}

static int peak(char **command)
{
	struct rusage used;
	int status = 0;
	pid_t pid = fork();

	signal(SIGINT, SIG_IGN);
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		execvp(*command, command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &used))
		return 2;
	dprintf(3, "%ld\n", used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count(*argv[2]);
	if (argc > 2 && !strcmp(argv[1], "peak"))
		return peak(argv + 2);
	return argc == 2 ? drain(argv[1]) : 1;
}
