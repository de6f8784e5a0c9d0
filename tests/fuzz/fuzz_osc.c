/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as an OSC packet. In addition to the sanitizers it checks that liblo accepts what the codec
 * accepts, and reads the same values; and that matching any address as a pattern ends.
 */
#include <lo/lo_lowlevel.h>
#include <math.h>

#include "broker/backends/osc_codec.h"
#include "broker/backends/osc_pattern.h"
#include "tests/fuzz/fuzz.h"

static int is_same(double left, double right)
{
    return (isnan(left) && isnan(right)) || memcmp(&left, &right, sizeof(left)) == 0;
}

static void compare_argument(const struct osc_argument *argument, char type, const lo_arg *arg)
{
    lo_arg copy = {0};

    require(argument->type == type);
    if (strchr("ihfd", type))
        memcpy(&copy, arg, strchr("if", type) ? 4 : 8);
    if (type == 'i')
        require(is_same(argument->number, copy.i));
    else if (type == 'h')
        require(is_same(argument->number, (double)copy.h));
    else if (type == 'f')
        require(is_same(argument->number, (double)copy.f));
    else if (type == 'd')
        require(is_same(argument->number, copy.d));
    else if (strchr("sS", type))
        require(strcmp(argument->text, (const char *)arg) == 0);
}

/* Puts the message together again: address, comma and types precede its data. */
static lo_message deserialise(const struct osc_message *message)
{
    const uint8_t *begin = (const uint8_t *)message->address;
    size_t bytes = (size_t)(message->data - begin) + message->bytes;
    uint8_t *copy = malloc(bytes);
    lo_message made;

    require(copy != NULL);
    memcpy(copy, begin, bytes);
    made = lo_message_deserialise(copy, bytes, NULL);
    free(copy);
    return made;
}

static void take(const struct osc_message *message)
{
    struct osc_cursor cursor = osc_codec_arguments(message);
    bool liblo_knows = !strpbrk(message->types, "r[]"); /* neither colours nor arrays */
    lo_message other = liblo_knows ? deserialise(message) : NULL;
    struct osc_argument argument;
    size_t n = 0;
    char line[128];

    require(!liblo_knows || (other != NULL && (size_t)lo_message_get_argc(other) == message->n_values));
    for (; osc_codec_next(&cursor, &argument); n++) {
        if (other)
            compare_argument(&argument, lo_message_get_types(other)[n], lo_message_get_argv(other)[n]);
    }
    require(n == message->n_values && cursor.bytes == 0);
    if (other)
        lo_message_free(other);
    osc_codec_print(message, line, sizeof(line));
    require(strlen(line) < sizeof(line));
    if (!osc_pattern_complaint(message->address, OSC_PATTERN_WILDCARDS | OSC_PATTERN_ANY_NAME)) {
        osc_pattern_match(message->address, "/1/fader1/and/something/more", &n);
        require(osc_pattern_has_wildcard(message->address) ||
                osc_pattern_match(message->address, message->address, &n));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct osc_fault fault = {.what = NULL};
    struct osc_reader reader;
    struct osc_message message;

    require((osc_codec_read(&reader, data, bytes, &fault) < 0) == (fault.what != NULL));
    require(!fault.address || strlen(fault.address) < bytes);
    while (osc_codec_next_message(&reader, &message)) {
        require(!fault.what);
        take(&message);
    }
    require(fault.what || reader.at == data + bytes);
    return 0;
}
