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
    struct rtpmidi *rtpmidi = userdata;
    int fd = is_control ? rtpmidi->net.control : rtpmidi->net.data;

    if (sendto(fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to->storage,
               to->bytes) < 0)
        net_failure_note(&rtpmidi->failure, rtpmidi->instance, "nothing can be sent", errno);
    else
        net_failure_works(&rtpmidi->failure, rtpmidi->instance);
}

static void say(void *userdata, bool is_warning, const char *text)
{
    struct rtpmidi *rtpmidi = userdata;

    fc_log(is_warning ? FC_LOG_WARNING : FC_LOG_INFO, fc_instance_name(rtpmidi->instance), "%s", text);
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
    struct rtpmidi *rtpmidi = userdata;

    if (rtpmidi->peers.n_present == 1) {
        midi_in_forget(&rtpmidi->midi.in);
        midi_in_alive(&rtpmidi->midi.in, true);
        if (!rtpmidi->peers.is_direct)
            midi_send_again(&rtpmidi->midi);
    }
}

static void went(void *userdata)
{
    struct rtpmidi *rtpmidi = userdata;

    if (rtpmidi->peers.n_present == 0)
        midi_in_alive(&rtpmidi->midi.in, false);
}

static void malformed(void *userdata, const struct net_address *from, const char *what)
{
    struct rtpmidi *rtpmidi = userdata;
    char address[NET_ADDRESS_TEXT_BYTES];

    net_address_print(from, address, sizeof(address));
    fc_drop(rtpmidi->instance, "from %s: %s", address, what);
}

static void detect(const struct rtpmidi *rtpmidi, const uint8_t *message, size_t bytes)
{
    char text[128];

    if (midi_detect(message, bytes, text, sizeof(text)) && fc_may_detect(rtpmidi->instance))
        fc_log(FC_LOG_INFO, fc_instance_name(rtpmidi->instance), "received %s", text);
}

static void take_message(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi *rtpmidi = userdata;

    rtpmidi->n_messages++;
    if (rtpmidi->config.detect)
        detect(rtpmidi, message, bytes);
    midi_in(&rtpmidi->midi.in, message, bytes, fc_now_ns());
}

struct rtpmidi_calls rtpmidi_link_calls(struct rtpmidi *rtpmidi)
{
    return (struct rtpmidi_calls){
        .userdata = rtpmidi,
        .send = send_packet,
        .say = say,
        .came = came,
        .went = went,
        .random = random_number,
        .malformed = malformed,
        .message = take_message,
    };
}

void rtpmidi_link_flush(struct rtpmidi *rtpmidi)
{
    rtpmidi_output_flush(&rtpmidi->output, fc_now_ns());
    fc_timer_set(rtpmidi->timer, rtpmidi_peers_next_ns(&rtpmidi->peers));
}

static void fired(void *userdata)
{
    struct rtpmidi *rtpmidi = userdata;

    rtpmidi_traffic_tick(&rtpmidi->peers, fc_now_ns());
    midi_in_end(&rtpmidi->midi.in);
    rtpmidi_link_flush(rtpmidi);
}

/* Receives a packet. False if there is none. */
static bool receive(struct rtpmidi *rtpmidi, bool is_control)
{
    struct net_address from = {.bytes = sizeof(from.storage)};
    ssize_t bytes =
        recvfrom(is_control ? rtpmidi->net.control : rtpmidi->net.data, rtpmidi->packet,
                 sizeof(rtpmidi->packet), MSG_DONTWAIT, (struct sockaddr *)&from.storage, &from.bytes);

    if (bytes < 0) {
        if (errno != EAGAIN && errno != EINTR)
            net_failure_note(&rtpmidi->failure, rtpmidi->instance, "nothing can be received", errno);
        return false;
    }
    fc_heard(rtpmidi->instance);
    rtpmidi_traffic_take(&rtpmidi->peers, is_control, &from, rtpmidi->packet, (size_t)bytes, fc_now_ns());
    midi_in_end(&rtpmidi->midi.in);
    return true;
}

static void receive_all(struct rtpmidi *rtpmidi, bool is_control)
{
    unsigned budget = FC_WATCH_BUDGET;

    rtpmidi->n_messages = 0;
    while (budget > 0 && rtpmidi->n_messages < MESSAGES_PER_TURN && receive(rtpmidi, is_control))
        budget--;
    rtpmidi_link_flush(rtpmidi);
}

static void data_ready(void *userdata)
{
    receive_all(userdata, false);
}

static void control_ready(void *userdata)
{
    receive_all(userdata, true);
}

int rtpmidi_link_begin(struct rtpmidi *rtpmidi)
{
    int r = fc_watch_new(&rtpmidi->data, rtpmidi->instance, rtpmidi->net.data, data_ready, rtpmidi);

    if (r == 0 && rtpmidi->net.control >= 0)
        r = fc_watch_new(&rtpmidi->control, rtpmidi->instance, rtpmidi->net.control, control_ready, rtpmidi);
    if (r == 0)
        r = fc_timer_new(&rtpmidi->timer, rtpmidi->instance, fired, rtpmidi);
    if (r < 0)
        return r;
    rtpmidi->is_started = true;
    midi_in_alive(&rtpmidi->midi.in, false);
    if (rtpmidi->peers.is_direct) /* whoever is there does not say so */
        midi_send_again(&rtpmidi->midi);
    rtpmidi_traffic_tick(&rtpmidi->peers, fc_now_ns());
    rtpmidi_link_flush(rtpmidi);
    return 0;
}

void rtpmidi_link_end(struct rtpmidi *rtpmidi)
{
    if (rtpmidi->is_started) {
        midi_out_silence(&rtpmidi->midi.out);
        rtpmidi_output_flush(&rtpmidi->output, fc_now_ns());
        rtpmidi_traffic_end(&rtpmidi->peers);
    }
    rtpmidi->is_started = false;
    rtpmidi->data = fc_watch_free(rtpmidi->data);
    rtpmidi->control = fc_watch_free(rtpmidi->control);
    rtpmidi->timer = fc_timer_free(rtpmidi->timer);
}
