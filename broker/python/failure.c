/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs and counts imports that failed. Runs in the broker; the text is hostile. */
#include "broker/python/failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/log.h"
#include "broker/child/script_path.h"
#include "broker/python/private.h"
#include "broker/python/state.h"
#include "firecurtain/cleanup.h"

#define FAILURE_MAX_BYTES 2048 /* of a line */
#define FAILURE_MAX_TEXT  32768

/* Logs the lines of a traceback, with paths that the reader knows. */
static void failure_log(struct python *python, const char *text)
{
    const struct script_folders folders = {.script = python->folder, .state = python->state_folder};
    char shown[FAILURE_MAX_TEXT];
    size_t n = 0;

    for (const char *end; *text && n + FAILURE_MAX_BYTES < sizeof(shown); text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        if (end == text)
            continue;
        if (n > 0)
            shown[n++] = '\n';
        n += script_path_write(&folders, text, (size_t)(end - text), shown + n, FAILURE_MAX_BYTES);
    }
    log_source_lines(&python->lines, FC_LOG_ERROR, shown, n);
    if (*text)
        fc_log(FC_LOG_ERROR, python->instance->name, "… (cut)");
}

void python_failed(void *userdata, const struct message_failure *failure)
{
    struct python *python = userdata;
    struct python_failure *last = &python->failure;

    last->is_lasting = failure->is_lasting;
    last->is_new = true;
    if (last->text && strcmp(last->text, failure->text) == 0) {
        last->n++;
        return;
    }
    failure_log(python, failure->text);
    free(last->text);
    last->text = strdup(failure->text); /* without memory, it is logged again the next time */
    last->n = 1;
}

void python_forget_failure(struct python *python)
{
    free(fc_steal(python->failure.text));
    python->failure = (struct python_failure){0};
}

bool python_waits_for_files(const struct python *python)
{
    return python->failure.is_new && python->failure.is_lasting;
}

bool python_is_held_by_files(const struct python *python)
{
    return python->failure.text && python->failure.is_lasting && !python->guest && !python_is_failed(python);
}

const char *python_failure_suffix(const struct python *python, const char *why, char *text, size_t bytes)
{
    const struct python_failure *failure = &python->failure;

    if (!failure->is_new || failure->n < 2)
        return why;
    snprintf(text, bytes, "%s (%.*s, as before: %llu times in a row)", why, (int)strcspn(failure->text, "\n"),
             failure->text, (unsigned long long)failure->n);
    return text;
}
