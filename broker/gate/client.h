/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of the gates (serve.h). Nothing here waits for a gate: what a gate's socket has no room
 * for is told later. A gate that has died is started again, after a delay that doubles, and is told of all
 * workers again; in the meantime their calls wait.
 */
#ifndef BROKER_GATE_CLIENT_H
#define BROKER_GATE_CLIENT_H

struct gate_client;
struct loop;

/* One gate, that of an account. */
struct gate_client_spec {
    struct loop *loop;
    unsigned account;
    /* Starts the process with its end of a SOCK_SEQPACKET pair and the memory of calls under way (flight.h),
     * which stay the caller's. 0 or -errno. */
    int (*start)(void *userdata, unsigned account, int socket, int flight);
    void *userdata;
};

/* Starts a gate. 0 or -errno. */
int gate_client_new(struct gate_client **client, const struct gate_client_spec *spec);

/* Ends the gate. Its links must have been freed. Takes NULL; returns NULL. */
struct gate_client *gate_client_free(struct gate_client *client);

#endif
