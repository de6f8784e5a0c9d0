/* See control_private.h: those who asked to be told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/control_private.h"
#include "firecurtain/time.h"

#define FOLLOW_QUIET_NS (2 * FC_NS_PER_S)

static struct control_follower *follow_find_place(struct control *control, struct control_follower *followers,
                                                  uid_t uid)
{
    struct control_follower *place = NULL;
    size_t n = 0;

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (followers[i].is_used)
            n += followers[i].call.peer.uid == uid;
        else
            place = &followers[i];
    }
    if (n >= CONTROL_FOLLOWERS_PER_UID && !control_roles_is_owner(control->spec.roles, uid))
        return NULL;
    return place;
}

static int follow_copy(struct control_follower *follower, const struct control_request *request)
{
    follower->patterns = calloc(request->n_names + 1, sizeof(char *));
    for (size_t i = 0; follower->patterns && i < request->n_names; i++) {
        follower->patterns[i] = strdup(request->names[i]);
        if (!follower->patterns[i])
            return -ENOMEM;
        follower->n_patterns++;
    }
    return follower->patterns ? 0 : -ENOMEM;
}

struct control_follower *control_follow(struct control *control, struct control_follower *followers,
                                        const struct control_call *call,
                                        const struct control_request *request, struct control_reply *reply)
{
    struct control_follower *follower = follow_find_place(control, followers, call->peer.uid);

    if (request->n_names > CONTROL_MAX_PATTERNS) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "there are too many patterns";
        return NULL;
    }
    if (follower) {
        *follower = (struct control_follower){.call = *call, .is_used = true, .told_ns = fc_now_ns()};
        if (follow_copy(follower, request) == 0)
            return follower;
        control_unfollow(follower);
    }
    reply->outcome = CONTROL_FAILED;
    reply->text = "too many watch already";
    return NULL;
}

void control_unfollow(struct control_follower *follower)
{
    for (size_t i = 0; i < follower->n_patterns; i++)
        free(follower->patterns[i]);
    free(follower->patterns);
    *follower = (struct control_follower){0};
}

bool control_tell(struct control *control, struct control_follower *follower, struct control_reply *reply,
                  uint64_t n)
{
    int r;

    reply->missed = follower->missed;
    r = control_send(control, &follower->call, reply);
    if (r == 0) {
        follower->is_told = true;
        return true;
    }
    if (r == -EAGAIN)
        follower->missed += n;
    else
        control_unfollow(follower);
    return false;
}

bool control_is_quiet(struct control_follower *follower, uint64_t now_ns)
{
    if (follower->is_told || now_ns - follower->told_ns >= FOLLOW_QUIET_NS) {
        bool was_told = follower->is_told;

        follower->is_told = false;
        follower->told_ns = now_ns;
        return !was_told;
    }
    return false;
}
