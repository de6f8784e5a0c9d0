/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations that start a zygote, the desk and drivers. Runs in the keeper. */
#ifndef BROKER_KEEPER_START_H
#define BROKER_KEEPER_START_H

#include "broker/keeper/private.h"

/* Takes two descriptors: the zygote's socket and its log. Fills in the reply's pid. */
int keeper_do_start(struct keeper_call *call);

/* Takes three or four: the desk's link, its log, and the sockets of control and console. Fills in the reply's
 * pid. */
int keeper_do_start_desk(struct keeper_call *call);

/* Takes a driver's name, and two: its link and its log. Fills in the reply's pid. */
int keeper_do_start_driver(struct keeper_call *call);

#endif
