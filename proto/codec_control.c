/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only file that knows the code generated from control.proto. Both directions use one arena, which each
 * message resets.
 */
#include "proto/codec_control.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/codec_name.h"
#include "proto/control.pb-c.h"

/* A message of many empty strings takes more memory than it has bytes. */
#define CONTROL_MAX_ARENA (32 * (size_t)CONTROL_MAX_REPLY)

struct codec_control {
    struct arena arena;
    ProtobufCAllocator allocator;
};

static const char *const verb_names[CONTROL_VERBS_] = {
    [CONTROL_NONE] = "none",       [CONTROL_STATUS] = "status",     [CONTROL_START] = "start",
    [CONTROL_STOP] = "stop",       [CONTROL_RESTART] = "restart",   [CONTROL_RELOAD] = "reload",
    [CONTROL_EMIT] = "emit",       [CONTROL_ROUTES] = "routes",     [CONTROL_LOGS] = "logs",
    [CONTROL_WATCH] = "watch",     [CONTROL_FREEZE] = "freeze",     [CONTROL_UNFREEZE] = "unfreeze",
    [CONTROL_RECORD] = "record",   [CONTROL_CHANNELS] = "channels", [CONTROL_INVITE] = "invite",
    [CONTROL_INVITES] = "invites", [CONTROL_REVOKE] = "revoke",     [CONTROL_ENTER] = "enter",
    [CONTROL_PANIC] = "panic",     [CONTROL_UNLOCK] = "unlock",     [CONTROL_LOCK] = "lock",
};

static const char *const outcome_names[CONTROL_OUTCOMES_] = {
    [CONTROL_DONE] = "done",
    [CONTROL_REFUSED] = "refused",
    [CONTROL_UNKNOWN_NAME] = "unknown name",
    [CONTROL_INVALID] = "invalid",
    [CONTROL_BUSY] = "busy",
    [CONTROL_FAILED] = "failed",
    [CONTROL_UNSUPPORTED] = "unsupported",
};

const char *control_verb_name(enum control_verb verb)
{
    return verb < CONTROL_VERBS_ && verb_names[verb] ? verb_names[verb] : "unknown";
}

const char *control_outcome_name(enum control_outcome outcome)
{
    return outcome < CONTROL_OUTCOMES_ ? outcome_names[outcome] : "unknown";
}

int codec_control_new(struct codec_control **codecp)
{
    struct codec_control *codec = calloc(1, sizeof(*codec));

    if (!codec)
        return -ENOMEM;
    arena_init(&codec->arena, CONTROL_MAX_ARENA);
    codec->allocator = arena_allocator(&codec->arena);
    *codecp = codec;
    return 0;
}

struct codec_control *codec_control_free(struct codec_control *codec)
{
    if (codec) {
        arena_deinit(&codec->arena);
        free(codec);
    }
    return NULL;
}

static int control_pack(struct codec_control *codec, const ProtobufCMessage *message, size_t limit,
                        const void **bytes, size_t *n_bytes)
{
    uint8_t *room;

    *n_bytes = protobuf_c_message_get_packed_size(message);
    if (*n_bytes > limit)
        return -EMSGSIZE;
    room = arena_alloc(&codec->arena, *n_bytes + 1);
    if (!room)
        return -ENOMEM;
    protobuf_c_message_pack(message, room);
    *bytes = room;
    return 0;
}

/* Texts may come from a device, a script or the network, and may have been cut anywhere. */
static char *control_text(struct codec_control *codec, const char *text)
{
    return (char *)codec_utf8(&codec->arena, text ? text : "");
}

int codec_control_encode_request(struct codec_control *codec, const struct control_request *request,
                                 const void **bytes, size_t *n_bytes)
{
    Firecurtain__ControlRequest message = FIRECURTAIN__CONTROL_REQUEST__INIT;

    arena_reset(&codec->arena);
    message.version = request->version;
    message.id = request->id;
    message.verb = (Firecurtain__ControlVerb)request->verb;
    message.names = (char **)request->names;
    message.n_names = request->n_names;
    message.value = request->value;
    message.from = request->from;
    message.lines = request->lines;
    message.usage = request->usage;
    message.follow = request->follow;
    message.channels = request->channels;
    message.seconds = request->seconds;
    message.pin = (char *)(request->pin ? request->pin : "");
    return control_pack(codec, &message.base, CONTROL_MAX_REQUEST, bytes, n_bytes);
}

