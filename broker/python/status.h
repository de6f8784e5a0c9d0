/* SPDX-License-Identifier: BSD-2-Clause */
/* The current state of an instance for people who ask. */
#ifndef BROKER_PYTHON_STATUS_H
#define BROKER_PYTHON_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct fc_instance;

struct python_status {
    const char *state; /* "running", "raising", "hanging", "starting", "waiting", "failed" */
    char detail[256];  /* "exit status 1; restart in 0.8 s", or empty */
    int pid;           /* 0: there is none */
    uint64_t uptime_ms;
    unsigned layers; /* enum guest_layer; 0 unless it runs */
};

/* Reads the current state of an instance that was started. */
void python_status_read(const struct fc_instance *instance, struct python_status *status);

/* Starts a worker now, regardless of any delay or limit. Returns false if there is one already. */
bool python_start_now(const struct fc_instance *instance);

#endif
