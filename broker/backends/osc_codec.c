/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets, with the help of liblo, which writes messages and converts byte orders. Its
 * lo_message_deserialise() is not used for reading: in 0.31 that looks at the length of a blob before it
 * knows that four bytes are left, and it copies every message to the heap.
 *
 * Invariant: what osc_codec_next() walks through has passed argument_bytes() before.
 */
#include <assert.h>
#include <errno.h>
#include <float.h>
#include <lo/lo_lowlevel.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_codec.h"
#include "firecurtain/cleanup.h"

#define OSC_CODEC_BUNDLE_BYTES 16 /* the name and the time tag */

static const char osc_codec_bundle[8] = "#bundle";

struct walk {
    osc_codec_fn each; /* NULL: only check */
    void *userdata;
    const char *what;
};

static int malformed(struct walk *walk, const char *what)
{
    walk->what = what;
    return -EBADMSG;
}

static size_t padded(size_t bytes)
{
    return (bytes + 3) & ~(size_t)3;
}

/* Returns the bytes of a string at `data` with its NUL and padding, or 0 if it is not terminated by NULs. */
static size_t string_bytes(const uint8_t *data, size_t bytes)
{
    const uint8_t *end = memchr(data, '\0', bytes);
    size_t whole;

    if (!end)
        return 0;
    whole = padded((size_t)(end - data) + 1);
    if (whole > bytes)
        return 0;
    for (const uint8_t *at = end; at < data + whole; at++) {
        if (*at)
            return 0;
    }
    return whole;
}

static uint32_t read_u32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static size_t blob_bytes(const uint8_t *data, size_t bytes)
{
    size_t length;

    if (bytes < 4)
        return 0;
    length = read_u32(data);
    if (length > bytes - 4 || padded(length) > bytes - 4)
        return 0;
    for (size_t n = length; n < padded(length); n++) {
        if (data[4 + n])
            return 0;
    }
    return 4 + padded(length);
}

/* Finds the bytes of an argument of that type at `data`. False if the type is unknown, or there are too few.
 */
static bool argument_bytes(char type, const uint8_t *data, size_t bytes, size_t *taken)
{
    switch (type) {
    case LO_TRUE:
    case LO_FALSE:
    case LO_NIL:
    case LO_INFINITUM:
        *taken = 0;
        return true;
    case LO_INT32:
    case LO_FLOAT:
    case LO_CHAR:
    case LO_MIDI:
        *taken = 4;
        return bytes >= 4;
    case LO_INT64:
    case LO_DOUBLE:
    case LO_TIMETAG:
        *taken = 8;
        return bytes >= 8;
    case LO_STRING:
    case LO_SYMBOL:
        *taken = string_bytes(data, bytes);
        return *taken > 0;
    case LO_BLOB:
        *taken = blob_bytes(data, bytes);
        return *taken > 0;
    default:
        return false;
    }
}

static bool arguments_fit(const struct osc_message *message)
{
    const uint8_t *at = message->data;
    size_t left = message->bytes;

    for (const char *type = message->types; *type; type++) {
        size_t taken;

        if (!argument_bytes(*type, at, left, &taken))
            return false;
        at += taken;
        left -= taken;
    }
    return left == 0;
}

static int walk_message(struct walk *walk, const uint8_t *data, size_t bytes)
{
    struct osc_message message = {.address = (const char *)data};
    size_t address_bytes = string_bytes(data, bytes);
    size_t types_bytes;

    if (!address_bytes || data[0] != '/')
        return malformed(walk, "an OSC message without an address");
    types_bytes = string_bytes(data + address_bytes, bytes - address_bytes);
    if (!types_bytes || data[address_bytes] != ',')
        return malformed(walk, "an OSC message without types");
    message.types = (const char *)data + address_bytes + 1;
    message.n_types = strlen(message.types);
    message.data = data + address_bytes + types_bytes;
    message.bytes = bytes - address_bytes - types_bytes;
    if (walk->each)
        walk->each(walk->userdata, &message);
    else if (!arguments_fit(&message))
        return malformed(walk, "an OSC message whose types and arguments disagree");
    return 0;
}

static int walk_element(struct walk *walk, const uint8_t *data, size_t bytes, unsigned depth);

static int walk_bundle(struct walk *walk, const uint8_t *data, size_t bytes, unsigned depth)
{
    size_t at = OSC_CODEC_BUNDLE_BYTES;
    int r = 0;

    if (depth > OSC_CODEC_MAX_DEPTH)
        return malformed(walk, "OSC bundles nested too deeply");
    if (bytes < OSC_CODEC_BUNDLE_BYTES)
        return malformed(walk, "an OSC bundle without a time tag");
    while (r == 0 && at < bytes) {
        size_t element_bytes;

        if (bytes - at < 4)
            return malformed(walk, "a truncated OSC bundle");
        element_bytes = read_u32(data + at);
        at += 4;
        if (element_bytes > bytes - at)
            return malformed(walk, "a truncated OSC bundle");
        r = walk_element(walk, data + at, element_bytes, depth + 1);
        at += element_bytes;
    }
    return r;
}

/* Walks through a packet or a part of it. `depth` counts the bundles around it, and itself if it is one. */
static int walk_element(struct walk *walk, const uint8_t *data, size_t bytes, unsigned depth)
{
    if (bytes == 0 || bytes % 4 != 0)
        return malformed(walk, "an OSC packet whose length is not a multiple of four");
    if (bytes >= sizeof(osc_codec_bundle) && memcmp(data, osc_codec_bundle, sizeof(osc_codec_bundle)) == 0)
        return walk_bundle(walk, data, bytes, depth);
    return walk_message(walk, data, bytes);
}

