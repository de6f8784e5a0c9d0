/* SPDX-License-Identifier: BSD-2-Clause */
/* An OSC instance that is bound, and its peer with a real socket. Include it once per program, after
 * cmocka.h. */
#ifndef TESTS_UNIT_OSC_PEER_H
#define TESTS_UNIT_OSC_PEER_H

#include "tests/unit/osc_rig.h"

#define XY(x, y) "/1/xy\0\0\0,ff\0" x y

/* Values of a float, as they are sent. */
#define F_0   "\0\0\0\0"
#define F_0_5 "\x3f\0\0\0"
#define F_1   "\x3f\x80\0\0"
#define F_2   "\x40\0\0\0"

static struct rig rig;
static int peer;

static inline int setup(void **state)
{
    rig_init(&rig);
    rig_set(&rig, "bind", "127.0.0.1 0");
    peer = rig_peer(AF_INET);
    return 0;
}

static inline int teardown(void **state)
{
    rig_deinit(&rig);
    close(peer);
    return 0;
}

static inline void receive(const char *packet, size_t bytes)
{
    rig.instance.n_events = 0;
    rig.instance.n_malformed = 0;
    rig_receive(&rig, peer, packet, bytes);
}

static inline void assert_counts(unsigned n_events, unsigned n_malformed)
{
    assert_int_equal(rig.instance.n_events, n_events);
    assert_int_equal(rig.instance.n_malformed, n_malformed);
}

#endif
