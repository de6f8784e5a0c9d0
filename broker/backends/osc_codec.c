/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads packets, with the help of liblo, which converts byte orders. Its lo_message_deserialise() is not
 * used: in 0.31 that looks at the length of a blob before it knows that four bytes are left, and it copies
 * every message to the heap.
 *
 * Invariant: what osc_codec_next() and osc_codec_next_message() walk through was checked before.
 */
#include <assert.h>
#include <errno.h>
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

#define OSC_CODEC_COLOUR 'r' /* liblo does not know it */

static int malformed(struct osc_fault *fault, const char *address, const char *what)
{
    *fault = (struct osc_fault){.what = what, .address = address};
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
    case OSC_CODEC_COLOUR:
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

static bool is_bracket(char type)
{
    return type == '[' || type == ']';
}

/* Counts the values of a message. False if its arrays are not closed, or closed too often. */
static bool count_values(struct osc_message *message)
{
    size_t depth = 0;

    for (const char *type = message->types; *type; type++) {
        if (*type == ']' && depth == 0)
            return false;
        depth += *type == '[';
        depth -= *type == ']';
        message->n_values += !is_bracket(*type);
    }
    return depth == 0;
}

/* Returns what is wrong with the arguments, or NULL. */
static const char *arguments_complaint(const struct osc_message *message)
{
    const uint8_t *at = message->data;
    size_t left = message->bytes;

    for (const char *type = message->types; *type; type++) {
        size_t taken = 0;

        if (is_bracket(*type))
            continue;
        if (!strchr("ifhdsSbcmtrTFNI", *type))
            return "an OSC message with an unknown type";
        if (!argument_bytes(*type, at, left, &taken))
            return "an OSC message whose types and arguments disagree";
        at += taken;
        left -= taken;
    }
    return left == 0 ? NULL : "an OSC message whose types and arguments disagree";
}

/* Reads a message, except for its arguments. */
static int read_message(struct osc_fault *fault, const uint8_t *data, size_t bytes,
                        struct osc_message *message)
{
    size_t address_bytes = string_bytes(data, bytes);
    size_t types_bytes;

    if (!address_bytes || data[0] != '/')
        return malformed(fault, NULL, "an OSC message without an address");
    *message = (struct osc_message){.address = (const char *)data};
    types_bytes = string_bytes(data + address_bytes, bytes - address_bytes);
    if (!types_bytes || data[address_bytes] != ',')
        return malformed(fault, message->address, "an OSC message without types, as old programs send");
    message->types = (const char *)data + address_bytes + 1;
    message->data = data + address_bytes + types_bytes;
    message->bytes = bytes - address_bytes - types_bytes;
    if (!count_values(message))
        return malformed(fault, message->address, "an OSC message with an array that has only one end");
    return 0;
}

static int check_message(struct osc_fault *fault, const uint8_t *data, size_t bytes)
{
    struct osc_message message;
    const char *complaint;
    int r = read_message(fault, data, bytes, &message);

    if (r < 0)
        return r;
    complaint = arguments_complaint(&message);
    return complaint ? malformed(fault, message.address, complaint) : 0;
}

static bool is_bundle(const uint8_t *data, size_t bytes)
{
    return bytes >= sizeof(osc_codec_bundle) && memcmp(data, osc_codec_bundle, sizeof(osc_codec_bundle)) == 0;
}

static int check_element(struct osc_fault *fault, const uint8_t *data, size_t bytes, unsigned depth);

static int check_bundle(struct osc_fault *fault, const uint8_t *data, size_t bytes, unsigned depth)
{
    size_t at = OSC_CODEC_BUNDLE_BYTES;
    int r = 0;

    if (depth > OSC_CODEC_MAX_DEPTH)
        return malformed(fault, NULL, "OSC bundles nested too deeply");
    if (bytes < OSC_CODEC_BUNDLE_BYTES)
        return malformed(fault, NULL, "an OSC bundle without a time tag");
    while (r == 0 && at < bytes) {
        size_t element_bytes;

        if (bytes - at < 4)
            return malformed(fault, NULL, "a truncated OSC bundle");
        element_bytes = read_u32(data + at);
        at += 4;
        if (element_bytes > bytes - at)
            return malformed(fault, NULL, "a truncated OSC bundle");
        r = check_element(fault, data + at, element_bytes, depth + 1);
        at += element_bytes;
    }
    return r;
}

/* Checks a packet or a part of it. `depth` counts the bundles around it, and itself if it is one. */
static int check_element(struct osc_fault *fault, const uint8_t *data, size_t bytes, unsigned depth)
{
    if (bytes == 0 || bytes % 4 != 0)
        return malformed(fault, NULL, "an OSC packet whose length is not a multiple of four");
    if (is_bundle(data, bytes))
        return check_bundle(fault, data, bytes, depth);
    return check_message(fault, data, bytes);
}

int osc_codec_read(struct osc_reader *reader, const void *packet, size_t bytes, struct osc_fault *fault)
{
    int r = check_element(fault, packet, bytes, 1);

    *reader = (struct osc_reader){.at = NULL};
    if (r == 0)
        *reader = (struct osc_reader){.at = packet, .end = (const uint8_t *)packet + bytes};
    return r;
}

/* What follows a bundle's last element belongs to the bundle around it, so that none has to be remembered. */
bool osc_codec_next_message(struct osc_reader *reader, struct osc_message *message)
{
    while (reader->at < reader->end) {
        size_t bytes = (size_t)(reader->end - reader->at);
        struct osc_fault fault;
        int r;

        if (reader->is_in_bundle) {
            bytes = read_u32(reader->at);
            reader->at += 4;
        }
        if (is_bundle(reader->at, bytes)) {
            reader->is_in_bundle = true;
            reader->at += OSC_CODEC_BUNDLE_BYTES;
            continue;
        }
        r = read_message(&fault, reader->at, bytes, message);
        assert(r == 0);
        (void)r;
        reader->at += bytes;
        return true;
    }
    return false;
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

    cursor->types += strspn(cursor->types, "[]");
    if (!*cursor->types)
        return false;
    *argument = (struct osc_argument){.type = *cursor->types, .number = NAN};
    if (!argument_bytes(argument->type, cursor->data, cursor->bytes, &taken))
        return false;
    if (strchr("ifhd", argument->type))
        argument->number = read_number(argument->type, cursor->data, taken);
    else if (strchr("TFI", argument->type))
        argument->number = argument->type != 'F';
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
