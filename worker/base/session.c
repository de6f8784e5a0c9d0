/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends and receives for the script's threads. A thread that has something to send while the main thread
 * sleeps in session_wait() only writes to an eventfd: the link's descriptor is edge-triggered, and a send by
 * that thread would consume the edge for which the main thread waits.
 */
#include "worker/base/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/link.h"
#include "proto/spawn_request.h"

/*
 * Events in a report: with this many it is sent, and others begin while the script goes on. Further ones grow
 * up to the maximum.
 */
#define SESSION_FIRST_CHUNK 512u
#define SESSION_MAX_CHUNK   CODEC_MAX_BATCH_EVENTS

/* Entries of its other lists, which keep a report far below the size limit of a message. */
#define SESSION_MAX_NAMES   1024u
#define SESSION_MAX_CHANGES 4096u
#define SESSION_MAX_TICKED  256u

#define SESSION_RETRY_MS          5
#define SESSION_HANDSHAKE_LOOK_MS 1000 /* how often the handshake checks its deadline */
#define SESSION_LINGER_MS         1000

struct session {
    struct link_context *context;
    struct link *link;
    struct codec *encoder;
    struct codec *decoder;
    int wake_fd;
    bool waiting; /* the main thread sleeps in session_wait() */
    bool sending; /* a thread is in session_transmit() */
    unsigned long main_thread;

    uint32_t *channels;
    double *values;
    size_t n_events;
    size_t events_capacity;
    size_t chunk; /* events that make a report */
    char *names[SESSION_MAX_NAMES];
    size_t n_names;
    char *files[SESSION_MAX_NAMES];
    size_t n_files;
    struct message_interval intervals[SESSION_MAX_CHANGES];
    size_t n_intervals;
    struct message_socket sockets[SESSION_MAX_CHANGES];
    size_t n_sockets;
    uint32_t exceptions;
    uint32_t ticked[SESSION_MAX_TICKED];
    uint64_t ticked_ns[SESSION_MAX_TICKED];
    size_t n_ticked;
};

int session_open(struct session **sessionp, const char *name)
{
    struct session *session = calloc(1, sizeof(*session));
    struct message hello = {.type = MESSAGE_HELLO, .hello_version = CODEC_VERSION};
    int r;

    if (!session)
        return -ENOMEM;
    session->main_thread = PyThread_get_thread_ident();
    session->chunk = SESSION_FIRST_CHUNK;
    session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (session->wake_fd < 0)
        return -errno;
    r = codec_new(&session->encoder);
    if (r == 0)
        r = codec_new(&session->decoder);
    if (r == 0)
        r = link_context_new(&session->context, 1);
    if (r == 0)
        r = link_connect(&session->link, session->context, name);
    if (r == 0)
        r = session_send(session, &hello);
    *sessionp = session; /* lives as long as the process, also after a failure */
    return r;
}

/*
 * Polls two descriptors until a time, to the nanosecond and with a call that the filter allows. Their numbers
 * are small enough for pselect(), since both were opened before the script ran.
 */
static void session_poll_until(struct pollfd fds[2], uint64_t deadline_ns)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec left = {.tv_sec = (time_t)(left_ns / FC_NS_PER_S),
                            .tv_nsec = (long)(left_ns % FC_NS_PER_S)};
    fd_set readable;

    FD_ZERO(&readable);
    for (int i = 0; i < 2; i++)
        FD_SET(fds[i].fd, &readable);
    if (pselect((fds[0].fd > fds[1].fd ? fds[0].fd : fds[1].fd) + 1, &readable, NULL, NULL, &left, NULL) <= 0)
        return;
    for (int i = 0; i < 2; i++)
        fds[i].revents = FD_ISSET(fds[i].fd, &readable) ? POLLIN : 0;
}

/*
 * Sleeps until the link or another thread has something, or until a time (UINT64_MAX: for ever). During the
 * handshake it also notices the end of a broker that died before this process asked to be killed then: the
 * log's pipe breaks, as only the broker has the other end. Later the script may have closed that pipe.
 */
