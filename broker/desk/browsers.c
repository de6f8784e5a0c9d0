/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each request of a browser is a client of its own, as is each stream. The numbers of the requests that a
 * stream makes say what their replies are about.
 */
#include "broker/desk/browsers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/json.h"
#include "broker/base/rate.h"
#include "broker/desk/ask.h"
#include "broker/desk/callers.h"
#include "broker/desk/capture.h"
#include "broker/desk/holds.h"
#include "broker/desk/http.h"
#include "broker/desk/json_reply.h"
#include "broker/desk/origin.h"
#include "broker/desk/pages.h"
#include "broker/desk/pin.h"
#include "broker/desk/stream.h"
#include "firecurtain/time.h"
#include "proto/control_rules.h"

#define BROWSERS_CLIENT (UINT64_C(1) << 63)
#define BROWSERS_RATE   1000 /* requests a second of all browsers together that are signed in */
#define BROWSERS_OTHERS 500  /* of all others */
#define BROWSERS_COOKIE "firecurtain"
#define BROWSERS_SECRET 128

struct browsers {
    struct browsers_spec spec;
    struct http *http;
    uint64_t last;          /* client */
    struct callers known;   /* by their tokens, which the broker has accepted */
    struct callers callers; /* all others, by their addresses */
    struct rate rate;       /* of those that are known */
    struct rate others;
    struct page_streams *streams;
    struct captures *captures;
    struct holds holds;
    struct browser_request *requests; /* that wait for the broker's answer */
    char names[DESK_MAX_NAMES + 1];
    char pin[CONTROL_MAX_PIN + 1]; /* the hash of the last PIN */
};

/* A request that is not a stream. */
struct browser_request {
    struct browser_request *next;
    struct http_request *http;
    enum control_verb verb;
    const char *token; /* that was shown, or NULL; in the body */
    uint64_t page;     /* that holds `channel` with this, or lets go of it; or 0 */
    const char *channel;
    bool is_held;
    struct desk_browser browser;
};

static void browsers_say(struct http_request *request, unsigned status, const char *text)
{
    http_answer(request, &(struct http_answer){.status = status,
                                               .type = "text/plain; charset=utf-8",
                                               .bytes = text,
                                               .n_bytes = strlen(text),
                                               .is_static = true});
}

/* Takes what a request costs. Who has shown no token that the broker has accepted takes nothing from those
 * who have, also if they are at the same address. */
static bool browsers_may(struct browsers *browsers, const struct http_request *request, uint64_t cost)
{
    uint64_t now_ns = fc_now_ns();

    if (!callers_knows(&browsers->known, request->token)) {
        rate_fill(&browsers->others, now_ns);
        return callers_take_unknown(&browsers->callers, callers_key(request->address), cost, now_ns) &&
               rate_take(&browsers->others, cost);
    }
    rate_fill(&browsers->rate, now_ns);
    return callers_take(&browsers->known, request->token, cost, now_ns) &&
           (rate_take(&browsers->rate, cost) ||
            callers_take_least(&browsers->known, request->token, cost, now_ns));
}

/* Returns whether a token may be shown: this takes nothing from what those who are signed in there may ask.
 */
static bool browsers_may_enter(struct browsers *browsers, const struct http_request *request)
{
    uint64_t now_ns = fc_now_ns();

    rate_fill(&browsers->others, now_ns);
    return callers_take_token(&browsers->callers, callers_key(request->address), now_ns) &&
           rate_take(&browsers->others, 1);
}

/* Notes whether the broker has accepted the token of a request. */
static void browsers_let_in(void *userdata, struct http_request *request, bool is_in)
{
    struct browsers *browsers = userdata;

    request->is_known = is_in;
    if (is_in)
        callers_accept(&browsers->known, request->token, fc_now_ns());
    else
        callers_forget(&browsers->known, request->token);
}

/* Notes the token that a request shows; its number is never 0. */
static void browsers_note_token(struct http_request *request, const uint8_t hash[SHA256_BYTES])
{
    uint64_t number;

    memcpy(&number, hash, sizeof(number));
    number |= 1;
    request->is_known = request->is_known && request->token == number;
    request->token = number;
}

