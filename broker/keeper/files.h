/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations on private folders and on files that workers may see. Runs in the keeper. */
#ifndef BROKER_KEEPER_FILES_H
#define BROKER_KEEPER_FILES_H

#include "broker/keeper/private.h"

/* Returns whether a path is a private folder of this account, and of no other. */
bool keeper_may_have_state_folder(const struct keeper_spec *spec, unsigned account, const char *path);

int keeper_do_make_state_folder(struct keeper_call *call);
int keeper_do_open_state_folder(struct keeper_call *call);
int keeper_do_open_shown(struct keeper_call *call);
int keeper_do_read(struct keeper_call *call);

/* Takes an inotify descriptor. Returns the watch's number. */
int keeper_do_watch(struct keeper_call *call);

#endif
