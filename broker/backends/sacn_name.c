/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of sources as valid UTF-8. Pure; used in the broker. */
#include "broker/backends/sacn_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Returns the bytes of the character that a byte begins, 0 if none begins with it. */
static size_t length_of(uint8_t first)
{
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Whether the second byte of a character with several says that it is too long, a surrogate or too large. */
static bool is_forbidden(uint8_t first, uint8_t second)
{
    return (first == 0xc2 && second < 0xa0) || /* a control character */
           (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* Returns the bytes of the character at the begin of `at`, of which `left` are left; 0 if it is none. */
static size_t character(const uint8_t *at, size_t left)
{
    size_t n = length_of(at[0]);

    if (n > left || (n > 1 && is_forbidden(at[0], at[1])))
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

void sacn_name_read(char name[SACN_NAME_BYTES], const uint8_t field[SACN_NAME_BYTES])
{
    size_t bytes = strnlen((const char *)field, SACN_NAME_BYTES - 1);

    memset(name, 0, SACN_NAME_BYTES);
    for (size_t at = 0; at < bytes;) {
        size_t n = character(field + at, bytes - at);

        if (n == 0)
            name[at++] = '?';
        else
            memcpy(name + at, field + at, n);
        at += n;
    }
}

void sacn_name_with_address(char *text, size_t bytes, const char *address, const char *name)
{
    size_t at = strlen(address) + strlen(" ()") + 1, room = bytes > at ? bytes - at : 0, used = 0;

    for (size_t n = 1; name[used] && n > 0; used += n) {
        n = character((const uint8_t *)name + used, strlen(name + used));
        if (used + n > room)
            break;
    }
    if (used)
        snprintf(text, bytes, "%s (%.*s)", address, (int)used, name);
    else
        snprintf(text, bytes, "%s", address);
}
