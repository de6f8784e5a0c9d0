/* SPDX-License-Identifier: BSD-2-Clause */
/* From one show to the next while it runs. */
#ifndef BROKER_SHOW_CHANGE_H
#define BROKER_SHOW_CHANGE_H

struct show;

/*
 * Makes `next`, which was built from a new configuration, of a running show. Instances whose options and
 * folder are the same go on as they are, whatever their mappings; the others of the running show end. When
 * they have ended, the routes change between two events, the new instances start, and `changed` is called
 * with `next`, never from within this call; `show` is freed then. Returns 0, and owns both shows, or -ENOMEM.
 */
int show_change(struct show *show, struct show *next, void (*changed)(void *userdata, struct show *show),
                void *userdata);

/* Gives up a change that is under way, if any, since the show is to end as it is. */
void show_change_cancel(struct show *show);

#endif
