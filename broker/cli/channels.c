/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain get and channels: print what channels are at present, and how they are mapped. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "broker/base/pattern.h"
#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"
#include "broker/cli/table.h"
#include "firecurtain/cleanup.h"

#define CHANNELS_DIGITS 9 /* of values as JSON, for programs */

enum channels_column {
    CHANNELS_NAME,
    CHANNELS_USE,
    CHANNELS_VALUE,
    CHANNELS_COLUMNS_,
};

static const struct table_column channels_columns[CHANNELS_COLUMNS_] = {
    [CHANNELS_NAME] = {.title = "CHANNEL", .least = 12, .is_name = true},
    [CHANNELS_USE] = {.title = "MAPPED AS"},
    [CHANNELS_VALUE] = {.title = "VALUE"},
};

/* What a command has printed so far, and how. */
struct channels {
    struct client *client;
    struct json *json;   /* in which channels are collected; NULL: it is not JSON */
    struct table *table; /* the same; with neither, each is printed at once */
    size_t n;
};

static void channels_json(struct json *json, const struct control_channel *item)
{
    json_list_next(json);
    json_list_text(json, "channel", item->channel);
    json_member_flag(json, "source", item->is_source);
    json_member_flag(json, "target", item->is_target);
    if (item->has_value)
        json_member_value(json, "value", item->value, CHANNELS_DIGITS);
    else
        json_member_null(json, "value");
    json_raw(json, "}");
}

static void channels_line(const struct control_channel *item)
{
    print_text(stdout, item->channel);
    if (item->has_value)
        printf(" %.6g\n", item->value);
    else
        puts(" -");
}

static bool channels_row(struct table *table, const struct control_channel *item)
{
    if (!table_add(table))
        return false;
    table_set(table, CHANNELS_NAME, "%s", item->channel);
    table_set(table, CHANNELS_USE, "%s%s%s", item->is_source ? "source" : "",
              item->is_source && item->is_target ? ", " : "", item->is_target ? "target" : "");
    if (item->has_value)
        table_set(table, CHANNELS_VALUE, "%.6g", item->value);
    return true;
}

static int channels_print(struct channels *channels, const struct control_channel *item)
{
    if (channels->json)
        channels_json(channels->json, item);
    else if (!channels->table)
        channels_line(item);
    else if (!channels_row(channels->table, item))
        return EX_OSERR;
    channels->n++;
    return EX_OK;
}

/* Asks for the channels that a name stands for, or for all (NULL), and prints those that fit a pattern. */
static int channels_ask(struct channels *channels, const char *name, const char *pattern)
{
    struct control_request request = {.verb = CONTROL_CHANNELS, .names = &name, .n_names = name ? 1 : 0};
    struct control_reply reply = {0};
    int status;

    do {
        status = client_ask(channels->client, &request, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_channels; i++) {
            if (!pattern || pattern_matches(pattern, reply.channels[i].channel))
                status = channels_print(channels, &reply.channels[i]);
        }
        request.from = reply.next;
    } while (status == EX_OK && reply.next);
    return status;
}

/* Prints the channels that fit a pattern; asks for no more than the instance that it names. */
static int get_pattern(struct channels *channels, const char *pattern)
{
    size_t n_instance = strcspn(pattern, ".*?"), before = channels->n;
    FC_AUTO_FREE char *instance = NULL;
    int status;

    if (!strpbrk(pattern, "*?"))
        return channels_ask(channels, pattern, NULL);
    if (pattern[n_instance] == '.') {
        instance = strndup(pattern, n_instance);
        if (!instance)
            return EX_OSERR;
    }
    status = channels_ask(channels, instance, pattern);
    if (status != EX_OK || channels->n != before)
        return status;
    fputs("firecurtain: there is no channel \"", stderr);
    print_text(stderr, pattern);
    fputs("\"\n", stderr);
    return EX_NOINPUT;
}

int cli_get(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    FC_CLEANUP(json_deinit) struct json json = JSON_EMPTY;
    int status = client_new(&client, options);
    struct channels channels = {.client = client, .json = options->given & CLI_JSON ? &json : NULL};

    for (size_t i = 0; status == EX_OK && i < options->n_words; i++)
        status = get_pattern(&channels, options->words[i]);
    if (channels.json && (channels.n || status == EX_OK) && json_list_print(&json) != EX_OK)
        return EX_OSERR;
    return status;
}

int cli_channels(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct table table = {.columns = channels_columns, .n_columns = CHANNELS_COLUMNS_};
    FC_CLEANUP(json_deinit) struct json json = JSON_EMPTY;
    int status = client_new(&client, options);
    struct channels channels = {.client = client,
                                .json = options->given & CLI_JSON ? &json : NULL,
                                .table = &table};

    if (status == EX_OK)
        status = channels_ask(&channels, options->words[0], NULL);
    if (status == EX_OK && channels.json)
        status = json_list_print(&json);
    else if (status == EX_OK)
        table_print(&table);
    table_clear(&table);
    return status;
}
