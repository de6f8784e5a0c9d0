/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages between broker and worker or driver (worker.proto) as plain structures, and their protobuf
 * encoding.
 *
 * Decoding allocates from an arena that the next decoding resets; at steady state an event costs no
 * allocation. The arena is bounded: a message that would need more is refused like a malformed one. This file
 * knows nothing of sockets, nor of which message is legal when, for which there is order.h.
 */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODEC_VERSION          5u
#define CODEC_MAX_MESSAGE      (128u << 10) /* bytes; see LINK_MAX_MESSAGE */
#define CODEC_MAX_CHANNELS     262144u      /* of an instance */
#define CODEC_MAX_NAME         255u         /* bytes in the name of a channel or file */
#define CODEC_MAX_BATCH_EVENTS 8192u        /* as many fit in CODEC_MAX_MESSAGE, with room for the rest */
#define CODEC_MAX_FAILURE      16384u       /* bytes of a traceback */
#define CODEC_CHANNEL_BYTES    32u          /* of a message for a channel, besides its name; at most */

/* Entries of a report's lists; a worker that has more to say sends another one. */
#define CODEC_MAX_NEW_CHANNELS 256u
#define CODEC_MAX_INTERVALS    256u
#define CODEC_MAX_SOCKETS      16u /* each costs the broker and a gate a few system calls */
#define CODEC_MAX_FILES        64u
#define CODEC_MAX_TICKED       256u

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
    MESSAGE_FAILED,
    MESSAGE_STOPPED,
    MESSAGE_TYPES_,
};

struct message_channel {
    const char *name;
    bool target;
    double input;
    double output;
    bool source; /* a mapping leads away from it: only to drivers */
};

/* An option of a driver's instance, as the configuration has it. */
struct message_option {
    uint32_t scope; /* enum fc_scope */
    const char *name;
    const char *value;
};

struct message_setup {
    const char *instance;
    const char *const *modules;
    size_t n_modules;
    const char *default_handler; /* or "" */
    uint64_t start_ms;           /* limits, which a TimeoutError names; 0: none */
    uint64_t handler_ms;
    uint64_t stop_ms;
    const char *backend; /* from here on: only to drivers; NULL: "" */
    const char *folder;  /* of the configuration; likewise */
    const struct message_option *options;
    size_t n_options;
    const char *hosts;  /* the hosts that it connects to, as in hosts(5); likewise */
    const char *failed; /* why the driver before could not start the backend, which was said; likewise */
    bool is_probe;      /* it is only to say in its log how it is confined */
};

struct message_channels {
    const struct message_channel
        *list; /* first the channels that the worker knows, in their order; then new ones */
    size_t n;
    uint32_t first; /* the number of the first one */
    bool values;    /* the worker is to take the last values, too */
};

struct message_batch {
    const uint32_t *channels; /* n_events of both */
    const double *values;
    size_t n_events;
    const uint32_t *ready;
    size_t n_ready;
    uint64_t time_ns; /* what timestamp() returns while it is handled; 0: the clock's time */
};

/* Ids of `n` intervals, and the times at which they are due or were called. */
struct message_ticks {
    const uint32_t *ids;
    const uint64_t *times_ns;
    size_t n;
    uint64_t time_ns; /* in a replay: what timestamp() returns when they are called; else 0 */
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

/* How a driver's device is. */
struct message_device {
    bool is_up;
    const char *status; /* in words, at most CODEC_MAX_NAME bytes; NULL: "" */
    uint32_t malformed; /* inputs, since the previous report */
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
    const char *const *files; /* paths of imported modules below the script's folder */
    size_t n_files;
    struct message_ticks ticked;
    const struct message_device *device; /* of a driver, when something has changed; else NULL */
    bool heard;                          /* of a driver: something came from outside */
};

struct message_failure {
    const char *text; /* lines: what happened, then the traceback */
    bool is_lasting;  /* only a change of a file can help */
};

struct message {
    enum message_type type;
    union {
        struct message_setup setup;
        struct message_channels channels;
        struct message_batch batch;
        struct message_ticks ticks;
        uint64_t time_ns; /* of proceed and stop: what timestamp() returns in their course */
        uint32_t hello_version;
        int32_t notify_fd; /* of locked; -1: there is no filter */
        struct message_report report;
        uint32_t ready_missing; /* how many channels lack the handler that they name */
        struct message_failure failure;
    };
};

struct codec;

/* Makes a codec. 0 or -ENOMEM. */
int codec_new(struct codec **codec);

/* Frees a codec. Takes NULL; returns NULL. */
struct codec *codec_free(struct codec *codec);

/*
 * Prepares a message for codec_encode(), until which it must not change. Returns its encoded size; -EMSGSIZE
 * above the limit of its direction, -ENOMEM.
 */
ptrdiff_t codec_prepare(struct codec *codec, const struct message *message);

/* Writes the message last prepared to `bytes`, which have the size that codec_prepare() returned. */
void codec_encode(struct codec *codec, void *bytes);

enum codec_side {
    CODEC_TO_WORKER,
    CODEC_FROM_WORKER,
};

/*
 * Decodes a message sent in the direction `side`. What `message` points to lives until the next call with
 * this codec. 0; -EBADMSG if it is malformed (arrays of unequal lengths, bad names, no kind), -EMSGSIZE if it
 * is too large.
 */
int codec_decode(struct codec *codec, enum codec_side side, const void *bytes, size_t n_bytes,
                 struct message *message);

#endif
