/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the control interface (control.proto) as plain structures, and their protobuf encoding. Neither
 * side trusts the other: names have no control characters, and everything has a limit.
 */
#ifndef PROTO_CODEC_CONTROL_H
#define PROTO_CODEC_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_VERSION     1
#define CONTROL_MAX_REQUEST 65536u /* bytes */
#define CONTROL_MAX_REPLY   65536u
#define CONTROL_MAX_NAMES   256u  /* in a request */
#define CONTROL_MAX_NAME    1100u /* bytes of a name: INSTANCE.CHANNEL */
#define CONTROL_MAX_PIN     127u  /* bytes of a PIN, or of its hash */

/* As in control.proto. */
enum control_verb {
    CONTROL_NONE,
    CONTROL_STATUS,
    CONTROL_START,
    CONTROL_STOP,
    CONTROL_RESTART,
    CONTROL_RELOAD,
    CONTROL_EMIT,
    CONTROL_ROUTES,
    CONTROL_LOGS,
    CONTROL_WATCH,
    CONTROL_FREEZE,
    CONTROL_UNFREEZE,
    CONTROL_RECORD,
    CONTROL_CHANNELS,
    CONTROL_INVITE,
    CONTROL_INVITES,
    CONTROL_REVOKE,
    CONTROL_ENTER,
    CONTROL_PANIC,
    CONTROL_UNLOCK,
    CONTROL_LOCK,
    CONTROL_VERBS_,
};

enum control_outcome {
    CONTROL_DONE,
    CONTROL_REFUSED,
    CONTROL_UNKNOWN_NAME,
    CONTROL_INVALID,
    CONTROL_BUSY,
    CONTROL_FAILED,
    CONTROL_UNSUPPORTED,
    CONTROL_OUTCOMES_,
};

struct control_request {
    uint32_t version;
    uint64_t id;
    enum control_verb verb; /* CONTROL_NONE: unknown to this version */
    const char *const *names;
    size_t n_names;
    double value;
    uint64_t from;
    uint32_t lines;
    bool usage;
    bool follow;
    bool channels;
    uint64_t seconds;
    const char *pin; /* or its hash; "" or NULL: none */
};

struct control_instance {
    const char *name;
    const char *backend;
    const char *state;
    const char *detail;
    uint32_t pid;
    uint64_t uptime_ms;
    const char *layers;
    uint64_t restarts;
    uint64_t events_in;
    uint64_t events_out;
    uint64_t dropped;
    uint64_t coalesced;
    uint64_t exceptions;
    uint64_t queue;
    uint64_t queue_peak;
    uint64_t busy_p50_us;
    uint64_t busy_p99_us;
    uint64_t busy_max_us;
    uint64_t memory_bytes;
    uint64_t cpu_ms;
    bool is_frozen;
    const char *last_error;
    uint64_t last_error_ms; /* ago */
    bool is_heard;
    uint64_t heard_ms; /* ago */
    uint64_t malformed;
};

struct control_route {
    const char *from;
    const char *to;
};

struct control_line {
    uint64_t time_ns; /* since 1970 */
    const char *level;
    const char *instance;
    const char *text;
};

struct control_writer {
    const char *channel;
    const char *user; /* "": the house, or a user hidden from the caller */
};

struct control_slow_turns {
    const char *what; /* took the largest part of them */
    uint64_t count;
    uint64_t longest_us;
};

struct control_value {
    const char *channel;
    double value;
};

struct control_channel {
    const char *channel;
    bool is_source;
    bool is_target;
    bool has_value;
    double value;
    const char *kind; /* of a panel's: button, toggle, fader or text; else "" */
    const char *label;
    uint32_t place;
};

struct control_invite {
    uint64_t number;
    const char *role;
    const char *label;
    uint32_t uid;        /* that made it */
    uint64_t seconds;    /* until it ends */
    bool is_once;        /* it has not been opened, and can be once */
    const char *address; /* that used it last; "": none has */
    const char *pin;     /* the settings of its PIN's hash; "": it has none */
    bool is_locked;      /* until the PIN is entered */
};

struct control_reply {
    uint64_t id;
    enum control_outcome outcome;
    const char *text;
    uint64_t next;
    uint64_t missed;
    const struct control_instance *instances;
    size_t n_instances;
    const struct control_route *routes;
    size_t n_routes;
    const struct control_line *lines;
    size_t n_lines;
    const struct control_value *values;
    size_t n_values;
    const void *record; /* a block of a recording */
    size_t n_record;
    const struct control_writer *writers;
    size_t n_writers;
    const struct control_slow_turns *slow_turns;
    size_t n_slow_turns;
    bool has_slow_turns;
    bool is_frozen; /* with CONTROL_STATUS: nothing is put out to devices */
    bool has_panic; /* likewise: there is a channel for CONTROL_PANIC */
    const struct control_channel *channels;
    size_t n_channels;
    const char *secret;
    const char *address;
    const struct control_invite *invites;
    size_t n_invites;
};

/* Return the names of verbs and outcomes, such as "status", for the log and the command line. */
const char *control_verb_name(enum control_verb verb);
const char *control_outcome_name(enum control_outcome outcome);

struct codec_control;

/* Makes a codec. 0 or -ENOMEM. */
int codec_control_new(struct codec_control **codec);

/* Frees a codec. Takes NULL; returns NULL. */
struct codec_control *codec_control_free(struct codec_control *codec);

/*
 * Encode a message. `*bytes` belongs to the codec and lives until its next call. A text that is NULL is sent
 * as "". 0; -EMSGSIZE above the limit, -ENOMEM.
 */
int codec_control_encode_request(struct codec_control *codec, const struct control_request *request,
                                 const void **bytes, size_t *n_bytes);
int codec_control_encode_reply(struct codec_control *codec, const struct control_reply *reply,
                               const void **bytes, size_t *n_bytes);

/* Returns whether a text may be a name in a request: not empty, not too long, and without control characters.
 */
bool codec_control_is_name(const char *name);

/*
 * Decode a message. What the result points to lives until the codec's next call. 0; -EBADMSG if it is
 * malformed, -EMSGSIZE if it is too large or has too many names. Texts of a reply may contain anything.
 */
int codec_control_decode_request(struct codec_control *codec, const void *bytes, size_t n_bytes,
                                 struct control_request *request);
int codec_control_decode_reply(struct codec_control *codec, const void *bytes, size_t n_bytes,
                               struct control_reply *reply);

#endif
