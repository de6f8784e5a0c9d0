/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console with Art-Net that receives what becomes of its frames, and measures how late that is:
 *
 *   bench-dmx PORT OWN-PORT UNIVERSES FRAMES
 *
 * Sends so many frames of so many universes, 44 times a second, in which every slot changes. An answer is a
 * frame of sACN, or of Art-Net from a floor. A frame counts as answered with the first answer that is as new.
 * Prints the nanoseconds of each frame. The exit status is 2 if one is not answered within two seconds.
 */
#include <poll.h>
#include <unistd.h>

#include "bench.h"
#include "firecurtain/cleanup.h"

#define SLOTS         512
#define MAX_UNIVERSES 64ul
#define MAX_FRAMES    4096ul
#define RATE          44
#define WARM_UP       10ul /* frames that are not counted */
#define PATIENCE_NS   (2 * FC_NS_PER_S)

/* Where packets have what matters here. */
enum {
    ARTNET_SUB_UNI = 14,
    ARTNET_DATA = 18,
    SACN_UNIVERSE = 113,
    SACN_DATA = 126,
};

static uint64_t sent_ns[MAX_UNIVERSES][MAX_FRAMES];
static uint64_t late_ns[MAX_UNIVERSES][MAX_FRAMES];
static unsigned long n_answered[MAX_UNIVERSES];
static int fd;

static void send_frame(const struct sockaddr_in *to, unsigned long universe, unsigned long number)
{
    unsigned char packet[ARTNET_DATA + SLOTS] = "Art-Net\0\0\x50\0\x0e";

    packet[ARTNET_SUB_UNI] = (unsigned char)universe;
    packet[16] = SLOTS >> 8;
    for (size_t slot = 0; slot < SLOTS; slot++)
        packet[ARTNET_DATA + slot] = (unsigned char)(number + slot);
    packet[ARTNET_DATA] = (unsigned char)(number >> 8);
    sent_ns[universe][number] = fc_now_ns();
    if (sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
        err(1, "send");
}

/* Notes that a universe has arrived, as of this frame: those before it need not come any more. */
static void answered(unsigned long universe, unsigned long number, unsigned long sent)
{
    uint64_t now_ns = fc_now_ns();

    if (universe >= MAX_UNIVERSES || number >= sent)
        return;
    while (n_answered[universe] <= number) {
        late_ns[universe][n_answered[universe]] = now_ns - sent_ns[universe][n_answered[universe]];
        n_answered[universe]++;
    }
}

/* Reads an answer: slot 1 has the upper bits of its number, slot 2 the lower ones, plus 1. It is no frame of
 * ours if all is zero, as before the first one. */
static void take(const unsigned char *packet, size_t bytes, unsigned long sent)
{
    bool is_sacn = bytes == SACN_DATA + SLOTS;
    const unsigned char *data = packet + (is_sacn ? SACN_DATA : ARTNET_DATA);
    unsigned long universe = is_sacn ? packet[SACN_UNIVERSE + 1] - 1u : packet[ARTNET_SUB_UNI];

    if ((is_sacn || bytes == ARTNET_DATA + SLOTS) && (data[1] || data[0] || data[2]))
        answered(universe, (unsigned long)data[0] << 8 | (unsigned char)(data[1] - 1), sent);
}

/* Takes what comes until that time. */
static void receive(uint64_t until_ns, unsigned long sent)
{
    unsigned char packet[BENCH_MAX_PACKET];

    for (uint64_t now_ns = fc_now_ns(); now_ns < until_ns; now_ns = fc_now_ns()) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        struct timespec left = {.tv_nsec = (long)(until_ns - now_ns) % (long)FC_NS_PER_S};
        ssize_t n;

        if (ppoll(&ready, 1, &left, NULL) > 0 && (n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
            take(packet, (size_t)n, sent);
    }
}

/* Sends the last frame of universes again that have not answered it, as consoles do: a packet may be lost.
 * False if there are none. */
static bool send_again(const struct sockaddr_in *to, unsigned long universes, unsigned long frames)
{
    bool is_needed = false;

    for (unsigned long universe = 0; universe < universes; universe++) {
        uint64_t before_ns = sent_ns[universe][frames - 1];

        if (n_answered[universe] == frames)
            continue;
        send_frame(to, universe, frames - 1);
        sent_ns[universe][frames - 1] = before_ns;
        is_needed = true;
    }
    return is_needed;
}

static void play(const struct sockaddr_in *to, unsigned long universes, unsigned long frames)
{
    uint64_t begin_ns = fc_now_ns(), end_ns;

    for (unsigned long number = 0; number < frames; number++) {
        for (unsigned long universe = 0; universe < universes; universe++)
            send_frame(to, universe, number);
        receive(begin_ns + (number + 1) * FC_NS_PER_S / RATE, number + 1);
    }
    end_ns = fc_now_ns() + PATIENCE_NS;
    while (send_again(to, universes, frames)) {
        if (fc_now_ns() >= end_ns)
            errx(2, "no answer");
        receive(fc_now_ns() + FC_NS_PER_S / RATE, frames);
    }
}

int main(int argc, char **argv)
{
    FC_AUTO_FREE uint64_t *samples = NULL;
    unsigned long universes, frames;
    struct sockaddr_in to;

    if (argc != 5)
        errx(64, "PORT OWN-PORT UNIVERSES FRAMES");
    bench_end_with_parent();
    to = bench_address(bench_number(argv[1], UINT16_MAX));
    fd = bench_bind(bench_number(argv[2], UINT16_MAX));
    universes = bench_number(argv[3], MAX_UNIVERSES);
    frames = WARM_UP + bench_number(argv[4], MAX_FRAMES - WARM_UP);
    play(&to, universes, frames);
    samples = calloc(universes * frames, sizeof(*samples));
    if (!samples)
        err(1, "samples");
    for (unsigned long i = 0; i < universes * (frames - WARM_UP); i++)
        samples[i] = late_ns[i / (frames - WARM_UP)][WARM_UP + i % (frames - WARM_UP)];
    bench_print(samples, universes * (frames - WARM_UP));
    return 0;
}
