/* SPDX-License-Identifier: BSD-2-Clause */
/* The MIDI clock. Pure; in drivers. */
#include "broker/midi/clock.h"

#include "firecurtain/time.h"

#define CLOCK_TICKS_IN_16TH 6
#define CLOCK_PAUSE_NS      (FC_NS_PER_S / 4) /* 10 beats a minute */

unsigned midi_clock_tick(struct midi_clock *clock, uint64_t now_ns, double *bpm)
{
    unsigned last = (clock->next + MIDI_CLOCK_TICKS - 1) % MIDI_CLOCK_TICKS;
    unsigned tick = clock->tick;

    clock->tick = (clock->tick + 1) % MIDI_CLOCK_TICKS;
    if (clock->n_times && now_ns - clock->times_ns[last] > CLOCK_PAUSE_NS)
        clock->n_times = 0;
    *bpm = 0;
    if (clock->n_times == MIDI_CLOCK_TICKS && now_ns > clock->times_ns[clock->next])
        *bpm = 60.0 * (double)FC_NS_PER_S / (double)(now_ns - clock->times_ns[clock->next]);
    clock->times_ns[clock->next] = now_ns;
    clock->next = (clock->next + 1) % MIDI_CLOCK_TICKS;
    clock->n_times += clock->n_times < MIDI_CLOCK_TICKS;
    return tick;
}

void midi_clock_place(struct midi_clock *clock, unsigned sixteenths)
{
    clock->tick = sixteenths * CLOCK_TICKS_IN_16TH % MIDI_CLOCK_TICKS;
}
