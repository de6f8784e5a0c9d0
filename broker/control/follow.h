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

/* Makes a follower of a call. NULL, with the answer in `reply`, if there are too many. */
struct control_follower *control_follow(struct control *control, struct control_follower *followers,
                                        const struct control_call *call, struct control_reply *reply);

/* Tells followers of a user that the new show does not have, and drops them. */
void control_follow_change_show(struct control *control, struct control_follower *followers);

/* Drops the followers of a browser whose token was revoked. */
void control_follow_revoked(struct control *control, unsigned token);

/* Drops a follower. */
void control_unfollow(struct control_follower *follower);

/* Drops the followers of a client that has gone, or with 0 all. */
void control_follow_gone(struct control_follower *followers, uint64_t client);

/* Notes that the client has one more of the replies to its request. False if it is not one of these. */
bool control_follow_sent(struct control_follower *followers, uint64_t client, uint64_t id);

/*
 * Sends something to a follower, up to `window` replies ahead of what its client has read. 0, or -EAGAIN if
 * it cannot take it now.
 */
int control_tell(struct control *control, struct control_follower *follower, unsigned window,
                 struct control_reply *reply);

/* Returns whether it is time for a sign of life. */
bool control_is_quiet(struct control_follower *follower, uint64_t now_ns);

#endif
