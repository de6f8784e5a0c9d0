/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges what the counter says about a private folder. */
#include "broker/python/state_limit.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "broker/python/leavers.h"
#include "broker/python/next.h"
#include "broker/python/private.h"
#include "broker/python/worker.h"

#define STATE_MIB (UINT64_C(1) << 20)

static void state_end(struct python *python, const struct folder_size *limit,
                      const struct folder_excess *excess)
{
    const char *how = excess->is_far ? "far beyond the" : "the";
    const char *folder = python->state_folder;

    if (!python->guest || python->limit.is_ended)
        return;
    python->limit.is_ended = true;
    if (excess->of == FOLDER_SHAPE)
        guest_end(python->guest,
                  "its private folder %s has more than %d folders, or folders more than %d deep", folder,
                  FOLDER_COUNT_MAX_FOLDERS, FOLDER_COUNT_MAX_DEPTH);
    else if (excess->of == FOLDER_FILES)
        guest_end(python->guest,
                  "its private folder %s has more than %" PRIu64 " files (%s option state-files)", folder,
                  limit->files, how);
    else if (limit->bytes % STATE_MIB == 0)
        guest_end(python->guest, "its private folder %s has more than %" PRIu64 " MiB (%s option state)",
                  folder, limit->bytes / STATE_MIB, how);
    else
        guest_end(python->guest, "its private folder %s has more than %" PRIu64 " bytes (%s option state)",
                  folder, limit->bytes, how);
}

/* Whoever starts the next worker has the folder counted anew. */
static void state_give_up(struct python *python, const struct folder_size *limit,
                          const struct folder_excess *excess)
{
    const struct folder_size far = folder_far_limit(limit);

    python_unlimit_state(python);
    python->limit.is_given_up = true;
    python_next_drop(python);
    python_free_leavers(python);
    state_end(python, &far, excess);
    python_check_quiet(python);
}

static void state_exceeded(void *userdata, int error, const struct folder_excess *excess)
{
    struct python *python = userdata;
    const struct folder_size limit = {.bytes = python->state_bytes, .files = python->state_files};

    if (error) {
        python_unlimit_state(python); /* its next worker has it counted anew */
        if (python->guest)
            guest_end(python->guest, "its private folder %s cannot be counted: %s", python->state_folder,
                      strerror(-error));
        return;
    }
    python->limit.is_full = true;
    python->limit.was_full |= excess->is_first && !guest_is_running(python->guest);
    if (excess->is_far)
        state_give_up(python, &limit, excess);
    else if (!python->limit.was_full)
        state_end(python, &limit, excess);
}

int python_limit_state(struct python *python)
{
    struct folder_quota_spec spec = {
        .account = instance_account(python->instance),
        .path = python->state_folder,
        .max = {.bytes = python->state_bytes, .files = python->state_files},
        .exceeded = state_exceeded,
        .userdata = python,
    };

    python->limit.was_full = python->limit.is_full;
    python->limit.is_full = false;
    python->limit.is_ended = false;
    python->limit.is_given_up = false;
    return python->limit.quota
               ? 0
               : folder_quota_new(&python->limit.quota, python_runtime(python)->counter, &spec);
}

void python_unlimit_state(struct python *python)
{
    python->limit.quota = counter_quota_free(python->limit.quota);
}
