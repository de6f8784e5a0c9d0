/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads ahead in a recording: makes entries, which replay.c plays, of its items. */
#ifndef BROKER_RECORD_REPLAY_READ_H
#define BROKER_RECORD_REPLAY_READ_H

#include <stdint.h>

struct fc_instance;
struct replay;
struct replay_channel;
struct replay_entry;

/* Warns in the log, a limited number of times in one replay. */
void replay_warn(struct replay *replay, const char *instance, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads ahead as far as there is room. */
void replay_read(struct replay *replay);

/* Returns the channel of a number in the recording, or NULL if it is not one of that instance in the show. */
const struct replay_channel *replay_find_channel(struct replay *replay, uint32_t number,
                                                 const struct fc_instance *instance);

void replay_entry_free(struct replay *replay, struct replay_entry *entry);

#endif
