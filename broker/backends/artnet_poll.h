/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery in Art-Net: answers polls for all ports of a socket, after a random delay of up to a second;
 * and polls, so that frames can be sent to the nodes that want them. A node that has not answered for three
 * polls is gone. Used in the broker.
 *
 * Limits: 16 askers wait for an answer, 256 answers of nodes are kept, and 40 nodes get the same frames.
 */
#ifndef BROKER_BACKENDS_ARTNET_POLL_H
#define BROKER_BACKENDS_ARTNET_POLL_H

#include "broker/backends/artnet_socket.h"

#define ARTNET_POLL_NS         (2800 * FC_NS_PER_MS)
#define ARTNET_MAX_SUBSCRIBERS 40

/* Begins with the first port of a socket. 0 or -ENOMEM. */
int artnet_poll_begin(struct artnet_socket *socket);

/* Ends with the last port. */
void artnet_poll_end(struct artnet_socket *socket);

/* Polls from now on, at this address. */
void artnet_poll_ask(struct artnet_socket *socket, const struct sockaddr_in *broadcast, uint64_t now_ns);

/* Takes an ArtPoll, to be answered later. */
void artnet_poll_asked(struct artnet_socket *socket, const struct artnet_received *received, uint64_t now_ns);

/* Takes an ArtPollReply. */
void artnet_poll_answered(struct artnet_socket *socket, const struct artnet_received *received,
                          uint64_t now_ns);

/* Lists the nodes that receive a Port-Address. Returns how many there are. */
size_t artnet_poll_subscribers(const struct artnet_socket *socket, uint16_t address, uint64_t now_ns,
                               struct sockaddr_in list[ARTNET_MAX_SUBSCRIBERS]);

#endif
