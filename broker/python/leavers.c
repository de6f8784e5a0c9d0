/* SPDX-License-Identifier: BSD-2-Clause */
/* Workers that were replaced and clean up. */
#include "broker/python/leavers.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/python/journal.h"
#include "broker/python/outflow.h"
#include "broker/python/private.h"
#include "broker/python/stats.h"
#include "broker/python/worker.h"
#include "firecurtain/log.h"

#define LEAVERS_MAX 4 /* scripts that clean up at the same time; then the oldest is ended */

/* A worker that was replaced, as long as it cleans up. */
struct python_leaver {
    struct python *python;
    struct guest *guest;
    struct python_leaver *next;
};

static void leaver_free(struct python_leaver *leaver)
{
    struct python_leaver **link = &leaver->python->leavers;

    while (*link != leaver)
        link = &(*link)->next;
    *link = leaver->next;
    python_count_cpu(leaver->python, leaver->guest);
    guest_free(leaver->guest);
    free(leaver);
}

/*
 * Takes what a replaced script puts out at its end, but only for channels that it never drove before. The
 * others belong to its successor.
 */
static int leaver_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    const struct python_leaver *leaver = userdata;
    struct python *python = leaver->python;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (python->driven[channels[i]])
            continue;
        python_journal_output(python, &channels[i], &values[i], 1);
        python_outflow_emit(python, &channels[i], &values[i], 1);
    }
    return 0;
}

static int leaver_setup(void *userdata, struct message_setup *setup, struct message_channels *channels)
{
    return -EPROTO; /* it was set up long ago, and so were its channels */
}

static int leaver_new_channel(void *userdata, const char *name)
{
    return -EPROTO;
}

static void leaver_exceptions(void *userdata, uint32_t n)
{
    const struct python_leaver *leaver = userdata;

    leaver->python->counters.exceptions += n;
}

static bool leaver_is_congested(void *userdata)
{
    const struct python_leaver *leaver = userdata;

    return python_is_congested(leaver->python);
}

static void leaver_ignore(void *userdata)
{
    (void)userdata;
}

static void leaver_loaded(void *userdata, const char *path)
{
    (void)userdata;
    (void)path;
}

static void leaver_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python_leaver *leaver = userdata;
    struct python *python = leaver->python;

    (void)is_clean;
    fc_log(asked ? FC_LOG_DEBUG : FC_LOG_WARNING, python->instance->name, "the replaced worker ended: %s",
           why);
    leaver_free(leaver);
    python_check_quiet(python);
}

static const struct guest_ops leaver_ops = {
    .begins = guest_begins_unseen,
    .setup = leaver_setup,
    .ready = leaver_ignore,
    .new_channel = leaver_new_channel,
    .output = leaver_output,
    .exceptions = leaver_exceptions,
    .loaded = leaver_loaded,
    .is_congested = leaver_is_congested,
    .is_throttled = python_is_never_throttled,
    .handled = leaver_ignore,
    .wanted = leaver_ignore,
    .ended = leaver_ended,
};

/* Ends the oldest if there are too many. */
static void leaver_limit(struct python *python)
{
    struct python_leaver *oldest = python->leavers;
    unsigned n = 0;

    for (struct python_leaver *leaver = oldest; leaver; leaver = leaver->next, n++)
        oldest = leaver;
    if (n >= LEAVERS_MAX)
        leaver_free(oldest);
}

int python_add_leaver(struct python *python, struct guest *guest)
{
    struct python_leaver *leaver = calloc(1, sizeof(*leaver));

    if (!leaver)
        return -ENOMEM;
    leaver_limit(python);
    *leaver = (struct python_leaver){.python = python, .guest = guest, .next = python->leavers};
    python->leavers = leaver;
    guest_set_ops(guest, &leaver_ops, leaver);
    guest_stop(guest);
    return 0;
}

void python_free_leavers(struct python *python)
{
    while (python->leavers)
        leaver_free(python->leavers);
}
