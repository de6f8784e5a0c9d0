/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads two levels of folders, and the configurations that they were made for. */
#include "broker/cli/state_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/config/config.h"
#include "broker/config/load.h"
#include "broker/keeper/folder_count.h"
#include "broker/os/folder_remove.h"
#include "broker/os/state_mark.h"
#include "firecurtain/cleanup.h"

#define STATE_OF_CHECK "check scripts" /* where `firecurtain check` compiles scripts: of no instance */

const char *state_use_name(enum state_use use)
{
    static const char *const names[STATE_USES_] = {[STATE_RUNNING] = "running",
                                                   [STATE_CONFIGURED] = "configured",
                                                   [STATE_GONE] = "gone",
                                                   [STATE_UNKNOWN] = "unknown"};

    return names[use];
}

/* Whether a configuration can be read without doing somebody else a favour: it is root's or the caller's. */
static bool state_may_read(const struct stat *st)
{
    return S_ISREG(st->st_mode) && (st->st_uid == 0 || st->st_uid == geteuid());
}

static bool state_names(const struct config *config, const char *instance)
{
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        if (section->instance && strcmp(section->backend, "python") == 0 &&
            strcmp(section->instance, instance) == 0)
            return true;
    }
    return config->n_errors > 0; /* it may be the one that cannot be read */
}

/* Finds out whether a show that does not run wants an instance's folder. */
static enum state_use state_find_use(const char *show, const char *instance)
{
    FC_CLEANUP(config_freep) struct config *config = NULL;
    struct stat st;

    if (stat(show, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR ? STATE_GONE : STATE_CONFIGURED;
    if (!state_may_read(&st) || config_load(&config, show, NULL, 0) < 0 || state_names(config, instance))
        return STATE_CONFIGURED;
    return STATE_GONE;
}

static int state_count_found(void *userdata, int fd)
{
    return 0;
}

/* Returns the size, of as much as is counted while a show runs. */
static uint64_t state_size(int folder)
{
    struct folder_count count = {.limit = {.bytes = UINT64_MAX, .files = UINT64_MAX - 1},
                                 .found = state_count_found};

    folder_count(&count, folder);
    return count.size.bytes;
}

static int state_add(struct state_list *list, const char *folder, const char *instance,
                     const struct state_mark *mark, uint64_t bytes)
{
    struct state_folder *folders = grow_by_one(list->folders, list->n, sizeof(*folders));
    struct state_folder *added;

    if (!folders)
        return -ENOMEM;
    list->folders = folders;
    added = &folders[list->n];
    *added = (struct state_folder){.bytes = bytes, .use = STATE_UNKNOWN};
    if (asprintf(&added->name, "%s/%s", folder, instance) < 0)
        return -ENOMEM;
    list->n++;
    added->instance = added->name + strlen(folder) + 1;
    if (mark->show[0] && !(added->show = strdup(mark->show)))
        return -ENOMEM;
    if (mark->is_running)
        added->use = STATE_RUNNING;
    else if (added->show)
        added->use = state_find_use(added->show, instance);
    return 0;
}

/* Calls `fn` with each folder in one, open; not with links to folders. */
static int state_each(int parent, int (*fn)(void *userdata, int fd, const char *name), void *userdata)
{
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!folder) {
        r = -errno;
        fc_closep(&copy);
        return r;
    }
    while (r == 0 && (entry = readdir(folder))) {
        FC_AUTO_CLOSE int fd = -1;

        if (entry->d_name[0] == '.')
            continue;
        fd = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0)
            r = fn(userdata, fd, entry->d_name);
    }
    closedir(folder);
    return r;
}

struct state_reading {
    struct state_list *list;
    int state_folder;
    const char *folder;
    struct state_mark *mark;
};

static int state_read_instance(void *userdata, int fd, const char *name)
{
    const struct state_reading *reading = userdata;

    if (strcmp(name, STATE_OF_CHECK) == 0)
        return 0;
    return state_add(reading->list, reading->folder, name, reading->mark, state_size(fd));
}

static int state_read_show(void *userdata, int fd, const char *name)
{
    struct state_reading reading = *(struct state_reading *)userdata;
    struct state_mark mark;
    int r;

    state_mark_read(&mark, reading.state_folder, name);
    reading.folder = name;
    reading.mark = &mark;
    r = state_each(fd, state_read_instance, &reading);
    state_mark_deinit(&mark);
    return r;
}

static int state_compare(const void *one, const void *other)
{
    return strcmp(((const struct state_folder *)one)->name, ((const struct state_folder *)other)->name);
}

int state_list_read(struct state_list *list, int state_folder)
{
    struct state_reading reading = {.list = list, .state_folder = state_folder};
    int r = state_each(state_folder, state_read_show, &reading);

    if (list->n)
        qsort(list->folders, list->n, sizeof(*list->folders), state_compare);
    return r;
}

void state_list_deinit(struct state_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->folders[i].name);
        free(list->folders[i].show);
    }
    free(list->folders);
    *list = (struct state_list){0};
}

/* Removes the folder of a show if only what `check` made is left in it. */
static void state_remove_show(int state_folder, int show_folder, const char *show)
{
    unlinkat(show_folder, STATE_OF_CHECK, AT_REMOVEDIR);
    if (unlinkat(state_folder, show, AT_REMOVEDIR) == 0)
        state_mark_remove(state_folder, show);
}

int state_list_remove(const struct state_folder *folder, int state_folder)
{
    FC_AUTO_FREE char *show = strndup(folder->name, (size_t)(folder->instance - folder->name - 1));
    FC_AUTO_CLOSE int show_folder = -1;
    struct state_mark mark;
    int r;

    if (!show)
        return -ENOMEM;
    show_folder = openat(state_folder, show, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (show_folder < 0)
        return -errno;
    state_mark_read(&mark, state_folder, show);
    r = state_mark_lock(&mark) ? folder_remove(show_folder, folder->instance) : -EBUSY;
    if (r == 0)
        state_remove_show(state_folder, show_folder, show);
    state_mark_deinit(&mark);
    return r;
}
