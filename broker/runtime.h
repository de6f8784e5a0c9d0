/*
 * What a running broker has beside its show: the loop, the links' context, folders, and the zygote. Made
 * once; shows come and go with the configuration.
 */
#ifndef BROKER_RUNTIME_H
#define BROKER_RUNTIME_H

#include <sys/types.h>

#include "broker/loop.h"
#include "proto/codec.h"
#include "proto/link.h"

struct cgroups;
struct spawner;
struct state_monitor;

struct runtime {
    struct loop *loop;
    struct link_context *links;
    struct codec *codec; /* for all workers: one thread encodes or decodes one message at a time */
    struct spawner *spawner;
    struct cgroups *cgroups;
    struct state_monitor *states;
    char *runtime_folder;
    char *link_folder; /* below it, this broker's own */
    int link_folder_fd;
    char *state_folder;
    uid_t worker_uid; /* the broker's own, or as root somebody unprivileged */
    gid_t worker_gid;
    bool is_root;
    bool no_sandbox; /* set before runtime_init(): workers are not confined, for debugging */
};

/*
 * Makes everything. Blocks briefly. Negative errno with the reason in the log. `runtime` must be zeroed, and
 * stays where it is.
 */
int runtime_init(struct runtime *runtime);

/* All instances must have been freed. Survives a half-made runtime. */
void runtime_deinit(struct runtime *runtime);

/*
 * The private folder of an instance, made if it is missing: `state_folder`/SHOW/INSTANCE, where SHOW tells
 * shows apart by the path of their configuration. 0 or -errno.
 */
int runtime_state_folder(const struct runtime *runtime, const char *show, const char *instance, char *path,
                         size_t bytes);

#endif
