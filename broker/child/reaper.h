/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends children that the broker needs no more, and waits for them in its loop: the kernel takes its time to
 * free gigabytes of a process. Until then a new worker of the same instance, which has the same cgroup and
 * perhaps the same ports, stands back. Runs in the broker.
 */
#ifndef BROKER_CHILD_REAPER_H
#define BROKER_CHILD_REAPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct keeper;
struct loop;
struct reaper;

/* A worker that is ended. Everything is borrowed during the call. */
struct reaper_worker {
    pid_t pid;
    unsigned account;
    const char *instance;
    const char *cgroup; /* removed when the process is gone; "": it has none */
};

/* Somebody who stands back. Lives inside what it belongs to; zeroed except for fn and userdata at first. */
struct reaper_turn {
    void (*fn)(void *userdata);
    void *userdata;
    const char *instance; /* valid as long as this waits */
    struct reaper_turn *next;
    bool is_waiting;
};

/* Makes a reaper. 0 or -ENOMEM. */
int reaper_new(struct reaper **reaper, struct loop *loop, struct keeper *keeper);

/* Waits until all of them have ended. Takes NULL; returns NULL. */
struct reaper *reaper_free(struct reaper *reaper);

/* Kills a child of this process that is no worker yet, or not any more. */
void reaper_end(struct reaper *reaper, pid_t pid);

/* Kills a worker. */
void reaper_end_worker(struct reaper *reaper, const struct reaper_worker *worker);

/*
 * Waits for a driver that was told to end, and kills it at `deadline_ns` (of CLOCK_MONOTONIC) if it has not.
 */
void reaper_let_go(struct reaper *reaper, pid_t pid, const char *instance, uint64_t deadline_ns);

/*
 * Returns false if no worker or driver of the instance is ending; otherwise `fn` is called when all of them
 * are gone, from the loop.
 */
bool reaper_stand_back(struct reaper *reaper, const char *instance, struct reaper_turn *turn);

/* Does not wait any more. Returns whether it did. */
bool reaper_forget(struct reaper *reaper, struct reaper_turn *turn);

#endif
