/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judges by what name a browser asks and from which page, against pages of others that use a visitor's
 * browser (cross-site requests, DNS rebinding). Pure; in the desk.
 */
#ifndef BROKER_DESK_ORIGIN_H
#define BROKER_DESK_ORIGIN_H

#include <stdbool.h>

/*
 * Returns whether a Host header names this host: an address, localhost, or one of `names`, which have blanks
 * between them. A name that anybody could point here is none of these.
 */
bool origin_is_host(const char *host, const char *names);

/* Returns whether an Origin header is that of our own pages, under this Host. */
bool origin_is_own(const char *origin, const char *host);

#endif
