/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When frames of a universe are sent: as soon as something has changed, but no more often than the rate
 * allows; three times what does not change, and then once in 0.9 seconds, so that receivers know that the
 * sender is there. A frame is always as new as what was set last. Pure: the caller reads the clock. Used in
 * the broker.
 */
#ifndef BROKER_BACKENDS_DMX_OUTPUT_H
#define BROKER_BACKENDS_DMX_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/backends/dmx_value.h"
#include "firecurtain/backend.h"
#include "firecurtain/time.h"

#define DMX_OUTPUT_RATE     44 /* frames a second: DMX512 itself has no more */
#define DMX_OUTPUT_EQUAL    3  /* frames that are sent at this rate, if nothing changes */
#define DMX_OUTPUT_ALIVE_NS (900 * FC_NS_PER_MS)

struct dmx_output {
    uint64_t interval_ns;
    bool is_realtime; /* every change is sent at once */
    bool is_dirty;    /* `frame` was not sent since it changed */
    unsigned n_equal; /* frames that were sent since */
    uint64_t sent_ns; /* 0: never */
    uint8_t frame[DMX_SLOTS];
};

void dmx_output_init(struct dmx_output *output);

/* Sets the most frames a second, from text. -EINVAL with `reason`. */
int dmx_output_set_rate(struct dmx_output *output, const char *text, struct fc_reason *reason);

/* Notes that what is in `frame` may have changed from `before`. */
void dmx_output_changed(struct dmx_output *output, const uint8_t before[DMX_SLOTS]);

/* Returns the time at which the next frame is due; 0 for the first one. */
uint64_t dmx_output_due_ns(const struct dmx_output *output);

/* Notes that the frame was sent. */
void dmx_output_sent(struct dmx_output *output, uint64_t now_ns);

#endif
