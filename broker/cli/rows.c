/* SPDX-License-Identifier: BSD-2-Clause */
/* Says of an instance what people need first: a column that is not for it stays empty. */
#include "broker/cli/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

static const struct table_column rows_columns[ROWS_COLUMNS_] = {
    [ROWS_NAME] = {.title = "INSTANCE", .least = 20, .is_name = true},
    [ROWS_STATE] = {.title = "STATE", .least = 15},
    [ROWS_IN] = {.title = "IN", .rank = 3, .is_number = true},
    [ROWS_OUT] = {.title = "OUT", .rank = 4, .is_number = true},
    [ROWS_IN_RATE] = {.title = "IN/s", .rank = 3, .is_number = true},
    [ROWS_OUT_RATE] = {.title = "OUT/s", .rank = 4, .is_number = true},
    [ROWS_ERRORS] = {.title = "ERRORS", .rank = 2, .is_number = true},
    [ROWS_QUEUE] = {.title = "QUEUE", .rank = 7, .is_number = true},
    [ROWS_P99] = {.title = "P99", .rank = 8, .is_number = true},
    [ROWS_MEMORY] = {.title = "MEMORY", .rank = 6, .is_number = true},
    [ROWS_CPU] = {.title = "CPU", .rank = 5, .is_number = true},
    [ROWS_CPU_RATE] = {.title = "CPU%", .rank = 5, .is_number = true},
    [ROWS_RESTARTS] = {.title = "RESTARTS", .rank = 9, .is_number = true},
    [ROWS_UPTIME] = {.title = "UPTIME", .rank = 11, .is_number = true},
    [ROWS_HEARD] = {.title = "LAST HEARD", .rank = 10, .is_number = true, .is_optional = true},
    [ROWS_PID] = {.title = "PID", .rank = 12, .is_number = true},
    [ROWS_NOTE] = {.title = "NOTE", .rank = 1, .least = 30, .is_optional = true},
};

struct table rows_table(unsigned hidden)
{
    return (struct table){.columns = rows_columns,
                          .n_columns = ROWS_COLUMNS_,
                          .hidden = hidden,
                          .marked = ROWS_STATE};
}

static void rows_time(struct table *table, enum rows_column column,
                      void (*print)(char *text, size_t bytes, uint64_t time), uint64_t time)
{
    char text[32];

    print(text, sizeof(text), time);
    table_set(table, column, "%s", text);
}

/* Fills in what a process has. */
static void rows_process(struct table *table, const struct control_instance *instance,
                         const struct rows_rates *rates)
{
    table_set(table, ROWS_PID, "%" PRIu32, instance->pid);
    rows_time(table, ROWS_UPTIME, print_uptime, instance->uptime_ms);
    if (instance->memory_bytes)
        table_set(table, ROWS_MEMORY, "%.1fM", (double)instance->memory_bytes / 1048576.0);
    if (rates)
        table_set(table, ROWS_CPU_RATE, "%.1f", rates->cpu_percent);
}

/* Fills in what all have that events pass through. */
static void rows_events(struct table *table, const struct control_instance *instance,
                        const struct rows_rates *rates)
{
    table_set(table, ROWS_IN, "%" PRIu64, instance->events_in);
    table_set(table, ROWS_OUT, "%" PRIu64, instance->events_out);
    table_set(table, ROWS_ERRORS, "%" PRIu64, instance->exceptions + instance->malformed);
    if (!rates)
        return;
    table_set(table, ROWS_IN_RATE, "%.0f", rates->in_per_s);
    table_set(table, ROWS_OUT_RATE, "%.0f", rates->out_per_s);
}

/* Fills in what a script has, whether it has a process at the moment or not. */
static void rows_script(struct table *table, const struct control_instance *instance)
{
    table_set(table, ROWS_QUEUE, "%" PRIu64, instance->queue);
    if (instance->busy_max_us)
        rows_time(table, ROWS_P99, print_time_us, instance->busy_p99_us);
    table_set(table, ROWS_RESTARTS, "%" PRIu64, instance->restarts);
    if (instance->cpu_ms)
        table_set(table, ROWS_CPU, "%.1fs", (double)instance->cpu_ms / 1000.0);
}

/* How states are to be taken, and whether the last error is the reason for them. */
static const struct rows_state {
    const char *name;
    enum table_mark mark;
    bool has_reason;
} rows_states[] = {
    {"running", TABLE_GOOD, false},     {"raising", TABLE_BAD, true},  {"hanging", TABLE_BAD, false},
    {"starting", TABLE_DOUBTFUL, true}, {"waiting", TABLE_BAD, true},  {"failed", TABLE_BAD, true},
    {"down", TABLE_BAD, true},          {"stopped", TABLE_OFF, false},
};

static const struct rows_state *rows_state(const char *name)
{
    static const struct rows_state other = {"", TABLE_PLAIN, false};

    for (size_t i = 0; i < FC_ARRAY_SIZE(rows_states); i++) {
        if (strcmp(rows_states[i].name, name) == 0)
            return &rows_states[i];
    }
    return &other;
}

/*
 * Writes what went wrong last, and how long ago, if anything did. Where that is not the reason of the state,
 * it is said to be over first: a log's words, such as "starting it again", are about that time.
 */
static void rows_error(char *text, size_t bytes, const struct control_instance *instance, bool is_reason)
{
    char ago[32];

    text[0] = '\0';
    if (!instance->last_error[0])
        return;
    print_ago(ago, sizeof(ago), instance->last_error_ms);
    if (is_reason)
        snprintf(text, bytes, "%s, %s", instance->last_error, ago);
    else
        snprintf(text, bytes, "last error %s: %s", ago, instance->last_error);
}

/* Fills in the state and what there is to say about it, the reason first. */
static void rows_fill_state(struct table *table, const struct control_instance *instance)
{
    const struct rows_state *state = rows_state(instance->state);
    bool is_hanging = strcmp(instance->state, "hanging") == 0; /* how long it does is part of the state */
    const char *detail = is_hanging ? "" : instance->detail;
    char error[512];

    rows_error(error, sizeof(error), instance, state->has_reason);
    table_mark(table, instance->is_frozen && state->mark == TABLE_GOOD ? TABLE_DOUBTFUL : state->mark);
    table_set(table, ROWS_STATE, "%s%s%s%s", instance->state, is_hanging ? " " : "",
              is_hanging ? instance->detail : "", instance->is_frozen ? ", frozen" : "");
    table_set(table, ROWS_NOTE, "%s%s%s", state->has_reason ? error : detail,
              error[0] && detail[0] ? "; " : "", state->has_reason ? detail : error);
}

/* Whether an instance is of those that say when they were heard. A universe that is only sent is not. */
static bool rows_hears(const struct control_instance *instance)
{
    bool is_universe = strcmp(instance->backend, "artnet") == 0 || strcmp(instance->backend, "sacn") == 0;

    return instance->is_heard || strcmp(instance->backend, "osc") == 0 ||
           (is_universe && !instance->events_out);
}

bool rows_add(struct table *table, const struct control_instance *instance, const struct rows_rates *rates)
{
    char ago[32];

    if (!table_add(table))
        return false;
    table_set(table, ROWS_NAME, "%s", instance->name);
    rows_fill_state(table, instance);
    rows_events(table, instance, rates);
    if (strcmp(instance->backend, "python") == 0)
        rows_script(table, instance);
    if (instance->pid)
        rows_process(table, instance, rates);
    if (rows_hears(instance)) {
        print_ago(ago, sizeof(ago), instance->heard_ms);
        table_set(table, ROWS_HEARD, "%s", instance->is_heard ? ago : "never");
    }
    return true;
}
