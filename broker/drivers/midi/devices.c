/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that come and go. In drivers. */
#include "broker/drivers/midi/devices.h"

#include <stdio.h>
#include <string.h>

#include "broker/drivers/midi/match.h"
#include "broker/drivers/midi/output.h"
#include "broker/drivers/midi/sequencer.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* Between something that changed and the look at all ports, of which much may change together. */
#define DEVICES_LOOK_NS (50 * FC_NS_PER_MS)

/* What fits each device best so far. */
struct devices_best {
    unsigned match;
    int client, port;
};

static size_t devices_there(const struct alsa *alsa)
{
    size_t n = 0;

    for (size_t i = 0; i < alsa->n_devices; i++)
        n += alsa->devices[i].is_there;
    return n;
}

/* Tells the core and the channel `alive`. */
static void devices_tell(struct alsa *alsa)
{
    size_t n = devices_there(alsa);

    fc_up(alsa->instance, n > 0 || alsa->n_devices == 0);
    midi_in_alive(&alsa->midi.in, n == alsa->n_devices);
}

static bool devices_can(unsigned capabilities, bool is_read)
{
    unsigned wanted = is_read ? SND_SEQ_PORT_CAP_READ | SND_SEQ_PORT_CAP_SUBS_READ
                              : SND_SEQ_PORT_CAP_WRITE | SND_SEQ_PORT_CAP_SUBS_WRITE;

    return (capabilities & wanted) == wanted && !(capabilities & SND_SEQ_PORT_CAP_NO_EXPORT);
}

/* Compares a port with each device that is missing. */
static void devices_offer(const struct alsa *alsa, const struct alsa_found *found, unsigned capabilities,
                          struct devices_best *best)
{
    for (size_t i = 0; i < alsa->n_devices; i++) {
        const struct alsa_device *device = &alsa->devices[i];
        unsigned match = device->is_there || !devices_can(capabilities, device->is_read)
                             ? 0
                             : alsa_match(device->name, found);

        if (match > best[i].match)
            best[i] = (struct devices_best){match, found->client, found->port};
    }
}

/* Goes through all ports of other clients. */
static void devices_list(const struct alsa_sequencer *sequencer, struct devices_best *best)
{
    snd_seq_client_info_t *client;
    snd_seq_port_info_t *port;

    snd_seq_client_info_alloca(&client);
    snd_seq_port_info_alloca(&port);
    snd_seq_client_info_set_client(client, -1);
    while (snd_seq_query_next_client(sequencer->handle, client) >= 0) {
        int number = snd_seq_client_info_get_client(client);

        if (number == SND_SEQ_CLIENT_SYSTEM || number == snd_seq_client_id(sequencer->handle))
            continue;
        snd_seq_port_info_set_client(port, number);
        snd_seq_port_info_set_port(port, -1);
        while (snd_seq_query_next_port(sequencer->handle, port) >= 0) {
            const struct alsa_found found = {
                .client = number,
                .port = snd_seq_port_info_get_port(port),
                .client_name = snd_seq_client_info_get_name(client),
                .port_name = snd_seq_port_info_get_name(port),
            };

            devices_offer(sequencer->alsa, &found, snd_seq_port_info_get_capability(port), best);
        }
    }
}

/* Says once that a device is missing, until it was there. */
static void devices_miss(const struct alsa *alsa, struct alsa_device *device, const char *words)
{
    device->is_there = false;
    if (!device->is_gone_said)
        fc_log(FC_LOG_WARNING, fc_instance_name(alsa->instance), "the MIDI device \"%s\" %s", device->name,
               words);
    device->is_gone_said = true;
}

/* Makes the connection; one that exists already is as good. */
static int devices_subscribe(const struct alsa_sequencer *sequencer, bool is_read, int client, int port)
{
    int r = is_read ? snd_seq_connect_from(sequencer->handle, sequencer->port, client, port)
                    : snd_seq_connect_to(sequencer->handle, sequencer->port, client, port);

    return r == -EBUSY ? 0 : r;
}

/* A device that is written to gets the values that were set before it came. */
static void devices_send_values(struct alsa_sequencer *sequencer, const struct alsa_device *device)
{
    const snd_seq_addr_t only = {.client = (unsigned char)device->client,
                                 .port = (unsigned char)device->port};

    sequencer->only = &only;
    midi_send_again(&sequencer->alsa->midi);
    sequencer->only = NULL;
    alsa_output_flush(sequencer);
}

static void devices_connect(struct alsa_sequencer *sequencer, struct alsa_device *device,
                            const struct devices_best *best)
{
    struct alsa *alsa = sequencer->alsa;
    int r = devices_subscribe(sequencer, device->is_read, best->client, best->port);

    if (r < 0) {
        devices_miss(alsa, device, "cannot be connected");
        return;
    }
    device->is_there = true;
    device->is_gone_said = false;
    device->client = best->client;
    device->port = best->port;
    fc_log(FC_LOG_INFO, fc_instance_name(alsa->instance), "%s the MIDI device \"%s\" (%d:%d)",
           device->is_read ? "reading from" : "writing to", device->name, best->client, best->port);
    if (!device->is_read)
        devices_send_values(sequencer, device);
}

