/* SPDX-License-Identifier: BSD-2-Clause */
/* What a caller may see and change. */
#ifndef BROKER_CONTROL_SCOPE_H
#define BROKER_CONTROL_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

struct control;
struct control_call;
struct control_reply;
struct fc_instance;
struct show;
struct user;

/* Returns the user with this number, or NULL if there is none, or none any more. */
struct user *control_user(const struct show *show, unsigned account);

/* Return whether a caller may know of an instance, a channel, or a mapping. */
bool control_may_see(const struct control_call *call, const struct fc_instance *instance);
bool control_may_see_channel(const struct control_call *call, const struct fc_instance *instance,
                             uint32_t channel);
bool control_may_see_route(const struct control_call *call, const struct fc_instance *from,
                           const struct fc_instance *to);

/* Returns whether a caller may start and stop an instance, and emit from it. */
bool control_may_change(const struct control_call *call, const struct fc_instance *instance);

/* Returns whether a caller may emit events from an instance: operators may from those made for it. */
bool control_may_emit(const struct control_call *call, const struct fc_instance *instance);

/* Finds a user by name, for an administrator; or NULL with the answer in `reply`. */
struct user *control_find_user(struct control *control, const struct control_call *call, const char *name,
                               struct control_reply *reply);

/* Finds an instance that the caller may see; or NULL with the answer in `reply`. */
struct fc_instance *control_find(struct control *control, const struct control_call *call, const char *name,
                                 struct control_reply *reply);

/* Finds an instance that the caller may change; or NULL with the answer in `reply`. */
struct fc_instance *control_find_own(struct control *control, const struct control_call *call,
                                     const char *name, struct control_reply *reply);

/* The same for an instance that the caller may restart. */
struct fc_instance *control_find_restartable(struct control *control, const struct control_call *call,
                                             const char *name, struct control_reply *reply);

/* Finds a channel that the caller may see, and its instance; or negative with the answer in `reply`. */
int64_t control_find_channel(struct control *control, const struct control_call *call, const char *name,
                             struct fc_instance **instance, struct control_reply *reply);

#endif