static void control_put_instance(struct codec_control *codec, const struct control_instance *from,
                                 Firecurtain__ControlInstance *to)
{
    firecurtain__control_instance__init(to);
    to->name = control_text(codec, from->name);
    to->backend = control_text(codec, from->backend);
    to->state = control_text(codec, from->state);
    to->detail = control_text(codec, from->detail);
    to->layers = control_text(codec, from->layers);
    to->pid = from->pid;
    to->uptime_ms = from->uptime_ms;
    to->restarts = from->restarts;
    to->events_in = from->events_in;
    to->events_out = from->events_out;
    to->dropped = from->dropped;
    to->coalesced = from->coalesced;
    to->exceptions = from->exceptions;
    to->queue = from->queue;
    to->queue_peak = from->queue_peak;
    to->busy_p50_us = from->busy_p50_us;
    to->busy_p99_us = from->busy_p99_us;
    to->busy_max_us = from->busy_max_us;
    to->memory_bytes = from->memory_bytes;
    to->cpu_ms = from->cpu_ms;
    to->frozen = from->is_frozen;
    to->last_error = control_text(codec, from->last_error);
    to->last_error_ms = from->last_error_ms;
    to->heard = from->is_heard;
    to->heard_ms = from->heard_ms;
    to->malformed = from->malformed;
}

static void control_put_route(struct codec_control *codec, const struct control_route *from,
                              Firecurtain__ControlRoute *to)
{
    firecurtain__control_route__init(to);
    to->from = control_text(codec, from->from);
    to->to = control_text(codec, from->to);
}

static void control_put_line(struct codec_control *codec, const struct control_line *from,
                             Firecurtain__ControlLine *to)
{
    firecurtain__control_line__init(to);
    to->time_ns = from->time_ns;
    to->level = control_text(codec, from->level);
    to->instance = control_text(codec, from->instance);
    to->text = control_text(codec, from->text);
}

static void control_put_value(struct codec_control *codec, const struct control_value *from,
                              Firecurtain__ControlValue *to)
{
    firecurtain__control_value__init(to);
    to->channel = control_text(codec, from->channel);
    to->value = from->value;
}

static void control_put_writer(struct codec_control *codec, const struct control_writer *from,
                               Firecurtain__ControlWriter *to)
{
    firecurtain__control_writer__init(to);
    to->channel = control_text(codec, from->channel);
    to->user = control_text(codec, from->user);
}

static void control_put_slow_turns(struct codec_control *codec, const struct control_slow_turns *from,
                                   Firecurtain__ControlSlowTurns *to)
{
    firecurtain__control_slow_turns__init(to);
    to->what = control_text(codec, from->what);
    to->count = from->count;
    to->longest_us = from->longest_us;
}

static void control_put_channel(struct codec_control *codec, const struct control_channel *from,
                                Firecurtain__ControlChannel *to)
{
    firecurtain__control_channel__init(to);
    to->channel = control_text(codec, from->channel);
    to->source = from->is_source;
    to->target = from->is_target;
    to->has_value = from->has_value;
    to->value = from->value;
    to->kind = control_text(codec, from->kind);
    to->label = control_text(codec, from->label);
    to->place = from->place;
}

static void control_put_invite(struct codec_control *codec, const struct control_invite *from,
                               Firecurtain__ControlInvite *to)
{
    firecurtain__control_invite__init(to);
    to->number = from->number;
    to->role = control_text(codec, from->role);
    to->label = control_text(codec, from->label);
    to->uid = from->uid;
    to->seconds = from->seconds;
    to->once = from->is_once;
    to->address = control_text(codec, from->address);
    to->pin = control_text(codec, from->pin);
    to->locked = from->is_locked;
}

