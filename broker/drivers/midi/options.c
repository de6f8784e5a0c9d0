/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of MIDI by the ALSA sequencer. Pure; in the broker and drivers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/midi/midi.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/option.h"

const struct fc_option alsa_options[] = {
    {"name", FC_SCOPE_BACKEND, false, "foh",
     "The name of the sequencer's clients; default: firecurtain-INSTANCE"},
    {"detect", FC_SCOPE_BACKEND, false, "on",
     "Whether the log has what is received, with the channel for it"},
    {"read", FC_SCOPE_INSTANCE, true, "nanoKONTROL2",
     "A device to read from: the name of its client or port"},
    {"source", FC_SCOPE_INSTANCE, true, "nanoKONTROL2", "The same as read"},
    {"write", FC_SCOPE_INSTANCE, true, "nanoKONTROL2",
     "A device to write to: the name of its client or port"},
    {"target", FC_SCOPE_INSTANCE, true, "nanoKONTROL2", "The same as write"},
    {"epn-tx", FC_SCOPE_INSTANCE, false, "short",
     "Whether rpn and nrpn are deselected once they are set: full or short"},
    {"note-off", FC_SCOPE_INSTANCE, false, "on",
     "Whether notes end by Note Off, rather than a velocity of 0"},
    {.name = NULL},
};

void *alsa_new(struct fc_instance *instance, const char *directory)
{
    struct alsa *alsa = calloc(1, sizeof(*alsa));

    (void)directory;
    if (alsa)
        alsa->instance = instance;
    return alsa;
}

void alsa_free(void *self)
{
    struct alsa *alsa = self;

    if (!alsa)
        return;
    for (size_t i = 0; i < alsa->n_devices; i++)
        free(alsa->devices[i].name);
    free(alsa->devices);
    free(alsa->client_name);
    midi_deinit(&alsa->midi);
    free(alsa);
}

static int option_device(struct alsa *alsa, const char *name, bool is_read, struct fc_reason *reason)
{
    struct alsa_device *devices;

    if (!name[0])
        return fc_refuse(reason, "expected the name of a device, as `aconnect -l` shows it");
    for (size_t i = 0; i < alsa->n_devices; i++) {
        if (alsa->devices[i].is_read == is_read && strcmp(alsa->devices[i].name, name) == 0)
            return fc_doubt(reason, "\"%.80s\" is there already", name);
    }
    if (alsa->n_devices == ALSA_MAX_DEVICES)
        return fc_refuse(reason, "an instance has at most %d devices", ALSA_MAX_DEVICES);
    devices = reallocarray(alsa->devices, alsa->n_devices + 1, sizeof(*devices));
    if (!devices)
        return -ENOMEM;
    alsa->devices = devices;
    devices[alsa->n_devices] = (struct alsa_device){.name = strdup(name), .is_read = is_read};
    if (!devices[alsa->n_devices].name)
        return -ENOMEM;
    alsa->n_devices++;
    return 0;
}

static int option_name(struct alsa *alsa, const char *value, struct fc_reason *reason)
{
    if (!value[0])
        return fc_refuse(reason, "expected a name for the sequencer's clients");
    free(alsa->client_name);
    alsa->client_name = strdup(value);
    return alsa->client_name ? 0 : -ENOMEM;
}

int alsa_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                   struct fc_reason *reason)
{
    struct alsa *alsa = self;

    (void)scope;
    if (midi_has_option(option))
        return midi_configure(&alsa->midi, option, value, reason);
    if (strcmp(option, "name") == 0)
        return option_name(alsa, value, reason);
    if (strcmp(option, "detect") == 0)
        return fc_option_detect(&alsa->detect, value, reason);
    return option_device(alsa, value, strcmp(option, "read") == 0 || strcmp(option, "source") == 0, reason);
}

int alsa_configured(void *self, struct fc_reason *reason)
{
    (void)self, (void)reason; /* without devices, others may connect to the port */
    return 0;
}

int alsa_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason)
{
    struct alsa *alsa = self;

    return midi_channel(&alsa->midi, id, name, directions, reason);
}

static void alsa_needs(const void *self, struct fc_needs *needs)
{
    (void)self;
    fc_need_device(needs, ALSA_SEQUENCER);
    fc_need_group(needs, "audio");
}

const struct fc_driver alsa_driver = {.name = "midi", .needs = alsa_needs};
