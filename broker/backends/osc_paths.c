/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of channels to addresses and values. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* otherwise uthash ends the process */
#include "broker/backends/osc_paths.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/cleanup.h"

/* The parts of a channel's name. */
struct osc_name {
    char path[OSC_PATTERN_MAX_BYTES];
    size_t n;
};

static struct osc_path *path_free(struct osc_path *path)
{
    if (path) {
        osc_codec_out_free(path->out);
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

    HASH_ITER(hh, paths->by_address, path, next)
    {
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

int osc_paths_set_root(struct osc_paths *paths, const char *root, struct fc_reason *reason)
{
    const char *complaint = osc_pattern_complaint(root, false);
    size_t length = strlen(root);
    char *copy;

    if (complaint)
        return fc_refuse(reason, "\"%.100s\" is not an OSC address: %s", root, complaint);
    while (length > 0 && root[length - 1] == '/')
        length--;
    copy = strndup(root, length);
    if (!copy)
        return -ENOMEM;
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

/* Reads the number after the last colon. */
static int read_index(const char *name, const char *digits, size_t *n, struct fc_reason *reason)
{
    if (!*digits || digits[strspn(digits, "0123456789")])
        return fc_refuse(
            reason, "\"%.100s\": the last colon must be followed by the number of a value, counted from 0",
            name);
    *n = strtoul(digits, NULL, 10);
    if (*n >= OSC_FORMAT_MAX_VALUES)
        return fc_refuse(reason, "\"%.100s\": a message has at most %d values", name, OSC_FORMAT_MAX_VALUES);
    return 0;
}

static int read_name(struct osc_name *parsed, const char *name, struct fc_reason *reason)
{
    const char *colon = strrchr(name, ':');
    size_t length = colon ? (size_t)(colon - name) : strlen(name);
    const char *complaint;

    if (length >= sizeof(parsed->path))
        return fc_refuse(reason, "\"%.100s…\" is not an OSC address: it is too long", name);
    memcpy(parsed->path, name, length);
    parsed->path[length] = '\0';
    parsed->n = 0;
    complaint = osc_pattern_complaint(parsed->path, false);
    if (complaint)
        return fc_refuse(reason, "\"%.100s\" is not an OSC address: %s", parsed->path, complaint);
    return colon ? read_index(name, colon + 1, &parsed->n, reason) : 0;
}

int osc_paths_canonical(const char *name, char *canonical, size_t bytes, struct fc_reason *reason)
{
    struct osc_name parsed;
    int length;
    int r = read_name(&parsed, name, reason);

    if (r < 0)
        return r;
    /* if the path itself has a colon, what follows that would be the number without this one */
    if (parsed.n == 0 && !strchr(parsed.path, ':'))
        length = snprintf(canonical, bytes, "%s", parsed.path);
    else
        length = snprintf(canonical, bytes, "%s:%zu", parsed.path, parsed.n);
    if (length < 0 || (size_t)length >= bytes)
        return fc_refuse(reason, "\"%.100s…\" is too long", name);
    return 0;
}

static const struct osc_format *find_format(const struct osc_paths *paths, const char *path)
{
    for (const struct osc_format *format = paths->formats; format; format = format->next) {
        if (osc_pattern_match(format->pattern, path))
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
        values[n] = (struct osc_value){.source = OSC_PATHS_NO_CHANNEL, .sent = NAN, .received = NAN};
        if (path->format)
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

/* Refuses a target: says which line of the configuration is missing, for messages that are short enough to
 * show. */
static int refuse_target(const struct osc_name *name, struct fc_reason *reason)
{
    static const char *const formats[] = {
        [1] = "ff 0.0 1.0 0.0 1.0",
        [2] = "fff 0.0 1.0 0.0 1.0 0.0 1.0",
    };

    if (name->n < FC_ARRAY_SIZE(formats))
        return fc_refuse(
            reason, "several values in one message need types and ranges: add a line such as `%.100s = %s`",
            name->path, formats[name->n]);
    return fc_refuse(reason,
                     "several values in one message need types and ranges: add a line such as "
                     "`%.100s = ff 0.0 1.0 0.0 1.0`, with %zu types",
                     name->path, name->n + 1);
}

static int check_format(const struct osc_path *path, const struct osc_name *name, unsigned directions,
                        struct fc_reason *reason)
{
    const struct osc_format *format = path->format;

    if (!format) /* a lone value is sent as a float, see osc_path_range() */
        return (directions & FC_TARGET) && name->n > 0 ? refuse_target(name, reason) : 0;
    if (name->n < format->n_ranges)
        return 0;
    return fc_refuse(
        reason, "\"%.80s:%zu\" exceeds the %zu value%s of the pattern \"%.80s\", which are counted from 0",
        name->path, name->n, format->n_ranges, format->n_ranges == 1 ? "" : "s", format->pattern);
}

const struct osc_range *osc_path_range(const struct osc_path *path, size_t n)
{
    static const struct osc_range unconfigured = {.type = 'f', .min = 0.0, .max = 1.0};

    return path->format ? &path->format->ranges[n] : &unconfigured;
}

static int path_make_target(struct osc_path *path)
{
    char types[OSC_FORMAT_MAX_VALUES + 1] = "";

    if (path->out)
        return 0;
    path->n_out = path->format ? path->format->n_ranges : 1;
    for (size_t n = 0; n < path->n_out; n++)
        types[n] = osc_path_range(path, n)->type;
    return osc_codec_out_new(&path->out, types);
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
    int r = read_name(&parsed, name, reason);

    if (r == 0)
        r = path_get(&path, paths, parsed.path, reason);
    if (r == 0)
        r = check_format(path, &parsed, directions, reason);
    if (r == 0)
        r = path_grow(path, parsed.n + 1);
    if (r == 0)
        r = channels_grow(paths, (size_t)id + 1);
    if (r == 0 && (directions & FC_TARGET))
        r = path_make_target(path);
    if (r < 0)
        return r;
    path->values[parsed.n].source = directions & FC_SOURCE ? id : OSC_PATHS_NO_CHANNEL;
    paths->channels[id] = (struct osc_place){.path = path, .n = parsed.n};
    return 0;
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
