/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and lists as text: what people type and what files hold, and back. */
#ifndef PLAINBPF_TEXT_H
#define PLAINBPF_TEXT_H

#include "set.h"

#define ENTRY_TEXT 64 /* bytes that the text of an entry takes, with its NUL */

/* Reads a word: an address, a network ADDR/LEN, or a range A-B, which becomes the fewest networks.
 * Adds what it means to the set. Says why not, and returns the exit status, if it is none; says so
 * if bits after the prefix had to be cleared.
 */
int read_word(struct set *to, const char *word);

/* The same for a text of our own, from p up to end. 0 or -EINVAL, and nothing is said. */
int read_entry(struct set *to, const char *p, const char *end);

/* Reads a file, "-" is standard input: an entry a line, or what other tools write (docs/lists.md).
 * All bad lines are reported, the first few of them by FILE:LINE. One without an entry is refused,
 * with a hint. Returns the exit status.
 */
int read_list(struct set *to, const char *path, const char *if_empty);

/* "10.0.0.0/8" */
char *entry_text(char text[ENTRY_TEXT], const struct entry *e);

/* Says at most a few of many alike, and then how many more there were. */
#define SAID_MOST 5
struct said {
	size_t n;
};
__attribute__((format(printf, 2, 3))) void say_some(struct said *s, const char *format, ...);
void say_rest(const struct said *s, const char *what); /* "… and N more" */

#endif
