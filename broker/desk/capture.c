/* SPDX-License-Identifier: BSD-2-Clause */
/* A page that reads slowly makes the broker wait, which then leaves events out and says so in the file. */
#include "broker/desk/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/desk/http.h"
#include "firecurtain/time.h"
#include "proto/codec_record.h"

#define CAPTURE_ROOM    (8 * RECORD_MAX_BLOCK)
#define CAPTURE_DEAF_NS (10 * FC_NS_PER_S) /* without reading anything, while there is something */

struct capture {
    struct capture *next;
    struct http_request *http;
    struct desk_browser browser;
    bool is_in;       /* the broker has begun */
    bool is_stopping; /* it ends with what the broker sends next */
    bool is_over;     /* nothing more is added */
    uint64_t read_ns; /* when the page last took some, or there were none */
    size_t first, n;  /* of `bytes`, what the page has not taken */
    uint8_t bytes[CAPTURE_ROOM];
};

struct captures {
    struct stream_spec spec;
    struct codec_record *codec;
    struct capture *list;
};

static bool capture_has_room(const struct capture *capture, size_t n_block)
{
    return capture->n + RECORD_FRAME_SIZE + n_block <= sizeof(capture->bytes);
}

static void capture_put(struct capture *capture, const void *bytes, size_t n)
{
    if (capture->first + capture->n + n > sizeof(capture->bytes)) {
        memmove(capture->bytes, capture->bytes + capture->first, capture->n);
        capture->first = 0;
    }
    memcpy(capture->bytes + capture->first + capture->n, bytes, n);
    capture->n += n;
}

static void capture_put_block(struct capture *capture, const void *block, size_t n_block)
{
    uint8_t frame[RECORD_FRAME_SIZE];

    record_frame(block, n_block, frame);
    capture_put(capture, frame, sizeof(frame));
    capture_put(capture, block, n_block);
    http_wake(capture->http);
}

static void capture_end(struct capture *capture)
{
    capture->is_over = true;
    http_end_stream(capture->http);
}

/* Writes the end, which tells readers that the file was not truncated. */
static void capture_put_end(struct captures *captures, struct capture *capture)
{
    const struct record_item end = {.kind = RECORD_END, .text = "the recorder has ended"};
    const void *bytes;
    size_t n_bytes;

    if (codec_record_encode(captures->codec, &end, &bytes, &n_bytes) == 0 &&
        capture_has_room(capture, n_bytes))
        capture_put_block(capture, bytes, n_bytes);
}

static struct capture **capture_place(struct captures *captures, uint64_t client)
{
    struct capture **place = &captures->list;

    while (*place && (*place)->http->number != client)
        place = &(*place)->next;
    return place;
}

static size_t capture_count(const struct captures *captures)
{
    size_t n = 0;

    for (const struct capture *each = captures->list; each; each = each->next)
        n += each->is_in && !each->is_over;
    return n;
}

/* Who asks has no place of those that record: the broker has still to say whether it may. */
static bool capture_has_place(const struct captures *captures, const struct desk_browser *browser)
{
    size_t n_asking = 0, n_own = 0;

    for (struct capture *each = captures->list; each; each = each->next) {
        if (!each->is_over && http_drop_if_gone(each->http))
            each->is_over = true;
        if (each->is_over)
            continue;
        n_asking += !each->is_in;
        n_own += memcmp(each->browser.token, browser->token, sizeof(browser->token)) == 0;
    }
    return n_own < CAPTURE_PER_TOKEN && n_asking < CAPTURE_MAX && capture_count(captures) < CAPTURE_MAX;
}

bool capture_open(struct captures *captures, struct http_request *http, const struct desk_browser *browser)
{
    const struct control_request request = {.version = CONTROL_VERSION,
                                            .id = 1,
                                            .verb = CONTROL_RECORD,
                                            .follow = true};
    struct capture *capture;
    capture = capture_has_place(captures, browser) ? malloc(sizeof(*capture)) : NULL;
    if (!capture || !captures->spec.pass(captures->spec.userdata, http->number, browser, &request)) {
        free(capture);
        return false;
    }
    capture->http = http;
    capture->browser = *browser;
    capture->is_in = capture->is_stopping = capture->is_over = false;
    capture->first = capture->n = 0;
    capture->read_ns = fc_now_ns();
    capture->next = captures->list;
    captures->list = capture;
    return true;
}

