/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmicrohttpd has an epoll descriptor of its own, which the loop watches: no thread. A request that is
 * answered later, and a stream that has nothing to say, are suspended meanwhile. Connections are accepted
 * here and timed here, by absolute times: a byte now and then does not prolong them.
 */
#include "broker/desk/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/desk/callers.h"
#include "broker/desk/places.h"
#include "firecurtain/time.h"

#define HTTP_TURN 16 /* connections that are accepted in one turn of the loop */
#define HTTP_ROOM (PLACES_MAX + HTTP_TURN)
#define HTTP_REQUEST_NS                                                                                      \
    (10 * FC_NS_PER_S)                    /* from the connection, or the last answer, to the next request    \
                                           */
#define HTTP_ANSWER_NS (30 * FC_NS_PER_S) /* from there until the answer has been read */
#define HTTP_SWEEP_NS  FC_NS_PER_S
#define HTTP_BLOCK     8192
#define HTTP_SEND      (128 * 1024) /* bytes that the kernel keeps for a browser that does not read */

/* A connection, and the request that is under way. */
struct http_connection {
    struct place place; /* first */
    struct http *http;
    struct http_exchange *exchange;
    int fd;
    uint8_t address[16];
};

struct http_exchange {
    struct http_request request;
    struct http_connection *connection;
    struct MHD_Connection *mhd;
    struct MHD_Response *response; /* that was not queued yet */
    unsigned status;
    bool is_asked;  /* the owner has it */
    bool is_ending; /* a stream of which nothing more comes */
    bool is_suspended;
    bool is_dropped;
    bool is_too_large;
    char body[HTTP_MAX_BODY + 1];
};

struct http {
    struct http_spec spec;
    struct MHD_Daemon *daemon;
    struct loop_source *listener;
    struct loop_source *events;
    struct loop_task run;
    struct timer sweep;
    struct places places; /* of struct http_connection */
};

static const struct {
    const char *name;
    const char *value;
} http_headers[] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

static void http_run(void *userdata)
{
    struct http *http = userdata;
    MHD_UNSIGNED_LONG_LONG timeout;

    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES && timeout == 0)
        loop_defer(http->spec.loop, &http->run);
}

static void http_events(void *userdata, uint32_t events)
{
    (void)events;
    http_run(userdata);
}

/* Ends a connection as soon as libmicrohttpd looks at it. */
static void http_shut(struct http_connection *connection)
{
    connection->place.state = PLACE_OVER;
    shutdown(connection->fd, SHUT_RDWR);
}

static void http_resume(struct http_exchange *exchange)
{
    if (!exchange->is_suspended)
        return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->mhd);
    loop_defer(exchange->connection->http->spec.loop, &exchange->connection->http->run);
}

/* Ends the connection of a place, with the request that is under way. Takes NULL. */
static void http_end(struct place *place)
{
    struct http_connection *connection = (struct http_connection *)place;

    if (!connection)
        return;
    http_shut(connection);
    if (!connection->exchange || !connection->exchange->is_suspended)
        return;
    connection->exchange->is_dropped = true;
    http_resume(connection->exchange);
}

/* Ends connections that have had their time. */
static void http_sweep(void *userdata)
{
    struct http *http = userdata;
    uint64_t now_ns = fc_now_ns();

    for (struct place *each = http->places.first; each; each = each->next) {
        if ((each->state == PLACE_IDLE && now_ns - each->since_ns >= HTTP_REQUEST_NS) ||
            (each->state == PLACE_ASKED && now_ns - each->since_ns >= HTTP_ANSWER_NS))
            http_end(each);
    }
    loop_defer(http->spec.loop, &http->run);
    if (http->places.first)
        loop_set_timer(http->spec.loop, &http->sweep, now_ns + HTTP_SWEEP_NS);
}

