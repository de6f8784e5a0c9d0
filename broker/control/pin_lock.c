/* SPDX-License-Identifier: BSD-2-Clause */
/* Five wrong PINs in a row bar a link for five minutes, so that a million of them take years. */
#include "broker/control/pin_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/secret.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/token_store.h"
#include "firecurtain/time.h"

#define PIN_LOCK_OPEN_NS   (600 * FC_NS_PER_S)
#define PIN_LOCK_TRIES     5
#define PIN_LOCK_BARRED_NS (300 * FC_NS_PER_S)

bool pin_lock_is_shut(const struct token *token, uint64_t now_ns)
{
    return token->pin[0] && token->unlocked_ns <= now_ns;
}

void pin_lock_prolong(struct control *control, const struct control_call *call)
{
    struct token *token =
        call->token ? tokens_numbered(&control->spec.token_store->tokens, call->token) : NULL;
    uint64_t now_ns = fc_now_ns();

    if (token && token->unlocked_ns > now_ns)
        token->unlocked_ns = now_ns + PIN_LOCK_OPEN_NS;
}

bool pin_lock_set(const struct control_request *request, struct token *token, struct control_reply *reply)
{
    if (!request->pin || !request->pin[0])
        return true;
    if (token->is_once || request->pin[0] != '$') {
        reply->outcome = CONTROL_INVALID;
        reply->text = "only a link that lasts (--for) can have a PIN";
        return false;
    }
    snprintf(token->pin, sizeof(token->pin), "%s", request->pin);
    return true;
}

static bool pin_lock_fits(const struct token *token, const char *hash)
{
    char given[CONTROL_MAX_PIN + 1] = "";

    snprintf(given, sizeof(given), "%s", hash ? hash : "");
    return secret_is_equal(given, token->pin, sizeof(given));
}

static void pin_lock_open(struct control *control, struct token *token, const char *hash,
                          struct control_reply *reply)
{
    uint64_t now_ns = fc_now_ns();

    if (now_ns < token->barred_ns) {
        reply->outcome = CONTROL_REFUSED;
        reply->text = control_format(control, "too many wrong PINs; try again in %" PRIu64 " s",
                                     (token->barred_ns - now_ns) / FC_NS_PER_S + 1);
    } else if (pin_lock_fits(token, hash)) {
        token->n_wrong = 0;
        token->unlocked_ns = now_ns + PIN_LOCK_OPEN_NS;
    } else {
        reply->outcome = CONTROL_REFUSED;
        reply->text = "that is not the PIN";
        if (++token->n_wrong >= PIN_LOCK_TRIES) {
            token->n_wrong = 0;
            token->barred_ns = now_ns + PIN_LOCK_BARRED_NS;
        }
    }
}

bool control_lock(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    struct token *token = tokens_numbered(&control->spec.token_store->tokens, call->token);

    if (!token || !token->pin[0]) {
        reply->outcome = CONTROL_UNSUPPORTED;
        reply->text = "this link has no PIN";
    } else if (call->verb == CONTROL_LOCK) {
        token->unlocked_ns = 0;
    } else {
        pin_lock_open(control, token, request->pin, reply);
    }
    return true;
}
