/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports are collected here and sent by the main thread. Another thread that calls while the main thread
 * sleeps wakes it by an eventfd, once: what the thread goes on to put out travels in the same report.
 *
 * What the script puts out is collected in memory that the broker can read (proto/progress.h), and counts as
 * reported only when the report was sent: if the worker ends before, the broker takes it from there.
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
#include "proto/progress.h"
#include "proto/spawn_request.h"

/* Events: then a report is sent, so that others begin while the script goes on. The next ones are larger. */
#define SESSION_FIRST_CHUNK 512u
#define SESSION_MAX_CHUNK   PROGRESS_OUTPUTS

/* Then a report is sent, too: together they stay below the size of a message. */
#define SESSION_MAX_TEXT_BYTES 8192u /* of names and files */

#define SESSION_RETRY_MS          5
#define SESSION_HANDSHAKE_LOOK_MS 1000 /* how often the handshake checks its deadline */

struct session {
    struct link_buffers *buffers;
    struct link *link;
    struct codec *encoder;
    struct codec *decoder;
    int wake_fd;
    bool waiting; /* the main thread sleeps in session_wait() */
    bool sending; /* a thread is in session_transmit() */
    unsigned long main_thread;

    struct progress *progress;
    uint64_t outputs;  /* so many were made */
    uint64_t reported; /* those before this one were sent */
    uint64_t base;     /* those from this one on are in the shared memory, from its beginning */
    size_t chunk;      /* as many make a report */
    size_t n_text_bytes;
    char *names[CODEC_MAX_NEW_CHANNELS];
    size_t n_names;
    char *files[CODEC_MAX_FILES];
    size_t n_files;
    struct message_interval intervals[CODEC_MAX_INTERVALS];
    size_t n_intervals;
    struct message_socket sockets[CODEC_MAX_SOCKETS];
    size_t n_sockets;
    uint32_t exceptions;
    uint32_t ticked[CODEC_MAX_TICKED];
    uint64_t ticked_ns[CODEC_MAX_TICKED];
    size_t n_ticked;
};

int session_open(struct session **sessionp, int fd, struct progress *progress)
{
    struct session *session = calloc(1, sizeof(*session));
    struct message hello = {.type = MESSAGE_HELLO, .hello_version = CODEC_VERSION};
    int r;

    if (!session)
        return -ENOMEM;
    session->progress = progress;
    session->main_thread = PyThread_get_thread_ident();
    session->chunk = SESSION_FIRST_CHUNK;
    session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (session->wake_fd < 0)
        return -errno;
    r = codec_new(&session->encoder);
    if (r == 0)
        r = codec_new(&session->decoder);
    if (r == 0)
        r = link_buffers_new(&session->buffers);
    if (r == 0)
        r = link_new(&session->link, session->buffers, fd);
    if (r == 0)
        r = session_send(session, &hello);
    *sessionp = session; /* lives as long as the process, also after a failure */
    return r;
}

