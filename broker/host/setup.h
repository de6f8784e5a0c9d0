/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a driver's instance of what the broker says of it. Only for this folder. */
#ifndef BROKER_HOST_SETUP_H
#define BROKER_HOST_SETUP_H

#include "broker/os/confine.h"
#include "proto/codec.h"

struct fc_instance;

/* Makes the backend's state with its options. The message is borrowed. -errno with the reason in the log. */
int setup_instance(struct fc_instance *instance, const struct message_setup *setup);

/* Takes channels, new ones and those whose directions have changed. -errno. */
int setup_channels(struct fc_instance *instance, const struct message_channels *channels);

/* Confines the process to what the instance needs, and says how. -errno with the reason in the log. */
int setup_confine(struct fc_instance *instance, struct confine_found *found);

/* Frees the instance's parts. */
void setup_free(struct fc_instance *instance);

#endif
