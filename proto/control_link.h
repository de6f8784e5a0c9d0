/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport of the control interface: a ROUTER socket for the broker and a DEALER socket for each client,
 * on ipc, with one frame per message. It does not know what the messages mean.
 */
#ifndef PROTO_CONTROL_LINK_H
#define PROTO_CONTROL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Messages that may wait for one client; further ones cannot be sent. */
#define CONTROL_LINK_QUEUE 8

/* A client's connection, as libzmq names it. Unique at any time, and not chosen by the client. */
struct control_route_id {
    uint8_t bytes[5];
};

/* The sender of a message, as the kernel identified the process when it connected. */
struct control_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* The broker's side. */
struct control_server;

/*
 * Makes a server of `listener`, which listens on a unix socket with the file name `name`, and takes it over
 * unless this fails. 0 or -errno.
 */
int control_server_new(struct control_server **server, const char *name, int listener);

/*
 * Frees a server. Waits up to 100 ms for clients to read what was sent. Takes NULL; returns NULL.
 */
struct control_server *control_server_free(struct control_server *server);

/* Work like link_fd() and link_readable(). */
int control_server_fd(struct control_server *server);
bool control_server_readable(struct control_server *server);

/*
 * Receives the next message, which belongs to the server and lives until the next call. Does not block. 0;
 * -EAGAIN if there is none; -EBADMSG for one with an invalid sender or form, which is discarded.
 */
int control_server_receive(struct control_server *server, struct control_route_id *from,
                           struct control_peer *peer, const void **bytes, size_t *n_bytes);

/*
 * Sends a message to a client. Does not block. 0; -EAGAIN if the client has not read earlier ones;
 * -EHOSTUNREACH if it is gone.
 */
int control_server_send(struct control_server *server, const struct control_route_id *to, const void *bytes,
                        size_t n_bytes);

/* A client: one connection, which is not established again when it ends. */
struct control_client;

/* Makes a client, without waiting for the connection. 0 or -errno. */
int control_client_new(struct control_client **client, const char *path, size_t max_message);

/* Frees a client. Takes NULL; returns NULL. */
struct control_client *control_client_free(struct control_client *client);

/*
 * Sends a message. 0; -EAGAIN if the broker reads nothing; if it has closed the connection, the reason, for
 * which this waits up to 100 ms, as control_client_receive() returns it; or another -errno.
 */
int control_client_send(struct control_client *client, const void *bytes, size_t n_bytes);

/*
 * Waits for a message, up to `timeout_ms` (-1: for ever), or until `also_fd` is readable (-1: none). The
 * message belongs to the client and lives until the next call. 0; -ETIMEDOUT; -EINTR for a signal or
 * `also_fd`; -ECONNREFUSED without a connection, -EACCES if it ended during the handshake, -ECONNRESET if it
 * ended later.
 */
int control_client_receive(struct control_client *client, int timeout_ms, int also_fd, const void **bytes,
                           size_t *n_bytes);

#endif
