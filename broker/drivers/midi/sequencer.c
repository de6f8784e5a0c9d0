/* SPDX-License-Identifier: BSD-2-Clause */
/* The client at the ALSA sequencer: opened, described and closed. In drivers. */
#include "broker/drivers/midi/sequencer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/midi/devices.h"
#include "broker/drivers/midi/input.h"
#include "broker/drivers/midi/output.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define SEQUENCER_POOL 2000 /* events that the kernel keeps for us, each way: its maximum */

/* All that libasound needs to know; so it reads no files, and can be told no other things by them. */
static const char sequencer_configuration[] = "seq.hw { type hw }";

/* Takes the place of libasound's messages to stderr. */
static void sequencer_quiet(const char *file, int line, const char *function, int error, const char *format,
                            ...)
{
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

static int sequencer_refuse(const struct alsa *alsa, int r)
{
    struct fc_reason reason = {.text = ""};

    if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
        fc_refuse(&reason, "this machine has no ALSA sequencer (%s); as root: modprobe snd-seq",
                  ALSA_SEQUENCER);
    else if (r == -EACCES || r == -EPERM)
        fc_refuse(&reason, "%s may not be opened: the account has to be in the group audio", ALSA_SEQUENCER);
    else
        fc_refuse(&reason, "%s cannot be opened: %s", ALSA_SEQUENCER, snd_strerror(r));
    fc_because(alsa->instance, &reason);
    return r;
}

static int sequencer_open_handle(struct alsa_sequencer *sequencer)
{
    snd_config_t *configuration;
    int r =
        snd_config_load_string(&configuration, sequencer_configuration, sizeof(sequencer_configuration) - 1);

    if (r < 0)
        return r;
    r = snd_seq_open_lconf(&sequencer->handle, "hw", SND_SEQ_OPEN_DUPLEX, SND_SEQ_NONBLOCK, configuration);
    snd_config_delete(configuration);
    return r;
}

static int sequencer_name(const struct alsa_sequencer *sequencer)
{
    const struct alsa *alsa = sequencer->alsa;
    char name[64];

    snprintf(name, sizeof(name), "firecurtain-%s", fc_instance_name(alsa->instance));
    return snd_seq_set_client_name(sequencer->handle, alsa->client_name ? alsa->client_name : name);
}

/* Makes the instance's port, and one that hears what happens to others. */
static int sequencer_make_ports(struct alsa_sequencer *sequencer)
{
    const unsigned both = SND_SEQ_PORT_CAP_READ | SND_SEQ_PORT_CAP_SUBS_READ | SND_SEQ_PORT_CAP_WRITE |
                          SND_SEQ_PORT_CAP_SUBS_WRITE | SND_SEQ_PORT_CAP_DUPLEX;
    int r = snd_seq_create_simple_port(sequencer->handle, fc_instance_name(sequencer->alsa->instance), both,
                                       SND_SEQ_PORT_TYPE_MIDI_GENERIC | SND_SEQ_PORT_TYPE_APPLICATION);

    if (r < 0)
        return r;
    sequencer->port = r;
    r = snd_seq_create_simple_port(sequencer->handle, "announcements",
                                   SND_SEQ_PORT_CAP_WRITE | SND_SEQ_PORT_CAP_NO_EXPORT,
                                   SND_SEQ_PORT_TYPE_APPLICATION);
    if (r < 0)
        return r;
    sequencer->announcements = r;
    return snd_seq_connect_from(sequencer->handle, r, SND_SEQ_CLIENT_SYSTEM, SND_SEQ_PORT_SYSTEM_ANNOUNCE);
}

static int sequencer_make_coder(struct alsa_sequencer *sequencer)
{
    int r = snd_midi_event_new(MIDI_MESSAGE_BYTES, &sequencer->coder);

    if (r == 0)
        snd_midi_event_no_status(sequencer->coder, 1); /* each message has its own */
    return r;
}

static void sequencer_look(void *userdata)
{
    struct alsa_sequencer *sequencer = userdata;

    sequencer->is_looking = false;
    alsa_devices_look(sequencer);
}

static void sequencer_begun(void *userdata)
{
    struct alsa_sequencer *sequencer = userdata;

    sequencer->is_restoring = false;
}

static int sequencer_watch(struct alsa_sequencer *sequencer)
{
    struct fc_instance *instance = sequencer->alsa->instance;
    struct pollfd poll;
    int r = snd_seq_poll_descriptors(sequencer->handle, &poll, 1, POLLIN);

    if (r != 1)
        return r < 0 ? r : -EIO;
    r = fc_watch_new(&sequencer->watch, instance, poll.fd, alsa_input_ready, sequencer);
    if (r == 0)
        r = fc_timer_new(&sequencer->look, instance, sequencer_look, sequencer);
    if (r == 0)
        r = fc_timer_new(&sequencer->more, instance, alsa_input_ready, sequencer);
    if (r == 0)
        r = fc_timer_new(&sequencer->begun, instance, sequencer_begun, sequencer);
    return r;
}

static void sequencer_free(struct alsa_sequencer *sequencer)
{
    fc_watch_free(sequencer->watch);
    fc_timer_free(sequencer->look);
    fc_timer_free(sequencer->more);
    fc_timer_free(sequencer->begun);
    if (sequencer->coder)
        snd_midi_event_free(sequencer->coder);
    if (sequencer->handle)
        snd_seq_close(sequencer->handle);
    free(sequencer);
}

static int sequencer_make(struct alsa_sequencer *sequencer)
{
    int r = sequencer_open_handle(sequencer);

    if (r < 0)
        return sequencer_refuse(sequencer->alsa, r);
    /* smaller pools do as well */
    snd_seq_set_client_pool_input(sequencer->handle, SEQUENCER_POOL);
    snd_seq_set_client_pool_output(sequencer->handle, SEQUENCER_POOL);
    r = sequencer_name(sequencer);
    if (r == 0)
        r = sequencer_make_ports(sequencer);
    if (r == 0)
        r = sequencer_make_coder(sequencer);
    return r < 0 ? r : sequencer_watch(sequencer);
}

int alsa_sequencer_open(struct alsa *alsa)
{
    struct alsa_sequencer *sequencer = calloc(1, sizeof(*sequencer));
    int r;

    if (!sequencer)
        return -ENOMEM;
    snd_lib_error_set_handler(sequencer_quiet);
    sequencer->alsa = alsa;
    r = sequencer_make(sequencer);
    if (r < 0) {
        sequencer_free(sequencer);
        midi_in_alive(&alsa->midi.in, false);
        return r;
    }
    alsa->sequencer = sequencer;
    alsa->midi.out.send = alsa_output_send;
    alsa->midi.out.userdata = sequencer;
    sequencer->is_restoring = true;
    fc_timer_set(sequencer->begun, fc_now_ns());
    alsa_devices_look(sequencer);
    return 0;
}

void alsa_sequencer_close(struct alsa *alsa)
{
    struct alsa_sequencer *sequencer = fc_steal(alsa->sequencer);

    if (!sequencer)
        return;
    midi_out_silence(&alsa->midi.out);
    snd_seq_drain_output(sequencer->handle);
    sequencer_free(sequencer);
    for (size_t i = 0; i < alsa->n_devices; i++)
        alsa->devices[i].is_there = false;
}

void alsa_sequencer_describe(const struct alsa *alsa, char *text, size_t bytes)
{
    const struct alsa_sequencer *sequencer = alsa->sequencer;
    size_t at;

    alsa_devices_describe(alsa, text, bytes);
    at = strlen(text);
    if (sequencer && sequencer->n_unsent)
        at += (size_t)snprintf(text + at, bytes - at, "; %llu messages were not sent",
                               (unsigned long long)sequencer->n_unsent);
    if (sequencer && sequencer->n_overruns && at < bytes)
        snprintf(text + at, bytes - at, "; input was lost %llu times",
                 (unsigned long long)sequencer->n_overruns);
}
