/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that are told of what comes, in answer to a request with `follow`. */
#ifndef BROKER_CONTROL_FOLLOW_H
#define BROKER_CONTROL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct control;
struct control_call;
struct control_follower;
struct control_reply;
struct control_request;

/*
 * Returns whether `uid` may take one more of `places` slots, of which it has `n_own` and others have
 * `n_others`: at most `per_uid` each; `kept` are reserved for root and the broker's own user.
 */
bool control_has_room(const struct control *control, uid_t uid, size_t n_others, size_t n_own, size_t places,
                      size_t kept, size_t per_uid);

/* Makes a follower of a call, and copies its names. NULL, with the answer in `reply`, if there are too many.
 */
struct control_follower *control_follow(struct control *control, struct control_follower *followers,
                                        const struct control_call *call,
                                        const struct control_request *request, struct control_reply *reply);

/* Tells followers of a user that the new show does not have, and drops them. */
void control_follow_change_show(struct control *control, struct control_follower *followers);

/* Drops a follower. */
void control_unfollow(struct control_follower *follower);

/*
 * Sends something to a follower. False if the client is gone, and the follower with it, or if it cannot take
 * it now, and misses `n`.
 */
bool control_tell(struct control *control, struct control_follower *follower, struct control_reply *reply,
                  uint64_t n);

/* Returns whether it is time for a sign of life. */
bool control_is_quiet(struct control_follower *follower, uint64_t now_ns);

#endif
