/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's life: one show from its configuration to its end, with everything that a running broker has.
 * SIGTERM and SIGINT let the scripts clean up first; a second one does not wait for that. SIGHUP reads the
 * configuration again. Runs in the broker. It must not know options of the command line or exit statuses.
 *
 * The functions are called in the order in which they stand here; each returns 0 or -errno.
 */
#ifndef BROKER_RUNTIME_SERVICE_H
#define BROKER_RUNTIME_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct config_override;
struct recorder;
struct service;

/* Everything in it is borrowed until service_free(). */
struct service_spec {
    const char *path; /* of the configuration */
    const struct config_override *overrides;
    size_t n_overrides;
    const char *runtime_folder; /* NULL: the usual one */
    struct recorder *recorder;  /* opened before service_prepare(); service_free() closes it */
    bool no_sandbox;            /* scripts are not confined, for debugging */
};

/* -ENOMEM. */
int service_new(struct service **service, const struct service_spec *spec);

/*
 * Reads the configuration and builds the show, before anything outside is touched. Prints what is wrong with
 * it on stderr; -EINVAL if there are errors.
 */
int service_build(struct service *service);

/* Returns whether the configuration has users. */
bool service_has_users(const struct service *service);

/*
 * Makes everything that a show needs, then gives up all rights that running it does not take: from here on
 * others can tell this process things. Signals are blocked and come from `signal_fd`, which the service
 * closes. The reason is in the log; -EADDRINUSE if another broker has the runtime folder.
 */
int service_prepare(struct service *service, int signal_fd);

/* Starts the show. -EPROTO, with the reason on stderr, if the file to replay is not a recording. */
int service_start(struct service *service);

/* Runs until the show has ended. */
int service_run(struct service *service);

/* Returns whether it has ended because a service manager waited for it and no script could be confined. */
bool service_was_refused(const struct service *service);

/* Takes NULL and a service that none of the above succeeded for; returns NULL. */
struct service *service_free(struct service *service);

#endif
