/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver that confines itself and starts nothing. In the command `check --sandbox`. */
#include "broker/proxy/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/keeper/client.h"
#include "broker/proxy/link.h"
#include "broker/proxy/needs.h"
#include "broker/proxy/private.h"
#include "firecurtain/cleanup.h"
#include "proto/link.h"

/* Waits for the driver's next message, which must be this one. */
static bool probe_hear(struct link *link, struct codec *codec, enum message_type type)
{
    struct pollfd wanted = {.fd = link_fd(link), .events = POLLIN};
    struct message message;
    const void *bytes;
    size_t n;

    return poll(&wanted, 1, PROXY_START_MS) == 1 && link_receive(link, &bytes, &n) == 0 &&
           codec_decode(codec, CODEC_FROM_WORKER, bytes, n, &message) == 0 && message.type == type;
}

static bool probe_say_setup(const struct proxy *proxy, struct link *link, struct codec *codec)
{
    struct message message = proxy_link_setup(proxy);
    ptrdiff_t size;

    message.setup.is_probe = true;
    size = codec_prepare(codec, &message);
    if (size < 0)
        return false;
    codec_encode(codec, link_reserve(link, (size_t)size));
    return link_commit(link) == 0;
}

int proxy_probe(const struct fc_instance *instance, struct runtime *runtime, struct proxy_probe *found)
{
    const struct proxy *proxy = instance->self;
    FC_AUTO_CLOSE int other = -1;
    FC_AUTO_CLOSE int read_end = -1;
    FC_AUTO_CLOSE int log = -1;
    struct link *link = NULL;
    int r, pair[2];

    *found = (struct proxy_probe){.held = false};
    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    read_end = pair[0];
    log = pair[1];
    r = link_pair(&link, runtime->link_buffers, &other);
    if (r == 0)
        r = keeper_start_driver(runtime->keeper, proxy->row->driver->name, other, log);
    if (r > 0) {
        found->held = probe_hear(link, runtime->codec, MESSAGE_HELLO) &&
                      probe_say_setup(proxy, link, runtime->codec) &&
                      probe_hear(link, runtime->codec, MESSAGE_LOCKED);
        keeper_signal(runtime->keeper, r, SIGKILL);
        waitpid(r, NULL, __WALL);
        descriptor_read_rest(read_end, found->lines, sizeof(found->lines));
    }
    link_free(link);
    return r < 0 ? r : 0;
}

void proxy_print_opens(const struct fc_instance *instance, FILE *out)
{
    const struct proxy *proxy = instance->self;
    struct fc_needs needs = {.out = out};

    if (proxy->row->driver->needs)
        proxy->row->driver->needs(proxy->self, &needs);
    if (!needs.n_said)
        fprintf(out, "    %-34s  %s\n", "nothing", "no file, no device, no network");
}
