/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects sockets, peers and the model of MIDI. Used in the broker. */
#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "broker/midi/detect.h"
#include "broker/rtpmidi/rtpmidi.h"
#include "broker/rtpmidi/traffic.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define MESSAGES_PER_TURN 2048 /* after which other instances get their turn */

static void send_packet(void *userdata, bool is_control, const struct net_address *to, const uint8_t *data,
                        size_t bytes)
{
    struct rtpmidi *self = userdata;
    int fd = is_control ? self->net.control : self->net.data;

    if (sendto(fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to->storage,
               to->bytes) < 0)
        net_failure_note(&self->failure, self->instance, "nothing can be sent", errno);
    else
        net_failure_works(&self->failure, self->instance);
}

static void say(void *userdata, bool is_warning, const char *text)
{
    struct rtpmidi *self = userdata;

    fc_log(is_warning ? FC_LOG_WARNING : FC_LOG_INFO, fc_instance_name(self->instance), "%s", text);
}

static uint32_t random_number(void *userdata)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        fc_log(FC_LOG_WARNING, NULL, "no randomness available; invitations can be guessed");
    return number;
}

/* Tells a peer that comes first how everything is; another one hears of what changes from now on. */
static void came(void *userdata)
{
    struct rtpmidi *self = userdata;

    if (self->peers.n_present == 1) {
        midi_in_forget(&self->midi.in);
        midi_in_alive(&self->midi.in, true);
        if (!self->peers.is_direct)
            midi_send_again(&self->midi);
    }
}

static void went(void *userdata)
{
    struct rtpmidi *self = userdata;

    if (self->peers.n_present == 0)
        midi_in_alive(&self->midi.in, false);
}

static void malformed(void *userdata, const struct net_address *from, const char *what)
{
    struct rtpmidi *self = userdata;
    char address[NET_ADDRESS_TEXT_BYTES];

    net_address_print(from, address, sizeof(address));
    fc_drop(self->instance, "from %s: %s", address, what);
}

static void detect(const struct rtpmidi *self, const uint8_t *message, size_t bytes)
{
    char text[128];

    if (midi_detect(message, bytes, text, sizeof(text)))
        fc_log(FC_LOG_INFO, fc_instance_name(self->instance), "received %s", text);
}

static void take_message(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi *self = userdata;

    self->n_messages++;
    if (self->config.detect)
        detect(self, message, bytes);
    midi_in(&self->midi.in, message, bytes, fc_now_ns());
}

struct rtpmidi_calls rtpmidi_link_calls(struct rtpmidi *self)
{
    return (struct rtpmidi_calls){
        .userdata = self,
        .send = send_packet,
        .say = say,
        .came = came,
        .went = went,
        .random = random_number,
        .malformed = malformed,
        .message = take_message,
    };
}

void rtpmidi_link_flush(struct rtpmidi *self)
{
    rtpmidi_output_flush(&self->output, fc_now_ns());
    fc_timer_set(self->timer, rtpmidi_peers_next_ns(&self->peers));
}

static void fired(void *userdata)
{
    struct rtpmidi *self = userdata;

    rtpmidi_traffic_tick(&self->peers, fc_now_ns());
    midi_in_end(&self->midi.in);
    rtpmidi_link_flush(self);
}

/* Receives a packet. False if there is none. */
static bool receive(struct rtpmidi *self, bool is_control)
{
    struct net_address from = {.bytes = sizeof(from.storage)};
    ssize_t bytes =
        recvfrom(is_control ? self->net.control : self->net.data, self->packet, sizeof(self->packet),
                 MSG_DONTWAIT, (struct sockaddr *)&from.storage, &from.bytes);

    if (bytes < 0) {
        if (errno != EAGAIN && errno != EINTR)
            net_failure_note(&self->failure, self->instance, "nothing can be received", errno);
        return false;
    }
    fc_heard(self->instance);
    rtpmidi_traffic_take(&self->peers, is_control, &from, self->packet, (size_t)bytes, fc_now_ns());
    midi_in_end(&self->midi.in);
    return true;
}

static void receive_all(struct rtpmidi *self, bool is_control)
{
    unsigned budget = FC_WATCH_BUDGET;

    self->n_messages = 0;
    while (budget > 0 && self->n_messages < MESSAGES_PER_TURN && receive(self, is_control))
        budget--;
    rtpmidi_link_flush(self);
}

static void data_ready(void *userdata)
{
    receive_all(userdata, false);
}

static void control_ready(void *userdata)
{
    receive_all(userdata, true);
}

int rtpmidi_link_begin(struct rtpmidi *self)
{
    int r = fc_watch_new(&self->data, self->instance, self->net.data, data_ready, self);

    if (r == 0 && self->net.control >= 0)
        r = fc_watch_new(&self->control, self->instance, self->net.control, control_ready, self);
    if (r == 0)
        r = fc_timer_new(&self->timer, self->instance, fired, self);
    if (r < 0)
        return r;
    self->is_started = true;
    midi_in_alive(&self->midi.in, false);
    if (self->peers.is_direct) /* whoever is there does not say so */
        midi_send_again(&self->midi);
    rtpmidi_traffic_tick(&self->peers, fc_now_ns());
    rtpmidi_link_flush(self);
    return 0;
}

void rtpmidi_link_end(struct rtpmidi *self)
{
    if (self->is_started) {
        midi_out_silence(&self->midi.out);
        rtpmidi_output_flush(&self->output, fc_now_ns());
        rtpmidi_traffic_end(&self->peers);
    }
    self->is_started = false;
    self->data = fc_watch_free(self->data);
    self->control = fc_watch_free(self->control);
    self->timer = fc_timer_free(self->timer);
}