/* Finds the browser's token in its cookies, and hashes it. */
static bool browsers_find_token(struct http_request *request, struct desk_browser *browser)
{
    const char *at = http_header(request, "Cookie");
    const size_t n_name = strlen(BROWSERS_COOKIE "=");

    memcpy(browser->address, request->address, sizeof(browser->address));
    for (; at && *at; at += strcspn(at, ";"), at += strspn(at, "; ")) {
        if (strncmp(at, BROWSERS_COOKIE "=", n_name) != 0)
            continue;
        at += n_name;
        sha256(at, strcspn(at, "; "), browser->token);
        browsers_note_token(request, browser->token);
        return true;
    }
    return false;
}

static void browsers_pass(struct browsers *browsers, struct http_request *http, const struct ask *ask,
                          const struct desk_browser *browser)
{
    struct browser_request *request = calloc(1, sizeof(*request));

    if (!request || !browsers->spec.pass(browsers->spec.userdata, http->number, browser, &ask->request)) {
        free(request);
        browsers_say(http, 503, "the broker is busy; try again");
        return;
    }
    *request = (struct browser_request){.next = browsers->requests,
                                        .http = http,
                                        .verb = ask->request.verb,
                                        .token = ask->token,
                                        .page = ask->page,
                                        .channel = ask->names[0],
                                        .is_held = ask->request.value > 0.0,
                                        .browser = *browser};
    browsers->requests = request;
}

/* Passes on that a button is pressed or let go. It is noted before, in case the page does not live to see the
 * answer. */
static void browsers_pass_hold(struct browsers *browsers, struct http_request *http, const struct ask *ask,
                               const struct desk_browser *browser)
{
    if (ask->request.value > 0.0 && !holds_begin(&browsers->holds, browser, ask->page, ask->names[0]))
        browsers_say(http, 503, "this page holds too much, or has no stream of events; try again");
    else
        browsers_pass(browsers, http, ask, browser);
}

static bool browsers_is_open(void *userdata, const struct desk_browser *browser, uint64_t page)
{
    const struct browsers *browsers = userdata;

    return stream_is_open(browsers->streams, browser, page);
}

/* Sets a channel to 0 for a page that is gone; nobody waits for the answer. */
static bool browsers_let_go(void *userdata, const struct desk_browser *browser, const char *channel)
{
    struct browsers *browsers = userdata;
    const struct control_request request = {
        .version = CONTROL_VERSION, .id = 1, .verb = CONTROL_EMIT, .names = &channel, .n_names = 1};

    return browsers->spec.pass(browsers->spec.userdata, BROWSERS_CLIENT | ++browsers->last, browser,
                               &request);
}

/* Lets the browser's recordings end, which needs no broker. */
static void browsers_stop_recording(struct browsers *browsers, struct http_request *http,
                                    const struct desk_browser *browser)
{
    static const char done[] = "{\"outcome\":\"done\",\"text\":\"\"}";
    static const char none[] = "{\"outcome\":\"unknown name\",\"text\":\"this browser records nothing\"}";
    const char *text = capture_stop(browsers->captures, browser) ? done : none;

    http_answer(http, &(struct http_answer){.status = 200,
                                            .type = "application/json",
                                            .bytes = text,
                                            .n_bytes = strlen(text),
                                            .is_static = true});
}

/*
 * Puts the hash of the PIN into the request. Strangers make no work: a page of the browser has to be open.
 * False if there were too many.
 */
static bool browsers_hash_pin(struct browsers *browsers, struct ask *ask, const struct desk_browser *browser)
{
    const char *settings = ask->pin ? stream_pin(browsers->streams, browser) : NULL;

    if (!settings || !pin_is_sound(ask->pin))
        return true; /* without a hash the broker refuses it */
    if (!pin_may_hash(fc_now_ns()) || !pin_hash(ask->pin, settings, browsers->pin))
        return false;
    ask->request.pin = browsers->pin;
    return true;
}