int osc_codec_read(const void *packet, size_t bytes, osc_codec_fn each, void *userdata, const char **what)
{
    struct walk walk = {.each = NULL, .userdata = userdata};
    int r = walk_element(&walk, packet, bytes, 1);

    if (r < 0) {
        *what = walk.what;
        return r;
    }
    walk.each = each;
    return walk_element(&walk, packet, bytes, 1);
}

struct osc_cursor osc_codec_arguments(const struct osc_message *message)
{
    return (struct osc_cursor){.types = message->types, .data = message->data, .bytes = message->bytes};
}

static double read_number(char type, const uint8_t *data, size_t bytes)
{
    lo_arg arg;

    assert(bytes <= sizeof(arg));
    memcpy(&arg, data, bytes); /* aligns it, which the packet need not be */
    lo_arg_host_endian((lo_type)type, &arg);
    switch (type) {
    case LO_INT32:
        return arg.i;
    case LO_INT64:
        return (double)arg.h;
    case LO_FLOAT:
        return (double)arg.f;
    default:
        return arg.d;
    }
}

bool osc_codec_next(struct osc_cursor *cursor, struct osc_argument *argument)
{
    size_t taken;

    if (!*cursor->types)
        return false;
    *argument = (struct osc_argument){.type = *cursor->types, .number = NAN};
    if (!argument_bytes(argument->type, cursor->data, cursor->bytes, &taken))
        return false;
    if (strchr("ifhd", argument->type))
        argument->number = read_number(argument->type, cursor->data, taken);
    else if (strchr("TF", argument->type))
        argument->number = argument->type == 'T';
    else if (strchr("sS", argument->type))
        argument->text = (const char *)cursor->data;
    cursor->types++;
    cursor->data += taken;
    cursor->bytes -= taken;
    return true;
}

struct line {
    char *text;
    size_t bytes;
    size_t used;
};

static void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line_add(struct line *line, const char *format, ...)
{
    size_t left = line->bytes - line->used;
    va_list arguments;
    int wanted;

    va_start(arguments, format);
    wanted = vsnprintf(line->text + line->used, left, format, arguments);
    va_end(arguments);
    if (wanted > 0)
        line->used += (size_t)wanted < left ? (size_t)wanted : left - 1;
}

static void line_add_argument(struct line *line, const struct osc_argument *argument)
{
    if (argument->text)
        line_add(line, " \"%s\"", argument->text);
    else if (strchr("ih", argument->type))
        line_add(line, " %.0f", argument->number);
    else if (strchr("fd", argument->type))
        line_add(line, " %g", argument->number);
    else
        line_add(line, " -");
}

void osc_codec_print(const struct osc_message *message, char *text, size_t bytes)
{
    struct line line = {.text = text, .bytes = bytes};
    struct osc_cursor cursor = osc_codec_arguments(message);
    struct osc_argument argument;

    assert(bytes > 0);
    line_add(&line, "%s %s", message->address, message->types);
    while (line.used < bytes - 1 && osc_codec_next(&cursor, &argument))
        line_add_argument(&line, &argument);
}

struct osc_out {
    lo_message message;
    lo_arg **values; /* into the message, in the host's byte order, not aligned */
};

static int add_zero(lo_message message, char type)
{
    switch (type) {
    case LO_INT32:
        return lo_message_add_int32(message, 0);
    case LO_INT64:
        return lo_message_add_int64(message, 0);
    case LO_FLOAT:
        return lo_message_add_float(message, 0);
    default:
        assert(type == LO_DOUBLE);
        return lo_message_add_double(message, 0);
    }
}

static void out_freep(struct osc_out **out)
{
    osc_codec_out_free(*out);
}

int osc_codec_out_new(struct osc_out **out, const char *types)
{
    FC_CLEANUP(out_freep) struct osc_out *made = calloc(1, sizeof(*made));

    if (!made)
        return -ENOMEM;
    made->message = lo_message_new();
    if (!made->message)
        return -ENOMEM;
    for (const char *type = types; *type; type++) {
        if (add_zero(made->message, *type) < 0)
            return -ENOMEM;
    }
    made->values = lo_message_get_argv(made->message);
    if (!made->values)
        return -ENOMEM;
    *out = fc_steal(made);
    return 0;
}

struct osc_out *osc_codec_out_free(struct osc_out *out)
{
    if (out && out->message)
        lo_message_free(out->message);
    free(out);
    return NULL;
}

/* Returns the nearest integer from `low` to below `end`: a conversion of other values would be undefined. */
static int64_t nearest(double value, double low, double end, int64_t last)
{
    if (!(value > low))
        return (int64_t)low;
    return round(value) >= end ? last : (int64_t)llround(value);
}

void osc_codec_out_set(struct osc_out *out, size_t n, double value)
{
    char type = lo_message_get_types(out->message)[n];
    void *to = out->values[n];

    if (type == LO_INT32)
        memcpy(to, &(int32_t){(int32_t)nearest(value, -0x1p31, 0x1p31, INT32_MAX)}, sizeof(int32_t));
    else if (type == LO_INT64)
        memcpy(to, &(int64_t){nearest(value, -0x1p63, 0x1p63, INT64_MAX)}, sizeof(int64_t));
    else if (type == LO_FLOAT)
        memcpy(to, &(float){(float)fmax(-(double)FLT_MAX, fmin(value, (double)FLT_MAX))}, sizeof(float));
    else
        memcpy(to, &value, sizeof(value));
}

int osc_codec_out_write(const struct osc_out *out, const char *address, void *packet, size_t bytes,
                        size_t *written)
{
    if (lo_message_length(out->message, address) > bytes)
        return -EMSGSIZE;
    lo_message_serialise(out->message, address, packet, written);
    return 0;
}
