/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes links to the console, and lets in the browsers that open them. A browser has the role that its link
 * was made for, but never more than the uid that made it has at that moment.
 */
#include "broker/control/invite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/config/console.h"
#include "broker/control/follow.h"
#include "broker/control/pin_lock.h"
#include "broker/control/private.h"
#include "broker/control/record.h"
#include "broker/control/reply.h"
#include "broker/control/token_store.h"
#include "firecurtain/time.h"

#define INVITE_LINK_S  600         /* in which a link that works once is to be opened */
#define INVITE_VISIT_S (12 * 3600) /* that a browser is let in by it */
#define INVITE_LEAST_S 60
#define INVITE_MOST_S  (366 * 24 * 3600)
#define INVITE_OWN     "own" /* in the place of a role: the caller's */

static void invite_write_address(const struct desk_browser *browser, char text[TOKEN_MAX_ADDRESS])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_four = memcmp(browser->address, mapped, sizeof(mapped)) == 0;

    if (!inet_ntop(is_four ? AF_INET : AF_INET6, browser->address + (is_four ? sizeof(mapped) : 0), text,
                   TOKEN_MAX_ADDRESS))
        text[0] = '\0';
}

bool control_identify(struct control *control, const struct desk_browser *browser, struct control_call *call)
{
    struct token *token = tokens_find(&control->spec.token_store->tokens, browser->token, fc_now_ns());
    enum control_role role;

    if (!token || (token->is_once && call->verb != CONTROL_ENTER))
        return false;
    role = control_roles_find(control->spec.roles, token->uid, token->gid);
    call->role = role < token->role ? role : token->role;
    call->is_locked = pin_lock_is_shut(token, fc_now_ns());
    if (call->is_locked && call->role > CONTROL_OBSERVER)
        call->role = CONTROL_OBSERVER;
    call->account = token->account;
    call->peer = (struct desk_peer){.uid = token->uid, .gid = token->gid};
    call->token = token->number;
    snprintf(call->label, sizeof(call->label), "%s", token->label);
    invite_write_address(browser, call->address);
    return call->role != CONTROL_NOBODY;
}

/* Reads for which role a link is wanted. CONTROL_NOBODY, with the answer in `reply`, if the caller may not.
 */
static enum control_role invite_role(struct control *control, const struct control_call *call,
                                     const struct control_request *request, struct control_reply *reply)
{
    const char *name = request->n_names ? request->names[0] : INVITE_OWN;
    enum control_role role = strcmp(name, INVITE_OWN) == 0 ? call->role : control_role_named(name);

    if (role == CONTROL_NOBODY || (role == CONTROL_USER && !call->account)) {
        reply->outcome = CONTROL_INVALID;
        reply->text = control_format(control,
                                     "there is no role \"%s\" to give away; there are observer, operator and "
                                     "administrator",
                                     name);
        return CONTROL_NOBODY;
    }
    if (role <= call->role)
        return role;
    reply->outcome = CONTROL_REFUSED;
    reply->text = control_format(control, "uid %u is %s %s, which is less than %s", call->peer.uid,
                                 call->role == CONTROL_USER ? "a" : "an", control_role_name(call->role),
                                 control_role_name(role));
    return CONTROL_NOBODY;
}

static bool invite_may(struct control *control, const struct control_request *request,
                       struct control_reply *reply)
{
    if (control->spec.runtime->console_fd < 0) {
        reply->outcome = CONTROL_FAILED;
        reply->text = control->spec.console->is_on
                          ? "the console could not be opened; see the log"
                          : "there is no console; to have one, give the configuration a section [console]";
    } else if (request->seconds && (request->seconds < INVITE_LEAST_S || request->seconds > INVITE_MOST_S)) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "a link lasts from one minute to 366 days";
    }
    return reply->outcome == CONTROL_DONE;
}

