/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends and receives requests and replies, with the descriptors attached to requests. */
#include "proto/spawn_request.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/pass.h"

static_assert(SPAWN_DESCRIPTORS_ <= PASS_MAX_DESCRIPTORS, "a request passes more than a message takes");

/* Returns the number of descriptors without the cgroup's, which comes last. */
static unsigned spawn_n_plain(const struct spawn_request *request)
{
    return request->has_trees ? SPAWN_READ_TREES + request->n_reads : SPAWN_SCRIPT_TREE;
}

static unsigned spawn_n_descriptors(const struct spawn_request *request)
{
    return spawn_n_plain(request) + (request->flags & SPAWN_IN_CGROUP ? 1 : 0);
}

int spawn_send_request(int socket, const struct spawn_request *request, const int *descriptors)
{
    int passed[SPAWN_DESCRIPTORS_];
    unsigned n = spawn_n_plain(request);

    memcpy(passed, descriptors, n * sizeof(*passed));
    if (request->flags & SPAWN_IN_CGROUP)
        passed[n++] = descriptors[SPAWN_CGROUP];
    return pass_send(socket, request, sizeof(*request), passed, n, MSG_DONTWAIT);
}

static unsigned spawn_count(const int descriptors[SPAWN_DESCRIPTORS_])
{
    unsigned n = 0;

    while (n < SPAWN_DESCRIPTORS_ && descriptors[n] >= 0)
        n++;
    return n;
}

static bool spawn_ends(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

/* Tells whether a block contains `n` terminated strings. */
static bool spawn_has_strings(const char *block, size_t room, uint32_t n)
{
    for (const char *end; n > 0; n--) {
        end = memchr(block, '\0', room);
        if (!end)
            return false;
        room -= (size_t)(end + 1 - block);
        block = end + 1;
    }
    return true;
}

bool spawn_is_sound(const struct spawn_request *request)
{
    return request->network <= SPAWN_NETWORK_HOST && request->n_reads <= SPAWN_MAX_READS &&
           spawn_ends(request->script_folder, sizeof(request->script_folder)) &&
           spawn_ends(request->state_folder, sizeof(request->state_folder)) &&
           spawn_ends(request->hosts, sizeof(request->hosts)) &&
           spawn_has_strings(request->reads, sizeof(request->reads), request->n_reads) &&
           spawn_has_strings(request->environment, sizeof(request->environment), request->n_environment);
}

int spawn_receive_request(int socket, struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_])
{
    int flags = 0;
    ssize_t n = pass_receive(socket, request, sizeof(*request), descriptors, SPAWN_DESCRIPTORS_, &flags);
    unsigned n_descriptors = spawn_count(descriptors);

    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    if (n == sizeof(*request) && !(flags & (MSG_TRUNC | MSG_CTRUNC)) && spawn_is_sound(request) &&
        n_descriptors == spawn_n_descriptors(request)) {
        if (request->flags & SPAWN_IN_CGROUP) {
            int fd = descriptors[n_descriptors - 1]; /* its slot may already be the right one */

            descriptors[n_descriptors - 1] = -1;
            descriptors[SPAWN_CGROUP] = fd;
        }
        return 0;
    }
    while (n_descriptors)
        close(descriptors[--n_descriptors]);
    return -EBADMSG;
}

int spawn_send_reply(int socket, const struct spawn_reply *reply)
{
    return send(socket, reply, sizeof(*reply), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int spawn_receive_reply(int socket, struct spawn_reply *reply)
{
    ssize_t n;

    do
        n = recv(socket, reply, sizeof(*reply), MSG_DONTWAIT | MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    if (n == 0)
        return -EPIPE;
    return n == sizeof(*reply) ? 0 : -EBADMSG;
}