/* Passes on what a page asks for, if it is one of ours. */
static void browsers_post(struct browsers *browsers, struct http_request *http)
{
    const char *type = http_header(http, "Content-Type");
    struct desk_browser browser;
    struct control_reply reply;
    struct ask ask;
    bool has_token;

    if (!origin_is_own(http_header(http, "Origin"), http_header(http, "Host"))) {
        browsers_say(http, 403, "the request comes from a page of somebody else");
        return;
    }
    if (!type || strcmp(type, ASK_TYPE) != 0 || ask_read(&ask, http->body, http->n_body) < 0) {
        browsers_say(http, 400, "the request is malformed");
        return;
    }
    has_token = browsers_find_token(http, &browser);
    if (ask.token) {
        sha256(ask.token, strlen(ask.token), browser.token);
        browsers_note_token(http, browser.token);
    }
    if (!has_token && !ask.token)
        browsers_say(http, 401, CONTROL_SIGNED_OUT);
    else if (!control_rules_check(&ask.request, &reply))
        browsers_say(http, 400, "the request is malformed");
    else if (!(ask.token ? browsers_may_enter(browsers, http)
                         : browsers_may(browsers, http, control_rules_cost(&ask.request))))
        browsers_say(http, 429, "too many requests; try again later");
    else if (ask.request.verb == CONTROL_UNLOCK && !browsers_hash_pin(browsers, &ask, &browser))
        browsers_say(http, 429, "too many PINs; try again in a second");
    else if (ask.request.verb == CONTROL_RECORD)
        browsers_stop_recording(browsers, http, &browser);
    else if (ask.page)
        browsers_pass_hold(browsers, http, &ask, &browser);
    else
        browsers_pass(browsers, http, &ask, &browser);
}

static void browsers_get(struct browsers *browsers, struct http_request *http)
{
    const struct page_file *file = pages_find(http->path);
    const char *site = http_header(http, "Sec-Fetch-Site"), *origin = http_header(http, "Origin");
    bool is_recording = strcmp(http->path, "/api/record") == 0;
    struct desk_browser browser;

    if (file) {
        http_answer(http, &(struct http_answer){.status = 200,
                                                .type = file->type,
                                                .bytes = file->bytes,
                                                .n_bytes = file->n_bytes,
                                                .is_static = true});
    } else if (!is_recording && strcmp(http->path, "/api/events") != 0) {
        browsers_say(http, 404, "there is no such page");
    } else if ((site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) ||
               (origin && !origin_is_own(origin, http_header(http, "Host")))) {
        browsers_say(http, 403, "the request comes from a page of somebody else");
    } else if (!browsers_find_token(http, &browser)) {
        browsers_say(http, 401, CONTROL_SIGNED_OUT);
    } else if (!browsers_may(browsers, http, 1)) {
        browsers_say(http, 429, "too many requests; try again later");
    } else if (is_recording ? !capture_open(browsers->captures, http, &browser)
                            : !stream_open(browsers->streams, http, &browser)) {
        browsers_say(http, 503,
                     is_recording ? "too many recordings are being made; try again later" : STREAM_TOO_MANY);
    }
}

static void browsers_ask(void *userdata, struct http_request *http)
{
    struct browsers *browsers = userdata;
    bool is_get = strcmp(http->method, "GET") == 0;

    http->number = BROWSERS_CLIENT | ++browsers->last;
    if (!origin_is_host(http_header(http, "Host"), browsers->names))
        browsers_say(http, 421, "this host has no such name; the option names of [console] may give it one");
    else if (is_get)
        browsers_get(browsers, http);
    else if (strcmp(http->method, "POST") != 0)
        browsers_say(http, 405, "only GET and POST");
    else if (strcmp(http->path, "/api/ask") != 0)
        browsers_say(http, 404, "there is no such page");
    else
        browsers_post(browsers, http);
}

static bool browsers_pass_on(void *userdata, uint64_t client, const struct desk_browser *browser,
                             const struct control_request *request)
{
    const struct browsers *browsers = userdata;

    return browsers->spec.pass(browsers->spec.userdata, client, browser, request);
}

static struct browser_request **browsers_place(struct browsers *browsers, uint64_t client)
{
    struct browser_request **place = &browsers->requests;

    while (*place && (*place)->http->number != client)
        place = &(*place)->next;
    return place;
}

static void browsers_over(void *userdata, struct http_request *http)
{
    struct browsers *browsers = userdata;
    struct browser_request **place = browsers_place(browsers, http->number);
    struct browser_request *request = *place;

    if (request) {
        *place = request->next;
        free(request);
        browsers->spec.gone(browsers->spec.userdata, http->number);
    } else if (stream_close(browsers->streams, http) || capture_close(browsers->captures, http)) {
        browsers->spec.gone(browsers->spec.userdata, http->number);
    }
}

static size_t browsers_read(void *userdata, struct http_request *http, char *bytes, size_t most)
{
    struct browsers *browsers = userdata;

    size_t n = stream_read(browsers->streams, http, bytes, most);

    return n ? n : capture_read(browsers->captures, http, bytes, most);
}

