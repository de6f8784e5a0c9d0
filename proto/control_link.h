/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport of the control interface: a ROUTER socket for the broker, a DEALER for who talks to it, both
 * on ipc, one frame per message. Knows nothing of what the messages mean.
 */
#ifndef PROTO_CONTROL_LINK_H
#define PROTO_CONTROL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct link_context;

/* Messages that may wait for one client before more are dropped. */
#define CONTROL_LINK_QUEUE 8

/* A client's connection, as libzmq names it: never two at the same time, nor chosen by the client. */
struct control_route_id {
    uint8_t bytes[5];
};

/* The process that a message came from, as the kernel knew it when it connected. */
struct control_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* The broker's side. */
struct control_server;

/*
 * `listener` listens on a unix socket and becomes the server's, unless this fails; `name` is that of its
 * file. -errno.
 */
int control_server_new(struct control_server **server, struct link_context *context, const char *name,
                       int listener);

/* Takes NULL; returns NULL. The end of the context then waits for what clients have not read yet, for 100 ms.
 */
struct control_server *control_server_free(struct control_server *server);

/* As link_fd() and link_readable() are. */
int control_server_fd(struct control_server *server);
bool control_server_readable(struct control_server *server);

/*
 * The next message, the server's until the following call. Does not block: -EAGAIN. -EBADMSG for one whose
 * sender or form is not as it should be; it is gone then.
 */
int control_server_receive(struct control_server *server, struct control_route_id *from,
                           struct control_peer *peer, const void **bytes, size_t *n_bytes);

/* Does not block: -EAGAIN if that client has not read what was sent before, -EHOSTUNREACH if it has gone. */
int control_server_send(struct control_server *server, const struct control_route_id *to, const void *bytes,
                        size_t n_bytes);

/* The other side: one connection, never made again. */
struct control_client;

/* -errno. Does not wait for the connection. */
int control_client_new(struct control_client **client, const char *path, size_t max_message);

/* Takes NULL; returns NULL. */
struct control_client *control_client_free(struct control_client *client);

/* -errno, -EAGAIN if the broker reads nothing; or, within 100 ms, why it has hung up, as by
 * control_client_receive(). */
int control_client_send(struct control_client *client, const void *bytes, size_t n_bytes);

/*
 * Waits for a message, up to `timeout_ms` (-1: as long as it takes), or until `also_fd` is readable (-1:
 * none). The message is the client's until the next call. -ETIMEDOUT; -EINTR for a signal or `also_fd`;
 * -ECONNREFUSED if the connection ended before it had begun, -ECONNRESET if it ended later.
 */
int control_client_receive(struct control_client *client, int timeout_ms, int also_fd, const void **bytes,
                           size_t *n_bytes);

#endif
