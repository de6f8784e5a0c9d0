/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain status: prints the state of the instances of a running show, as a table or as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "broker/base/grow.h"
#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

#define STATUS_CELL    96
#define STATUS_CHANNEL 40 /* columns */

enum status_column {
    STATUS_NAME,
    STATUS_STATE,
    STATUS_PID,
    STATUS_UPTIME,
    STATUS_RESTARTS,
    STATUS_IN,
    STATUS_OUT,
    STATUS_P99,
    STATUS_QUEUE,
    STATUS_MEMORY,
    STATUS_CPU,
    STATUS_LAYERS,
    STATUS_COLUMNS_,
};

static const char *const status_titles[STATUS_COLUMNS_] = {
    "INSTANCE", "STATE", "PID", "UPTIME", "RESTARTS", "IN", "OUT", "P99", "QUEUE", "MEMORY", "CPU", "LAYERS",
};

/* Rows of text, kept until all widths are known. */
struct status_table {
    char (*cells)[STATUS_COLUMNS_][STATUS_CELL];
    size_t n;
    size_t widths[STATUS_COLUMNS_];
};

static void status_row(const struct control_instance *instance, bool usage, char (*cells)[STATUS_CELL])
{
    bool is_script = strcmp(instance->backend, "python") == 0;

    for (size_t i = 0; i < STATUS_COLUMNS_; i++)
        strcpy(cells[i], "-");
    snprintf(cells[STATUS_NAME], STATUS_CELL, "%s", instance->name);
    snprintf(cells[STATUS_STATE], STATUS_CELL, "%s%s%s%s%s", instance->state,
             instance->is_frozen ? ", frozen" : "", instance->detail[0] ? " (" : "", instance->detail,
             instance->detail[0] ? ")" : "");
    if (instance->pid)
        snprintf(cells[STATUS_PID], STATUS_CELL, "%" PRIu32, instance->pid);
    if (instance->pid)
        print_uptime(cells[STATUS_UPTIME], STATUS_CELL, instance->uptime_ms);
    if (!is_script)
        return;
    snprintf(cells[STATUS_RESTARTS], STATUS_CELL, "%" PRIu64, instance->restarts);
    snprintf(cells[STATUS_IN], STATUS_CELL, "%" PRIu64, instance->events_in);
    snprintf(cells[STATUS_OUT], STATUS_CELL, "%" PRIu64, instance->events_out);
    print_time_us(cells[STATUS_P99], STATUS_CELL, instance->busy_p99_us);
    snprintf(cells[STATUS_QUEUE], STATUS_CELL, "%" PRIu64, instance->queue);
    if (usage) {
        snprintf(cells[STATUS_MEMORY], STATUS_CELL, "%.1fM", (double)instance->memory_bytes / 1048576.0);
        snprintf(cells[STATUS_CPU], STATUS_CELL, "%.1fs", (double)instance->cpu_ms / 1000.0);
    }
    if (instance->layers[0])
        snprintf(cells[STATUS_LAYERS], STATUS_CELL, "%s", instance->layers);
}

static int status_add(struct status_table *table, const struct control_instance *instance, bool usage)
{
    void *cells = grow_by_one(table->cells, table->n, sizeof(*table->cells));

    if (!cells)
        return EX_OSERR;
    table->cells = cells;
    status_row(instance, usage, table->cells[table->n]);
    for (size_t i = 0; i < STATUS_COLUMNS_; i++) {
        size_t columns = print_columns(table->cells[table->n][i]);

        if (columns > table->widths[i])
            table->widths[i] = columns;
    }
    table->n++;
    return EX_OK;
}

static void status_print_row(const struct status_table *table, bool usage, const char (*cells)[STATUS_CELL])
{
    for (size_t i = 0; i < STATUS_COLUMNS_; i++) {
        const char *text = cells ? cells[i] : status_titles[i];

        if (!usage && (i == STATUS_MEMORY || i == STATUS_CPU))
            continue;
        print_width(stdout, text, i == STATUS_LAYERS ? 0 : table->widths[i] + 2);
    }
    putchar('\n');
}

static void status_print(struct status_table *table, bool usage)
{
    for (size_t i = 0; i < STATUS_COLUMNS_; i++) {
        if (strlen(status_titles[i]) > table->widths[i])
            table->widths[i] = strlen(status_titles[i]);
    }
    status_print_row(table, usage, NULL);
    for (size_t i = 0; i < table->n; i++)
        status_print_row(table, usage, (const char(*)[STATUS_CELL])table->cells[i]);
}

static void status_number(const char *name, uint64_t value)
{
    printf(", \"%s\": %" PRIu64, name, value);
}

static void status_json(const struct control_instance *instance, bool usage)
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
    if (usage) {
        status_number("memory_bytes", instance->memory_bytes);
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
    char longest[STATUS_CELL];

    for (size_t i = 0; i < reply->n_slow_turns; i++) {
        const struct control_slow_turns *turns = &reply->slow_turns[i];

        print_time_us(longest, sizeof(longest), turns->longest_us);
        fprintf(file, "%s%" PRIu64 " slow turns of the broker, mostly for ", i ? "" : "\n", turns->count);
        print_text(file, turns->what);
        fprintf(file, ", the longest %s\n", longest);
    }
}

int cli_status(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    bool usage = options->given & CLI_USAGE, is_json = options->given & CLI_JSON;
    struct control_request request = {.verb = CONTROL_STATUS,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words,
                                      .usage = usage};
    struct control_reply reply = {0};
    struct status_table table = {0};
    FC_AUTO_FREE char *footer_text = NULL;
    size_t n = 0, footer_bytes;
    FILE *footer;
    int status;

    if (options->given & CLI_CHANNELS)
        return status_writers(options);
    footer = open_memstream(&footer_text, &footer_bytes);
    if (!footer)
        return EX_OSERR;
    status = client_new(&client, options);
    do {
        if (status == EX_OK)
            status = client_ask(client, &request, &reply);
        if (status == EX_OK)
            status_slow_turns(footer, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_instances; i++, n++) {
            if (is_json) {
                fputs(n ? ",\n " : "[", stdout);
                status_json(&reply.instances[i], usage);
            } else {
                status = status_add(&table, &reply.instances[i], usage);
            }
        }
        request.from = reply.next;
    } while (status == EX_OK && reply.next);
    fclose(footer);
    if (status == EX_OK && is_json) {
        puts(n ? "]" : "[]");
    } else if (status == EX_OK) {
        status_print(&table, usage);
        fputs(footer_text ? footer_text : "", stdout);
    }
    free(table.cells);
    return status;
}