static void http_accept(void *userdata, uint32_t events)
{
    struct http *http = userdata;
    const int bytes = HTTP_SEND;

    (void)events;
    for (unsigned i = 0; i < HTTP_TURN; i++) {
        struct sockaddr_storage address;
        socklen_t n_address = sizeof(address);
        int fd = accept4(http->spec.listener, (struct sockaddr *)&address, &n_address,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            break;
        http_end(places_give_way(&http->places));
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        if (http->places.n >= HTTP_ROOM)
            close(fd);
        else
            MHD_add_connection(http->daemon, fd, (struct sockaddr *)&address, n_address);
        http_run(http);
    }
}

static void http_note_address(struct http_connection *connection, const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

    if (address && address->sa_family == AF_INET6) {
        memcpy(connection->address, &six->sin6_addr, 16);
    } else if (address && address->sa_family == AF_INET) {
        memset(connection->address + 10, 0xff, 2);
        memcpy(connection->address + 12, &four->sin_addr, 4);
    }
}

static void *http_connected(struct http *http, struct MHD_Connection *mhd)
{
    struct http_connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->http = http;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->place.since_ns = fc_now_ns();
    http_note_address(connection,
                      MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    connection->place.address = callers_key(connection->address);
    places_add(&http->places, &connection->place);
    if (http->places.n == 1)
        loop_set_timer(http->spec.loop, &http->sweep, connection->place.since_ns + HTTP_SWEEP_NS);
    return connection;
}

static void http_notify(void *userdata, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct http *http = userdata;
    struct http_connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = http_connected(http, mhd);
        return;
    }
    if (!connection)
        return;
    places_remove(&http->places, &connection->place);
    free(connection);
    *context = NULL;
}

static void http_over(void *userdata, struct MHD_Connection *mhd, void **context,
                      enum MHD_RequestTerminationCode why)
{
    struct http *http = userdata;
    struct http_exchange *exchange = *context;

    (void)mhd, (void)why;
    if (!exchange)
        return;
    if (exchange->is_asked)
        http->spec.over(http->spec.userdata, &exchange->request);
    exchange->connection->exchange = NULL;
    exchange->connection->place.since_ns = fc_now_ns();
    if (exchange->connection->place.state != PLACE_OVER)
        exchange->connection->place.state = PLACE_IDLE;
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    free(exchange);
    *context = NULL;
}

static enum MHD_Result http_begin(struct http *http, struct MHD_Connection *mhd, const char *url,
                                  const char *method, void **context)
{
    struct http_connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct http_exchange *exchange = connection ? calloc(1, sizeof(*exchange)) : NULL;

    (void)http;
    if (!exchange)
        return MHD_NO;
    exchange->connection = connection;
    exchange->mhd = mhd;
    exchange->request = (struct http_request){.method = method,
                                              .path = url,
                                              .body = exchange->body,
                                              .exchange = exchange,
                                              .token = connection->place.token,
                                              .is_known = connection->place.token};
    memcpy(exchange->request.address, connection->address, sizeof(connection->address));
    connection->exchange = exchange;
    *context = exchange;
    return MHD_YES;
}

static void http_take_body(struct http_exchange *exchange, const char *bytes, size_t *n_bytes)
{
    struct http_request *request = &exchange->request;

    if (*n_bytes > HTTP_MAX_BODY - request->n_body) {
        exchange->is_too_large = true;
    } else {
        memcpy(exchange->body + request->n_body, bytes, *n_bytes);
        request->n_body += *n_bytes;
    }
    *n_bytes = 0;
}

static enum MHD_Result http_queue(struct http_exchange *exchange)
{
    enum MHD_Result result = MHD_queue_response(exchange->mhd, exchange->status, exchange->response);

    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return result;
}

/* Called by libmicrohttpd when a request begins, for pieces of its body, at its end, and when it is resumed.
 */
static enum MHD_Result http_handle(void *userdata, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *n_upload, void **context)
{
    struct http *http = userdata;
    struct http_exchange *exchange = *context;

    (void)version;
    if (!exchange)
        return http_begin(http, mhd, url, method, context);
    if (*n_upload) {
        http_take_body(exchange, upload, n_upload);
        return MHD_YES;
    }
    if (!exchange->is_asked) {
        exchange->is_asked = true;
        exchange->connection->place.since_ns = fc_now_ns();
        if (exchange->connection->place.state != PLACE_OVER)
            exchange->connection->place.state = PLACE_ASKED;
        if (exchange->is_too_large)
            http_answer(&exchange->request,
                        &(struct http_answer){.status = MHD_HTTP_CONTENT_TOO_LARGE, .type = "text/plain"});
        else
            http->spec.ask(http->spec.userdata, &exchange->request);
    }
    if (exchange->is_dropped)
        return MHD_NO;
    if (exchange->response)
        return http_queue(exchange);
    exchange->is_suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

static ssize_t http_read(void *userdata, uint64_t position, char *bytes, size_t most)
{
    struct http_exchange *exchange = userdata;
    const struct http_spec *spec = &exchange->connection->http->spec;
    size_t n;

    (void)position;
    if (exchange->is_dropped)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    n = spec->read(spec->userdata, &exchange->request, bytes, most);
    if (n)
        return (ssize_t)n;
    if (exchange->is_ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    exchange->is_suspended = true;
    MHD_suspend_connection(exchange->mhd);
    return 0;
}

static void http_respond(struct http_exchange *exchange, struct MHD_Response *response, unsigned status,
                         const char *type)
{
    struct http *http = exchange->connection->http;

    if (!response) {
        exchange->is_dropped = true;
    } else {
        for (size_t i = 0; i < sizeof(http_headers) / sizeof(http_headers[0]); i++)
            MHD_add_response_header(response, http_headers[i].name, http_headers[i].value);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        exchange->response = response;
        exchange->status = status;
    }
    exchange->connection->place.token = exchange->request.is_known ? exchange->request.token : 0;
    http_end(places_give_way_to(&http->places, &exchange->connection->place));
    http_resume(exchange);
}

void http_answer(struct http_request *request, const struct http_answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->n_bytes, (void *)answer->bytes,
                                        answer->is_static ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);

    if (response && answer->cookie)
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, answer->cookie);
    http_respond(request->exchange, response, answer->status, answer->type);
}

void http_stream(struct http_request *request, const char *type)
{
    struct http_exchange *exchange = request->exchange;

    if (exchange->connection->place.state != PLACE_OVER)
        exchange->connection->place.state = PLACE_STREAM;
    http_respond(exchange,
                 MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_BLOCK, http_read, exchange, NULL),
                 MHD_HTTP_OK, type);
}