bool control_invite(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    struct token like = {.account = call->account,
                         .uid = call->peer.uid,
                         .gid = call->peer.gid,
                         .is_once = !request->seconds};
    uint64_t now_ns = fc_now_ns();
    char secret[TOKEN_MAX_SECRET];
    bool is_owner = control_roles_is_owner(control->spec.roles, call->peer.uid);

    if (!invite_may(control, request, reply))
        return true;
    like.role = invite_role(control, call, request, reply);
    if (like.role == CONTROL_NOBODY)
        return true;
    if (!pin_lock_set(request, &like, reply))
        return true;
    token_store_set_end(&like, request->seconds ? request->seconds : INVITE_LINK_S);
    if (request->n_names > 1)
        snprintf(like.label, sizeof(like.label), "%s", request->names[1]);
    if (!tokens_add(&control->spec.token_store->tokens, &like, is_owner, now_ns, secret)) {
        reply->outcome = CONTROL_BUSY;
        reply->text = "there are too many links to the console; revoke some";
        return true;
    }
    token_store_change(control->spec.token_store);
    reply->secret = control_format(control, "%s", secret);
    reply->address = control->spec.console->url[0] ? control->spec.console->url : control->spec.console->text;
    return true;
}

/* Administrators see all, others what they made. */
static bool invite_is_visible(const struct control_call *call, const struct token *token)
{
    return call->role == CONTROL_ADMINISTRATOR || token->uid == call->peer.uid;
}

/* Returns the settings at the beginning of a hash, which the desk needs for another one. */
static const char *invite_settings(struct control *control, const struct token *token)
{
    const char *end = strrchr(token->pin, '$');

    return end ? control_format(control, "%.*s", (int)(end - token->pin), token->pin) : "";
}

static struct control_invite invite_item(struct control *control, const struct token *token, uint64_t now_ns)
{
    return (struct control_invite){.number = token->number,
                                   .role = control_role_name(token->role),
                                   .label = token->label,
                                   .uid = token->uid,
                                   .seconds = (token->ends_ns - now_ns) / FC_NS_PER_S,
                                   .is_once = token->is_once,
                                   .address = token->address,
                                   .pin = invite_settings(control, token),
                                   .is_locked = pin_lock_is_shut(token, now_ns)};
}

bool control_invites(struct control *control, const struct control_call *call,
                     const struct control_request *request, struct control_reply *reply)
{
    struct control_invite *items = arena_alloc(&control->texts, TOKENS_MAX * sizeof(*items));
    uint64_t now_ns = fc_now_ns();

    (void)request;
    for (size_t i = 0; items && i < control->spec.token_store->tokens.n; i++) {
        const struct token *token = &control->spec.token_store->tokens.list[i];

        if (token->ends_ns > now_ns && invite_is_visible(call, token))
            items[reply->n_invites++] = invite_item(control, token, now_ns);
    }
    reply->invites = items;
    return true;
}

bool control_revoke(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    char *end;
    uint64_t number = strtoull(request->names[0], &end, 10);
    struct token *token = *end ? NULL : tokens_numbered(&control->spec.token_store->tokens, number);

    if (!token || !invite_is_visible(call, token)) {
        reply->outcome = CONTROL_UNKNOWN_NAME;
        reply->text = control_format(control,
                                     "there is no link with the number \"%s\"; firecurtain console --list "
                                     "has them",
                                     request->names[0]);
        return true;
    }
    tokens_remove(&control->spec.token_store->tokens, token);
    token_store_change(control->spec.token_store);
    control_follow_revoked(control, (unsigned)number);
    control_record_revoked(control, (unsigned)number);
    return true;
}

bool control_enter(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply)
{
    struct token *token = tokens_numbered(&control->spec.token_store->tokens, call->token);
    char secret[TOKEN_MAX_SECRET];
    struct control_invite *item;
    bool is_news;

    (void)request;
    if (!token) {
        reply->outcome = CONTROL_UNSUPPORTED;
        reply->text = "only browsers enter";
        return true;
    }
    is_news = token->is_once || strcmp(token->address, call->address) != 0;
    snprintf(token->address, sizeof(token->address), "%s", call->address);
    if (token->is_once && tokens_renew(token, secret)) {
        token->is_once = false;
        token_store_set_end(token, INVITE_VISIT_S);
        token_store_change(control->spec.token_store);
        reply->secret = control_format(control, "%s", secret);
    }
    item = arena_alloc(&control->texts, sizeof(*item));
    if (item) {
        *item = invite_item(control, token, fc_now_ns());
        item->role = control_role_name(call->role);
        reply->invites = item;
        reply->n_invites = 1;
    }
    if (is_news)
        control_finish(control, call, reply);
    return !is_news;
}
