/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by most unit tests: cmocka with its headers, repeatable random numbers, the number of descriptors.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* xorshift64: the same numbers in every run, which makes failures repeatable. */
struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state % sides;
}

/* Counts the open descriptors of this process, without the one used for counting. */
static inline unsigned count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    unsigned n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)))
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n - 1;
}

/* Asserts that two numbers are equal. */
static inline void assert_double(double found, double expected)
{
    if (!(found <= expected && found >= expected))
        fail_msg("%.17g is not %.17g", found, expected);
}

#endif
