/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a guest's states. */
#include "broker/guest/life.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/keeper/client.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define TO(state) (1u << (state))
#define GONE      (TO(GUEST_DIED) | TO(GUEST_EXITED_CLEANLY))

static const unsigned life_changes[GUEST_LIVES_] = {
    /* a worker may come and go before the zygote has told its pid */
    [GUEST_WANTED] = TO(GUEST_ALIVE) | TO(GUEST_HUNG_UP) | TO(GUEST_DIED),
    [GUEST_ALIVE] = TO(GUEST_INTERRUPTED) | TO(GUEST_HUNG_UP) | TO(GUEST_ABORTED) | GONE,
    [GUEST_INTERRUPTED] = TO(GUEST_ALIVE) | TO(GUEST_HUNG_UP) | TO(GUEST_ABORTED) | GONE,
    [GUEST_HUNG_UP] = GONE,
    [GUEST_ABORTED] = GONE,
};

static const unsigned ending_changes[GUEST_ENDINGS_] = {
    [GUEST_UNASKED] = TO(GUEST_ASKED) | TO(GUEST_OVERDUE),
    [GUEST_ASKED] = TO(GUEST_ASKED) | TO(GUEST_OVERDUE),
    [GUEST_OVERDUE] = TO(GUEST_OVERDUE),
};

/* A conversation may be closed at any time. */
static const unsigned state_changes[ORDER_STATES_] = {
    [ORDER_CONNECTING] = TO(ORDER_LOCKING) | TO(ORDER_CLOSED),
    [ORDER_LOCKING] = TO(ORDER_IMPORTING) | TO(ORDER_CLOSED),
    [ORDER_IMPORTING] = TO(ORDER_IDLE) | TO(ORDER_STOPPING) | TO(ORDER_CLOSED),
    [ORDER_IDLE] = TO(ORDER_BUSY) | TO(ORDER_STOPPING) | TO(ORDER_CLOSED),
    [ORDER_BUSY] = TO(ORDER_BUSY) | TO(ORDER_IDLE) | TO(ORDER_STOPPING) | TO(ORDER_CLOSED),
    [ORDER_STOPPING] = TO(ORDER_CLOSED),
    [ORDER_CLOSED] = TO(ORDER_CLOSED),
};

bool guest_life_may_follow(enum guest_life from, enum guest_life to)
{
    return from < GUEST_LIVES_ && to < GUEST_LIVES_ && (life_changes[from] & TO(to));
}

static bool guest_ending_may_follow(enum guest_ending from, enum guest_ending to)
{
    return from < GUEST_ENDINGS_ && to < GUEST_ENDINGS_ && (ending_changes[from] & TO(to));
}

bool guest_state_may_follow(enum order_state from, enum order_state to)
{
    return from < ORDER_STATES_ && to < ORDER_STATES_ && (state_changes[from] & TO(to));
}

void guest_set_life(struct guest *guest, enum guest_life life)
{
    assert(guest_life_may_follow(guest->life, life));
    guest->life = life;
}

void guest_set_ending(struct guest *guest, enum guest_ending ending)
{
    if (guest_ending_may_follow(guest->ending, ending))
        guest->ending = ending;
}

void guest_set_state(struct guest *guest, enum order_state state)
{
    assert(guest_state_may_follow(guest->state, state));
    guest->state = state;
}

bool guest_is_gone(const struct guest *guest)
{
    return guest->life >= GUEST_DIED;
}

bool guest_is_held(const struct guest *guest)
{
    bool runs = guest->state == ORDER_IMPORTING || guest->state == ORDER_IDLE || guest->state == ORDER_BUSY;

    return runs && !guest_is_gone(guest) && guest->ops->is_throttled(guest->userdata);
}

void guest_set_deadline(struct guest *guest, uint64_t ms)
{
    loop_set_timer(guest->runtime->loop, &guest->deadline, fc_now_ns() + ms * FC_NS_PER_MS);
}

void guest_kill(struct guest *guest)
{
    if (guest->pidfd < 0 || guest_is_gone(guest))
        return;
    loop_cancel_timer(guest->runtime->loop,
                      &guest->deadline); /* its death takes as long as the kernel needs */
    keeper_signal(guest->runtime->keeper, guest->pid, SIGKILL);
}

void guest_leave(struct guest *guest)
{
    if (guest->state != ORDER_CLOSED)
        guest->left_in = guest->state;
    guest_set_state(guest, ORDER_CLOSED);
}

void guest_reopen(struct guest *guest)
{
    assert(guest_is_gone(guest));
    if (guest->left_in != ORDER_CONNECTING)
        guest->state = guest->left_in;
}

void guest_close(struct guest *guest)
{
    guest_set_state(guest, ORDER_CLOSED);
    guest_kill(guest);
}

void guest_note_tampering(struct guest *guest)
{
    struct runtime_account *account = &guest->runtime->accounts[guest->spec.account];

    if (!guest->link.link || !link_is_tampered_with(guest->link.link))
        return;
    account->n_tampered++;
    fc_log(FC_LOG_ERROR, guest->spec.instance, "another program with uid %u has used the worker's link%s",
           account->uid,
           account->n_tampered < GUEST_MAX_TAMPERED
               ? ""
               : "; no worker of this uid is started until firecurtain is started again");
}

void guest_violated(struct guest *guest, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fc_log(FC_LOG_ERROR, guest->spec.instance, "the worker broke the protocol and is killed: %s", text);
    guest_close(guest);
}
