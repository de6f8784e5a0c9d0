/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as messages of the control interface from a hostile client or broker: an accepted message
 * means the same after it was encoded and decoded again. Also compares patterns of `watch` with fnmatch().
 */
#include <fnmatch.h>
#include <locale.h>
#include <math.h>

#include "broker/base/pattern.h"
#include "proto/codec_control.h"
#include "tests/fuzz/fuzz.h"

#define MAX_PATTERN 24 /* fnmatch() takes exponential time */

static struct codec_control *codec, *again;

static void check_request(const uint8_t *bytes, size_t n_bytes)
{
    struct control_request first, second;
    const void *packed;
    size_t n_packed;

    if (codec_control_decode_request(codec, bytes, n_bytes, &first) < 0)
        return;
    require(first.verb < CONTROL_VERBS_ && first.n_names <= CONTROL_MAX_NAMES && isfinite(first.value));
    for (size_t i = 0; i < first.n_names; i++)
        require(first.names[i][0] && strlen(first.names[i]) <= CONTROL_MAX_NAME);
    require(codec_control_encode_request(again, &first, &packed, &n_packed) == 0);
    uint8_t *copy = malloc(n_packed + 1);
    memcpy(copy, packed, n_packed);
    require(codec_control_decode_request(again, copy, n_packed, &second) == 0);
    free(copy);
    require(second.id == first.id && second.verb == first.verb && second.from == first.from &&
            second.lines == first.lines && second.usage == first.usage && second.follow == first.follow &&
            second.channels == first.channels && second.n_names == first.n_names &&
            memcmp(&second.value, &first.value, sizeof(first.value)) == 0);
    for (size_t i = 0; i < first.n_names; i++)
        require(strcmp(first.names[i], second.names[i]) == 0);
}

/* The C library also takes numbers beyond those that UTF-8 may have (RFC 3629). */
static bool is_utf8(const char *text)
{
    size_t room = strlen(text) + 1;
    wchar_t *wide = calloc(room, sizeof(*wide));
    bool is_valid = wide && mbstowcs(wide, text, room) != (size_t)-1;

    for (size_t i = 0; is_valid && wide[i]; i++)
        is_valid = wide[i] <= 0x10FFFF;
    free(wide);
    return is_valid;
}

/* Whether the one text is the other, but for question marks in place of what is not UTF-8. */
static bool is_cleaned(const char *text, const char *from)
{
    require(strlen(text) == strlen(from));
    require(is_utf8(text));
    for (size_t i = 0; text[i]; i++)
        require(text[i] == from[i] || (text[i] == '?' && from[i] & 0x80));
    return !is_utf8(from) || strcmp(text, from) == 0;
}

static void check_reply(const uint8_t *bytes, size_t n_bytes)
{
    struct control_reply first, second;
    const void *packed;
    size_t n_packed;

    if (codec_control_decode_reply(codec, bytes, n_bytes, &first) < 0)
        return;
    require(first.outcome < CONTROL_OUTCOMES_ && first.text);
    for (size_t i = 0; i < first.n_instances; i++)
        require(first.instances[i].name && first.instances[i].detail && first.instances[i].layers);
    if (codec_control_encode_reply(again, &first, &packed, &n_packed) < 0)
        return; /* fields that were omitted from the message take room now */
    uint8_t *copy = malloc(n_packed + 1);
    memcpy(copy, packed, n_packed);
    require(codec_control_decode_reply(again, copy, n_packed, &second) == 0);
    free(copy);
    require(second.n_instances == first.n_instances && second.n_routes == first.n_routes &&
            second.n_lines == first.n_lines && second.n_values == first.n_values &&
            second.n_writers == first.n_writers && is_cleaned(second.text, first.text));
    for (size_t i = 0; i < first.n_instances; i++)
        require(is_cleaned(second.instances[i].detail, first.instances[i].detail));
}

static void check_pattern(struct input *input)
{
    char pattern[MAX_PATTERN + 1] = "", text[MAX_PATTERN + 1] = "";
    static const char letters[] = "**?ab.";
    size_t n;
    const uint8_t *bytes = take_bytes(input, MAX_PATTERN, &n);

    for (size_t i = 0; i < n; i++)
        pattern[i] = letters[bytes[i] % (sizeof(letters) - 1)];
    bytes = take_bytes(input, MAX_PATTERN, &n);
    for (size_t i = 0; i < n; i++)
        text[i] = letters[3 + bytes[i] % 3];
    require(pattern_matches(pattern, text) == (fnmatch(pattern, text, 0) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {.at = data, .left = bytes};
    size_t n;

    if (!codec)
        require(setlocale(LC_CTYPE, "C.UTF-8") && codec_control_new(&codec) == 0 &&
                codec_control_new(&again) == 0);
    if (!bytes)
        return 0;
    switch (*take_bytes(&input, 1, &n) % 3) {
    case 0:
        check_request(input.at, input.left);
        break;
    case 1:
        check_reply(input.at, input.left);
        break;
    default:
        check_pattern(&input);
        break;
    }
    return 0;
}
