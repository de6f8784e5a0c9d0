/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a worker: its link, and what is done with each message. Nothing that a worker says is
 * believed before it is checked. Only for this folder.
 */
#ifndef BROKER_GUEST_LINK_H
#define BROKER_GUEST_LINK_H

#include <stdbool.h>

#include "proto/codec.h"

struct guest;

/* Makes the link. The worker's end of it and the memory that it shares are the caller's. -errno. */
int guest_link_open(struct guest *guest, int *worker_end, int *progress_fd);

void guest_link_close(struct guest *guest);

/* Reads the link from now on. -errno. */
int guest_link_watch(struct guest *guest);

/* Handles the messages that have arrived: as many as one turn of the loop allows, or all if `to_the_end`. */
void guest_link_receive(struct guest *guest, bool to_the_end);

/* Takes over what the script has put out and no report has told. For a worker that is gone, after its last
 * message. */
void guest_rescue_outputs(struct guest *guest);

#endif
