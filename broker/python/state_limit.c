/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges what the counter says about a private folder. */
#include "broker/python/state_limit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "broker/python/leavers.h"
#include "broker/python/next.h"
#include "broker/python/private.h"
#include "broker/python/worker.h"

static void state_end(struct python *python, const struct folder_size *limit, const char *which)
{
    if (!python->guest || python->limit.is_ended)
        return;
    python->limit.is_ended = true;
    guest_end(python->guest,
              "its private folder %s has more than %llu bytes or %llu files (%s), more than %d folders, or "
              "folders more than %d deep",
              python->state_folder, (unsigned long long)limit->bytes, (unsigned long long)limit->files, which,
              FOLDER_COUNT_MAX_FOLDERS, FOLDER_COUNT_MAX_DEPTH);
}

/* Whoever starts the next worker has the folder counted anew. */
static void state_give_up(struct python *python, const struct folder_size *limit)
{
    const struct folder_size far = folder_far_limit(limit);

    python_unlimit_state(python);
    python->limit.is_given_up = true;
    python_next_drop(python);
    python_free_leavers(python);
    state_end(python, &far, "far beyond the options state, state-files");
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
        state_give_up(python, &limit);
    else if (!python->limit.was_full)
        state_end(python, &limit, "options state, state-files");
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
