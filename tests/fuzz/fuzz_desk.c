/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link between broker and desk, both ways. What a desk that was taken over sends is refused, or is a
 * request that anybody could make; what the broker sends to the desk leads to watches that are told no
 * channel that they did not ask for, or may not see.
 */
#include "broker/base/pattern.h"
#include "broker/desk/watches.h"
#include "proto/codec_control.h"
#include "proto/control_rules.h"
#include "proto/desk_messages.h"
#include "tests/fuzz/fuzz.h"

#define TURNS 3

static struct codec_control *codec;
static struct loop *loop;
static struct watches watches;
static unsigned turns_left;
static bool refuses; /* the client does not read, or has gone */

static void end_turn(void *userdata)
{
    if (--turns_left == 0)
        loop_stop(loop);
    else
        loop_defer(loop, userdata);
}

static struct loop_task turn = {.fn = end_turn, .userdata = &turn};

static void run(void)
{
    turns_left = TURNS;
    loop_defer(loop, &turn);
    require(loop_run(loop) == 0);
}

static const struct watched *find(const char *name)
{
    for (uint32_t i = 0; i < watches.channels.n; i++) {
        if (watches.channels.list[i].name == name)
            return &watches.channels.list[i];
    }
    return NULL;
}

static bool asked_for(const struct watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->n_patterns; i++) {
        if (pattern_matches(watch->patterns[i].text, name))
            return true;
    }
    return false;
}

static int told(void *userdata, uint64_t client, struct control_reply *reply)
{
    unsigned place = (unsigned)client - 1;

    (void)userdata;
    require(place < DESK_WATCHES && watches.list[place].client == client);
    for (size_t i = 0; i < reply->n_values; i++) {
        const struct watched *watched = find(reply->values[i].channel);

        require(watched && watched->seen_by & UINT32_C(1) << place);
        require(asked_for(&watches.list[place], watched->name));
    }
    return refuses ? -11 : 0;
}

static void gone(void *userdata, uint64_t client)
{
    (void)userdata, (void)client;
}

static void take_watch(unsigned place, const void *bytes, size_t n_bytes)
{
    struct control_request request;

    if (codec_control_decode_request(codec, bytes, n_bytes, &request) == 0 && request.n_names)
        watches_begin(&watches, place, place + 1, &request);
}

/* Reads bytes as a message of the desk, as the broker does. */
static void from_desk(const uint8_t *bytes, size_t n_bytes)
{
    struct control_reply reply = {.outcome = CONTROL_DONE};
    struct control_request request;
    struct desk_message message;
    size_t n_before;

    if (desk_message_read(bytes, n_bytes, true, &message) < 0)
        return;
    require(message.n_bytes <= DESK_MAX_ASKED);
    require(message.client || message.type == DESK_GONE);
    require(message.type != DESK_GONE || (message.n_bytes && message.n_bytes % sizeof(uint64_t) == 0));
    require(message.type == DESK_REQUEST || message.type == DESK_BROWSE || message.type == DESK_SENT ||
            message.type == DESK_GONE);
    n_before = message.type == DESK_BROWSE ? sizeof(struct desk_browser) : 0;
    if ((message.type != DESK_REQUEST && message.type != DESK_BROWSE) || message.n_bytes < n_before ||
        codec_control_decode_request(codec, (const uint8_t *)message.bytes + n_before,
                                     message.n_bytes - n_before, &request) < 0)
        return;
    require(control_rules_cost(&request) >= 1);
    if (control_rules_check(&request, &reply))
        require(request.verb != CONTROL_NONE && request.n_names <= CONTROL_MAX_NAMES);
    else
        require(reply.outcome != CONTROL_DONE && reply.text);
}

/* Reads bytes as a message of the broker, as the desk does. */
static void from_broker(const uint8_t *bytes, size_t n_bytes)
{
    struct desk_message message;

    if (desk_message_read(bytes, n_bytes, false, &message) < 0)
        return;
    if (message.type == DESK_WATCH)
        take_watch(message.number, message.bytes, message.n_bytes);
    else if (message.type == DESK_UNWATCH)
        watches_end(&watches, message.number);
    else if (message.type == DESK_KNOWN)
        watches_know(&watches);
    else if (message.type == DESK_VALUES)
        watches_take(&watches, message.number, message.bytes, message.n_bytes);
}

/* Makes a sound value of few channels, whose names have few letters. */
static void take_value(struct input *input)
{
    static uint8_t room[64];
    struct desk_values values = {.bytes = room, .room = sizeof(room)};
    uint8_t what = (uint8_t)take_number(input, 1);
    char name[4] = {(char)('a' + (what & 1)), (char)('a' + (what >> 1 & 1)), (char)('a' + (what >> 2 & 1))};
    struct desk_value value = {.channel = what >> 3 & 7,
                               .seen_by = (uint32_t)take_number(input, 1),
                               .cause = (enum desk_cause)(take_number(input, 1) % DESK_CAUSES_),
                               .name = what & 64 ? name : NULL};

    require(desk_values_add(&values, &value));
    watches_take(&watches, watches.channels.generation + (what == 255), room, values.n_bytes);
}

/* Makes a sound watch with patterns of few letters. */
static void take_patterns(struct input *input)
{
    static const char *const some[] = {"*", "a*", "*b", "?a?", "abb", "b*a", "*a*b", "zz"};
    uint64_t what = take_number(input, 2);
    const char *names[] = {some[what & 7], some[what >> 3 & 7]};
    const struct control_request request = {.id = 1, .names = names, .n_names = 1 + (what >> 6 & 1)};

    require(watches_begin(&watches, what >> 8 & 3, (what >> 8 & 3) + 1, &request) == 0);
}

static void check(void)
{
    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        require(watches.list[i].n_judged <= watches.channels.n);
        require(!watches.list[i].client == !(watches.used & UINT32_C(1) << i));
    }
    require(watches.channels.n_queued <= watches.channels.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {.at = data, .left = bytes};

    if (!codec)
        require(codec_control_new(&codec) == 0 && loop_new(&loop) == 0);
    watches_init(&watches, &(struct watches_spec){.loop = loop, .send = told, .gone = gone});
    while (input.left) {
        uint8_t what = (uint8_t)take_number(&input, 1);
        size_t n = what & 4 ? (size_t)take_number(&input, 2) : 0;
        const uint8_t *at = take_bytes(&input, n, &n);

        refuses = what & 64;
        if (what & 4)
            (what & 1 ? from_desk : from_broker)(at, n);
        else if (what & 1)
            take_value(&input);
        else if (what & 2)
            take_patterns(&input);
        else
            run();
        check();
    }
    watches_deinit(&watches);
    return 0;
}
