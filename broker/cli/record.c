/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain record: the broker says what happens, and this writes it to a file, with the caller's own
 * rights: the broker may write none.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/cli.h"
#include "broker/cli/client.h"
#include "broker/record/file.h"
#include "firecurtain/cleanup.h"
#include "proto/codec_record.h"

struct recorder {
    const char *path;
    int fd;
    uint64_t bytes;
    uint64_t max_bytes;
    uint64_t missed;
};

static int recorder_fail(const struct recorder *recorder, int r)
{
    fprintf(stderr, "firecurtain: %s: %s\n", recorder->path, strerror(-r));
    return EX_CANTCREAT;
}

static int recorder_append(struct recorder *recorder, const void *block, size_t n_bytes)
{
    int r;

    if (recorder->bytes + record_file_size(n_bytes) > recorder->max_bytes) {
        fprintf(stderr, "firecurtain: %s has its --max-size: the recording ends after %" PRIu64 " bytes\n",
                recorder->path, recorder->bytes);
        return EX_CANTCREAT;
    }
    r = record_file_append(recorder->fd, block, n_bytes);
    recorder->bytes += record_file_size(n_bytes);
    return r < 0 ? recorder_fail(recorder, r) : EX_OK;
}

static int recorder_take(struct recorder *recorder, const struct control_reply *reply)
{
    if (reply->missed != recorder->missed)
        fprintf(stderr, "firecurtain: %" PRIu64 " events were missed\n", reply->missed - recorder->missed);
    recorder->missed = reply->missed;
    return reply->n_record ? recorder_append(recorder, reply->record, reply->n_record) : EX_OK;
}

/* So that who reads it knows that it was not cut off. */
static int recorder_end(struct recorder *recorder)
{
    const struct record_item end = {.kind = RECORD_END, .text = "the recorder has ended"};
    struct codec_record *codec;
    const void *bytes;
    size_t n_bytes;
    int status = EX_OSERR;

    if (codec_record_new(&codec) < 0)
        return status;
    if (codec_record_encode(codec, &end, &bytes, &n_bytes) == 0)
        status = recorder_append(recorder, bytes, n_bytes);
    codec_record_free(codec);
    return status;
}

/* Until a signal, which is an orderly end, or the broker's end. */
static int recorder_run(struct recorder *recorder, struct client *client, int signals)
{
    struct control_request request = {.verb = CONTROL_RECORD, .follow = true};
    struct control_reply reply = {0};
    int status = client_ask(client, &request, &reply);

    if (status == EX_OK)
        fprintf(stderr, "firecurtain: recording to %s\n", recorder->path);
    while (status == EX_OK) {
        status = recorder_take(recorder, &reply);
        if (status == EX_OK)
            status = client_poll(client, signals, -1, &reply);
    }
    return status < 0 ? recorder_end(recorder) : status;
}

int cli_record(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct recorder recorder = {.path = options->words[0],
                                .bytes = RECORD_MAGIC_SIZE,
                                .max_bytes = options->max_bytes};
    FC_AUTO_CLOSE int signals = -1;
    int status;

    if (options->given & CLI_PRINT)
        return cli_record_print(options);
    if (options->given & CLI_JSON) {
        fputs("firecurtain: with record, --json goes with --print\n", stderr);
        return EX_USAGE;
    }
    signal(SIGXFSZ, SIG_IGN);
    signals = cli_block_signals();
    status = client_new(&client, options);
    if (status != EX_OK)
        return status;
    recorder.fd = record_file_create(recorder.path);
    if (recorder.fd < 0)
        return recorder_fail(&recorder, recorder.fd);
    status = recorder_run(&recorder, client, signals);
    if (recorder.bytes == RECORD_MAGIC_SIZE) /* nothing came of it */
        unlink(recorder.path);
    close(recorder.fd);
    return status;
}
