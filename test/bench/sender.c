// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bench: sends frames. Reads lines "COUNT RATE" (packets; packets a second, 0 as fast as it can)
 * and answers each with the nanoseconds that it took.
 *
 * sender DEV SIZE  UDP packets from 10.0.0.2 to 10.0.0.1 in frames of SIZE bytes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define BATCH 32

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void make_frame(unsigned char *f, size_t size)
{
	static const unsigned char head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0,
					      0,    0,	  2,	8,    0,    0x45, 0, 0, 0,
					      0,    0,	  0,	0,    64,   17,	  0, 0, 10,
					      0,    0,	  2,	10,   0,    0,	  1 };
	uint16_t v;

	memcpy(f, head, sizeof(head));
	v = htons(size - 14);
	memcpy(f + 16, &v, 2);
	v = htons(1000);
	memcpy(f + 34, &v, 2);
	v = htons(9);
	memcpy(f + 36, &v, 2);
	v = htons(size - 34);
	memcpy(f + 38, &v, 2);
}

int main(int argc, char **argv)
{
	static unsigned char frame[65536];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec iov = { .iov_base = frame };
	long long count, rate;
	int fd, i, one = 1;

	if (argc != 3)
		errx(1, "usage: sender DEV SIZE");
	iov.iov_len = atoi(argv[2]);
	if (iov.iov_len < 60 || iov.iov_len > sizeof(frame))
		errx(1, "not a size: %s", argv[2]);
	make_frame(frame, iov.iov_len);
	to.sll_ifindex = if_nametoindex(argv[1]);
	/* protocol 0: it receives nothing */
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		err(1, "%s", argv[1]);
	for (i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &to, .msg_namelen = sizeof(to)
		};
	while (scanf("%lld %lld", &count, &rate) == 2) {
		int64_t start = now_ns();
		long long sent = 0;

		while (sent < count) {
			int n = count - sent < BATCH ? (int)(count - sent) : BATCH;

			while (rate && (now_ns() - start) * (double)rate / 1e9 < sent)
				;
			n = sendmmsg(fd, messages, n, 0);
			if (n < 0 && errno != ENOBUFS)
				err(1, "%s", argv[1]);
			if (n < 0) /* veth's queue is full: its other end runs on this CPU, too */
				sched_yield();
			else
				sent += n;
		}
		printf("%lld\n", (long long)(now_ns() - start));
		fflush(stdout);
	}
	return 0;
}
