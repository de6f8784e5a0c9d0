/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of sources as valid UTF-8. Pure; used in the broker. */
#include "broker/backends/sacn_name.h"

#include <stdio.h>
#include <string.h>

#include "firecurtain/utf8.h"

void sacn_name_read(char name[SACN_NAME_BYTES], const uint8_t field[SACN_NAME_BYTES])
{
    memset(name, 0, SACN_NAME_BYTES);
    fc_utf8_clean(name, SACN_NAME_BYTES, (const char *)field, SACN_NAME_BYTES - 1);
}

void sacn_name_with_address(char *text, size_t bytes, const char *address, const char *name)
{
    size_t at = strlen(address) + strlen(" ()") + 1, room = bytes > at ? bytes - at : 0, used = 0;

    for (size_t n = 1; name[used] && n > 0; used += n) {
        n = fc_utf8_length((unsigned char)name[used]);
        if (used + n > room)
            break;
    }
    if (used)
        snprintf(text, bytes, "%s (%.*s)", address, (int)used, name);
    else
        snprintf(text, bytes, "%s", address);
}
