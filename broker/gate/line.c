/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves the first worker of the line in each turn of the loop. Runs in the gate. */
#include "broker/gate/line.h"

#include <stddef.h>

static void line_serve_first(void *userdata)
{
    struct gate_line *line = userdata;
    struct gate_place *place = line->first;

    if (!place)
        return;
    gate_line_leave(line, place);
    if (line->first)
        loop_defer(line->loop, &line->task);
    if (place->serve(place->userdata))
        gate_line_enter(line, place);
}

void gate_line_init(struct gate_line *line, struct loop *loop)
{
    *line = (struct gate_line){
        .loop = loop,
        .end = &line->first,
        .task = {.fn = line_serve_first, .userdata = line},
    };
}

void gate_line_enter(struct gate_line *line, struct gate_place *place)
{
    if (place->is_waiting)
        return;
    place->is_waiting = true;
    place->next = NULL;
    *line->end = place;
    line->end = &place->next;
    loop_defer(line->loop, &line->task);
}

void gate_line_leave(struct gate_line *line, struct gate_place *place)
{
    struct gate_place **slot = &line->first;

    if (!place->is_waiting)
        return;
    while (*slot != place)
        slot = &(*slot)->next;
    *slot = place->next;
    if (!*slot)
        line->end = slot;
    place->is_waiting = false;
    if (!line->first)
        loop_cancel_task(line->loop, &line->task);
}
