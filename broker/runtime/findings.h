/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors and warnings of configurations that are read while a show runs. */
#ifndef BROKER_RUNTIME_FINDINGS_H
#define BROKER_RUNTIME_FINDINGS_H

#include "broker/build/users.h"

struct config;
struct service;

/*
 * Writes the findings to the log, as lines of `user` if it is a user's configuration (else NULL), and keeps
 * them as text in `service->findings` for the client that asked for a reload.
 */
void findings_log(struct service *service, const struct config *config, const char *user);

/* As `judged` of struct users, with the service as its userdata. */
void findings_judged(void *userdata, const char *user, const struct config *config,
                     enum users_outcome outcome);

/* Drops the text. */
void findings_forget(struct service *service);

#endif
