/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line in which workers wait that have made calls; runs in the gate. One call is served in a turn of the
 * loop, and its worker then goes to the end of the line, so that a worker with a thousand callers gets no
 * more than one with a single caller.
 */
#ifndef BROKER_GATE_LINE_H
#define BROKER_GATE_LINE_H

#include <stdbool.h>

#include "broker/base/loop.h"

/* A worker's place. Zeroed except for the first members, it is not in the line. */
struct gate_place {
    bool (*serve)(void *userdata); /* serves one call, if there is one; returns whether there may be more */
    void *userdata;
    bool is_waiting;
    struct gate_place *next;
};

struct gate_line {
    struct loop *loop;
    struct gate_place *first;
    struct gate_place **end;
    struct loop_task task;
};

void gate_line_init(struct gate_line *line, struct loop *loop);

/* Goes to the end of the line, unless it stands in it. */
void gate_line_enter(struct gate_line *line, struct gate_place *place);

void gate_line_leave(struct gate_line *line, struct gate_place *place);

#endif
