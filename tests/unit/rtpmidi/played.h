/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes the messages that a reader passes on, as hexadecimal text. Include it after cmocka.h. */
#ifndef TESTS_UNIT_RTPMIDI_PLAYED_H
#define TESTS_UNIT_RTPMIDI_PLAYED_H

#include <stdio.h>
#include <string.h>

static char played[8192]; /* such as "90 40 7f, f8" */

static inline void play(void *userdata, const uint8_t *message, size_t bytes)
{
    size_t used = strlen(played);

    assert_true(used + 3 * bytes + 3 < sizeof(played));
    if (used)
        used += (size_t)sprintf(played + used, ", ");
    for (size_t i = 0; i < bytes; i++)
        used += (size_t)sprintf(played + used, i ? " %02x" : "%02x", message[i]);
}

/* Asserts what was passed on since the last time. */
static inline void assert_played(const char *expected)
{
    assert_string_equal(played, expected);
    played[0] = '\0';
}

#endif
