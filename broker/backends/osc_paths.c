/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in the order of the mappings, and the places of channels in their messages. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* otherwise uthash ends the process */
#include "broker/backends/osc_name.h"
#include "broker/backends/osc_paths.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/cleanup.h"

static struct osc_path *path_free(struct osc_path *path)
{
    if (path) {
        osc_out_free(path->out);
        free(path->values);
    }
    free(path);
    return NULL;
}

static void path_freep(struct osc_path **path)
{
    path_free(*path);
}

void osc_paths_deinit(struct osc_paths *paths)
{
    struct osc_path *path;
    struct osc_path *next;
    struct osc_format *format;

    HASH_ITER(hh, paths->by_address, path, next) {
        HASH_DEL(paths->by_address, path);
        path_free(path);
    }
    while ((format = paths->formats)) {
        paths->formats = format->next;
        osc_format_free(format);
    }
    free(paths->channels);
    free(paths->root);
    *paths = (struct osc_paths){0};
}

static bool is_in_quotes(const char *text)
{
    size_t length = strlen(text);

    return length >= 2 && text[0] == '"' && text[length - 1] == '"';
}

int osc_paths_set_root(struct osc_paths *paths, const char *root, struct fc_reason *reason)
{
    bool is_quoted = is_in_quotes(root);
    size_t length = strlen(root) - 2u * is_quoted;
    const char *complaint;
    char *copy = strndup(root + is_quoted, length);

    if (!copy)
        return -ENOMEM;
    complaint = osc_pattern_complaint(copy, is_quoted ? OSC_PATTERN_ANY_NAME : OSC_PATTERN_ADDRESS);
    if (complaint) {
        free(copy);
        return fc_refuse(reason, "\"%.100s\" is not an OSC address: %s", root, complaint);
    }
    while (length > 0 && copy[length - 1] == '/')
        copy[--length] = '\0';
    free(paths->root);
    paths->root = copy;
    return 0;
}

int osc_paths_add_format(struct osc_paths *paths, const char *pattern, const char *value,
                         struct fc_reason *reason)
{
    struct osc_format **end = &paths->formats;

    while (*end)
        end = &(*end)->next;
    return osc_format_new(end, pattern, value, reason);
}

static const struct osc_format *find_format(const struct osc_paths *paths, const char *path)
{
    size_t steps = 0; /* of the configuration */

    for (const struct osc_format *format = paths->formats; format; format = format->next) {
        if (osc_pattern_match(format->pattern, path, &steps))
            return format;
    }
    return NULL;
}

/* Makes room for `n_values`; a path with a format gets all of them at once. */
static int path_grow(struct osc_path *path, size_t n_values)
{
    struct osc_value *values;

    if (n_values <= path->n_values)
        return 0;
    values = reallocarray(path->values, n_values, sizeof(*values));
    if (!values)
        return -ENOMEM;
    path->values = values;
    for (size_t n = path->n_values; n < n_values; n++) {
        values[n] = (struct osc_value){.source = OSC_PATHS_NO_CHANNEL};
        if (path->format && n < path->format->n_ranges)
            values[n].value = osc_format_rest(&path->format->ranges[n]);
    }
    path->n_values = n_values;
    return 0;
}

static int path_new(struct osc_path **path, struct osc_paths *paths, const char *address, const char *local)
{
    FC_CLEANUP(path_freep) struct osc_path *made = calloc(1, sizeof(*made) + strlen(address) + 1);
    int r;

    if (!made)
        return -ENOMEM;
    memcpy(made->address, address, strlen(address));
    made->format = find_format(paths, local);
    r = path_grow(made, made->format ? made->format->n_ranges : 0);
    if (r < 0)
        return r;
    HASH_ADD_KEYPTR(hh, paths->by_address, made->address, strlen(made->address), made);
    if (!made->hh.tbl)
        return -ENOMEM;
    *path = fc_steal(made);
    return 0;
}

static int path_get(struct osc_path **path, struct osc_paths *paths, const char *local,
                    struct fc_reason *reason)
{
    char address[OSC_PATTERN_MAX_BYTES];
    int length = snprintf(address, sizeof(address), "%s%s", paths->root ? paths->root : "", local);

    if (length < 0 || (size_t)length >= sizeof(address))
        return fc_refuse(reason, "\"%.100s…\" is too long with the root in front of it", local);
    *path = osc_paths_find(paths, address);
    return *path ? 0 : path_new(path, paths, address, local);
}

/* Doubts a target: says which line of the configuration is missing, for messages that are short enough to
 * show. */
