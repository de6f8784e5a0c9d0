/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages with descriptors between two processes of firecurtain: the broker with its keeper, a zygote or a
 * gate. One message per call over a unix SOCK_SEQPACKET socket.
 */
#ifndef PROTO_PASS_H
#define PROTO_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PASS_MAX_DESCRIPTORS 32

/*
 * Sends bytes together with up to PASS_MAX_DESCRIPTORS descriptors, which stay the caller's. `flags` are
 * those of sendmsg(); MSG_NOSIGNAL is added. 0 or -errno.
 */
int pass_send(int socket, const void *bytes, size_t n_bytes, const int *descriptors, size_t n_descriptors,
              int flags);

/*
 * Waits for a message. Its descriptors become the caller's, close-on-exec, in the first of the `room` places;
 * the other places are -1. `*flags` gets MSG_TRUNC if the message was longer and MSG_CTRUNC if descriptors
 * were lost; NULL is fine. Returns the number of bytes, 0 if the other side has gone, or -errno.
 */
ssize_t pass_receive(int socket, void *bytes, size_t n_bytes, int *descriptors, size_t room, int *flags);

/*
 * Lets nobody pass descriptors to this socket, or to those that a listening one accepts: to close what comes,
 * the receiver may have to wait for a hostile sender (SO_LINGER). False: the kernel is older than Linux 6.16.
 */
bool pass_refuse_descriptors(int socket);

/*
 * On older kernels: returns whether the next message passes descriptors, which closes nothing as long as the
 * message is left where it is.
 */
bool pass_brings_descriptors(int socket);

/*
 * On older kernels: receives nothing any more, and drops what waits in a SOCK_SEQPACKET. False if that passes
 * descriptors; then the socket may be closed only by a process that ends, which never waits.
 */
bool pass_drain(int socket);

#endif
