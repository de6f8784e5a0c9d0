/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of a driver: a small core for a single instance of a backend, in a program
 * firecurtain-driver-NAME.
 * The broker's side of it is broker/proxy. It calls the same slots and offers the same functions as the
 * broker does (firecurtain/backend.h), so a backend need not know where it runs.
 *
 * main.c starts it; setup.c makes the instance of what the broker says and confines the process; host.c is
 * the conversation, device.c the start of the backend and how that goes, and api.c what backends call. It
 * must not know which backend it hosts, nor shows or routes.
 */
#ifndef BROKER_HOST_HOST_H
#define BROKER_HOST_HOST_H

#include "broker/os/confine.h"
#include "firecurtain/backend.h"

#define HOST_LINK    3 /* the number of the link's end; the log is stdout and stderr */
#define HOST_REPLACE 1

/*
 * Serves an instance of `backend` until the broker says that it ends, or hangs up. Confines the process as
 * `spec` says before the backend opens anything. 0; HOST_REPLACE if another process should try, since what
 * the backend opens was not there when this one was confined; or -errno.
 */
int host_serve(const struct confine_spec *spec, const struct fc_backend *backend);

#endif
