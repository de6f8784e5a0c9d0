/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits for what workers take of the machine's memory. RLIMIT_DATA counts mappings that are writable at the
 * moment, RLIMIT_AS counts addresses; what is behind them, pages and page tables, nothing of the kernel's
 * limits for a process on its own, so it is looked at: eight times a second while it changes, and every four
 * seconds while it does not. To look costs the kernel no lock that a worker's threads could hold.
 *
 * Runs in the counter (counter.h).
 */
#ifndef BROKER_KEEPER_MEMORY_WATCH_H
#define BROKER_KEEPER_MEMORY_WATCH_H

#include <stdint.h>
#include <sys/types.h>

struct loop;
struct memory_watch;
struct memory_watches;

/* What a process uses. */
struct memory_use {
    uint64_t page_bytes;  /* resident and swapped out, without files */
    uint64_t table_bytes; /* page tables of the kernel's */
};

/* Makes the set that watches belong to. It stays for as long as the process. 0 or -ENOMEM. */
int memory_watches_new(struct memory_watches **watches, struct loop *loop);

struct memory_watch_spec {
    pid_t pid;
    pid_t parent; /* whose child it has to be */
    uint64_t max_bytes;
    void (*changed)(void *userdata, const struct memory_use *use); /* since the last look */
    /* it uses more; called again while it does */
    void (*exceeded)(void *userdata, const struct memory_use *use);
    void *userdata;
};

/* Watches a process until it ends, or the watch does. 0; -EPERM if it is nobody's child; another -errno. */
int memory_watch_new(struct memory_watch **watch, struct memory_watches *watches,
                     const struct memory_watch_spec *spec);

/* Takes NULL; returns NULL. */
struct memory_watch *memory_watch_free(struct memory_watch *watch);

#endif
