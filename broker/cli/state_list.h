/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The private folders below the state folder, with the shows that they belong to and whether these still want
 * them. For `firecurtain state` only.
 */
#ifndef BROKER_CLI_STATE_LIST_H
#define BROKER_CLI_STATE_LIST_H

#include <stddef.h>
#include <stdint.h>

enum state_use {
    STATE_RUNNING,    /* a broker runs its show */
    STATE_CONFIGURED, /* its show has such an instance, or cannot be read */
    STATE_GONE,       /* the show is gone, or has no such instance any more */
    STATE_UNKNOWN,    /* nothing says whose it is */
    STATE_USES_,
};

struct state_folder {
    char *name; /* SHOW/INSTANCE */
    const char *instance;
    char *show; /* the path of the configuration; NULL: unknown */
    uint64_t bytes;
    enum state_use use;
};

struct state_list {
    struct state_folder *folders; /* by name */
    size_t n;
};

/* Returns "running", "configured", "gone" or "unknown". */
const char *state_use_name(enum state_use use);

/* Lists what is in a state folder, borrowed. 0 or -errno. */
int state_list_read(struct state_list *list, int state_folder);
void state_list_deinit(struct state_list *list);

/*
 * Removes one that is not used, and the show's folder with its last one. 0; -EBUSY if a broker has just taken
 * it; or another -errno.
 */
int state_list_remove(const struct state_folder *folder, int state_folder);

#endif
