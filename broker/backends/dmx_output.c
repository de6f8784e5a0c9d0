/* SPDX-License-Identifier: BSD-2-Clause */
/* The times of frames. Pure; used in the broker. */
#include "broker/backends/dmx_output.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RATE 1000

static uint64_t interval_of(unsigned long rate)
{
    return (FC_NS_PER_S + rate - 1) / rate;
}

void dmx_output_init(struct dmx_output *output)
{
    *output = (struct dmx_output){.interval_ns = interval_of(DMX_OUTPUT_RATE)};
}

int dmx_output_set_rate(struct dmx_output *output, const char *text, struct fc_reason *reason)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long rate = digits > 0 && digits <= 4 && !text[digits] ? strtoul(text, NULL, 10) : 0;

    if (rate < 1 || rate > MAX_RATE)
        return fc_refuse(reason, "rate is a number of frames a second from 1 to %d, not \"%.40s\"", MAX_RATE,
                         text);
    output->interval_ns = interval_of(rate);
    return 0;
}

void dmx_output_changed(struct dmx_output *output, const uint8_t before[DMX_SLOTS])
{
    if (memcmp(output->frame, before, DMX_SLOTS) != 0)
        output->is_dirty = true;
}

uint64_t dmx_output_due_ns(const struct dmx_output *output)
{
    if (!output->sent_ns)
        return 0;
    if (output->is_dirty)
        return output->sent_ns + (output->is_realtime ? 0 : output->interval_ns);
    if (output->n_equal < DMX_OUTPUT_EQUAL)
        return output->sent_ns + output->interval_ns;
    return output->sent_ns + DMX_OUTPUT_ALIVE_NS;
}

void dmx_output_sent(struct dmx_output *output, uint64_t now_ns)
{
    if (output->is_dirty)
        output->n_equal = 0;
    output->is_dirty = false;
    if (output->n_equal < DMX_OUTPUT_EQUAL)
        output->n_equal++;
    output->sent_ns = now_ns;
}