void alsa_devices_look(struct alsa_sequencer *sequencer)
{
    struct alsa *alsa = sequencer->alsa;
    struct devices_best best[ALSA_MAX_DEVICES] = {{0}};

    if (devices_there(alsa) < alsa->n_devices)
        devices_list(sequencer, best);
    for (size_t i = 0; i < alsa->n_devices; i++) {
        if (best[i].match)
            devices_connect(sequencer, &alsa->devices[i], &best[i]);
        else if (!alsa->devices[i].is_there)
            devices_miss(alsa, &alsa->devices[i], "is not there; it is connected when it appears");
    }
    devices_tell(alsa);
}

static void devices_look_soon(struct alsa_sequencer *sequencer)
{
    if (sequencer->is_looking)
        return;
    sequencer->is_looking = true;
    fc_timer_set(sequencer->look, fc_now_ns() + DEVICES_LOOK_NS);
}

/* A port is gone, or all those of a client; also -1. */
static void devices_gone(struct alsa *alsa, int client, int port)
{
    for (size_t i = 0; i < alsa->n_devices; i++) {
        struct alsa_device *device = &alsa->devices[i];

        if (device->is_there && device->client == client && (port < 0 || device->port == port))
            devices_miss(alsa, device, "has gone; it is connected again when it is back");
    }
    devices_tell(alsa);
}

/* Somebody has taken a connection away, which may be ours. */
static void devices_disconnected(struct alsa_sequencer *sequencer, const snd_seq_connect_t *connection)
{
    struct alsa *alsa = sequencer->alsa;
    int self = snd_seq_client_id(sequencer->handle);

    for (size_t i = 0; i < alsa->n_devices; i++) {
        struct alsa_device *device = &alsa->devices[i];
        snd_seq_addr_t other = device->is_read ? connection->sender : connection->dest;
        snd_seq_addr_t own = device->is_read ? connection->dest : connection->sender;

        if (device->is_there && own.client == self && own.port == sequencer->port &&
            other.client == device->client && other.port == device->port)
            devices_miss(alsa, device, "was disconnected; it is connected again when it comes back");
    }
    devices_tell(alsa);
}

void alsa_devices_announced(struct alsa_sequencer *sequencer, const snd_seq_event_t *event)
{
    switch (event->type) {
    case SND_SEQ_EVENT_CLIENT_START:
    case SND_SEQ_EVENT_CLIENT_CHANGE:
    case SND_SEQ_EVENT_PORT_START:
    case SND_SEQ_EVENT_PORT_CHANGE:
        devices_look_soon(sequencer);
        break;
    case SND_SEQ_EVENT_CLIENT_EXIT:
        devices_gone(sequencer->alsa, event->data.addr.client, -1);
        devices_look_soon(sequencer); /* another one may fit, too */
        break;
    case SND_SEQ_EVENT_PORT_EXIT:
        devices_gone(sequencer->alsa, event->data.addr.client, event->data.addr.port);
        devices_look_soon(sequencer);
        break;
    case SND_SEQ_EVENT_PORT_UNSUBSCRIBED:
        devices_disconnected(sequencer, &event->data.connect);
        break;
    default:
        break;
    }
}

void alsa_devices_check(struct alsa_sequencer *sequencer)
{
    for (size_t i = 0; i < sequencer->alsa->n_devices; i++) {
        const struct alsa_device *device = &sequencer->alsa->devices[i];

        if (device->is_there &&
            devices_subscribe(sequencer, device->is_read, device->client, device->port) < 0)
            devices_gone(sequencer->alsa, device->client, device->port);
    }
    devices_look_soon(sequencer);
}

/* Appends the names of those that are there, or are not. */
static size_t devices_name(const struct alsa *alsa, bool are_there, const char *words, char *text,
                           size_t bytes)
{
    size_t at = 0;

    for (size_t i = 0; i < alsa->n_devices && at < bytes; i++) {
        if (alsa->devices[i].is_there == are_there)
            at += (size_t)snprintf(text + at, bytes - at, "%s%s", at ? ", " : words, alsa->devices[i].name);
    }
    return at < bytes ? at : bytes - 1;
}

void alsa_devices_describe(const struct alsa *alsa, char *text, size_t bytes)
{
    size_t at = devices_name(alsa, false, "not there: ", text, bytes);

    if (at == 0 && alsa->n_devices == 0)
        snprintf(text, bytes, "waiting for connections");
    else
        devices_name(alsa, true, at ? "; connected to " : "connected to ", text + at, bytes - at);
}