/* Fills in the generated form of a list: pointers to messages, all of them in the arena. */
#define CONTROL_PUT_LIST(codec, reply, message, list, put)                                                   \
    do {                                                                                                     \
        __typeof__(**(message)->list) *all = arena_alloc(&(codec)->arena, (reply)->n_##list * sizeof(*all)); \
        (message)->list = arena_alloc(&(codec)->arena, (reply)->n_##list * sizeof(*(message)->list));        \
        if (!all || !(message)->list)                                                                        \
            return -EMSGSIZE;                                                                                \
        (message)->n_##list = (reply)->n_##list;                                                             \
        for (size_t i = 0; i < (reply)->n_##list; i++) {                                                     \
            put((codec), &(reply)->list[i], &all[i]);                                                        \
            (message)->list[i] = &all[i];                                                                    \
        }                                                                                                    \
    } while (0)

int codec_control_encode_reply(struct codec_control *codec, const struct control_reply *reply,
                               const void **bytes, size_t *n_bytes)
{
    Firecurtain__ControlReply message = FIRECURTAIN__CONTROL_REPLY__INIT;

    arena_reset(&codec->arena);
    message.version = CONTROL_VERSION;
    message.id = reply->id;
    message.outcome = (Firecurtain__ControlOutcome)reply->outcome;
    message.text = control_text(codec, reply->text);
    message.next = reply->next;
    message.missed = reply->missed;
    message.has_slow_turns = reply->has_slow_turns;
    message.frozen = reply->is_frozen;
    message.panic = reply->has_panic;
    message.secret = control_text(codec, reply->secret);
    message.address = control_text(codec, reply->address);
    message.record = (ProtobufCBinaryData){.data = (uint8_t *)reply->record, .len = reply->n_record};
    CONTROL_PUT_LIST(codec, reply, &message, instances, control_put_instance);
    CONTROL_PUT_LIST(codec, reply, &message, routes, control_put_route);
    CONTROL_PUT_LIST(codec, reply, &message, lines, control_put_line);
    CONTROL_PUT_LIST(codec, reply, &message, values, control_put_value);
    CONTROL_PUT_LIST(codec, reply, &message, writers, control_put_writer);
    CONTROL_PUT_LIST(codec, reply, &message, slow_turns, control_put_slow_turns);
    CONTROL_PUT_LIST(codec, reply, &message, channels, control_put_channel);
    CONTROL_PUT_LIST(codec, reply, &message, invites, control_put_invite);
    return control_pack(codec, &message.base, CONTROL_MAX_REPLY, bytes, n_bytes);
}

/* Names get into the log and are compared with names. */
bool codec_control_is_name(const char *name)
{
    size_t n_bytes = strnlen(name, CONTROL_MAX_NAME + 1);

    for (size_t i = 0; i < n_bytes; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    }
    return n_bytes > 0 && n_bytes <= CONTROL_MAX_NAME;
}

/* Tells whether a text can be a PIN or its hash, or is empty: no blank, nothing that is no letter. */
static bool control_is_pin(const char *pin)
{
    size_t n_bytes = strnlen(pin, CONTROL_MAX_PIN + 1);

    for (size_t i = 0; i < n_bytes; i++) {
        if (pin[i] <= 0x20 || pin[i] == 0x7f)
            return false;
    }
    return n_bytes <= CONTROL_MAX_PIN;
}

int codec_control_decode_request(struct codec_control *codec, const void *bytes, size_t n_bytes,
                                 struct control_request *request)
{
    const Firecurtain__ControlRequest *message;

    if (n_bytes > CONTROL_MAX_REQUEST)
        return -EMSGSIZE;
    arena_reset(&codec->arena);
    message = firecurtain__control_request__unpack(&codec->allocator, n_bytes, bytes);
    if (!message)
        return -EBADMSG;
    if (message->n_names > CONTROL_MAX_NAMES)
        return -EMSGSIZE;
    for (size_t i = 0; i < message->n_names; i++) {
        if (!codec_control_is_name(message->names[i]))
            return -EBADMSG;
    }
    if (!isfinite(message->value) || !control_is_pin(message->pin))
        return -EBADMSG;
    *request = (struct control_request){
        .version = message->version,
        .id = message->id,
        .verb = (int)message->verb > 0 && (int)message->verb < (int)CONTROL_VERBS_
                    ? (enum control_verb)message->verb
                    : CONTROL_NONE,
        .names = (const char *const *)message->names,
        .n_names = message->n_names,
        .value = message->value,
        .from = message->from,
        .lines = message->lines,
        .usage = message->usage,
        .follow = message->follow,
        .channels = message->channels,
        .seconds = message->seconds,
        .pin = message->pin,
    };
    return 0;
}

static void control_take_instance(const Firecurtain__ControlInstance *from, struct control_instance *to)
{
    *to = (struct control_instance){
        .name = from->name,
        .backend = from->backend,
        .state = from->state,
        .detail = from->detail,
        .layers = from->layers,
        .pid = from->pid,
        .uptime_ms = from->uptime_ms,
        .restarts = from->restarts,
        .events_in = from->events_in,
        .events_out = from->events_out,
        .dropped = from->dropped,
        .coalesced = from->coalesced,
        .exceptions = from->exceptions,
        .queue = from->queue,
        .queue_peak = from->queue_peak,
        .busy_p50_us = from->busy_p50_us,
        .busy_p99_us = from->busy_p99_us,
        .busy_max_us = from->busy_max_us,
        .memory_bytes = from->memory_bytes,
        .cpu_ms = from->cpu_ms,
        .is_frozen = from->frozen,
        .last_error = from->last_error,
        .last_error_ms = from->last_error_ms,
        .is_heard = from->heard,
        .heard_ms = from->heard_ms,
        .malformed = from->malformed,
    };
}

static void control_take_route(const Firecurtain__ControlRoute *from, struct control_route *to)
{
    *to = (struct control_route){.from = from->from, .to = from->to};
}

static void control_take_line(const Firecurtain__ControlLine *from, struct control_line *to)
{
    *to = (struct control_line){.time_ns = from->time_ns,
                                .level = from->level,
                                .instance = from->instance,
                                .text = from->text};
}

static void control_take_value(const Firecurtain__ControlValue *from, struct control_value *to)
{
    *to = (struct control_value){.channel = from->channel, .value = from->value};
}

static void control_take_writer(const Firecurtain__ControlWriter *from, struct control_writer *to)
{
    *to = (struct control_writer){.channel = from->channel, .user = from->user};
}

static void control_take_slow_turns(const Firecurtain__ControlSlowTurns *from, struct control_slow_turns *to)
{
    *to =
        (struct control_slow_turns){.what = from->what, .count = from->count, .longest_us = from->longest_us};
}

static void control_take_channel(const Firecurtain__ControlChannel *from, struct control_channel *to)
{
    *to = (struct control_channel){.channel = from->channel,
                                   .is_source = from->source,
                                   .is_target = from->target,
                                   .has_value = from->has_value,
                                   .value = from->value,
                                   .kind = from->kind,
                                   .label = from->label,
                                   .place = from->place};
}

static void control_take_invite(const Firecurtain__ControlInvite *from, struct control_invite *to)
{
    *to = (struct control_invite){.number = from->number,
                                  .role = from->role,
                                  .label = from->label,
                                  .uid = from->uid,
                                  .seconds = from->seconds,
                                  .is_once = from->once,
                                  .address = from->address,
                                  .pin = from->pin,
                                  .is_locked = from->locked};
}

#define CONTROL_TAKE_LIST(codec, message, reply, type, list, take)                                           \
    do {                                                                                                     \
        struct type *room = arena_alloc(&(codec)->arena, (message)->n_##list * sizeof(*room));               \
        if (!room)                                                                                           \
            return -EMSGSIZE;                                                                                \
        for (size_t i = 0; i < (message)->n_##list; i++)                                                     \
            take((message)->list[i], &room[i]);                                                              \
        (reply)->list = room;                                                                                \
        (reply)->n_##list = (message)->n_##list;                                                             \
    } while (0)

int codec_control_decode_reply(struct codec_control *codec, const void *bytes, size_t n_bytes,
                               struct control_reply *reply)
{
    const Firecurtain__ControlReply *message;

    if (n_bytes > CONTROL_MAX_REPLY)
        return -EMSGSIZE;
    arena_reset(&codec->arena);
    message = firecurtain__control_reply__unpack(&codec->allocator, n_bytes, bytes);
    if (!message)
        return -EBADMSG;
    *reply = (struct control_reply){
        .id = message->id,
        .outcome = (unsigned)message->outcome < (unsigned)CONTROL_OUTCOMES_
                       ? (enum control_outcome)message->outcome
                       : CONTROL_UNSUPPORTED,
        .text = message->text,
        .next = message->next,
        .missed = message->missed,
        .has_slow_turns = message->has_slow_turns,
        .is_frozen = message->frozen,
        .has_panic = message->panic,
        .record = message->record.data,
        .n_record = message->record.len,
        .secret = message->secret,
        .address = message->address,
    };
    CONTROL_TAKE_LIST(codec, message, reply, control_instance, instances, control_take_instance);
    CONTROL_TAKE_LIST(codec, message, reply, control_route, routes, control_take_route);
    CONTROL_TAKE_LIST(codec, message, reply, control_line, lines, control_take_line);
    CONTROL_TAKE_LIST(codec, message, reply, control_value, values, control_take_value);
    CONTROL_TAKE_LIST(codec, message, reply, control_writer, writers, control_take_writer);
    CONTROL_TAKE_LIST(codec, message, reply, control_slow_turns, slow_turns, control_take_slow_turns);
    CONTROL_TAKE_LIST(codec, message, reply, control_channel, channels, control_take_channel);
    CONTROL_TAKE_LIST(codec, message, reply, control_invite, invites, control_take_invite);
    return 0;
}