static void session_wait(struct session *session, uint64_t deadline_ns, bool is_handshake)
{
    struct pollfd fds[] = {
        {.fd = link_fd(session->link), .events = POLLIN},
        {.fd = session->wake_fd, .events = POLLIN},
        {.fd = is_handshake ? STDERR_FILENO : -1},
    };
    uint64_t count;

    session->waiting = true;
    Py_BEGIN_ALLOW_THREADS;
    if (is_handshake)
        poll(fds, FC_ARRAY_SIZE(fds), SESSION_HANDSHAKE_LOOK_MS);
    else if (deadline_ns == UINT64_MAX)
        poll(fds, 2, -1);
    else
        session_poll_until(fds, deadline_ns);
    Py_END_ALLOW_THREADS;
    session->waiting = false;
    if (fds[2].revents & POLLERR)
        _exit(SPAWN_EXIT_SANDBOX);
    if ((fds[1].revents & POLLIN) && read(session->wake_fd, &count, sizeof(count)) < 0)
        return; /* another wake-up has consumed it */
}

void session_close(struct session *session)
{
    link_linger(session->link, SESSION_LINGER_MS);
    session->link = link_free(session->link);
    session->context = link_context_free(session->context);
}

static bool session_is_empty(const struct session *session)
{
    return !session->n_events && !session->n_names && !session->n_intervals && !session->n_sockets &&
           !session->exceptions && !session->n_files && !session->n_ticked;
}

static void session_clear(struct session *session)
{
    for (size_t i = 0; i < session->n_names; i++)
        free(session->names[i]);
    for (size_t i = 0; i < session->n_files; i++)
        free(session->files[i]);
    session->n_names = 0;
    session->n_files = 0;
    session->chunk = session->n_events < session->chunk ? SESSION_FIRST_CHUNK : session->chunk * 4;
    if (session->chunk > SESSION_MAX_CHUNK)
        session->chunk = SESSION_MAX_CHUNK;
    session->n_events = 0;
    session->n_intervals = 0;
    session->n_sockets = 0;
    session->exceptions = 0;
    session->n_ticked = 0;
}

