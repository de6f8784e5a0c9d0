/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counter's process: a loop of its own, with a limit (folder_limit.h) per private folder and a watch
 * (memory_watch.h) per worker.
 */
#include "broker/keeper/counter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/keeper/files.h"
#include "broker/keeper/folder_limit.h"
#include "broker/os/autogroup.h"
#include "broker/os/confine.h"
#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

#define COUNTER_NICE   10 /* events go first */
#define COUNTER_SOCKET 3

struct counter {
    const struct keeper_spec *spec;
    struct loop *loop;
    pid_t broker;
    struct folder_limits *limits[RUNTIME_MAX_ACCOUNTS]; /* one user's lost events concern no other */
    struct memory_watches *watches;
    struct counted *list; /* hash */
};

/* A folder, or a process. */
struct counted {
    uint64_t id;
    int folder_fd;
    struct folder_limit *limit;
    struct memory_watch *watch;
    UT_hash_handle hh;
};

/* Sends without waiting: a broker that does not read is told again at the next change. */
static void counter_tell(const struct counter_reply *reply)
{
    if (send(COUNTER_SOCKET, reply, sizeof(*reply), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE)
        _exit(0);
}

static void counter_exceeded(void *userdata, const struct folder_excess *excess)
{
    const struct counted *counted = userdata;

    counter_tell(&(struct counter_reply){.id = counted->id, .is_over = true, .excess = *excess});
}

static void counter_memory_changed(void *userdata, const struct memory_use *use)
{
    const struct counted *counted = userdata;

    counter_tell(&(struct counter_reply){.id = counted->id, .use = *use});
}

static void counter_memory_exceeded(void *userdata, const struct memory_use *use)
{
    const struct counted *counted = userdata;

    counter_tell(&(struct counter_reply){.id = counted->id, .is_over = true, .use = *use});
}

static void counter_forget(struct counter *counter, struct counted *counted)
{
    if (!counted)
        return;
    if (counted->hh.tbl)
        HASH_DEL(counter->list, counted);
    folder_limit_free(counted->limit);
    memory_watch_free(counted->watch);
    fc_closep(&counted->folder_fd);
    free(counted);
}

static int counter_count_folder(struct counter *counter, const struct counter_request *request,
                                struct counted *counted)
{
    struct folder_limits **limits;
    struct folder_limit_spec spec = {
        .max = request->limit,
        .exceeded = counter_exceeded,
        .userdata = counted,
    };
    int r;

    if (!keeper_may_have_state_folder(counter->spec, request->account, request->path))
        return -EPERM;
    limits = &counter->limits[request->account];
    r = *limits ? 0 : folder_limits_new(limits, counter->loop);
    if (r < 0)
        return r;
    counted->folder_fd = open(request->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (counted->folder_fd < 0)
        return -errno;
    spec.folder_fd = counted->folder_fd;
    return folder_limit_new(&counted->limit, *limits, &spec);
}

static int counter_watch_memory(struct counter *counter, const struct counter_request *request,
                                struct counted *counted)
{
    const struct memory_watch_spec spec = {
        .pid = request->pid,
        .parent = counter->broker,
        .max_bytes = request->limit.bytes,
        .changed = counter_memory_changed,
        .exceeded = counter_memory_exceeded,
        .userdata = counted,
    };

    return memory_watch_new(&counted->watch, counter->watches, &spec);
}

static int counter_begin(struct counter *counter, const struct counter_request *request)
{
    struct counted *counted;
    int r;

    counted = calloc(1, sizeof(*counted));
    if (!counted)
        return -ENOMEM;
    *counted = (struct counted){.id = request->id, .folder_fd = -1};
    HASH_ADD(hh, counter->list, id, sizeof(counted->id), counted);
    if (!counted->hh.tbl)
        r = -ENOMEM;
    else if (request->kind == COUNTER_FOLDER)
        r = counter_count_folder(counter, request, counted);
    else
        r = counter_watch_memory(counter, request, counted);
    if (r < 0)
        counter_forget(counter, counted);
    return r;
}

static void counter_take(void *userdata, uint32_t events)
{
    struct counter *counter = userdata;
    struct counter_request request;
    struct counted *counted;

    (void)events;
    if (recv(COUNTER_SOCKET, &request, sizeof(request), 0) != sizeof(request))
        _exit(0); /* the broker has ended */
    request.path[sizeof(request.path) - 1] = '\0';
    HASH_FIND(hh, counter->list, &request.id, sizeof(request.id), counted);
    if (request.kind == COUNTER_END)
        counter_forget(counter, counted);
    else
        counter_tell(&(struct counter_reply){.id = request.id,
                                             .error = counted ? -EEXIST : counter_begin(counter, &request)});
}

_Noreturn void counter_serve(int socket, const struct keeper_spec *spec, pid_t keeper, pid_t broker)
{
    struct counter counter = {.spec = spec, .broker = broker};
    struct loop_source *source;

    prctl(PR_SET_NAME, "fc-counter");
    if (dup3(socket, COUNTER_SOCKET, O_CLOEXEC) < 0 && errno != EINVAL) /* it may be there already */
        _exit(1);
    kernel_close_from(COUNTER_SOCKET + 1);
    autogroup_begin(true); /* takes no processor time from the broker's session */
    if (setpriority(PRIO_PROCESS, 0, COUNTER_NICE) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        (spec->is_root && confine_keep_capabilities(CONFINE_COUNTER) < 0) ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != keeper)
        _exit(1);
    if (loop_new(&counter.loop) == 0 && memory_watches_new(&counter.watches, counter.loop) == 0 &&
        loop_add(counter.loop, &source, COUNTER_SOCKET, EPOLLIN, "a request", counter_take, &counter) == 0)
        loop_run(counter.loop);
    _exit(1);
}
