/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker and the desk say to each other, over a link (link.h): requests of clients on one side,
 * answers and values of channels on the other. A message is a fixed head and bytes whose meaning depends on
 * its type. Both programs are from one build, so nothing is versioned; but the desk meets everybody who asks
 * from outside, so the broker checks all of it, and the desk does likewise. In broker and desk.
 */
#ifndef PROTO_DESK_MESSAGES_H
#define PROTO_DESK_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/codec_control.h"
#include "proto/sha256.h"

#define DESK_LINK             3    /* the number of the link in the desk's process */
#define DESK_LISTENER         4    /* that of the control socket */
#define DESK_CONSOLE_LISTENER 5    /* that of the console, if there is one */
#define DESK_WATCHES          32   /* at a time; each has a bit in what is said of a channel */
#define DESK_MAX_VALUES       1024 /* in one message */
#define DESK_MAX_CHANNEL      (1u << 18)
#define DESK_MAX_NAME         (2u * CONTROL_MAX_NAME) /* bytes of INSTANCE.CHANNEL, with its NUL */
/* What a browser is told whose token is none, or no longer. */
#define CONTROL_SIGNED_OUT "this browser is not signed in, or no longer"

#define DESK_MAX_ADMITS 2048
#define DESK_MAX_GONE   64                                                  /* clients of DESK_GONE */
#define DESK_MAX_NAMES  4096                                                /* bytes of DESK_NAMES */
#define DESK_MAX_ASKED  (sizeof(struct desk_browser) + CONTROL_MAX_REQUEST) /* bytes of a request */

struct link;

enum desk_type {
    DESK_NOTHING,
    /* from the desk */
    DESK_REQUEST, /* `bytes`: a control_request that codec_control has encoded anew */
    DESK_BROWSE,  /* a request of a browser; `bytes`: struct desk_browser, then as DESK_REQUEST */
    DESK_SENT,    /* a reply that was DESK_STREAM is on its way to its client */
    DESK_GONE,    /* clients have ended their connections, or the desk has; `bytes`: uint64_t[] */
    /* from the broker */
    DESK_ADMIT,   /* `bytes`: struct desk_admit[]; the first message */
    DESK_NAMES,   /* `bytes`: names of hosts under which browsers may ask, with blanks between them */
    DESK_REPLY,   /* `bytes`: a control_reply; lost if the client does not read */
    DESK_STREAM,  /* the same, but it waits for the client, and DESK_SENT follows */
    DESK_WATCH,   /* place `number` is a watch from now on; `bytes`: its request */
    DESK_UNWATCH, /* place `number` is free */
    DESK_VALUES,  /* `bytes`: values of channels; `number`: the generation of their numbers */
    DESK_KNOWN,   /* the watches so far were told of all channels that there are */
    DESK_TYPES_,
};

/* A caller, as the kernel identified the process when it connected. */
struct desk_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* A browser: what it has instead of a uid, and where it is. */
struct desk_browser {
    uint8_t token[SHA256_BYTES]; /* the hash of it */
    uint8_t address[16];         /* of IPv6; those of IPv4 are mapped */
};

struct desk_message {
    enum desk_type type;
    uint32_t number;
    uint64_t client; /* the desk's number for a connection, never 0 where there is one */
    uint64_t id;     /* of the client's request */
    struct desk_peer peer;
    const void *bytes;
    size_t n_bytes;
};

/* Who may connect to the control socket. */
struct desk_admit {
    enum desk_admits {
        DESK_ADMIT_OWNER, /* and has room that is reserved; root has it as well */
        DESK_ADMIT_UID,
        DESK_ADMIT_GID,
        DESK_ADMIT_ALL,
        DESK_ADMIT_NOT, /* a uid that is refused whatever else is there */
    } kind;
    uint32_t id;
};

/* Sends a message. -EAGAIN if there is no room for it, -EPIPE if the other end has gone. */
int desk_message_send(struct link *link, const struct desk_message *message);

/*
 * Receives the next message, whose bytes live until the next call with the link. -EAGAIN, -EPIPE; -EBADMSG if
 * its sender must not send it so.
 */
int desk_message_receive(struct link *link, bool is_from_desk, struct desk_message *message);

/* Reads a message from bytes. 0 or -EBADMSG. */
int desk_message_read(const void *bytes, size_t n_bytes, bool is_from_desk, struct desk_message *message);

/* Why a value is sent. */
enum desk_cause {
    DESK_EVENT,   /* there was one: all watches are told */
    DESK_PRESENT, /* for the watches that were not told of the channel before */
    DESK_UNSET,   /* the same, but there is no value so far */
    DESK_CAUSES_,
};

/* A value of a channel. The first one of a channel in a generation has the name, and the numbers are dense.
 */
struct desk_value {
    uint32_t channel;
    enum desk_cause cause;
    uint32_t seen_by; /* with a name: the watches that may see it, a bit for each place */
    double value;
    const char *name; /* or NULL */
};

/* Values that are being collected, or read. */
struct desk_values {
    uint8_t *bytes;
    size_t room;
    size_t n_bytes;
    size_t n;
};

/* Adds a value. False if there is no room for it, or its name is too long. */
bool desk_values_add(struct desk_values *values, const struct desk_value *value);

/*
 * Takes the next value from bytes, and advances them. 1; 0 at the end; -EBADMSG. The name lives as long as
 * the bytes.
 */
int desk_values_next(const uint8_t **bytes, size_t *n_bytes, struct desk_value *value);

#endif
