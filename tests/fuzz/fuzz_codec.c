/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a message in the direction that the first byte chooses. In addition to the sanitizers it
 * checks that names from a worker are what codec.h promises, and that a decoded message can be encoded and
 * then means the same.
 */
#include <errno.h>

#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

static struct codec *decoder, *encoder, *again;

static void make_codecs(void)
{
    require(codec_new(&decoder) == 0 && codec_new(&encoder) == 0 && codec_new(&again) == 0);
}

static void check_names(const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = names[i];

        require(name[0] && strlen(name) <= CODEC_MAX_NAME);
        for (; *name; name++)
            require((unsigned char)*name >= 0x20 && *name != 0x7f);
    }
}

static int same_bytes(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

/* Compares two numbers: a single field is not sent if it is zero, even if it is -0. */
static int same_single(double a, double b)
{
    return same_bytes(&a, &b, sizeof(a)) || (a <= 0 && a >= 0 && b <= 0 && b >= 0);
}

static void compare_ticks(const struct message_ticks *a, const struct message_ticks *b)
{
    require(a->n == b->n && a->time_ns == b->time_ns && same_bytes(a->ids, b->ids, a->n * sizeof(uint32_t)) &&
            same_bytes(a->times_ns, b->times_ns, a->n * sizeof(uint64_t)));
}

static void compare_devices(const struct message_device *a, const struct message_device *b)
{
    require(!a == !b);
    if (!a)
        return;
    check_names(&a->status, a->status[0] ? 1 : 0);
    require(a->is_up == b->is_up && a->malformed == b->malformed && strcmp(a->status, b->status) == 0);
}

static void compare_reports(const struct message_report *a, const struct message_report *b)
{
    require(a->done == b->done && a->exceptions == b->exceptions);
    require(a->n_events == b->n_events &&
            same_bytes(a->channels, b->channels, a->n_events * sizeof(uint32_t)) &&
            same_bytes(a->values, b->values, a->n_events * sizeof(double)));
    require(a->n_new_channels == b->n_new_channels);
    for (size_t i = 0; i < a->n_new_channels; i++)
        require(strcmp(a->new_channels[i], b->new_channels[i]) == 0);
    require(a->n_files == b->n_files);
    for (size_t i = 0; i < a->n_files; i++)
        require(strcmp(a->files[i], b->files[i]) == 0);
    require(a->n_intervals == b->n_intervals && a->n_sockets == b->n_sockets);
    for (size_t i = 0; i < a->n_intervals; i++)
        require(a->intervals[i].id == b->intervals[i].id &&
                a->intervals[i].from_ns == b->intervals[i].from_ns &&
                a->intervals[i].period_ms == b->intervals[i].period_ms);
    for (size_t i = 0; i < a->n_sockets; i++)
        require(a->sockets[i].id == b->sockets[i].id && a->sockets[i].fd == b->sockets[i].fd);
    compare_ticks(&a->ticked, &b->ticked);
    require(a->heard == b->heard);
    compare_devices(a->device, b->device);
}

static void compare_lists(const struct message_channel *a, const struct message_channel *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        require(strcmp(a[i].name, b[i].name) == 0);
        require(a[i].target == b[i].target && a[i].source == b[i].source);
        require(same_single(a[i].input, b[i].input));
        require(same_single(a[i].output, b[i].output));
    }
}

static void compare_setups(const struct message_setup *a, const struct message_setup *b)
{
    require(strcmp(a->instance, b->instance) == 0 && strcmp(a->default_handler, b->default_handler) == 0);
    require(a->n_modules == b->n_modules);
    for (size_t i = 0; i < a->n_modules; i++)
        require(strcmp(a->modules[i], b->modules[i]) == 0);
    require(strcmp(a->backend, b->backend) == 0 && strcmp(a->folder, b->folder) == 0);
    require(strcmp(a->hosts, b->hosts) == 0 && a->n_options == b->n_options);
    for (size_t i = 0; i < a->n_options; i++)
        require(a->options[i].scope == b->options[i].scope &&
                strcmp(a->options[i].name, b->options[i].name) == 0 &&
                strcmp(a->options[i].value, b->options[i].value) == 0);
}

static void compare_channels(const struct message_channels *a, const struct message_channels *b)
{
    require(a->n == b->n && a->first == b->first && a->values == b->values);
    compare_lists(a->list, b->list, a->n);
}

static void compare_batches(const struct message_batch *a, const struct message_batch *b)
{
    require(a->n_events == b->n_events && a->n_ready == b->n_ready && a->time_ns == b->time_ns);
    require(same_bytes(a->channels, b->channels, a->n_events * sizeof(uint32_t)) &&
            same_bytes(a->values, b->values, a->n_events * sizeof(double)) &&
            same_bytes(a->ready, b->ready, a->n_ready * sizeof(uint32_t)));
}

static void compare(const struct message *a, const struct message *b)
{
    require(a->type == b->type);
    if (a->type == MESSAGE_REPORT)
        compare_reports(&a->report, &b->report);
    else if (a->type == MESSAGE_SETUP)
        compare_setups(&a->setup, &b->setup);
    else if (a->type == MESSAGE_CHANNELS)
        compare_channels(&a->channels, &b->channels);
    else if (a->type == MESSAGE_READY)
        require(a->ready_missing == b->ready_missing);
    else if (a->type == MESSAGE_FAILED)
        require(strcmp(a->failure.text, b->failure.text) == 0 &&
                a->failure.is_lasting == b->failure.is_lasting);
    else if (a->type == MESSAGE_BATCH)
        compare_batches(&a->batch, &b->batch);
    else if (a->type == MESSAGE_TICKS)
        compare_ticks(&a->ticks, &b->ticks);
    else if (a->type == MESSAGE_PROCEED || a->type == MESSAGE_STOP)
        require(a->time_ns == b->time_ns);
    else if (a->type == MESSAGE_HELLO)
        require(a->hello_version == b->hello_version);
    else if (a->type == MESSAGE_LOCKED)
        require(a->notify_fd == b->notify_fd);
}

static void encode_and_compare(enum codec_side side, const struct message *message)
{
    struct message copy;
    ptrdiff_t size = codec_prepare(encoder, message);
    uint8_t *wire;

    require(size >= 0);
    wire = malloc((size_t)size + 1);
    require(wire != NULL);
    codec_encode(encoder, wire);
    require(codec_decode(again, side, wire, (size_t)size, &copy) == 0);
    compare(message, &copy);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    enum codec_side side;
    struct message message;
    int r;

    if (!decoder)
        make_codecs();
    if (bytes == 0)
        return 0;
    side = data[0] % 2 ? CODEC_FROM_WORKER : CODEC_TO_WORKER;
    r = codec_decode(decoder, side, data + 1, bytes - 1, &message);
    require(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
    if (r < 0)
        return 0;
    require((side == CODEC_TO_WORKER) == (message.type < MESSAGE_HELLO));
    if (message.type == MESSAGE_REPORT) {
        check_names(message.report.new_channels, message.report.n_new_channels);
        check_names(message.report.files, message.report.n_files);
    }
    encode_and_compare(side, &message);
    return 0;
}