size_t capture_stop(struct captures *captures, const struct desk_browser *browser)
{
    size_t n = 0;

    for (struct capture *each = captures->list; each; each = each->next) {
        if (!each->is_in || each->is_over ||
            memcmp(each->browser.token, browser->token, sizeof(browser->token)) != 0)
            continue;
        each->is_stopping = true;
        n++;
    }
    return n;
}

bool capture_close(struct captures *captures, const struct http_request *http)
{
    struct capture **place = capture_place(captures, http->number);
    struct capture *capture = *place;

    if (!capture)
        return false;
    *place = capture->next;
    free(capture);
    return true;
}

size_t capture_read(struct captures *captures, const struct http_request *http, char *bytes, size_t most)
{
    struct capture *capture = *capture_place(captures, http->number);
    size_t n;

    if (!capture)
        return 0;
    n = capture->n < most ? capture->n : most;
    memcpy(bytes, capture->bytes + capture->first, n);
    capture->first += n;
    capture->n -= n;
    capture->read_ns = fc_now_ns();
    return n;
}

/* Answers the browser, for which the broker has begun, or has refused to. */
static void capture_begin(const struct captures *captures, struct capture *capture,
                          const struct control_reply *reply)
{
    bool is_signed_out = strcmp(reply->text, CONTROL_SIGNED_OUT) == 0;

    if (capture_count(captures) == CAPTURE_MAX) {
        http_drop(capture->http); /* others were faster; the page asks again */
        return;
    }
    captures->spec.let_in(captures->spec.userdata, capture->http, !is_signed_out);
    if (reply->outcome != CONTROL_DONE) {
        http_answer(capture->http, &(struct http_answer){.status = is_signed_out ? 401 : 403,
                                                         .type = "text/plain; charset=utf-8",
                                                         .bytes = reply->text,
                                                         .n_bytes = strlen(reply->text)});
        return;
    }
    capture->is_in = true;
    capture_put(capture, RECORD_MAGIC, RECORD_MAGIC_SIZE);
    http_stream(capture->http, "application/octet-stream");
}

/* Takes a block, or a sign of life. What was asked to stop does so behind it. */
static int capture_take(struct captures *captures, struct capture *capture, const struct control_reply *reply)
{
    if (!capture->n)
        capture->read_ns = fc_now_ns();
    if (!capture_has_room(capture, reply->n_record)) {
        if (fc_now_ns() - capture->read_ns < CAPTURE_DEAF_NS)
            return -EAGAIN;
        http_drop(capture->http);
        return -EHOSTUNREACH;
    }
    if (reply->n_record)
        capture_put_block(capture, reply->record, reply->n_record);
    if (!capture->is_stopping)
        return 0;
    capture_put_end(captures, capture);
    capture_end(capture);
    return -EHOSTUNREACH;
}

int capture_send(struct captures *captures, uint64_t client, const struct control_reply *reply)
{
    struct capture *capture = *capture_place(captures, client);

    if (!capture || capture->is_over)
        return -EHOSTUNREACH;
    if (!capture->is_in) {
        capture_begin(captures, capture, reply);
        return 0;
    }
    if (reply->outcome != CONTROL_DONE) { /* it was revoked; the broker has written the end */
        capture_end(capture);
        return -EHOSTUNREACH;
    }
    return capture_take(captures, capture, reply);
}

int captures_new(struct captures **capturesp, const struct stream_spec *spec)
{
    struct captures *captures = calloc(1, sizeof(*captures));

    if (!captures)
        return -ENOMEM;
    captures->spec = *spec;
    if (codec_record_new(&captures->codec) < 0) {
        free(captures);
        return -ENOMEM;
    }
    *capturesp = captures;
    return 0;
}

struct captures *captures_free(struct captures *captures)
{
    if (!captures)
        return NULL;
    codec_record_free(captures->codec);
    free(captures);
    return NULL;
}