static int session_wake(const struct session *session)
{
    uint64_t one = 1;

    return write(session->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN ? -errno : 0;
}

/* Lets other threads run while the broker is behind. */
static void session_pause(const struct session *session)
{
    struct pollfd fd = {.fd = link_fd(session->link), .events = POLLIN};

    Py_BEGIN_ALLOW_THREADS;
    poll(&fd, 1, SESSION_RETRY_MS);
    Py_END_ALLOW_THREADS;
}

static int session_commit(struct session *session, ptrdiff_t size, bool clear)
{
    void *bytes = link_reserve(session->link, (size_t)size);
    int r;

    if (!bytes)
        return -ENOMEM;
    codec_encode(session->encoder, bytes);
    if (clear)
        session_clear(session); /* before the lock is released and others collect for the next report */
    while ((r = link_commit(session->link)) == -EAGAIN)
        session_pause(session);
    return r;
}

/* Sends one message; `sending` keeps out others while the lock is released because the broker is behind. */
static int session_transmit(struct session *session, const struct message *message, bool clear)
{
    ptrdiff_t size;
    int r;

    session->sending = true;
    size = codec_prepare(session->encoder, message);
    r = size < 0 ? (int)size : session_commit(session, size, clear);
    session->sending = false;
    if (session->waiting) /* this send may have consumed the edge for which the main thread sleeps */
        session_wake(session);
    return r;
}

int session_send(struct session *session, const struct message *message)
{
    while (session->sending)
        session_pause(session);
    return session_transmit(session, message, false);
}

int session_flush(struct session *session, bool done)
{
    struct message message = {.type = MESSAGE_REPORT};

    while (session->sending)
        session_pause(session);
    if (!done && session_is_empty(session))
        return 0;
    message.report = (struct message_report){
        .done = done,
        .new_channels = (const char *const *)session->names,
        .n_new_channels = session->n_names,
        .channels = session->channels,
        .values = session->values,
        .n_events = session->n_events,
        .intervals = session->intervals,
        .n_intervals = session->n_intervals,
        .sockets = session->sockets,
        .n_sockets = session->n_sockets,
        .exceptions = session->exceptions,
        .files = (const char *const *)session->files,
        .n_files = session->n_files,
        .ticked = {session->ticked, session->ticked_ns, session->n_ticked, 0},
    };
    return session_transmit(session, &message, true);
}

static bool session_is_over(uint64_t deadline_ns)
{
    return deadline_ns != UINT64_MAX && fc_now_ns() >= deadline_ns;
}

static int session_take(struct session *session, struct message *message, uint64_t deadline_ns,
                        bool is_handshake)
{
    const void *bytes;
    size_t n_bytes;
    int r;

    while ((r = link_receive(session->link, &bytes, &n_bytes)) == -EAGAIN) {
        if (!session_is_empty(session)) {
            r = session_flush(session, false);
            if (r < 0)
                return r;
            continue; /* sending may have consumed the edge of a message */
        }
        session_wait(session, deadline_ns, is_handshake);
        if (PyErr_CheckSignals() < 0) /* a signal handler of the script raised */
            PyErr_Print();
        if (session_is_over(deadline_ns))
            return -ETIMEDOUT;
    }
    if (r < 0)
        return r;
    return codec_decode(session->decoder, CODEC_TO_WORKER, bytes, n_bytes, message);
}

int session_receive(struct session *session, struct message *message, int timeout_ms)
{
    return session_take(session, message, fc_now_ns() + (uint64_t)timeout_ms * FC_NS_PER_MS, true);
}

int session_receive_until(struct session *session, struct message *message, uint64_t deadline_ns)
{
    return session_is_over(deadline_ns) ? -ETIMEDOUT : session_take(session, message, deadline_ns, false);
}

static int session_broken(void)
{
    PyErr_SetString(PyExc_RuntimeError, "the link to the broker is broken");
    return -1;
}

/* Waits until a list of `*n` entries has room for one more. The thread that needs room in a full one sends
 * it. */
static int session_make_room(struct session *session, const size_t *n, size_t max)
{
    while (*n >= max) {
        if (session->waiting) /* the main thread is awake and about to send */
            session_pause(session);
        else if (session_flush(session, false) < 0)
            return session_broken();
    }
    return 0;
}

/* Sees that what was collected is sent in time. */
static int session_collected(struct session *session)
{
    if (session->waiting)
        return session_wake(session) < 0 ? session_broken() : 0;
    if (PyThread_get_thread_ident() == session->main_thread)
        return 0; /* sent with the handler's report */
    return session_flush(session, false) < 0 ? session_broken() : 0;
}

static int session_reserve_event(struct session *session)
{
    size_t capacity = session->events_capacity ? session->events_capacity * 2 : 64;
    uint32_t *channels;
    double *values;

    if (session_make_room(session, &session->n_events, session->chunk) < 0)
        return -1;
    if (session->n_events < session->events_capacity)
        return 0;
    if (capacity > SESSION_MAX_CHUNK)
        capacity = SESSION_MAX_CHUNK;
    channels = realloc(session->channels, capacity * sizeof(*channels));
    if (channels)
        session->channels = channels;
    values = realloc(session->values, capacity * sizeof(*values));
    if (values)
        session->values = values;
    if (!channels || !values) {
        PyErr_NoMemory();
        return -1;
    }
    session->events_capacity = capacity;
    return 0;
}

int session_output(struct session *session, uint32_t channel, double value)
{
    if ((session->n_events == session->events_capacity || session->n_events >= session->chunk) &&
        session_reserve_event(session) < 0)
        return -1;
    session->channels[session->n_events] = channel;
    session->values[session->n_events] = value;
    session->n_events++;
    if (session->n_events > 1 && session->waiting)
        return 0; /* the main thread was woken for the first one */
    return session_collected(session);
}

int session_new_channel(struct session *session, const char *name)
{
    char *copy;

    if (session_make_room(session, &session->n_names, SESSION_MAX_NAMES) < 0)
        return -1;
    copy = strdup(name);
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    session->names[session->n_names++] = copy;
    return session_collected(session);
}

int session_interval(struct session *session, const struct message_interval *interval)
{
    if (session_make_room(session, &session->n_intervals, SESSION_MAX_CHANGES) < 0)
        return -1;
    session->intervals[session->n_intervals++] = *interval;
    return session_collected(session);
}

int session_socket(struct session *session, const struct message_socket *socket)
{
    if (session_make_room(session, &session->n_sockets, SESSION_MAX_CHANGES) < 0)
        return -1;
    session->sockets[session->n_sockets++] = *socket;
    return session_collected(session);
}

void session_exception(struct session *session)
{
    session->exceptions++;
}

int session_ticked(struct session *session, uint32_t id, uint64_t called_ns)
{
    int r = session->n_ticked < SESSION_MAX_TICKED ? 0 : session_flush(session, false);

    if (r < 0)
        return r;
    session->ticked[session->n_ticked] = id;
    session->ticked_ns[session->n_ticked++] = called_ns;
    return 0;
}

int session_file(struct session *session, const char *path)
{
    int r = session->n_files < SESSION_MAX_NAMES ? 0 : session_flush(session, false);

    if (r < 0)
        return r;
    session->files[session->n_files] = strdup(path);
    if (!session->files[session->n_files])
        return -ENOMEM;
    session->n_files++;
    return 0;
}
