/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One timer serves all pages, 25 times a second: it asks for the state of the show when that is due, and
 * hands out the values that have come. It stops with the last page.
 */
#include "broker/desk/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/json.h"
#include "broker/desk/fresh.h"
#include "broker/desk/http.h"
#include "broker/desk/json_reply.h"
#include "firecurtain/time.h"

#define STREAM_TICK_NS   (40 * FC_NS_PER_MS)
#define STREAM_STATUS_NS FC_NS_PER_S        /* between two looks at the state of the show */
#define STREAM_LOST_NS   (5 * FC_NS_PER_S)  /* after which an answer is not waited for any more */
#define STREAM_DEAF_NS   (10 * FC_NS_PER_S) /* without reading anything, while there is something */
#define STREAM_GONE_MS   5000               /* without an acknowledgement; something is sent each second */
#define STREAM_BEHIND    32768 /* bytes that a page has not read, above which it gets no further values */
#define STREAM_LINES     100   /* of the log, that a page begins with */
#define STREAM_MAX_WATCH 16    /* patterns */

/* What the requests of a stream are about, which is their number, too. */
enum stream_subject { STREAM_ENTER = 1, STREAM_STATUS, STREAM_LOG, STREAM_WATCH };

struct stream {
    struct stream *next;
    struct http_request *http;
    struct desk_browser browser;
    bool is_in;                    /* the broker has let it in */
    char pin[CONTROL_MAX_PIN + 1]; /* see stream_pin() */
    bool is_ending;                /* nothing more is added */
    bool wants_log;
    uint64_t page; /* the number that it gave itself, or 0 */
    char *watch[STREAM_MAX_WATCH];
    size_t n_watch;
    bool has_log;      /* it was asked for */
    bool has_watch;    /* likewise */
    uint64_t asked_ns; /* when its status was last asked for */
    uint64_t from;     /* where that goes on */
    bool is_asking;
    struct fresh fresh;
    struct json out;
    size_t n_read;    /* bytes of `out` that the page has taken */
    uint64_t read_ns; /* when it last took some, or there were none */
};

struct page_streams {
    struct stream_spec spec;
    struct stream *list;
    struct timer tick;
};

static size_t stream_unread(const struct stream *stream)
{
    return stream->out.n - stream->n_read;
}

/* Makes room at the beginning of what is to be read, and begins an event. */
static void stream_event(struct stream *stream, const char *name)
{
    if (stream->n_read) {
        memmove(stream->out.bytes, stream->out.bytes + stream->n_read, stream_unread(stream));
        stream->out.n -= stream->n_read;
        stream->n_read = 0;
    }
    json_raw(&stream->out, "event: ");
    json_raw(&stream->out, name);
    json_raw(&stream->out, "\ndata: ");
}

/* Ends the connection of a page. */
static void stream_drop(struct stream *stream)
{
    stream->is_ending = true;
    http_drop(stream->http);
}

/* Ends an event. A page for which it does not fit is dropped, for it would show what is not so. */
static void stream_end_event(struct stream *stream)
{
    json_raw(&stream->out, "\n\n");
    if (!stream->out.is_full) {
        http_wake(stream->http);
        return;
    }
    stream_drop(stream);
}

static void stream_reply(struct stream *stream, const char *name, const struct control_reply *reply)
{
    stream_event(stream, name);
    json_reply(&stream->out, reply);
    stream_end_event(stream);
}

static bool stream_ask(struct page_streams *streams, struct stream *stream, enum stream_subject subject,
                       struct control_request request)
{
    request.version = CONTROL_VERSION;
    request.id = subject;
    return streams->spec.pass(streams->spec.userdata, stream->http->number, &stream->browser, &request);
}

static void stream_ask_status(struct page_streams *streams, struct stream *stream, uint64_t now_ns)
{
    stream->is_asking = stream_ask(streams, stream, STREAM_STATUS,
                                   (struct control_request){.verb = CONTROL_STATUS, .from = stream->from});
    if (stream->is_asking)
        stream->asked_ns = now_ns;
}

/* Asks the broker for what the page is there for. */
static void stream_ask_all(struct page_streams *streams, struct stream *stream, uint64_t now_ns)
{
    if (stream_unread(stream) < STREAM_BEHIND &&
        now_ns - stream->asked_ns >= (stream->is_asking ? STREAM_LOST_NS : STREAM_STATUS_NS)) {
        stream->from = 0;
        stream_ask_status(streams, stream, now_ns);
    }
    if (stream->wants_log && !stream->has_log)
        stream->has_log =
            stream_ask(streams, stream, STREAM_LOG,
                       (struct control_request){.verb = CONTROL_LOGS, .follow = true, .lines = STREAM_LINES});
    if (stream->n_watch && !stream->has_watch)
        stream->has_watch = stream_ask(streams, stream, STREAM_WATCH,
                                       (struct control_request){.verb = CONTROL_WATCH,
                                                                .names = (const char *const *)stream->watch,
                                                                .n_names = stream->n_watch,
                                                                .follow = true});
}

