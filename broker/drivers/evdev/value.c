/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of keys and axes. Pure; in drivers. */
#include "broker/drivers/evdev/value.h"

#include <math.h>

#define VALUE_DOWN 0.9 /* above, a key is down: as in MIDIMonster */

static double value_clamp(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

double value_of_absolute(int32_t position, int32_t min, int32_t max)
{
    return max > min ? value_clamp(((double)position - min) / ((double)max - min)) : 0;
}

int32_t value_to_absolute(double value, int32_t min, int32_t max)
{
    return (int32_t)floor(min + value_clamp(value) * ((double)max - min) + 0.5);
}

double value_of_relative(struct value_frame *frame, int32_t movement)
{
    int64_t position;

    if (!frame->max)
        return movement < 0 ? 0 : movement > 0 ? 1 : 0.5;
    position = frame->position + (frame->is_inverted ? -(int64_t)movement : movement);
    frame->position = (int32_t)(position < 0 ? 0 : position > frame->max ? frame->max : position);
    return (double)frame->position / frame->max;
}

int32_t value_to_relative(struct value_frame *frame, double value)
{
    int32_t before = frame->position;

    if (!frame->max)
        return value < 0.5 ? -1 : value > 0.5 ? 1 : 0;
    frame->position = value_to_absolute(value, 0, frame->max);
    return frame->is_inverted ? before - frame->position : frame->position - before;
}

double value_of_switch(int32_t state)
{
    return value_clamp(state);
}

int32_t value_to_switch(double value)
{
    return value > VALUE_DOWN;
}