static int doubt_target(const struct osc_name *name, struct fc_reason *reason)
{
    static const char *const formats[] = {
        [1] = "ff 0.0 1.0 0.0 1.0",
        [2] = "fff 0.0 1.0 0.0 1.0 0.0 1.0",
    };
    const char *quote = osc_pattern_complaint(name->path, OSC_PATTERN_ADDRESS) ? "\"" : "";

    if (name->n < FC_ARRAY_SIZE(formats))
        return fc_doubt(
            reason,
            "nothing is sent: several values in one message need types and ranges; add a line such "
            "as `%s%.80s%s = %s`",
            quote, name->path, quote, formats[name->n]);
    return fc_doubt(
        reason,
        "nothing is sent: several values in one message need types and ranges; add a line such as "
        "`%s%.80s%s = ff 0.0 1.0 0.0 1.0`, with %zu types",
        quote, name->path, quote, name->n + 1);
}

/* Whether messages to a path have the value; one that goes without any has the channel `/path` all the same.
 */
static bool has_value(const struct osc_path *path, size_t n)
{
    return path->format ? n < path->format->n_ranges || n == 0 : n < OSC_FORMAT_MAX_VALUES;
}

static int check_format(const struct osc_path *path, const struct osc_name *name, unsigned directions,
                        struct fc_reason *reason)
{
    const struct osc_format *format = path->format;

    if (!format && !has_value(path, name->n))
        return fc_doubt(reason, "\"%.80s:%zu\" stands for nothing: a message has at most %d values",
                        name->path, name->n, OSC_FORMAT_MAX_VALUES);
    if (!format) /* a lone value is sent as a float, see osc_path_range() */
        return (directions & FC_TARGET) && name->n > 0 ? doubt_target(name, reason) : 0;
    if (has_value(path, name->n))
        return 0;
    return fc_doubt(
        reason,
        "\"%.60s:%zu\" stands for nothing: messages of the pattern \"%.60s\" have %zu value%s, counted "
        "from 0",
        name->path, name->n, format->pattern, format->n_ranges, format->n_ranges == 1 ? "" : "s");
}

const struct osc_range *osc_path_range(const struct osc_path *path, size_t n)
{
    static const struct osc_range unconfigured = {.type = 'f', .min = 0.0, .max = 1.0};

    return path->format ? &path->format->ranges[n] : &unconfigured;
}

bool osc_place_varies(const struct osc_place *place)
{
    const struct osc_range *range;

    if (place->n >= place->path->n_out)
        return false;
    range = osc_path_range(place->path, place->n);
    return osc_format_is_number(range->type) && range->min != range->max;
}

bool osc_place_is_sent(const struct osc_place *place)
{
    const struct osc_path *path = place->path;

    return path && path->out && (place->n < path->n_out || (place->n == 0 && path->n_out == 0));
}

static int path_make_target(struct osc_path *path)
{
    const char *texts[OSC_FORMAT_MAX_VALUES];
    char types[OSC_FORMAT_MAX_VALUES + 1] = "";

    if (path->out)
        return 0;
    path->n_out = path->format ? path->format->n_ranges : 1;
    for (size_t n = 0; n < path->n_out; n++) {
        types[n] = osc_path_range(path, n)->type;
        texts[n] = osc_path_range(path, n)->text;
    }
    return osc_out_new(&path->out, types, texts);
}

/* Makes room for channels. Ids may have gaps, since the core goes on after a channel that was refused. */
static int channels_grow(struct osc_paths *paths, size_t wanted)
{
    size_t n_channels = paths->n_channels ? paths->n_channels : 16;
    struct osc_place *channels;

    if (wanted <= paths->n_channels)
        return 0;
    while (n_channels < wanted)
        n_channels *= 2;
    channels = reallocarray(paths->channels, n_channels, sizeof(*channels));
    if (!channels)
        return -ENOMEM;
    memset(channels + paths->n_channels, 0, (n_channels - paths->n_channels) * sizeof(*channels));
    paths->channels = channels;
    paths->n_channels = n_channels;
    return 0;
}

int osc_paths_add_channel(struct osc_paths *paths, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    struct osc_name parsed;
    struct osc_path *path = NULL;
    int doubt = 0;
    int r = osc_name_read(&parsed, name, reason);

    if (r == 0)
        r = path_get(&path, paths, parsed.path, reason);
    if (r == 0)
        doubt = check_format(path, &parsed, directions, reason);
    if (r == 0)
        r = channels_grow(paths, (size_t)id + 1);
    if (r == 0 && has_value(path, parsed.n))
        r = path_grow(path, parsed.n + 1);
    if (r == 0 && (directions & FC_TARGET))
        r = path_make_target(path);
    if (r < 0)
        return r;
    if (has_value(path, parsed.n))
        path->values[parsed.n].source = directions & FC_SOURCE ? id : OSC_PATHS_NO_CHANNEL;
    paths->channels[id] = (struct osc_place){.path = path, .n = parsed.n};
    return doubt;
}

struct osc_path *osc_paths_find(const struct osc_paths *paths, const char *address)
{
    struct osc_path *path;

    HASH_FIND_STR(paths->by_address, address, path);
    return path;
}

bool osc_paths_is_below_root(const struct osc_paths *paths, const char *address)
{
    size_t length = paths->root ? strlen(paths->root) : 0;

    return length == 0 || (strncmp(address, paths->root, length) == 0 && address[length] == '/');
}