static void stream_tell_values(struct stream *stream)
{
    if (!stream->fresh.n || stream_unread(stream) >= STREAM_BEHIND)
        return;
    stream_event(stream, "values");
    json_raw(&stream->out, "{");
    fresh_take(&stream->fresh, &stream->out);
    json_raw(&stream->out, "}");
    stream_end_event(stream);
}

static void stream_tick(void *userdata)
{
    struct page_streams *streams = userdata;
    uint64_t now_ns = fc_now_ns();

    for (struct stream *stream = streams->list; stream; stream = stream->next) {
        if (!stream->is_in)
            continue;
        if (!stream_unread(stream) && !stream->is_ending)
            stream->read_ns = now_ns;
        else if (!stream_unread(stream) || now_ns - stream->read_ns >= STREAM_DEAF_NS)
            http_drop(stream->http);
        if (stream->is_ending)
            continue;
        stream_tell_values(stream);
        stream_ask_all(streams, stream, now_ns);
    }
    if (streams->list)
        loop_set_timer(streams->spec.loop, &streams->tick, now_ns + STREAM_TICK_NS);
}

/* Counts the pages that are not ending: of a browser, or with NULL of all; those that are in, or that ask. */
static size_t stream_count(const struct page_streams *streams, const struct desk_browser *browser, bool is_in)
{
    size_t n = 0;

    for (const struct stream *each = streams->list; each; each = each->next)
        n += !each->is_ending && each->is_in == is_in &&
             (!browser || memcmp(each->browser.token, browser->token, sizeof(browser->token)) == 0);
    return n;
}

/* Returns whether a page may ask. This takes no place from those that are in: the broker has still to say
 * whose it is. */
static bool stream_may_ask(struct page_streams *streams, const struct desk_browser *browser)
{
    for (struct stream *each = streams->list; each; each = each->next) {
        if (!each->is_ending && http_drop_if_gone(each->http)) /* browsers go from page to page quickly */
            each->is_ending = true;
    }
    return stream_count(streams, NULL, false) < STREAM_PAGES &&
           stream_count(streams, browser, false) + stream_count(streams, browser, true) < STREAM_PER_TOKEN;
}

/* Makes room for one more page that is in: when there are too many, the newest one gives way of the browser
 * that has most, if it has more than this one would have. */
static bool stream_make_room(struct page_streams *streams, const struct desk_browser *browser)
{
    size_t n_most = stream_count(streams, browser, true) + 1;
    struct stream *most = NULL;

    if (stream_count(streams, NULL, true) < STREAM_PAGES)
        return true;
    for (struct stream *each = streams->list; each; each = each->next) {
        size_t n = each->is_in && !each->is_ending ? stream_count(streams, &each->browser, true) : 0;

        if (n <= n_most)
            continue;
        n_most = n;
        most = each;
    }
    if (!most)
        return false;
    stream_drop(most);
    return true;
}

static void stream_want_log(void *userdata, const char *value)
{
    struct stream *stream = userdata;

    (void)value;
    stream->wants_log = true;
}

static void stream_want_page(void *userdata, const char *value)
{
    struct stream *stream = userdata;

    stream->page = strtoull(value, NULL, 10);
}

static void stream_want_watch(void *userdata, const char *value)
{
    struct stream *stream = userdata;

    if (value[0] && stream->n_watch < STREAM_MAX_WATCH && (stream->watch[stream->n_watch] = strdup(value)))
        stream->n_watch++;
}

static void stream_free(struct stream *stream)
{
    for (size_t i = 0; i < stream->n_watch; i++)
        free(stream->watch[i]);
    fresh_deinit(&stream->fresh);
    json_deinit(&stream->out);
    free(stream);
}

bool stream_open(struct page_streams *streams, struct http_request *http, const struct desk_browser *browser)
{
    struct stream *stream = stream_may_ask(streams, browser) ? calloc(1, sizeof(*stream)) : NULL;

    if (!stream)
        return false;
    stream->http = http;
    stream->browser = *browser;
    stream->out.most = STREAM_MOST;
    stream->read_ns = fc_now_ns();
    http_each_argument(http, "log", stream_want_log, stream);
    http_each_argument(http, "page", stream_want_page, stream);
    http_each_argument(http, "watch", stream_want_watch, stream);
    if (!stream_ask(streams, stream, STREAM_ENTER, (struct control_request){.verb = CONTROL_ENTER})) {
        stream_free(stream);
        return false;
    }
    if (!streams->list)
        loop_set_timer(streams->spec.loop, &streams->tick, stream->read_ns + STREAM_TICK_NS);
    stream->next = streams->list;
    streams->list = stream;
    return true;
}

static struct stream **stream_place(struct page_streams *streams, uint64_t client)
{
    struct stream **place = &streams->list;

    while (*place && (*place)->http->number != client)
        place = &(*place)->next;
    return place;
}

