/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks names up; runs in the keeper, and in a process of its own for each lookup: what name servers answer
 * comes from the network. That process can read the system's settings and libraries and nothing else, and
 * ends with its answer.
 */
#include "broker/keeper/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/os/confine.h"

static void lookup_fill(struct keeper_reply *reply, const struct addrinfo *list)
{
    for (; list && reply->n_addresses < KEEPER_MAX_ADDRESSES; list = list->ai_next) {
        struct keeper_address *address = &reply->addresses[reply->n_addresses];

        if (list->ai_addrlen > sizeof(address->storage))
            continue;
        address->family = list->ai_family;
        address->type = list->ai_socktype;
        address->protocol = list->ai_protocol;
        address->bytes = list->ai_addrlen;
        memcpy(&address->storage, list->ai_addr, list->ai_addrlen);
        reply->n_addresses++;
    }
}

static int lookup_confine(const struct keeper_spec *spec)
{
    const struct keeper_account *house = &spec->accounts[0];

    if (spec->is_root && (setgroups(0, NULL) < 0 || setresgid(house->gid, house->gid, house->gid) < 0 ||
                          setresuid(house->uid, house->uid, house->uid) < 0))
        return -errno;
    return confine_lookup();
}

static _Noreturn void lookup_run(int answer, const struct keeper_spec *spec,
                                 const struct keeper_request *request)
{
    static struct keeper_reply reply;
    const struct addrinfo hints = {
        .ai_flags = request->hints[0],
        .ai_family = request->hints[1],
        .ai_socktype = request->hints[2],
        .ai_protocol = request->hints[3],
    };
    struct addrinfo *list = NULL;

    /* this process needs neither the broker's requests nor the link folders */
    answer = dup2(answer, STDERR_FILENO + 1);
    close_range(STDERR_FILENO + 2, ~0U, 0);
    if (answer < 0 || lookup_confine(spec) < 0)
        _exit(1);
    reply.result = getaddrinfo(request->text, request->port[0] ? request->port : NULL, &hints, &list);
    if (reply.result == EAI_SYSTEM)
        reply.result = EAI_FAIL;
    if (reply.result == 0)
        lookup_fill(&reply, list);
    _exit(write(answer, &reply, sizeof(reply)) != sizeof(reply));
}

static bool lookup_is_sane(const struct keeper_reply *reply)
{
    if (reply->n_addresses > KEEPER_MAX_ADDRESSES || reply->pid)
        return false;
    for (uint32_t i = 0; i < reply->n_addresses; i++) {
        if (reply->addresses[i].bytes > sizeof(reply->addresses[i].storage))
            return false;
    }
    return true;
}

/* Reads the answer until the process has ended. 0, or -EPROTO if it is not one. */
static int lookup_receive(int fd, struct keeper_reply *reply)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(fd, (char *)reply + n, sizeof(*reply) - n)) > 0)
        n += (size_t)got;
    return n == sizeof(*reply) && lookup_is_sane(reply) ? 0 : -EPROTO;
}

int keeper_do_lookup(struct keeper_call *call)
{
    struct keeper_reply *reply = call->reply;
    int ends[2], r = -EPROTO;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return EAI_AGAIN;
    pid = fork();
    if (pid == 0)
        lookup_run(ends[1], call->spec, call->request);
    close(ends[1]);
    if (pid > 0)
        r = lookup_receive(ends[0], reply);
    close(ends[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (r < 0)
        *reply = (struct keeper_reply){.result = EAI_AGAIN};
    return reply->result;
}