void http_end_stream(struct http_request *request)
{
    request->exchange->is_ending = true;
    http_wake(request);
}

void http_wake(struct http_request *request)
{
    if (!request->exchange->response) /* else it has not begun */
        http_resume(request->exchange);
}

void http_drop(struct http_request *request)
{
    request->exchange->is_dropped = true;
    http_shut(request->exchange->connection);
    http_resume(request->exchange);
}

int http_fd(const struct http_request *request)
{
    return request->exchange->connection->fd;
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->exchange->mhd, MHD_HEADER_KIND, name);
}

struct http_arguments {
    const char *name;
    void (*fn)(void *userdata, const char *value);
    void *userdata;
};

static enum MHD_Result http_argument(void *userdata, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    const struct http_arguments *arguments = userdata;

    (void)kind;
    if (strcmp(name, arguments->name) == 0)
        arguments->fn(arguments->userdata, value ? value : "");
    return MHD_YES;
}

void http_each_argument(const struct http_request *request, const char *name,
                        void (*fn)(void *userdata, const char *value), void *userdata)
{
    struct http_arguments arguments = {.name = name, .fn = fn, .userdata = userdata};

    MHD_get_connection_values(request->exchange->mhd, MHD_GET_ARGUMENT_KIND, http_argument, &arguments);
}

static int http_listen(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = info ? loop_add(http->spec.loop, &http->events, info->epoll_fd, EPOLLIN, "browsers", http_events,
                            http)
                 : -EIO;

    return r < 0 ? r
                 : loop_add(http->spec.loop, &http->listener, http->spec.listener, EPOLLIN, "browsers",
                            http_accept, http);
}

int http_new(struct http **httpp, const struct http_spec *spec)
{
    struct http *http = calloc(1, sizeof(*http));
    int r;

    if (!http)
        return -ENOMEM;
    http->spec = *spec;
    http->run = (struct loop_task){.fn = http_run, .userdata = http};
    http->sweep = (struct timer){.fn = http_sweep, .userdata = http};
    http->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         http_handle, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_ROOM,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MAX_HEAD,
                         MHD_OPTION_NOTIFY_CONNECTION, http_notify, http, MHD_OPTION_NOTIFY_COMPLETED,
                         http_over, http, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_STRICT_FOR_CLIENT,
                         1, MHD_OPTION_END);
    r = http->daemon ? http_listen(http) : -EIO;
    if (r == 0)
        *httpp = http;
    else
        http_free(http);
    return r;
}

struct http *http_free(struct http *http)
{
    if (!http)
        return NULL;
    http->listener = loop_remove(http->listener);
    http->events = loop_remove(http->events);
    for (struct place *each = http->places.first; each; each = each->next)
        http_end(each);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    loop_cancel_task(&http->run);
    loop_cancel_timer(http->spec.loop, &http->sweep);
    free(http);
    return NULL;
}
