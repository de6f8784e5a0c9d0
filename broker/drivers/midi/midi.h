/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIDI by the ALSA sequencer, and the main header of this folder: an instance is a client with one port,
 * which is connected to the devices that the options name.
 *
 * options.c and match.c are pure, and the former runs in the broker, too. Of drivers, driver.c has the slots,
 * sequencer.c opens and closes, input.c and output.c carry messages, and devices.c finds devices, which may
 * come and go. What messages mean is in broker/midi.
 */
#ifndef BROKER_DRIVERS_MIDI_MIDI_H
#define BROKER_DRIVERS_MIDI_MIDI_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/midi/model.h"
#include "firecurtain/backend.h"

#define ALSA_MAX_DEVICES 64
#define ALSA_SEQUENCER   "/dev/snd/seq"

/* A device as an option names it: by the name of its client or port, or by their numbers. */
struct alsa_device {
    char *name;
    bool is_read; /* from it, and otherwise written to it */

    /* in a driver */
    bool is_there;     /* it is connected */
    bool is_gone_said; /* the log has that it is not */
    int client, port;
};

struct alsa_sequencer;

struct alsa {
    struct fc_instance *instance;
    struct midi midi;
    char *client_name; /* NULL: made of the instance's */
    bool detect;
    struct alsa_device *devices;
    size_t n_devices;
    struct alsa_sequencer *sequencer; /* in a driver that was started; else NULL */
};

/* The slots about the configuration, which are the same in the broker and in a driver. */
extern const struct fc_option alsa_options[];
extern const struct fc_driver alsa_driver;
void *alsa_new(struct fc_instance *instance, const char *directory);
void alsa_free(void *self);
int alsa_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                   struct fc_reason *reason);
int alsa_configured(void *self, struct fc_reason *reason);
int alsa_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason);

#define ALSA_CONFIGURATION                                                                                   \
    .name = "midi", .driver = &alsa_driver, .options = alsa_options, .instance_new = alsa_new,               \
    .configure = alsa_configure, .configured = alsa_configured, .canonical = midi_canonical,                 \
    .channel = alsa_channel

#endif
