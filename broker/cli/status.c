/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain status: prints the state of the instances of a running show, as a table or as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
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

static void status_number(const char *name, uint64_t value)
{
    printf(", \"%s\": %" PRIu64, name, value);
}

static void status_known(const char *name, bool is_known, uint64_t value)
{
    if (is_known)
        status_number(name, value);
    else
        printf(", \"%s\": null", name);
}

/* Prints the broker's slow turns, all together, as the option stats does; they are not for users. */
static void status_slow_numbers(const struct status_slow *slow)
{
    if (!slow->is_told)
        return;
    status_number("slow_turns", slow->n);
    status_number("slow_turn_max_us", slow->longest_us);
}

static void status_json(const struct control_instance *instance, bool usage, const struct status_slow *slow)
{
    printf("{\"name\": ");
    print_json(stdout, instance->name);
    printf(", \"backend\": ");
    print_json(stdout, instance->backend);
    printf(", \"state\": ");
    print_json(stdout, instance->state);
    printf(", \"detail\": ");
    print_json(stdout, instance->detail);
    printf(", \"layers\": ");
    print_json(stdout, instance->layers);
    printf(", \"frozen\": %s", instance->is_frozen ? "true" : "false");
    status_number("pid", instance->pid);
    status_number("uptime_ms", instance->uptime_ms);
    status_number("restarts", instance->restarts);
    status_number("in", instance->events_in);
    status_number("out", instance->events_out);
    status_number("coalesced", instance->coalesced);
    status_number("dropped", instance->dropped);
    status_number("exceptions", instance->exceptions);
    status_number("queue", instance->queue);
    status_number("queue_peak", instance->queue_peak);
    status_number("busy_p50_us", instance->busy_p50_us);
    status_number("busy_p99_us", instance->busy_p99_us);
    status_number("busy_max_us", instance->busy_max_us);
    status_number("malformed", instance->malformed);
    printf(", \"last_error\": ");
    print_json(stdout, instance->last_error);
    status_known("last_error_ms", instance->last_error[0], instance->last_error_ms);
    status_known("heard_ms", instance->is_heard, instance->heard_ms);
    status_slow_numbers(slow);
    if (usage) {
        status_known("memory_bytes", instance->memory_bytes, instance->memory_bytes);
        status_number("cpu_ms", instance->cpu_ms);
    }
    putchar('}');
}

static void writers_print(const struct control_writer *writer, bool is_json, bool is_first)
{
    if (!is_json) {
        print_width(stdout, writer->channel, STATUS_CHANNEL);
        putchar(' ');
        print_text(stdout, writer->user[0] ? writer->user : "-");
        putchar('\n');
        return;
    }
    fputs(is_first ? "[{\"channel\": " : ",\n {\"channel\": ", stdout);
    print_json(stdout, writer->channel);
    fputs(", \"user\": ", stdout);
    if (writer->user[0])
        print_json(stdout, writer->user);
    else
        fputs("null", stdout);
    putchar('}');
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
    bool is_json = options->given & CLI_JSON, is_first = true;
    int status = client_new(&client, options);

    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    if (status == EX_OK && !is_json) {
        print_width(stdout, "CHANNEL", STATUS_CHANNEL);
        puts(" LAST WRITTEN BY");
    }
    while (status == EX_OK) {
        for (size_t i = 0; i < reply.n_writers; i++, is_first = false)
            writers_print(&reply.writers[i], is_json, is_first);
        request.from = reply.next;
        if (!reply.next)
            break;
        status = client_ask(client, &request, &reply);
    }
    if (status == EX_OK && is_json)
        puts(is_first ? "[]" : "]");
    return status;
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
    size_t n = 0;
    int status;

    do {
        status = client_ask(client, request, &reply);
        slow.is_told = slow.is_told || reply.has_slow_turns;
        status_add_slow(&slow, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_instances; i++, n++) {
            fputs(n ? ",\n " : "[", stdout);
            status_json(&reply.instances[i], request->usage, &slow);
        }
        request->from = reply.next;
    } while (status == EX_OK && reply.next);
    if (status == EX_OK)
        puts(n ? "]" : "[]");
    return status;
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
