/* SPDX-License-Identifier: BSD-2-Clause */
/* The folders of the machine that scripts see. */
#ifndef BROKER_BUILD_SHOWN_H
#define BROKER_BUILD_SHOWN_H

struct path_set;
struct show;

/*
 * Collects everything that the scripts of an account may see in addition to their private folders. Account 0
 * is the house, then come the users. 0 or -ENOMEM.
 */
int shown_collect(const struct show *show, unsigned account, struct path_set *shown);

#endif
