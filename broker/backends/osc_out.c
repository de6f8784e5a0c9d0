/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes messages with liblo. */
#include "broker/backends/osc_out.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <lo/lo_lowlevel.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"

struct osc_out {
    lo_message message;
    lo_arg **values; /* into the message, in the host's byte order, not aligned */
};

/* Adds a value of a type that is always sent as the same. */
static int add_fixed(lo_message message, char type, const char *text)
{
    uint32_t no_bytes = 0; /* a blob as liblo keeps it: its length, then nothing; lo_blob_new() makes none */
    uint8_t no_event[4] = {0};

    switch (type) {
    case LO_STRING:
        return lo_message_add_string(message, text ? text : "");
    case LO_SYMBOL:
        return lo_message_add_symbol(message, text ? text : "");
    case LO_BLOB:
        return lo_message_add_blob(message, (lo_blob)&no_bytes);
    case LO_CHAR:
        return lo_message_add_char(message, 0);
    case LO_MIDI:
        return lo_message_add_midi(message, no_event);
    case LO_TIMETAG:
        return lo_message_add_timetag(message, LO_TT_IMMEDIATE);
    case LO_TRUE:
        return lo_message_add_true(message);
    case LO_FALSE:
        return lo_message_add_false(message);
    case LO_NIL:
        return lo_message_add_nil(message);
    default:
        assert(type == LO_INFINITUM);
        return lo_message_add_infinitum(message);
    }
}

static int add_value(lo_message message, char type, const char *text)
{
    switch (type) {
    case LO_INT32:
        return lo_message_add_int32(message, 0);
    case LO_INT64:
        return lo_message_add_int64(message, 0);
    case LO_FLOAT:
        return lo_message_add_float(message, 0);
    case LO_DOUBLE:
        return lo_message_add_double(message, 0);
    default:
        return add_fixed(message, type, text);
    }
}

static void out_freep(struct osc_out **out)
{
    osc_out_free(*out);
}

int osc_out_new(struct osc_out **out, const char *types, const char *const *texts)
{
    FC_CLEANUP(out_freep) struct osc_out *made = calloc(1, sizeof(*made));

    if (!made)
        return -ENOMEM;
    made->message = lo_message_new();
    if (!made->message)
        return -ENOMEM;
    for (size_t n = 0; types[n]; n++) {
        if (add_value(made->message, types[n], texts ? texts[n] : NULL) < 0)
            return -ENOMEM;
    }
    made->values = lo_message_get_argv(made->message);
    if (!made->values && *types)
        return -ENOMEM;
    *out = fc_steal(made);
    return 0;
}

struct osc_out *osc_out_free(struct osc_out *out)
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

void osc_out_set(struct osc_out *out, size_t n, double value)
{
    char type = lo_message_get_types(out->message)[n];
    void *to = out->values[n];

    if (type == LO_INT32)
        memcpy(to, &(int32_t){(int32_t)nearest(value, -0x1p31, 0x1p31, INT32_MAX)}, sizeof(int32_t));
    else if (type == LO_INT64)
        memcpy(to, &(int64_t){nearest(value, -0x1p63, 0x1p63, INT64_MAX)}, sizeof(int64_t));
    else if (type == LO_FLOAT)
        memcpy(to, &(float){(float)fmax(-(double)FLT_MAX, fmin(value, (double)FLT_MAX))}, sizeof(float));
    else if (type == LO_DOUBLE)
        memcpy(to, &value, sizeof(value));
}

int osc_out_write(const struct osc_out *out, const char *address, void *packet, size_t bytes, size_t *written)
{
    if (lo_message_length(out->message, address) > bytes)
        return -EMSGSIZE;
    lo_message_serialise(out->message, address, packet, written);
    return 0;
}