bool stream_is_open(const struct page_streams *streams, const struct desk_browser *browser, uint64_t page)
{
    for (const struct stream *each = streams->list; each; each = each->next) {
        if (each->is_in && !each->is_ending && each->page == page &&
            memcmp(each->browser.token, browser->token, sizeof(browser->token)) == 0 &&
            !http_drop_if_gone(each->http))
            return true;
    }
    return false;
}

const char *stream_pin(const struct page_streams *streams, const struct desk_browser *browser)
{
    for (const struct stream *each = streams->list; each; each = each->next) {
        if (each->pin[0] && memcmp(each->browser.token, browser->token, sizeof(browser->token)) == 0)
            return each->pin;
    }
    return NULL;
}

bool stream_close(struct page_streams *streams, const struct http_request *http)
{
    struct stream **place = stream_place(streams, http->number);
    struct stream *stream = *place;

    if (!stream)
        return false;
    *place = stream->next;
    stream_free(stream);
    return true;
}

size_t stream_read(struct page_streams *streams, const struct http_request *http, char *bytes, size_t most)
{
    struct stream *stream = *stream_place(streams, http->number);
    size_t n;

    if (!stream)
        return 0;
    n = stream_unread(stream) < most ? stream_unread(stream) : most;
    memcpy(bytes, stream->out.bytes + stream->n_read, n);
    stream->n_read += n;
    stream->read_ns = fc_now_ns();
    return n;
}

static void stream_refuse(struct stream *stream, unsigned status, const char *text)
{
    http_answer(stream->http, &(struct http_answer){.status = status,
                                                    .type = "text/plain; charset=utf-8",
                                                    .bytes = text,
                                                    .n_bytes = strlen(text),
                                                    .is_static = true});
}

static void stream_enter(struct page_streams *streams, struct stream *stream,
                         const struct control_reply *reply)
{
    streams->spec.let_in(streams->spec.userdata, stream->http, reply->outcome == CONTROL_DONE);
    if (reply->outcome != CONTROL_DONE) {
        stream_refuse(stream, 401, CONTROL_SIGNED_OUT);
        return;
    }
    if (!stream_make_room(streams, &stream->browser)) {
        stream_refuse(stream, 503, STREAM_TOO_MANY);
        return;
    }
    stream->is_in = true;
    if (reply->n_invites)
        snprintf(stream->pin, sizeof(stream->pin), "%s", reply->invites[0].pin);
    json_raw(&stream->out, "retry: 1000\n");
    stream_reply(stream, "hello", reply);
    http_stream(stream->http, "text/event-stream");
    http_drop_when_lost(stream->http, STREAM_GONE_MS);
}

static void stream_status(struct page_streams *streams, struct stream *stream,
                          const struct control_reply *reply)
{
    if (reply->outcome == CONTROL_REFUSED) {
        streams->spec.let_in(streams->spec.userdata, stream->http, false);
        stream_reply(stream, "bye", reply); /* the token has ended */
        stream->is_ending = true;
        return;
    }
    stream_reply(stream, "status", reply);
    stream->from = reply->next;
    stream->is_asking = false;
    if (reply->next)
        stream_ask_status(streams, stream, fc_now_ns());
}

static int stream_log(struct stream *stream, const struct control_reply *reply)
{
    if (stream_unread(stream) >= STREAM_BEHIND)
        return -EAGAIN;
    if (reply->n_lines || reply->outcome != CONTROL_DONE)
        stream_reply(stream, "log", reply);
    return 0;
}

static void stream_watch(struct stream *stream, const struct control_reply *reply)
{
    for (size_t i = 0; i < reply->n_values; i++)
        fresh_note(&stream->fresh, reply->values[i].channel, reply->values[i].value);
    if (reply->outcome != CONTROL_DONE || (reply->text && reply->text[0]))
        stream_reply(stream, "watch", reply);
}

int stream_send(struct page_streams *streams, uint64_t client, const struct control_reply *reply)
{
    struct stream *stream = *stream_place(streams, client);

    if (!stream || stream->is_ending)
        return -EHOSTUNREACH;
    if (reply->id == STREAM_ENTER && !stream->is_in)
        stream_enter(streams, stream, reply);
    if (!stream->is_in)
        return 0;
    if (reply->id == STREAM_STATUS)
        stream_status(streams, stream, reply);
    else if (reply->id == STREAM_LOG)
        return stream_log(stream, reply);
    else if (reply->id == STREAM_WATCH)
        stream_watch(stream, reply);
    return 0;
}

int page_streams_new(struct page_streams **streamsp, const struct stream_spec *spec)
{
    struct page_streams *streams = calloc(1, sizeof(*streams));

    if (!streams)
        return -ENOMEM;
    streams->spec = *spec;
    streams->tick = (struct timer){.fn = stream_tick, .userdata = streams};
    *streamsp = streams;
    return 0;
}

struct page_streams *page_streams_free(struct page_streams *streams)
{
    if (!streams)
        return NULL;
    loop_cancel_timer(streams->spec.loop, &streams->tick);
    free(streams);
    return NULL;
}
