// SPDX-License-Identifier: GPL-2.0-only
/* Perf event array reader, see perf.h. The layout of records: perf_event_open(2). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <linux/capability.h>
#include "perf.h"
#include "sys.h"

#define FORMAT_LOST (1u << 4) /* PERF_FORMAT_LOST, Linux 6.0 */
#define SCRATCH	    65536     /* a record's size has 16 bits */
#define MAX_CPUS    8192

static void load_at(const struct perf_cpu *c, uint64_t pos, void *to, size_t n)
{
	uint64_t at = pos & (c->size - 1), first = n < c->size - at ? n : c->size - at;

	memcpy(to, c->data + at, first);
	memcpy((uint8_t *)to + first, c->data, n - first);
}

/* Parses the record at tail. 1: there is one; 0: none; -EBADMSG */
static int next_record(struct perf_cpu *c)
{
	struct perf_event_header h;
	const uint8_t *p;
	uint32_t raw;

	c->ready = false;
	while (c->tail != c->head) {
		uint64_t at = c->tail & (c->size - 1), left = c->head - c->tail;

		/* records begin at multiples of 8 bytes, so that their headers never wrap */
		if (left > c->size || left < sizeof(h) || at % 8)
			return -EBADMSG;
		memcpy(&h, c->data + at, sizeof(h));
		if (h.size < sizeof(h) || h.size > left)
			return -EBADMSG;
		p = c->data + at;
		if (h.size > c->size - at) {
			load_at(c, c->tail, c->scratch, h.size);
			p = c->scratch;
		}
		memset(&c->next, 0, sizeof(c->next));
		c->next.step = h.size;
		if (h.type == PERF_RECORD_SAMPLE) { /* header, u64 time, u32 size, bytes */
			if (h.size < sizeof(h) + 12)
				return -EBADMSG;
			memcpy(&c->next.time, p + sizeof(h), 8);
			memcpy(&raw, p + sizeof(h) + 8, 4);
			if (raw > h.size - sizeof(h) - 12)
				return -EBADMSG;
			c->next.data = p + sizeof(h) + 12;
			c->next.len = raw;
			c->ready = true;
			return 1;
		}
		if (h.type == PERF_RECORD_LOST) { /* header, u64 id, u64 lost, u64 time */
			if (h.size < sizeof(h) + 24)
				return -EBADMSG;
			memcpy(&c->next.lost, p + sizeof(h) + 8, 8);
			memcpy(&c->next.time, p + sizeof(h) + 16, 8);
			c->ready = true;
			return 1;
		}
		c->tail += h.size;
	}
	return 0;
}

