/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain status: prints the state of the instances of a running show, as a table or as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"
#include "broker/cli/rows.h"
#include "firecurtain/cleanup.h"

#define STATUS_CHANNEL 40 /* columns */

#define STATUS_HIDDEN (1u << ROWS_IN_RATE | 1u << ROWS_OUT_RATE | 1u << ROWS_CPU_RATE)
#define STATUS_USAGE  (1u << ROWS_MEMORY | 1u << ROWS_CPU)

/* What is printed below the table. */
struct status_foot {
    FILE *file;
    char *layers; /* of the first sandbox; those of others are named if they differ */
};

/* Says which layers of the sandbox there are, once for all that have the same. */
static void status_layers(struct status_foot *foot, const struct control_instance *instance)
{
    if (!instance->layers[0] || (foot->layers && strcmp(foot->layers, instance->layers) == 0))
        return;
    fputs(foot->layers ? "sandbox of " : "\nsandbox", foot->file);
    if (foot->layers)
        print_text(foot->file, instance->name);
    else
        foot->layers = strdup(instance->layers);
    fputs(": ", foot->file);
    print_text(foot->file, instance->layers);
    fputc('\n', foot->file);
}

/* Turns of the broker in which it served nobody else. */
struct status_slow {
    bool is_told;
    uint64_t n;
    uint64_t longest_us;
};

/* Appends the broker's slow turns, all together, as the option stats does; they are not for users. */
static void status_slow_numbers(struct json *json, const struct status_slow *slow)
{
    if (!slow->is_told)
        return;
    json_member_count(json, "slow_turns", slow->n);
    json_member_count(json, "slow_turn_max_us", slow->longest_us);
}

static void status_counts(struct json *json, const struct control_instance *instance)
{
    json_member_count(json, "pid", instance->pid);
    json_member_count(json, "uptime_ms", instance->uptime_ms);
    json_member_count(json, "restarts", instance->restarts);
    json_member_count(json, "in", instance->events_in);
    json_member_count(json, "out", instance->events_out);
    json_member_count(json, "coalesced", instance->coalesced);
    json_member_count(json, "dropped", instance->dropped);
    json_member_count(json, "exceptions", instance->exceptions);
    json_member_count(json, "queue", instance->queue);
    json_member_count(json, "queue_peak", instance->queue_peak);
    json_member_count(json, "busy_p50_us", instance->busy_p50_us);
    json_member_count(json, "busy_p99_us", instance->busy_p99_us);
    json_member_count(json, "busy_max_us", instance->busy_max_us);
    json_member_count(json, "malformed", instance->malformed);
}

static void status_json(struct json *json, const struct control_instance *instance, bool usage,
                        const struct status_slow *slow)
{
    json_list_next(json);
    json_list_text(json, "name", instance->name);
    json_list_text(json, "backend", instance->backend);
    json_list_text(json, "state", instance->state);
    json_list_text(json, "detail", instance->detail);
    json_list_text(json, "layers", instance->layers);
    json_member_flag(json, "frozen", instance->is_frozen);
    status_counts(json, instance);
    json_list_text(json, "last_error", instance->last_error);
    json_list_known(json, "last_error_ms", instance->last_error[0], instance->last_error_ms);
    json_list_known(json, "heard_ms", instance->is_heard, instance->heard_ms);
    status_slow_numbers(json, slow);
    if (usage) {
        json_list_known(json, "memory_bytes", instance->memory_bytes, instance->memory_bytes);
        json_member_count(json, "cpu_ms", instance->cpu_ms);
    }
    json_raw(json, "}");
}

static void writers_print(const struct control_writer *writer)
{
    print_width(stdout, writer->channel, STATUS_CHANNEL);
    putchar(' ');
    print_text(stdout, writer->user[0] ? writer->user : "-");
    putchar('\n');
}

static void writers_json(struct json *json, const struct control_writer *writer)
{
    json_list_next(json);
    json_list_text(json, "channel", writer->channel);
    json_list_text(json, "user", writer->user[0] ? writer->user : NULL);
    json_raw(json, "}");
}

