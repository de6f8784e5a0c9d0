/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain state: lists private folders, and removes those that no show wants any more. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "broker/base/suggest.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"
#include "broker/cli/state_list.h"
#include "broker/cli/table.h"
#include "broker/os/folder_trust.h"
#include "broker/runtime/runtime.h"
#include "firecurtain/cleanup.h"

enum state_column {
    STATE_NAME,
    STATE_USE,
    STATE_SIZE,
    STATE_SHOW,
    STATE_COLUMNS_,
};

static const struct table_column state_columns[STATE_COLUMNS_] = {
    [STATE_NAME] = {.title = "FOLDER", .least = 16, .is_name = true},
    [STATE_USE] = {.title = "USE"},
    [STATE_SIZE] = {.title = "SIZE", .is_number = true},
    [STATE_SHOW] = {.title = "SHOW", .least = 12, .is_name = true},
};

/* Opens the state folder. -1: it cannot be used, and that was said; -2: there is none. */
static int state_open(char **path)
{
    struct folder_doubt doubt = {{0}};
    int fd;

    *path = runtime_find_state();
    if (!*path)
        return -1;
    if (folder_trust_as_root(*path, &doubt) == -EPERM) {
        fprintf(stderr, "firecurtain: state folder %s: refused when running as root: %s\n", *path,
                doubt.text);
        return -1;
    }
    fd = open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 || errno == ENOENT)
        return fd < 0 ? -2 : fd;
    fprintf(stderr, "firecurtain: state folder %s: %s\n", *path, strerror(errno));
    return -1;
}

static int state_print_json(const struct state_list *list, const char *path)
{
    struct json json = JSON_EMPTY;

    for (size_t i = 0; i < list->n; i++) {
        const struct state_folder *folder = &list->folders[i];
        FC_AUTO_FREE char *whole = NULL;

        json_list_next(&json);
        json_list_text(&json, "name", folder->name);
        json_list_text(&json, "path", asprintf(&whole, "%s/%s", path, folder->name) < 0 ? "" : whole);
        json_list_text(&json, "show", folder->show);
        json_list_text(&json, "instance", folder->instance);
        json_member_count(&json, "bytes", folder->bytes);
        json_list_text(&json, "use", state_use_name(folder->use));
        json_raw(&json, "}");
    }
    return json_list_print(&json);
}

static void state_print(const struct state_list *list)
{
    static const enum table_mark marks[STATE_USES_] = {[STATE_RUNNING] = TABLE_GOOD,
                                                       [STATE_CONFIGURED] = TABLE_PLAIN,
                                                       [STATE_GONE] = TABLE_DOUBTFUL,
                                                       [STATE_UNKNOWN] = TABLE_OFF};
    struct table table = {.columns = state_columns, .n_columns = STATE_COLUMNS_, .marked = STATE_USE};

    for (size_t i = 0; i < list->n && table_add(&table); i++) {
        const struct state_folder *folder = &list->folders[i];

        table_set(&table, STATE_NAME, "%s", folder->name);
        table_set(&table, STATE_USE, "%s", state_use_name(folder->use));
        table_set(&table, STATE_SIZE, "%" PRIu64 "k", folder->bytes / 1024);
        table_set(&table, STATE_SHOW, "%s", folder->show ? folder->show : "-");
        table_mark(&table, marks[folder->use]);
    }
    table_print(&table);
    table_clear(&table);
}

/* Whether a word names a folder: itself, or its show's. */
static bool state_is_named(const struct state_folder *folder, const char *word)
{
    size_t n = (size_t)(folder->instance - folder->name - 1);

    return strcmp(folder->name, word) == 0 || (strlen(word) == n && memcmp(folder->name, word, n) == 0);
}

static void state_say(const char *name, const char *what)
{
    fputs("firecurtain: ", stderr);
    print_text(stderr, name);
    fprintf(stderr, ": %s\n", what);
}

/* Says that a folder is in use, if it is. */
static bool state_is_used(const struct state_folder *folder)
{
    if (folder->use == STATE_RUNNING)
        state_say(folder->name, "in use: its show is running");
    if (folder->use == STATE_CONFIGURED)
        state_say(folder->name, "in use: its show has this instance");
    return folder->use == STATE_RUNNING || folder->use == STATE_CONFIGURED;
}

static int state_remove(const struct state_folder *folder, int fd)
{
    int r = state_list_remove(folder, fd);

    if (r == -EBUSY)
        state_say(folder->name, "in use: its show is running");
    else if (r < 0)
        state_say(folder->name, strerror(-r));
    return r == -EBUSY ? EX_UNAVAILABLE : r < 0 ? EX_OSERR : EX_OK;
}

static int state_say_unknown(const struct state_list *list, const char *word)
{
    struct suggest suggest;
    char hint[128], text[256];
    const char *near;

    suggest_init(&suggest, word);
    for (size_t i = 0; i < list->n; i++)
        suggest_offer(&suggest, list->folders[i].name);
    near = suggest_hint(&suggest, hint, sizeof(hint));
    snprintf(text, sizeof(text), "there is no such folder; %s", near ? near : "see \"firecurtain state\"");
    state_say(word, text);
    return EX_NOINPUT;
}

/* Removes what a word names. Nothing of it goes if some is in use. */
static int state_remove_named(const struct state_list *list, int fd, const char *word)
{
    int status = EX_OK;
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (state_is_named(&list->folders[i], word) && state_is_used(&list->folders[i]))
            return EX_UNAVAILABLE;
    }
    for (size_t i = 0; i < list->n && status == EX_OK; i++) {
        if (!state_is_named(&list->folders[i], word))
            continue;
        status = state_remove(&list->folders[i], fd);
        n++;
    }
    return n ? status : state_say_unknown(list, word);
}

int cli_state(const struct cli_options *options)
{
    FC_AUTO_FREE char *path = NULL;
    FC_AUTO_CLOSE int fd = state_open(&path);
    struct state_list list = {0};
    int status = EX_OK;
    bool removes = options->given & CLI_REMOVE;

    if (fd == -1)
        return EX_OSERR;
    if (removes != (options->n_words > 0)) {
        fputs(removes ? "firecurtain: --remove needs the names of folders, see \"firecurtain state\"\n"
                      : "firecurtain: to remove folders, write: firecurtain state --remove NAME…\n",
              stderr);
        return EX_USAGE;
    }
    if (fd >= 0 && state_list_read(&list, fd) < 0)
        status = EX_OSERR;
    for (size_t i = 0; status == EX_OK && i < options->n_words; i++)
        status = state_remove_named(&list, fd, options->words[i]);
    if (status == EX_OK && !removes && (options->given & CLI_JSON))
        status = state_print_json(&list, path);
    else if (status == EX_OK && !removes)
        state_print(&list);
    state_list_deinit(&list);
    return status;
}
