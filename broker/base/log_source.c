/* SPDX-License-Identifier: BSD-2-Clause */
/* Allowances of instances for the log, by name. */
#include "broker/base/log_source.h"

#include <string.h>

#define SOURCE_BURST_SECONDS 10
#define SOURCE_RESERVE       8 /* one part of so many in a full bucket is the broker's */

static struct log_source *log_sources;

void log_limit_init(struct log_limit *limit, uint32_t burst, uint32_t per_second)
{
    *limit = (struct log_limit){0};
    rate_init_burst(&limit->rate, per_second, burst);
}

bool log_limit_take(struct log_limit *limit, uint64_t now_ns)
{
    if (rate_allow(&limit->rate, now_ns))
        return true;
    limit->left_out++;
    return false;
}

void log_source_init(struct log_source *source, const char *instance, uint32_t per_second)
{
    *source = (struct log_source){.instance = instance};
    log_limit_init(&source->limit, SOURCE_BURST_SECONDS * per_second, per_second);
}

bool log_source_register(struct log_source *source)
{
    if (source->hh.tbl)
        return true;
    HASH_ADD_KEYPTR(hh, log_sources, source->instance, strlen(source->instance), source);
    return source->hh.tbl != NULL;
}

void log_source_unregister(struct log_source *source)
{
    if (source->hh.tbl)
        HASH_DEL(log_sources, source);
    source->hh.tbl = NULL;
}

struct log_source *log_source_find(const char *instance)
{
    struct log_source *source = NULL;

    if (instance && log_sources)
        HASH_FIND_STR(log_sources, instance, source);
    return source;
}

bool log_source_take(struct log_source *source, enum log_writer writer, uint64_t now_ns)
{
    struct rate *rate = &source->limit.rate;

    if (writer == LOG_BY_BROKER || rate_fill(rate, now_ns) > rate->burst / SOURCE_RESERVE)
        return log_limit_take(&source->limit, now_ns);
    source->limit.left_out++;
    return false;
}
