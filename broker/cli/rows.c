/* SPDX-License-Identifier: BSD-2-Clause */
/* Says of an instance what people need first: a column that is not for it stays empty. */
#include "broker/cli/rows.h"

#include <inttypes.h>
#include <string.h>

#include "broker/cli/print.h"

static const struct table_column rows_columns[ROWS_COLUMNS_] = {
    [ROWS_NAME] = {.title = "INSTANCE", .least = 12, .is_name = true},
    [ROWS_STATE] = {.title = "STATE", .least = 9},
    [ROWS_IN] = {.title = "IN", .rank = 2, .is_number = true},
    [ROWS_OUT] = {.title = "OUT", .rank = 3, .is_number = true},
    [ROWS_IN_RATE] = {.title = "IN/s", .rank = 2, .is_number = true},
    [ROWS_OUT_RATE] = {.title = "OUT/s", .rank = 3, .is_number = true},
    [ROWS_QUEUE] = {.title = "QUEUE", .rank = 6, .is_number = true},
    [ROWS_P99] = {.title = "P99", .rank = 7, .is_number = true},
    [ROWS_MEMORY] = {.title = "MEMORY", .rank = 5, .is_number = true},
    [ROWS_CPU] = {.title = "CPU", .rank = 4, .is_number = true},
    [ROWS_CPU_RATE] = {.title = "CPU%", .rank = 4, .is_number = true},
    [ROWS_RESTARTS] = {.title = "RESTARTS", .rank = 8, .is_number = true},
    [ROWS_UPTIME] = {.title = "UPTIME", .rank = 9, .is_number = true},
    [ROWS_PID] = {.title = "PID", .rank = 10, .is_number = true},
    [ROWS_NOTE] = {.title = "NOTE", .rank = 1, .least = 24, .is_optional = true},
};

struct table rows_table(unsigned hidden)
{
    return (struct table){.columns = rows_columns, .n_columns = ROWS_COLUMNS_, .hidden = hidden};
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

/* Fills in what a script has, whether it has a process at the moment or not. */
static void rows_script(struct table *table, const struct control_instance *instance,
                        const struct rows_rates *rates)
{
    table_set(table, ROWS_IN, "%" PRIu64, instance->events_in);
    table_set(table, ROWS_OUT, "%" PRIu64, instance->events_out);
    table_set(table, ROWS_QUEUE, "%" PRIu64, instance->queue);
    rows_time(table, ROWS_P99, print_time_us, instance->busy_p99_us);
    table_set(table, ROWS_RESTARTS, "%" PRIu64, instance->restarts);
    table_set(table, ROWS_CPU, "%.1fs", (double)instance->cpu_ms / 1000.0);
    if (!rates)
        return;
    table_set(table, ROWS_IN_RATE, "%.0f", rates->in_per_s);
    table_set(table, ROWS_OUT_RATE, "%.0f", rates->out_per_s);
}

bool rows_add(struct table *table, const struct control_instance *instance, const struct rows_rates *rates)
{
    if (!table_add(table))
        return false;
    table_set(table, ROWS_NAME, "%s", instance->name);
    table_set(table, ROWS_STATE, "%s%s", instance->state, instance->is_frozen ? ", frozen" : "");
    table_set(table, ROWS_NOTE, "%s", instance->detail);
    if (strcmp(instance->backend, "python") == 0)
        rows_script(table, instance, rates);
    if (instance->pid)
        rows_process(table, instance, rates);
    return true;
}
