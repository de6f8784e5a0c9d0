/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain record: the broker sends what happens, and this process writes it to a file, with the caller's
 * own rights; the broker may write no files.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/record_print.h"
#include "broker/os/signals.h"
#include "broker/record/file.h"
#include "firecurtain/cleanup.h"
#include "proto/codec_record.h"

struct capture {
    const char *path;
    int fd;
    uint64_t bytes;
    uint64_t max_bytes;
    uint64_t missed;
};

static int capture_fail(const struct capture *capture, int r)
{
    fprintf(stderr, "firecurtain: %s: %s\n", capture->path, strerror(-r));
    return EX_CANTCREAT;
}

static int capture_append(struct capture *capture, const void *block, size_t n_bytes)
{
    int r;

    if (capture->bytes + record_file_size(n_bytes) > capture->max_bytes) {
        fprintf(stderr,
                "firecurtain: %s has reached --max-size: the recording ends after %" PRIu64 " bytes\n",
                capture->path, capture->bytes);
        return EX_CANTCREAT;
    }
    r = record_file_append(capture->fd, block, n_bytes);
    capture->bytes += record_file_size(n_bytes);
    return r < 0 ? capture_fail(capture, r) : EX_OK;
}

static int capture_take(struct capture *capture, const struct control_reply *reply)
{
    if (reply->missed != capture->missed)
        fprintf(stderr, "firecurtain: %" PRIu64 " events were missed\n", reply->missed - capture->missed);
    capture->missed = reply->missed;
    return reply->n_record ? capture_append(capture, reply->record, reply->n_record) : EX_OK;
}

/* Writes the end, which tells readers that the file was not truncated. */
static int capture_end(struct capture *capture)
{
    const struct record_item end = {.kind = RECORD_END, .text = "the recorder has ended"};
    struct codec_record *codec;
    const void *bytes;
    size_t n_bytes;
    int status = EX_OSERR;

    if (codec_record_new(&codec) < 0)
        return status;
    if (codec_record_encode(codec, &end, &bytes, &n_bytes) == 0)
        status = capture_append(capture, bytes, n_bytes);
    codec_record_free(codec);
    return status;
}

/* Records until a signal, which is an orderly end, or until the broker's end. */
static int capture_run(struct capture *capture, struct client *client, int signals)
{
    struct control_request request = {.verb = CONTROL_RECORD, .follow = true};
    struct control_reply reply = {0};
    int status = client_ask(client, &request, &reply);

    if (status == EX_OK)
        fprintf(stderr, "firecurtain: recording to %s\n", capture->path);
    while (status == EX_OK) {
        status = capture_take(capture, &reply);
        if (status == EX_OK)
            status = client_poll(client, signals, -1, &reply);
    }
    return status < 0 ? capture_end(capture) : status;
}

int cli_record(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct capture capture = {.path = options->words[0],
                              .bytes = RECORD_MAGIC_SIZE,
                              .max_bytes = options->max_bytes};
    FC_AUTO_CLOSE int signals = -1;
    int status;

    if (options->given & CLI_PRINT)
        return cli_record_print(options);
    if (options->given & CLI_JSON) {
        fputs("firecurtain: record takes --json only together with --print\n", stderr);
        return EX_USAGE;
    }
    signal(SIGXFSZ, SIG_IGN);
    signals = signals_block();
    status = client_new(&client, options);
    if (status != EX_OK)
        return status;
    capture.fd = record_file_create(capture.path);
    if (capture.fd < 0)
        return capture_fail(&capture, capture.fd);
    status = capture_run(&capture, client, signals);
    if (capture.bytes == RECORD_MAGIC_SIZE) /* nothing was recorded */
        unlink(capture.path);
    close(capture.fd);
    return status;
}