static void cpu_close(struct perf_cpu *c)
{
	if (c->page)
		munmap(c->page, c->size + sysconf(_SC_PAGESIZE));
	if (c->fd >= 0)
		close(c->fd);
	free(c->scratch);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

static int cpu_open(struct perf *p, struct perf_cpu *c, int cpu)
{
	size_t page = sysconf(_SC_PAGESIZE), size = p->pages * page;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.read_format = FORMAT_LOST,
		.watermark = 1,
		.wakeup_watermark = size / 4,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	uint32_t key = cpu;
	void *map;
	int err;

	memset(c, 0, sizeof(*c));
	c->cpu = cpu;
	c->size = size;
	c->fd = sys_perf_event_open(&attr, cpu);
	if (c->fd == -EINVAL) {
		attr.read_format = 0;
		c->fd = sys_perf_event_open(&attr, cpu);
	}
	if (c->fd < 0)
		return c->fd;
	map = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	err = map == MAP_FAILED ? -errno : 0;
	if (!err) {
		c->page = map;
		c->data = (const uint8_t *)map + page;
		c->scratch = malloc(SCRATCH);
		err = c->scratch ? 0 : -ENOMEM;
	}
	if (!err)
		err = bpf_elem(BPF_MAP_UPDATE_ELEM, p->map_fd, &key, &c->fd);
	if (err)
		cpu_close(c);
	c->online = !err;
	return err;
}

/* Is the CPU in a list like 0-3,8 ? *last gets the last one listed. */
static bool listed(const char *list, long cpu, long *last)
{
	bool in = false;

	while (*list >= '0' && *list <= '9') {
		char *end;
		long from = strtol(list, &end, 10), to = from;

		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		in = in || (cpu >= from && cpu <= to);
		*last = to;
		list = end + (*end == ',');
	}
	return in;
}

/* Looks for CPUs that came or went. */
static int perf_tick(struct source *s)
{
	struct perf *p = (struct perf *)s;
	char list[4096] = "";
	int i, err;
	long cpu, last = -1;

	if (pread(p->online_fd, list, sizeof(list) - 1, 0) < 0)
		return -errno;
	listed(list, -1, &last);
	if (last < 0 || last >= MAX_CPUS)
		return -ERANGE;
	p->missed = 0;
	for (cpu = 0; cpu <= last; cpu++) {
		bool online = listed(list, cpu, &last);
		struct perf_cpu *c = NULL;

		for (i = 0; i < p->n; i++)
			if (p->cpus[i].cpu == cpu)
				c = &p->cpus[i];
		if (!online || (c && c->online)) {
			if (c)
				c->online = online;
			continue;
		}
		if (cpu >= p->places) {
			p->missed++;
			continue;
		}
		/* read the buffer of a CPU that went to its end before replacing it */
		if (c && c->tail != __atomic_load_n(&c->page->data_head, __ATOMIC_ACQUIRE))
			continue;
		if (c) {
			cpu_close(c);
		} else {
			c = realloc(p->cpus, (p->n + 1) * sizeof(*c));
			if (!c)
				return -ENOMEM;
			p->cpus = c;
			c = &p->cpus[p->n];
		}
		err = cpu_open(p, c, cpu);
		c->cpu = cpu;
		if (err == -ENODEV && c != &p->cpus[p->n]) {
			*c = p->cpus[--p->n];
			continue;
		}
		if (err == -ENODEV) /* it went offline just now */
			continue;
		if (err)
			return err;
		p->n += c == &p->cpus[p->n];
	}
	p->source.n_fds = p->n;
	return 0;
}

static void give_back(struct perf_cpu *c)
{
	if (c->given == c->tail)
		return;
	c->given = c->tail;
	/* release: the records were read before the kernel may write over them */
	__atomic_store_n(&c->page->data_tail, c->tail, __ATOMIC_RELEASE);
}

static void report(struct perf_cpu *c, struct sink *s, uint64_t lost)
{
	uint64_t known = lost < c->early ? lost : c->early;

	c->early -= known;
	lost -= known;
	c->counted += lost;
	if (lost)
		s->lost(s, lost, c->cpu);
}

/* Hands out the records of this CPU up to the time `until`. */
static int run(struct perf_cpu *c, struct sink *s, uint64_t until)
{
	int err = 0;

	while (!err && c->ready && c->next.time <= until) {
		if (c->next.lost)
			report(c, s, c->next.lost);
		if (c->next.data)
			err = s->record(s, c->next.data, c->next.len);
		c->tail += c->next.step;
		if (c->tail - c->given > c->size / 8)
			give_back(c);
		if (next_record(c) < 0)
			return -EBADMSG;
	}
	return err;
}

int perf_drain(struct source *source, struct sink *s, bool all, struct drained *d)
{
	struct perf *p = (struct perf *)source;
	struct timespec t;
	uint64_t now, limit, head;
	int i, err = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * 1000000000ull + t.tv_nsec;
	limit = all ? UINT64_MAX : now - PERF_SETTLE;
	*d = (struct drained){ .size = p->n ? p->cpus[0].size : 1 };
	for (i = 0; i < p->n; i++) {
		struct perf_cpu *c = &p->cpus[i];

		/* acquire: pairs with the kernel's barrier between the records and the position */
		head = __atomic_load_n(&c->page->data_head, __ATOMIC_ACQUIRE);
		if (head - c->head > d->bytes)
			d->bytes = head - c->head;
		c->head = head;
		if (c->head - c->tail > c->size / 2)
			limit = UINT64_MAX;
		if (next_record(c) < 0)
			return -EBADMSG;
	}
	while (!err) {
		struct perf_cpu *first = NULL;
		uint64_t until = limit;

		for (i = 0; i < p->n; i++) {
			struct perf_cpu *c = &p->cpus[i];

			if (!c->ready || c->next.time > limit)
				continue;
			if (!first || c->next.time < first->next.time) {
				if (first && first->next.time < until)
					until = first->next.time;
				first = c;
			} else if (c->next.time < until) {
				until = c->next.time;
			}
		}
		if (!first)
			break;
		err = run(first, s, until);
	}
	for (i = 0; i < p->n; i++) {
		give_back(&p->cpus[i]);
		d->more = d->more || p->cpus[i].ready;
	}
	return err;
}

/* Losses of which the buffer has no record yet, if the kernel counts them (Linux 6.0). */
static void perf_lost(struct source *source, struct sink *s)
{
	struct perf *p = (struct perf *)source;
	int i;

	for (i = 0; i < p->n; i++) {
		struct perf_cpu *c = &p->cpus[i];
		uint64_t v[2]; /* value, lost */

		if (read(c->fd, v, sizeof(v)) != sizeof(v) || v[1] <= c->counted ||
		    c->tail != __atomic_load_n(&c->page->data_head, __ATOMIC_ACQUIRE))
			continue;
		c->early += v[1] - c->counted;
		s->lost(s, v[1] - c->counted, c->cpu);
		c->counted = v[1];
	}
}

static void perf_close(struct source *s)
{
	struct perf *p = (struct perf *)s;
	uint32_t key;
	int i;

	for (i = 0; i < p->n; i++) {
		key = p->cpus[i].cpu;
		bpf_elem(BPF_MAP_DELETE_ELEM, p->map_fd, &key, NULL);
		cpu_close(&p->cpus[i]);
	}
	free(p->cpus);
	close(p->online_fd);
	p->cpus = NULL;
	p->n = 0;
}

static void perf_polls(const struct source *s, struct pollfd *fds, bool resting)
{
	const struct perf *p = (const struct perf *)s;
	int i;

	(void)resting;
	for (i = 0; i < p->n; i++) /* the event of a CPU that is offline is always ready */
		fds[i] = (struct pollfd){ .fd = p->cpus[i].online ? p->cpus[i].fd : -1,
					  .events = POLLIN };
}

int perf_open(struct perf *p, int map_fd, uint32_t places)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int err = 0;

	*p = (struct perf){ .source = { .drain = perf_drain,
					.close = perf_close,
					.tick = perf_tick,
					.lost = perf_lost,
					.polls = perf_polls,
					.slack = 7 },
			    .map_fd = map_fd,
			    .places = places };
	/* a CPU that comes online needs an event, memory for it and a place in the map */
	p->source.caps = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_IPC_LOCK;
	p->online_fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	if (p->online_fd < 0)
		return -errno;
	/* 1 MiB per CPU; less where there are many, or where so much cannot be locked */
	for (p->pages = cpus > 16 ? 64 : 256; p->pages >= 8; p->pages /= 2) {
		err = perf_tick(&p->source);
		if (err != -EPERM && err != -ENOMEM)
			break;
	}
	if (err < 0)
		perf_close(&p->source);
	return err;
}
