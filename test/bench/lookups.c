// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: lookups list KIND N          prints N entries of KIND: host4, net4, host6, net6
 *        lookups run KIND N DIR ROUNDS times them; maps are pinned in DIR, programs in DIR/bench
 *
 * run fills the reference with the same entries, asks for addresses that are in them and for
 * others, and prints for each a line "KIND N hit|miss LIST-NS REFERENCE-NS RATIO": medians, over a
 * program that looks nothing up. Status 2: a verdict is wrong.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "sys.h"

#define ADDRESSES  (1 << 20)
#define REPEAT	   200000
#define ROUNDS_MAX 101

struct address {
	uint32_t w[4]; /* network byte order */
};

static const char *kind;
static bool six, net;
static uint64_t state;

static uint64_t rnd(void) /* SplitMix64 */
{
	uint64_t x = state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* An entry: of the even /9, or of 2000::/4. The other addresses are like them, of other blocks. */
static struct address any(bool listed)
{
	struct address a = { { 0 } };
	uint64_t x = rnd(), y = rnd();

	if (six) {
		a.w[0] = htonl(0x20000000 | (x >> 32 & 0x0ffffffe) | !listed);
		a.w[1] = htonl(x);
		a.w[2] = htonl(y >> 32);
		a.w[3] = htonl(y);
		if (net) {
			a.w[1] &= htonl(0xffff0000);
			a.w[2] = a.w[3] = 0;
		}
	} else {
		/* Bit 8 says which. */
		a.w[0] = htonl((x & 0xdffffeff) | (listed ? 0 : 0x100));
		if (net)
			a.w[0] &= htonl(0xffffff00);
	}
	return a;
}

static void key_of(const struct address *a, uint32_t key[5])
{
	uint32_t *to = net ? key + 1 : key;

	key[0] = six ? 48 : 24;
	memcpy(to, a, six ? 16 : 4);
}

static int pin(const char *dir, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = bpf_pin_open(path);
	if (fd < 0) {
		fprintf(stderr, "lookups: %s: %s\n", path, strerror(-fd));
		exit(2);
	}
	return fd;
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), cmp);
	return v[n / 2];
}

static unsigned int run(int prog, unsigned int *ns)
{
	char frame[64] = { 0 };
	union bpf_attr attr = { .test = { .prog_fd = prog,
					  .data_in = (uintptr_t)frame,
					  .data_size_in = sizeof(frame),
					  .repeat = REPEAT } };

	if (sys_bpf(BPF_PROG_TEST_RUN, &attr)) {
		fputs("lookups: a program cannot be run\n", stderr);
		exit(2);
	}
	*ns = attr.test.duration;
	return attr.test.retval;
}

static void ask_for(int addresses, size_t n, bool hit)
{
	static struct address a[ADDRESSES];
	static uint32_t keys[ADDRESSES];
	union bpf_attr attr = { .batch = { .keys = (uintptr_t)keys,
					   .values = (uintptr_t)a,
					   .count = ADDRESSES,
					   .map_fd = addresses } };
	struct address *list = malloc(n * sizeof(*list));
	size_t i;

	state = 1;
	for (i = 0; i < n; i++)
		list[i] = any(true);
	for (i = 0; i < ADDRESSES; i++) {
		a[i] = hit ? list[rnd() % n] : any(false);
		if (net && six)
			a[i].w[3] = htonl(rnd());
		else if (net)
			a[i].w[0] |= htonl(rnd() & 0xff);
		keys[i] = i;
	}
	free(list);
	if (sys_bpf(BPF_MAP_UPDATE_BATCH, &attr)) {
		fputs("lookups: cannot write the addresses\n", stderr);
		exit(2);
	}
}

static void fill(int map, size_t n)
{
	uint64_t zero[256] = { 0 };
	uint32_t key[5];
	struct address a;
	size_t i;

	state = 1;
	for (i = 0; i < n; i++) {
		union bpf_attr attr = { .map_fd = map,
					.key = (uintptr_t)key,
					.value = (uintptr_t)zero };

		a = any(true);
		key_of(&a, key);
		if (sys_bpf(BPF_MAP_UPDATE_ELEM, &attr)) {
			fputs("lookups: the reference cannot be filled\n", stderr);
			exit(2);
		}
	}
}

static void measure(const char *dir, size_t n, int rounds)
{
	char map[32], prog[32];
	double ns[3][ROUNDS_MAX], list[ROUNDS_MAX], ref[ROUNDS_MAX], ratio[ROUNDS_MAX];
	unsigned int verdict, took;
	int progs[3], r, p, hit;

	snprintf(map, sizeof(map), "ref_%s", kind);
	snprintf(prog, sizeof(prog), "bench/%s", kind);
	progs[0] = pin(dir, "bench/nothing");
	progs[1] = pin(dir, six ? "bench/list6" : "bench/list4");
	progs[2] = pin(dir, prog);
	fill(pin(dir, map), n);
	for (hit = 1; hit >= 0; hit--) {
		ask_for(pin(dir, "addresses"), n, hit);
		for (r = -1; r < rounds; r++)
			for (p = 0; p < 3; p++) {
				verdict = run(progs[p], &took);
				if (p && verdict != (hit ? 2 : 1)) {
					fprintf(stderr, "lookups: wrong verdict of %s\n",
						p == 1 ? "the list" : "the reference");
					exit(2);
				}
				if (r >= 0)
					ns[p][r] = took;
			}
		for (r = 0; r < rounds; r++) {
			list[r] = ns[1][r] - ns[0][r];
			ref[r] = ns[2][r] - ns[0][r];
			ratio[r] = list[r] / ref[r];
		}
		printf("%s %zu %s %.0f %.0f %.3f\n", kind, n, hit ? "hit" : "miss",
		       median(list, rounds), median(ref, rounds), median(ratio, rounds));
	}
}

int main(int argc, char **argv)
{
	char text[INET6_ADDRSTRLEN];
	struct address a;
	size_t n, i;

	if (argc < 4)
		return 1;
	kind = argv[2];
	six = kind[strlen(kind) - 1] == '6';
	net = kind[0] == 'n';
	n = strtoul(argv[3], NULL, 10);
	if (!strcmp(argv[1], "list")) {
		state = 1;
		for (i = 0; i < n; i++) {
			a = any(true);
			printf("%s%s\n",
			       inet_ntop(six ? AF_INET6 : AF_INET, &a, text, sizeof(text)),
			       !net  ? ""
			       : six ? "/48"
				     : "/24");
		}
		return 0;
	}
	measure(argv[4], n, atoi(argv[5]) < ROUNDS_MAX ? atoi(argv[5]) : ROUNDS_MAX);
	return 0;
}
