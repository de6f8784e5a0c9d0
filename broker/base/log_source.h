/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an instance may write into the log. Whatever a script can cause counts, whoever writes the line: what
 * it prints, and what the broker says about it. It must not know how a line is written.
 */
#ifndef BROKER_BASE_LOG_SOURCE_H
#define BROKER_BASE_LOG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/hash.h"
#include "broker/base/log_repeat.h"
#include "broker/base/rate.h"
#include "broker/base/timer.h"

/* Limits lines of one kind, and counts the others. */
struct log_limit {
    struct rate rate;
    uint64_t left_out; /* since its owner has set it to 0 */
};

void log_limit_init(struct log_limit *limit, uint32_t burst, uint32_t per_second);

/* Whether one more line may be written now; otherwise counts it in `left_out`. */
bool log_limit_take(struct log_limit *limit, uint64_t now_ns);

enum log_writer {
    LOG_BY_SCRIPT, /* leaves some of the allowance to the broker, whose lines say why a script ended */
    LOG_BY_BROKER,
};

struct log_source {
    const char *instance;   /* NULL: a process of firecurtain itself */
    struct log_limit limit; /* ten seconds' worth at once: several tracebacks */
    struct log_repeat repeat;
    struct timer report; /* log.c: says how often the last lines came again */
    UT_hash_handle hh;
};

/* `instance` is borrowed for as long as the source exists. `per_second` is at least 1. */
void log_source_init(struct log_source *source, const char *instance, uint32_t per_second);

/*
 * From now on, fc_log() counts lines about this instance. Returns false without memory: then they are not
 * limited. Of a source that is registered already nothing changes. The source must not move or be freed
 * before log_source_unregister(), which may be called again; log_source_end() does that, too.
 */
bool log_source_register(struct log_source *source);
void log_source_unregister(struct log_source *source);

/* Returns the source that is registered for an instance, or NULL. */
struct log_source *log_source_find(const char *instance);

/* log_limit_take() for the source's limit; what is left out is said before its next line. */
bool log_source_take(struct log_source *source, enum log_writer writer, uint64_t now_ns);

#endif
