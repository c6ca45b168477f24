// SPDX-License-Identifier: GPL-2.0-only
/* In the place of the program to come: it only says how to use it. */
#include <stdio.h>

int main(void)
{
	fputs("Usage: fill\n", stderr);
	return 1;
}
