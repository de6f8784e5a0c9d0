/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of a zygote, the process of an account that makes workers: starts it, replaces it when it
 * dies, and has it make workers, a few at a time.
 */
#ifndef BROKER_GUEST_SPAWN_H
#define BROKER_GUEST_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/spawn_request.h"

struct runtime;
struct spawner;

/* An order for one worker. */
struct spawn_job {
    /* Takes the pid of the new worker, which is a child of this process, or -errno. Called once, and never
       from within spawner_submit(). */
    void (*done)(void *userdata, pid_t pid);
    void *userdata;
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_]; /* owned; -1: none */
    bool sent;
    bool cancelled; /* sent, but not wanted any more: the worker is killed when it comes */
    struct spawn_job *next;
};

/* Starts the zygote of an account, see base/runtime.h. -errno with the reason in the log. */
int spawner_new(struct spawner **spawner, struct runtime *runtime, unsigned account);

/* Ends the zygote. Takes NULL; returns NULL. */
struct spawner *spawner_free(struct spawner *spawner);

/* Makes a job without descriptors. It belongs to the spawner after spawner_submit(). -ENOMEM. */
int spawn_job_new(struct spawn_job **job, void (*done)(void *userdata, pid_t pid), void *userdata);

/* Frees a job that was not submitted. Takes NULL; returns NULL. */
struct spawn_job *spawn_job_free(struct spawn_job *job);

/* Has the worker made; takes the job. */
void spawner_submit(struct spawner *spawner, struct spawn_job *job);

/* Withdraws a job: `done` is not called any more, and a worker that comes all the same is killed. */
void spawner_cancel(struct spawner *spawner, struct spawn_job *job);

/* Whether workers have namespaces of their own; false before there is one. */
bool spawner_has_namespaces(const struct spawner *spawner);

#endif
