/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages between broker and worker as plain structures, and their protobuf encoding.
 *
 * Decoding allocates from an arena that is reset by the next decode, so that nothing is allocated per event
 * at steady state. The arena is bounded: a message that would need more is refused like a malformed one.
 * Knows nothing of sockets, and nothing of which message is legal when (see order.h).
 */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODEC_VERSION          3u
#define CODEC_MAX_FROM_WORKER  (1u << 20)  /* bytes on the wire: a worker is not trusted with more */
#define CODEC_MAX_TO_WORKER    (32u << 20) /* the setup message holds all channels */
#define CODEC_MAX_CHANNELS     262144u     /* of an instance */
#define CODEC_MAX_NAME         255u        /* bytes of a channel name, and of a file's */
#define CODEC_MAX_BATCH_EVENTS 49152u      /* fit in CODEC_MAX_FROM_WORKER with room for the rest */

enum message_type {
    /* broker to worker */
    MESSAGE_SETUP,
    MESSAGE_PROCEED,
    MESSAGE_BATCH,
    MESSAGE_TICKS,
    MESSAGE_CHANNELS,
    MESSAGE_STOP,
    /* worker to broker */
    MESSAGE_HELLO,
    MESSAGE_LOCKED,
    MESSAGE_REPORT,
    MESSAGE_READY,
    MESSAGE_STOPPED,
    MESSAGE_TYPES_,
};

struct message_channel {
    const char *name;
    bool target;
    double input;
    double output;
};

struct message_setup {
    const char *instance;
    const char *const *modules;
    size_t n_modules;
    const char *default_handler; /* "" is none */
    const struct message_channel *channels;
    size_t n_channels;
};

struct message_channels {
    const struct message_channel *list; /* those that the worker knows in their order, then new ones */
    size_t n;
    bool values; /* the worker takes the last values, too */
};

struct message_batch {
    const uint32_t *channels; /* n_events of both */
    const double *values;
    size_t n_events;
    const uint32_t *ready;
    size_t n_ready;
    uint64_t time_ns; /* what timestamp() is while it is handled */
};

/* Intervals and their times, n of both: when they are due, or were called. */
struct message_ticks {
    const uint32_t *ids;
    const uint64_t *times_ns;
    size_t n;
    uint64_t time_ns; /* of a replay: what timestamp() is when they are called; or 0 */
};

struct message_interval {
    uint32_t id;
    uint64_t period_ms;
    uint64_t from_ns;
};

struct message_socket {
    uint32_t id;
    int32_t fd;
};

struct message_report {
    bool done;
    const char *const *new_channels;
    size_t n_new_channels;
    const uint32_t *channels; /* n_events of both */
    const double *values;
    size_t n_events;
    const struct message_interval *intervals;
    size_t n_intervals;
    const struct message_socket *sockets;
    size_t n_sockets;
    uint32_t exceptions;
    const char *const *files; /* of modules that were loaded, below the script's folder */
    size_t n_files;
    struct message_ticks ticked;
};

struct message_locked {
    int32_t notify_fd; /* -1: there is no filter */
    uint64_t calls;    /* where the worker counts its calls into the script */
};

struct message {
    enum message_type type;
    union {
        struct message_setup setup;
        struct message_channels channels;
        struct message_batch batch;
        struct message_ticks ticks;
        uint64_t time_ns; /* of proceed and stop: what timestamp() is meanwhile */
        uint32_t hello_version;
        struct message_locked locked;
        struct message_report report;
        uint32_t ready_missing; /* channels without the handler that they name */
    };
};

/* "batch", "report"…; for the log. */
const char *message_name(enum message_type type);

struct codec;

/* -ENOMEM or 0. */
int codec_new(struct codec **codec);

/* Takes NULL; returns NULL. */
struct codec *codec_free(struct codec *codec);

/*
 * The size of the encoded message; keeps what codec_encode() needs. The message must stay as it is until
 * then. -EMSGSIZE above the limit of its direction, -ENOMEM.
 */
ptrdiff_t codec_prepare(struct codec *codec, const struct message *message);

/* Writes the message last prepared to `bytes`, which has room for the size that codec_prepare() returned. */
void codec_encode(struct codec *codec, void *bytes);

/*
 * Whether a text can be the name of a channel or a file: neither empty nor too long, UTF-8 without control
 * characters. A message of a worker's with another one is malformed.
 */
bool codec_is_name(const char *text);

enum codec_side {
    CODEC_TO_WORKER,
    CODEC_FROM_WORKER,
};

/*
 * Reads a message sent in the direction `side`. What `message` points to lives until the next call with this
 * codec. -EBADMSG if it is malformed (arrays of unequal length, strings that are no UTF-8 or too long, no
 * kind), -EMSGSIZE if it is too large.
 */
int codec_decode(struct codec *codec, enum codec_side side, const void *bytes, size_t n_bytes,
                 struct message *message);

#endif
