/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of the zygote: starts it, replaces it when it dies, and has it make workers, a few at a
 * time.
 */
#ifndef BROKER_GUEST_SPAWN_H
#define BROKER_GUEST_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/spawn_request.h"

struct runtime;
struct spawner;

/* Someone's wish for a worker; lives inside what it belongs to. */
struct spawn_job {
    /*
     * the new worker's pid, this process's child, or -errno; called once, never from within spawner_submit()
     */
    void (*done)(void *userdata, pid_t pid);
    void *userdata;
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_]; /* owned; -1 are none */
    bool sent;
    bool cancelled; /* sent, but whoever wanted it has gone: the worker is killed when it comes */
    struct spawn_job *next;
};

/* Starts the zygote of an account, see runtime.h. Negative errno with the reason in the log. */
int spawner_new(struct spawner **spawner, struct runtime *runtime, unsigned account);

/* Ends the zygote. Takes NULL; returns NULL. */
struct spawner *spawner_free(struct spawner *spawner);

/* Makes a job without descriptors. -ENOMEM. The job is the spawner's from spawner_submit() on. */
int spawn_job_new(struct spawn_job **job, void (*done)(void *userdata, pid_t pid), void *userdata);

/* Takes NULL; returns NULL. Only for a job that was not submitted. */
struct spawn_job *spawn_job_free(struct spawn_job *job);

void spawner_submit(struct spawner *spawner, struct spawn_job *job);

/* `done` will not be called any more; a worker that comes all the same is killed at once. */
void spawner_cancel(struct spawner *spawner, struct spawn_job *job);

/* Whether workers have namespaces of their own; false before the first. */
bool spawner_has_namespaces(const struct spawner *spawner);

#endif