struct progress *session_progress(const struct session *session)
{
    return session->progress;
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

static bool session_is_empty(const struct session *session)
{
    return session->outputs == session->reported && !session->n_names && !session->n_intervals &&
           !session->n_sockets && !session->exceptions && !session->n_files && !session->n_ticked;
}

static void session_clear(struct session *session)
{
    for (size_t i = 0; i < session->n_names; i++)
        free(session->names[i]);
    for (size_t i = 0; i < session->n_files; i++)
        free(session->files[i]);
    session->n_names = 0;
    session->n_files = 0;
    session->n_text_bytes = 0;
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

/* Lets other threads run until the broker has made room, or for a moment: another thread may have used it. */
static void session_pause(const struct session *session)
{
    struct pollfd fd = {.fd = link_fd(session->link), .events = POLLOUT};

    Py_BEGIN_ALLOW_THREADS;
    poll(&fd, 1, SESSION_RETRY_MS);
    Py_END_ALLOW_THREADS;
}

/* One message at a time: the lock is released when the broker is behind. With `clear` it is the report of all
 * that was collected. */
static int session_transmit(struct session *session, const struct message *message, bool clear)
{
    ptrdiff_t size = codec_prepare(session->encoder, message);
    int r;

    if (size < 0)
        return (int)size;
    codec_encode(session->encoder, link_reserve(session->link, (size_t)size));
    if (clear)
        session_clear(session); /* before the lock is released: others collect the next report */
    session->sending = true;
    while ((r = link_commit(session->link)) == -EAGAIN)
        session_pause(session);
    session->sending = false;
    return r;
}

/* Waits until no other thread is sending. */
static void session_wait_for_turn(const struct session *session)
{
    while (session->sending)
        session_pause(session);
}

int session_send(struct session *session, const struct message *message)
{
    session_wait_for_turn(session);
    return session_transmit(session, message, false);
}

/* So many outputs, the oldest, were sent: the shared memory is used from its beginning again as soon as it is
 * empty. */
static void session_reported(struct session *session, size_t n)
{
    session->reported += n;
    if (session->reported == session->outputs) {
        session->base = session->outputs;
        progress_restart(session->progress, session->base);
    }
    session->chunk = n < session->chunk ? SESSION_FIRST_CHUNK : session->chunk * 4;
    if (session->chunk > SESSION_MAX_CHUNK)
        session->chunk = SESSION_MAX_CHUNK;
}

int session_flush(struct session *session, bool done)
{
    struct message message = {.type = MESSAGE_REPORT};
    size_t first, n_events;
    int r;

    session_wait_for_turn(session);
    if (!done && session_is_empty(session))
        return 0;
    first = (size_t)(session->reported - session->base);
    n_events = (size_t)(session->outputs - session->reported);
    message.report = (struct message_report){
        .done = done,
        .new_channels = (const char *const *)session->names,
        .n_new_channels = session->n_names,
        .channels = session->progress->channels + first,
        .values = session->progress->values + first,
        .n_events = n_events,
        .intervals = session->intervals,
        .n_intervals = session->n_intervals,
        .sockets = session->sockets,
        .n_sockets = session->n_sockets,
        .exceptions = session->exceptions,
        .files = (const char *const *)session->files,
        .n_files = session->n_files,
        .ticked = {session->ticked, session->ticked_ns, session->n_ticked, 0},
    };
    r = session_transmit(session, &message, true);
    if (r == 0)
        session_reported(session, n_events);
    return r;
}

static bool session_is_over(uint64_t deadline_ns)
{
    return deadline_ns != UINT64_MAX && fc_now_ns() >= deadline_ns;
}

/* While the only thread waits, nobody else can have something to send. A thread that a C library makes
 * meanwhile sends it by itself, as the main thread is not `waiting` then. */
static bool session_is_alone(void)
{
    return !PyThreadState_Next(PyInterpreterState_ThreadHead(PyInterpreterState_Main()));
}

/* Takes the next message, and saves the call that only waits for it if that is possible: -EAGAIN if not, or
 * if a signal came first. */
static int session_next(struct session *session, const void **bytes, size_t *n_bytes, bool may_wait)
{
    int r;

    if (!may_wait || !session_is_alone() || !session_is_empty(session))
        return link_receive(session->link, bytes, n_bytes);
    Py_BEGIN_ALLOW_THREADS;
    r = link_wait(session->link, bytes, n_bytes);
    Py_END_ALLOW_THREADS;
    return r == -EINTR ? -EAGAIN : r;
}

static int session_take(struct session *session, struct message *message, uint64_t deadline_ns,
                        bool is_handshake)
{
    bool may_wait = !is_handshake && deadline_ns == UINT64_MAX;
    const void *bytes;
    size_t n_bytes;
    int r;

    while ((r = session_next(session, &bytes, &n_bytes, may_wait)) == -EAGAIN) {
        if (!session_is_empty(session)) {
            r = session_flush(session, false);
            if (r < 0)
                return r;
            continue;
        }
        if (!may_wait || !session_is_alone())
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

/* Waits until `*n` of something collected leave room for more. The thread that needs room in a full list
 * sends it. */
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

/* Room for one more output: a report is sent when there are many, or when the shared memory is full. */
static int session_make_output_room(struct session *session)
{
    while (session->outputs - session->reported >= session->chunk ||
           session->outputs - session->base >= PROGRESS_OUTPUTS) {
        if (session->waiting) /* the main thread was woken and is about to send */
            session_pause(session);
        else if (session_flush(session, false) < 0)
            return session_broken();
    }
    return 0;
}

int session_output(struct session *session, uint32_t channel, double value)
{
    size_t at;

    if (session_make_output_room(session) < 0)
        return -1;
    at = (size_t)(session->outputs - session->base);
    session->progress->channels[at] = channel;
    session->progress->values[at] = value;
    session->outputs++;
    atomic_store_explicit(&session->progress->outputs, session->outputs, memory_order_release);
    if (session->outputs - session->reported > 1 && session->waiting)
        return 0; /* the main thread was woken for the first one */
    return session_collected(session);
}

int session_new_channel(struct session *session, const char *name)
{
    char *copy;

    if (session_make_room(session, &session->n_names, CODEC_MAX_NEW_CHANNELS) < 0 ||
        session_make_room(session, &session->n_text_bytes, SESSION_MAX_TEXT_BYTES) < 0)
        return -1;
    copy = strdup(name);
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    session->names[session->n_names++] = copy;
    session->n_text_bytes += strlen(copy);
    return session_collected(session);
}

int session_interval(struct session *session, const struct message_interval *interval)
{
    if (session_make_room(session, &session->n_intervals, CODEC_MAX_INTERVALS) < 0)
        return -1;
    session->intervals[session->n_intervals++] = *interval;
    return session_collected(session);
}

int session_socket(struct session *session, const struct message_socket *socket)
{
    if (session_make_room(session, &session->n_sockets, CODEC_MAX_SOCKETS) < 0)
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
    int r = session->n_ticked < CODEC_MAX_TICKED ? 0 : session_flush(session, false);

    if (r < 0)
        return r;
    session->ticked[session->n_ticked] = id;
    session->ticked_ns[session->n_ticked++] = called_ns;
    return 0;
}

int session_file(struct session *session, const char *path)
{
    bool has_room = session->n_files < CODEC_MAX_FILES && session->n_text_bytes < SESSION_MAX_TEXT_BYTES;
    int r = has_room ? 0 : session_flush(session, false);

    if (r < 0)
        return r;
    session->files[session->n_files] = strdup(path);
    if (!session->files[session->n_files])
        return -ENOMEM;
    session->n_text_bytes += strlen(session->files[session->n_files++]);
    return 0;
}
