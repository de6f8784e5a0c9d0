/* SPDX-License-Identifier: BSD-2-Clause */
/* Both spellings of a CID. Pure; used in the broker. */
#include "broker/backends/sacn_cid.h"

#include <stdlib.h>
#include <string.h>

/* Reads 16 numbers, decimal, hexadecimal or octal. */
static bool read_numbers(uint8_t cid[SACN_CID_BYTES], const char *text)
{
    for (size_t i = 0; i < SACN_CID_BYTES; i++) {
        char *end = NULL;
        unsigned long number;

        text += strspn(text, " \t");
        number = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 0) : UINT8_MAX + 1ul;
        if (number > UINT8_MAX || !strchr(" \t", *end))
            return false;
        cid[i] = (uint8_t)number;
        text = end;
    }
    return !text[strspn(text, " \t")];
}

/* Reads 32 hexadecimal digits, with or without dashes between bytes. */
static bool read_uuid(uint8_t cid[SACN_CID_BYTES], const char *text)
{
    for (size_t i = 0; i < SACN_CID_BYTES; i++) {
        char digits[3] = {0};

        text += i > 0 && *text == '-';
        if (strspn(text, "0123456789abcdefABCDEF") < 2)
            return false;
        memcpy(digits, text, 2);
        cid[i] = (uint8_t)strtoul(digits, NULL, 16);
        text += 2;
    }
    return !*text;
}

int sacn_cid_read(uint8_t cid[SACN_CID_BYTES], const char *option, const char *value,
                  struct fc_reason *reason)
{
    if (read_numbers(cid, value) || read_uuid(cid, value))
        return 0;
    return fc_refuse(reason,
                     "%s is 16 numbers from 0 to 255 with blanks in between, or a UUID, not \"%.80s\"",
                     option, value);
}
