/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters of UTF-8. Which of them are welcome is a matter of whoever reads the text. */
#ifndef FIRECURTAIN_UTF8_H
#define FIRECURTAIN_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether a byte belongs to a character, but does not begin it. */
static inline bool fc_utf8_is_inside(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The bytes of a character, by its first one; 0 if none begins with that. */
static inline size_t fc_utf8_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/*
 * Reads the character at the begin of `text`, of which `bytes` are left. Returns its length, with its code
 * point in `code`; or 0 if there is none: it is cut off, longer than it has to be, half of a surrogate pair,
 * or beyond U+10FFFF.
 */
static inline size_t fc_utf8_read(const char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes ? fc_utf8_length((unsigned char)text[0]) : 0;
    uint32_t read;

    if (length == 0 || length > bytes)
        return 0;
    read = (unsigned char)text[0] & (length == 1 ? 0x7fu : 0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!fc_utf8_is_inside(text[i]))
            return 0;
        read = read << 6 | ((unsigned char)text[i] & 0x3f);
    }
    if (read < smallest[length] || read > 0x10ffff || (read >= 0xd800 && read <= 0xdfff))
        return 0;
    *code = read;
    return length;
}

/* Whether a code point is a control character, which a terminal would obey. */
static inline bool fc_utf8_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/*
 * Copies a text of a stranger that ends at a NUL or after `bytes`, to `room` bytes with a NUL: ? stands for
 * what is no character, or would be obeyed. What does not fit is cut between two characters.
 */
static inline void fc_utf8_clean(char *clean, size_t room, const char *text, size_t bytes)
{
    uint32_t code;
    size_t n;

    for (size_t at = 0; at < bytes && text[at]; at += n) {
        bool is_kept;

        n = fc_utf8_read(text + at, bytes - at, &code);
        is_kept = n && !fc_utf8_is_control(code);
        n = is_kept ? n : 1;
        if (n >= room)
            break;
        if (is_kept)
            memcpy(clean, text + at, n);
        else
            *clean = '?';
        clean += n;
        room -= n;
    }
    *clean = '\0';
}

#endif