/* Prints who last wrote the house's channels. */
static int status_writers(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_STATUS,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words,
                                      .channels = true};
    struct control_reply reply = {0};
    FC_CLEANUP(json_deinit) struct json json = JSON_EMPTY;
    bool is_json = options->given & CLI_JSON;
    int status = client_new(&client, options);

    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    if (status == EX_OK && !is_json) {
        print_width(stdout, "CHANNEL", STATUS_CHANNEL);
        puts(" LAST WRITTEN BY");
    }
    while (status == EX_OK) {
        for (size_t i = 0; i < reply.n_writers; i++) {
            if (is_json)
                writers_json(&json, &reply.writers[i]);
            else
                writers_print(&reply.writers[i]);
        }
        request.from = reply.next;
        if (!reply.next)
            break;
        status = client_ask(client, &request, &reply);
    }
    return status == EX_OK && is_json ? json_list_print(&json) : status;
}

/* Prints for how long the broker has served nobody else, if it has. */
static void status_slow_turns(FILE *file, const struct control_reply *reply)
{
    char longest[32];

    for (size_t i = 0; i < reply->n_slow_turns; i++) {
        const struct control_slow_turns *turns = &reply->slow_turns[i];

        print_time_us(longest, sizeof(longest), turns->longest_us);
        fprintf(file, "%s%" PRIu64 " slow turns of the broker, mostly for ", i ? "" : "\n", turns->count);
        print_text(file, turns->what);
        fprintf(file, ", the longest %s\n", longest);
    }
}

static void status_add_slow(struct status_slow *slow, const struct control_reply *reply)
{
    for (size_t i = 0; i < reply->n_slow_turns; i++) {
        slow->n += reply->slow_turns[i].count;
        if (reply->slow_turns[i].longest_us > slow->longest_us)
            slow->longest_us = reply->slow_turns[i].longest_us;
    }
}

/* Asks for all instances, or for those that the options name, and prints them as JSON. */
static int status_print_json(struct client *client, struct control_request *request)
{
    struct control_reply reply = {0};
    struct status_slow slow = {0};
    FC_CLEANUP(json_deinit) struct json json = JSON_EMPTY;
    int status;

    do {
        status = client_ask(client, request, &reply);
        slow.is_told = slow.is_told || reply.has_slow_turns;
        status_add_slow(&slow, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_instances; i++)
            status_json(&json, &reply.instances[i], request->usage, &slow);
        request->from = reply.next;
    } while (status == EX_OK && reply.next);
    return status == EX_OK ? json_list_print(&json) : status;
}

static int status_fill(struct client *client, struct control_request *request, struct table *table,
                       struct status_foot *foot)
{
    struct control_reply reply = {0};
    int status;

    do {
        status = client_ask(client, request, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_instances; i++) {
            if (!rows_add(table, &reply.instances[i], NULL))
                status = EX_OSERR;
            status_layers(foot, &reply.instances[i]);
        }
        if (status == EX_OK && request->usage)
            status_slow_turns(foot->file, &reply);
        request->from = reply.next;
    } while (status == EX_OK && reply.next);
    return status;
}

/* The same as a table. */
static int status_print_table(struct client *client, struct control_request *request)
{
    struct table table = rows_table(STATUS_HIDDEN | (request->usage ? 0 : STATUS_USAGE));
    FC_AUTO_FREE char *text = NULL;
    struct status_foot foot = {0};
    size_t n_bytes;
    int status;

    foot.file = open_memstream(&text, &n_bytes);
    if (!foot.file)
        return EX_OSERR;
    status = status_fill(client, request, &table, &foot);
    fclose(foot.file);
    free(foot.layers);
    if (status == EX_OK) {
        table_print(&table);
        fputs(text ? text : "", stdout);
    }
    table_clear(&table);
    return status;
}

int cli_status(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_STATUS,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words,
                                      .usage = options->given & CLI_USAGE};
    int status;

    if (options->given & CLI_CHANNELS)
        return status_writers(options);
    status = client_new(&client, options);
    if (status != EX_OK)
        return status;
    return options->given & CLI_JSON ? status_print_json(client, &request)
                                     : status_print_table(client, &request);
}
