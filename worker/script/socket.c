/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements midimonster.manage() and tells the broker which sockets are managed. */
#include "worker/script/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "worker/base/say.h"
#include "worker/script/script.h"

static int socket_report(uint32_t id, int fd)
{
    struct message_socket change = {.id = id, .fd = fd};

    return session_socket(script.session, &change);
}

static void socket_remove(size_t index)
{
    struct script_socket entry = script.sockets[index];

    script.sockets[index] = script.sockets[--script.n_sockets];
    Py_DECREF(entry.socket);
    Py_DECREF(entry.handler);
}

/* Returns what object.fileno() returns; -1 if that is not a descriptor, -2 with an exception set. */
static int socket_fileno(PyObject *object)
{
    PyObject *number = PyObject_CallMethod(object, "fileno", NULL);
    long fd = -1;

    if (number && PyLong_Check(number))
        fd = PyLong_AsLong(number);
    if (!number || !PyLong_Check(number) || (fd == -1 && PyErr_Occurred())) {
        Py_XDECREF(number);
        PyErr_SetString(PyExc_TypeError, "manage() takes None or a callable, and a socket");
        return -2;
    }
    Py_DECREF(number);
    return fd < 0 || fd > INT32_MAX ? -1 : (int)fd;
}

/*
 * Tells whether a TCP socket neither listens nor is connected nor connecting: it would always be "ready", and
 * its handler would be called in a busy loop.
 */
static bool socket_is_unconnected(int fd)
{
    struct pollfd state = {.fd = fd, .events = POLLIN};
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof(int);
    int type = 0, listening = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0 || type != SOCK_STREAM)
        return false;
    bytes = sizeof(listening);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) == 0 && listening)
        return false;
    bytes = sizeof(peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0 || errno != ENOTCONN)
        return false;
    /* ENOTCONN also if the peer is gone, but then there is something to read: the end, or an error */
    return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) && !(state.revents & (POLLIN | POLLERR));
}

static int socket_check(int fd)
{
    struct stat st;

    if (fd < 0)
        PyErr_SetString(PyExc_ValueError, "manage() takes an open socket, this one is closed");
    else if (fstat(fd, &st) < 0)
        PyErr_SetFromErrno(PyExc_OSError);
    else if (!S_ISSOCK(st.st_mode))
        PyErr_SetString(PyExc_ValueError, "manage() takes sockets, not other descriptors");
    else if (socket_is_unconnected(fd))
        PyErr_SetString(PyExc_ValueError, "manage() takes a connected or listening socket");
    else
        return 0;
    return -1;
}

/* Returns the index of a socket, compared with ==; n_sockets if it is not managed, -1 with an exception set.
 */
static Py_ssize_t socket_index(PyObject *object)
{
    for (size_t i = 0; i < script.n_sockets; i++) {
        PyObject *known = Py_NewRef(script.sockets[i].socket);
        int equal = PyObject_RichCompareBool(object, known, Py_EQ);

        Py_DECREF(known);
        if (equal < 0)
            return -1;
        if (equal && i < script.n_sockets)
            return (Py_ssize_t)i;
    }
    return (Py_ssize_t)script.n_sockets;
}

static int socket_unregister(size_t index)
{
    uint32_t id = script.sockets[index].id;

    socket_remove(index);
    return socket_report(id, -1);
}

static int socket_register(PyObject *object, PyObject *handler, int fd)
{
    for (size_t i = 0; i < script.n_sockets; i++) {
        if (script.sockets[i].fd == fd) {
            say(SAY_WARNING "manage: descriptor %d is already managed through another socket object", fd);
            return 0;
        }
    }
    if (script.n_sockets == SCRIPT_MAX_SOCKETS) {
        PyErr_Format(PyExc_ValueError, "an instance manages at most %u sockets", SCRIPT_MAX_SOCKETS);
        return -1;
    }
    script.sockets[script.n_sockets++] = (struct script_socket){
        .id = script.next_socket++,
        .fd = fd,
        .socket = Py_NewRef(object),
        .handler = Py_NewRef(handler),
    };
    return socket_report(script.next_socket - 1, fd);
}

PyObject *socket_manage(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    Py_ssize_t index;
    int fd;

    if (script_check_args("manage", n_args, 2) < 0)
        return NULL;
    if ((args[0] != Py_None && !PyCallable_Check(args[0])) || args[1] == Py_None) {
        PyErr_SetString(PyExc_TypeError, "manage() takes None or a callable, and a socket");
        return NULL;
    }
    fd = socket_fileno(args[1]);
    if (fd == -2)
        return NULL;
    index = socket_index(args[1]);
    if (index < 0)
        return NULL;
    if (args[0] == Py_None) {
        if ((size_t)index < script.n_sockets && socket_unregister((size_t)index) < 0)
            return NULL;
        Py_RETURN_NONE;
    }
    if (socket_check(fd) < 0)
        return NULL;
    socket_drop_closed(); /* one of them may have had this descriptor number */
    index = socket_index(args[1]);
    if (index < 0)
        return NULL;
    if ((size_t)index < script.n_sockets)
        Py_SETREF(script.sockets[index].handler, Py_NewRef(args[0]));
    else if (socket_register(args[1], args[0], fd) < 0)
        return NULL;
    Py_RETURN_NONE;
}

struct script_socket *socket_find(uint32_t id)
{
    for (size_t i = 0; i < script.n_sockets; i++) {
        if (script.sockets[i].id == id)
            return &script.sockets[i];
    }
    return NULL;
}

void socket_drop_closed(void)
{
    for (size_t i = 0; i < script.n_sockets;) {
        uint32_t id = script.sockets[i].id;
        PyObject *object = Py_NewRef(script.sockets[i].socket);
        int fd = socket_fileno(object);

        Py_DECREF(object);
        if (fd == -2)
            PyErr_Clear();
        /* fileno() may be code of the script: the list may have changed */
        if (i < script.n_sockets && script.sockets[i].id == id && script.sockets[i].fd != fd) {
            say(SAY_WARNING "a managed socket (descriptor %d) was closed but not unregistered; "
                            "call midimonster.manage(None, socket) before closing it",
                script.sockets[i].fd);
            if (socket_unregister(i) < 0)
                PyErr_Clear();
            continue;
        }
        i++;
    }
}
