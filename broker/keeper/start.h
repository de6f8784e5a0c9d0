/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations that start a zygote and the desk. Runs in the keeper. */
#ifndef BROKER_KEEPER_START_H
#define BROKER_KEEPER_START_H

#include "broker/keeper/private.h"

/* Takes two descriptors: the zygote's socket and its log. Fills in the reply's pid. */
int keeper_do_start(struct keeper_call *call);

/* Takes three: the desk's link, its log, and the listening control socket. Fills in the reply's pid. */
int keeper_do_start_desk(struct keeper_call *call);

#endif
