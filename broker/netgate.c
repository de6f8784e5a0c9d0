/*
 * See netgate.h and seccomp_unotify(2). Never answers "continue": the arguments could change between our look
 * at them and the kernel's.
 */
#include "broker/netgate.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "broker/log.h"
#include "broker/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define NETGATE_BUDGET     32 /* notifications per turn of the loop */
#define NETGATE_BURST      20
#define NETGATE_PER_SECOND 5

struct netgate {
    struct loop *loop;
    struct loop_source *source;
    struct log_limit limit;
    const char *instance;
    int fd;
};

/* Calls that the network opens; the others are nobody's business. */
static const char *const netgate_network[] = {"connect", "bind", "listen", "sendto"};

static bool netgate_is_network(const char *name)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(netgate_network); i++) {
        if (strcmp(name, netgate_network[i]) == 0)
            return true;
    }
    return false;
}

static void netgate_log(struct netgate *gate, const struct seccomp_notif *call, const char *name,
                        bool network)
{
    uint64_t left_out = gate->limit.left_out;

    if (!log_limit_take(&gate->limit, fc_now_ns()))
        return;
    gate->limit.left_out = 0;
    if (left_out)
        fc_log(FC_LOG_WARNING, gate->instance, "%llu more refused system calls",
               (unsigned long long)left_out);
    if (network)
        fc_log(FC_LOG_WARNING, gate->instance,
               "refused: %s() without a network; the option \"network = host\" would allow it", name);
    else
        fc_log(FC_LOG_WARNING, gate->instance, "refused: %s(%#llx, %#llx, %#llx, %#llx), thread %u", name,
               call->data.args[0], call->data.args[1], call->data.args[2], call->data.args[3], call->pid);
}

static void netgate_refuse(struct netgate *gate, const struct seccomp_notif *call)
{
    FC_AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), call->data.nr);
    bool network = netgate_is_network(name ? name : "");
    struct seccomp_notif_resp answer = {.id = call->id, .error = network ? -EACCES : -EPERM};

    /* ENOENT: the caller was killed meanwhile */
    if (ioctl(gate->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT)
        fc_log(FC_LOG_ERROR, gate->instance, "gate: %s", strerror(errno));
    netgate_log(gate, call, name ? name : "?", network);
}

static void netgate_ready(void *userdata, uint32_t events)
{
    struct netgate *gate = userdata;

    if (events & (EPOLLHUP | EPOLLERR)) { /* nobody is left behind the filter */
        gate->source = loop_remove(gate->source);
        return;
    }
    for (int i = 0; i < NETGATE_BUDGET; i++) {
        struct pollfd ready = {.fd = gate->fd, .events = POLLIN};
        struct seccomp_notif call = {0};

        /* receiving would wait for the next call if this one's thread has died since */
        if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLIN))
            return;
        if (ioctl(gate->fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
            netgate_refuse(gate, &call);
        else if (errno != ENOENT && errno != EINTR)
            return;
    }
}

int netgate_new(struct netgate **gatep, struct loop *loop, const char *instance, int fd)
{
    struct netgate *gate = calloc(1, sizeof(*gate));
    int r;

    if (!gate) {
        close(fd);
        return -ENOMEM;
    }
    *gate = (struct netgate){.loop = loop, .instance = instance, .fd = fd};
    log_limit_init(&gate->limit, NETGATE_BURST, NETGATE_PER_SECOND);
    r = loop_add(loop, &gate->source, fd, EPOLLIN, netgate_ready, gate);
    if (r < 0) {
        netgate_free(gate);
        return r;
    }
    *gatep = gate;
    return 0;
}

struct netgate *netgate_free(struct netgate *gate)
{
    if (!gate)
        return NULL;
    loop_remove(gate->source);
    fc_closep(&gate->fd);
    free(gate);
    return NULL;
}