/* Has the browser keep its token, out of reach of scripts and of pages of others. */
static void browsers_make_cookie(const struct http_request *http, const char *secret, uint64_t seconds,
                                 char *cookie, size_t bytes)
{
    const char *origin = http_header(http, "Origin");

    snprintf(cookie, bytes, BROWSERS_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%llu%s", secret,
             (unsigned long long)seconds, strncmp(origin, "https:", 6) == 0 ? "; Secure" : "");
}

static void browsers_answer(struct browsers *browsers, struct browser_request *request,
                            const struct control_reply *reply)
{
    struct http_request *http = request->http;
    struct json json = {.most = STREAM_MOST};
    bool is_signed_out = strcmp(reply->text, CONTROL_SIGNED_OUT) == 0;
    char cookie[2 * BROWSERS_SECRET];
    struct http_answer answer = {.status = is_signed_out ? 401 : 200, .type = "application/json"};
    const char *secret = reply->secret && reply->secret[0] ? reply->secret : request->token;

    if (request->verb != CONTROL_ENTER || is_signed_out)
        browsers_let_in(browsers, http, !is_signed_out);
    if (request->page && request->is_held != (reply->outcome == CONTROL_DONE))
        holds_end(&browsers->holds, &request->browser, request->page, request->channel);
    if (request->verb == CONTROL_ENTER && reply->outcome == CONTROL_DONE && secret && reply->n_invites) {
        sha256(secret, strlen(secret), request->browser.token); /* with which it asks from now on */
        browsers_note_token(http, request->browser.token);
        browsers_let_in(browsers, http, true);
        browsers_make_cookie(http, secret, reply->invites[0].seconds, cookie, sizeof(cookie));
        answer.cookie = cookie;
    }
    json_reply(&json, reply);
    answer.bytes = json.bytes;
    answer.n_bytes = json.n;
    if (json.is_full)
        browsers_say(http, 500, "the answer is too large");
    else
        http_answer(http, &answer);
    json_deinit(&json);
}

int browsers_send(struct browsers *browsers, uint64_t client, const struct control_reply *reply)
{
    struct browser_request **place;
    struct browser_request *request;

    if (!browsers)
        return -EHOSTUNREACH;
    place = browsers_place(browsers, client);
    request = *place;
    if (!request) {
        int r = stream_send(browsers->streams, client, reply);

        return r == -EHOSTUNREACH ? capture_send(browsers->captures, client, reply) : r;
    }
    *place = request->next; /* the browser's end is no news to the broker any more */
    browsers_answer(browsers, request, reply);
    free(request);
    return 0;
}

void browsers_set_names(struct browsers *browsers, const char *names, size_t n)
{
    memcpy(browsers->names, names, n);
    browsers->names[n] = '\0';
}

int browsers_new(struct browsers **browsersp, const struct browsers_spec *spec)
{
    struct browsers *browsers = calloc(1, sizeof(*browsers));
    struct http_spec http = {.loop = spec->loop,
                             .listener = spec->listener,
                             .ask = browsers_ask,
                             .over = browsers_over,
                             .read = browsers_read,
                             .userdata = browsers};
    struct stream_spec streams_spec = {.loop = spec->loop,
                                       .pass = browsers_pass_on,
                                       .let_in = browsers_let_in,
                                       .userdata = browsers};
    int r;

    if (!browsers)
        return -ENOMEM;
    browsers->spec = *spec;
    holds_init(&browsers->holds, &(struct holds_spec){.loop = spec->loop,
                                                      .is_open = browsers_is_open,
                                                      .let_go = browsers_let_go,
                                                      .userdata = browsers});
    rate_init(&browsers->rate, BROWSERS_RATE, fc_now_ns());
    rate_init(&browsers->others, BROWSERS_OTHERS, fc_now_ns());
    r = page_streams_new(&browsers->streams, &streams_spec);
    if (r == 0)
        r = captures_new(&browsers->captures, &streams_spec);
    if (r == 0)
        r = http_new(&browsers->http, &http);
    if (r == 0)
        *browsersp = browsers;
    else
        browsers_free(browsers);
    return r;
}

struct browsers *browsers_free(struct browsers *browsers)
{
    if (!browsers)
        return NULL;
    http_free(browsers->http);
    holds_deinit(&browsers->holds);
    page_streams_free(browsers->streams);
    captures_free(browsers->captures);
    free(browsers);
    return NULL;
}
