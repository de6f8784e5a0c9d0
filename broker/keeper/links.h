/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations on the sockets through which workers connect to the broker. Runs in the keeper. */
#ifndef BROKER_KEEPER_LINKS_H
#define BROKER_KEEPER_LINKS_H

#include "broker/keeper/private.h"

int keeper_do_listen(struct keeper_call *call);
int keeper_do_remove(struct keeper_call *call);

#endif
