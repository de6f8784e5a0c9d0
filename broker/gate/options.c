/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets options for workers, on copies of the values. A socket of the script's own is in an empty network,
 * where there is no interface; so the first such option puts one of the gate's in its place, as sending does.
 * Programs set them before they bind or send.
 */
#include "broker/gate/options.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/gate/notification.h"
#include "broker/gate/socket.h"
#include "broker/os/network.h"
#include "firecurtain/cleanup.h"

#define OPTIONS_MAX_BYTES 64
/* the kernel doubles them: 208 KiB are its default, and the double of that is what it usually allows */
#define OPTIONS_PAIR_BYTES    106496
#define OPTIONS_NETWORK_BYTES 212992

/* An option as the caller gave it. */
struct option_given {
    int level;
    int name;
    socklen_t bytes;
    union {
        uint8_t bytes[OPTIONS_MAX_BYTES];
        int number;
        struct in_addr address;
        struct ip_mreqn v4;
        struct ipv6_mreq v6;
    } value;
};

/* What a multicast option is about, as far as it says so. */
struct option_subject {
    struct policy_address group;     /* .port 0; has_group */
    struct policy_address interface; /* has_interface */
    bool has_group;
    bool has_interface;
    bool has_index; /* of an interface: that may have any address */
    bool is_v6;
};

static int option_read(const struct gate_worker *worker, const struct seccomp_notif *call,
                       struct option_given *option)
{
    int bytes = (int)call->data.args[4];

    *option = (struct option_given){.level = (int)call->data.args[1], .name = (int)call->data.args[2]};
    if (bytes < (int)sizeof(int))
        return -EINVAL;
    option->bytes = bytes < OPTIONS_MAX_BYTES ? (socklen_t)bytes : OPTIONS_MAX_BYTES;
    return gate_read(worker, call, call->data.args[3], option->value.bytes, option->bytes);
}

static int option_set(int fd, const struct option_given *option)
{
    return setsockopt(fd, option->level, option->name, option->value.bytes, option->bytes) < 0 ? -errno : 0;
}

static void option_take_v4(struct policy_address *address, const struct in_addr *v4)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = *v4};

    policy_read_address(address, &at, sizeof(at));
}

/* Finds out what an option of IPv4 is about: an address, or a group and an interface, or that with an index.
 */
static int option_describe_v4(const struct option_given *option, struct option_subject *subject)
{
    const struct ip_mreqn *value = &option->value.v4;
    bool is_interface = option->name == IP_MULTICAST_IF;
    struct in_addr interface = value->imr_address;

    if (option->bytes < sizeof(struct ip_mreq) && !is_interface)
        return -EINVAL;
    if (option->bytes < sizeof(struct ip_mreq))
        interface = option->value.address;
    subject->has_group = !is_interface;
    option_take_v4(&subject->group, &value->imr_multiaddr);
    subject->has_interface = interface.s_addr != htonl(INADDR_ANY);
    option_take_v4(&subject->interface, &interface);
    subject->has_index = option->bytes >= sizeof(*value) && value->imr_ifindex != 0;
    return 0;
}

static int option_describe_v6(const struct option_given *option, struct option_subject *subject)
{
    const struct ipv6_mreq *value = &option->value.v6;

    subject->is_v6 = true;
    subject->has_group = option->name != IPV6_MULTICAST_IF;
    if (subject->has_group && option->bytes < sizeof(*value))
        return -EINVAL;
    memcpy(subject->group.bytes, &value->ipv6mr_multiaddr, sizeof(subject->group.bytes));
    subject->has_index = (subject->has_group ? (int)value->ipv6mr_interface : option->value.number) != 0;
    return 0;
}

/* Returns whether the socket is bound to this address: then it is no news that there is such an interface. */
static bool option_is_at(const struct gate_socket *socket, const struct policy_address *interface)
{
    struct sockaddr_storage at;
    struct policy_address address;
    socklen_t bytes = sizeof(at);

    return getsockname(socket->fd, (struct sockaddr *)&at, &bytes) == 0 &&
           policy_read_address(&address, &at, bytes) == 0 &&
           memcmp(address.bytes, interface->bytes, sizeof(address.bytes)) == 0;
}

static int option_refuse(struct gate_worker *worker, const char *what, const struct policy_address *address)
{
    char text[80];

    policy_format_address(address, text, sizeof(text));
    *strrchr(text, ':') = '\0'; /* the port is of no interest here */
    gate_log(worker, "setsockopt() with the %s %s; \"listen = udp:%s:*\" would allow it", what, text, text);
    return -EACCES;
}

/* Judges what an option is about. 0 or -EACCES. */
static int option_judge(struct gate_worker *worker, const struct gate_socket *socket,
                        const struct option_subject *subject)
{
    const struct policy *policy = worker->spec.policy;

    if (subject->has_group && !policy_covers(policy, POLICY_UDP, &subject->group))
        return option_refuse(worker, "group", &subject->group);
    if (subject->has_interface && !policy_covers(policy, POLICY_UDP, &subject->interface) &&
        !option_is_at(socket, &subject->interface))
        return option_refuse(worker, "interface", &subject->interface);
    if (!subject->has_index || policy_covers_all(policy, POLICY_UDP, subject->is_v6))
        return 0;
    gate_log(worker, "setsockopt() with the number of an interface; \"listen = udp:%s:*\" would allow it",
             subject->is_v6 ? "[::/0]" : "0.0.0.0/0");
    return -EACCES;
}

/* Remembers a socket, in the place of the one that was remembered first. */
static void option_remember(struct gate_worker *worker, const struct gate_socket *socket)
{
    if (gate_has_options(worker, socket))
        return;
    worker->with_options[worker->n_options % GATE_WITH_OPTIONS] = socket->kind.cookie;
    worker->n_options++;
}

static int option_multicast(struct gate_worker *worker, const struct seccomp_notif *call,
                            const struct option_given *option)
{
    GATE_SOCKET socket = {.fd = -1};
    struct option_subject subject = {.has_group = false};
    int r = option->level == IPPROTO_IP ? option_describe_v4(option, &subject)
                                        : option_describe_v6(option, &subject);

    if (r == 0)
        r = gate_socket_take(worker, (int)call->data.args[0], &socket);
    if (r == 0 && socket.kind.protocol != POLICY_UDP)
        r = -EINVAL;
    if (r == 0)
        r = option_judge(worker, &socket, &subject);
    if (r == 0)
        r = gate_socket_adopt_udp(worker, call, &socket);
    if (r < 0)
        return r;
    option_remember(worker, &socket);
    r = option_set(socket.fd, option);
    return r == -EADDRINUSE ? 0 : r; /* a socket that an earlier worker lent is in the group already */
}

/* Sets the size of a buffer, to no more than this kind of socket may have. */
static int option_buffer(const struct gate_worker *worker, int fd, struct option_given *option)
{
    FC_AUTO_CLOSE int own = gate_take(worker, fd);
    int most;

    if (own < 0)
        return own;
    most = network_is_unix(own) ? OPTIONS_PAIR_BYTES : OPTIONS_NETWORK_BYTES;
    if (option->value.number < 0 || option->value.number > most) /* a negative one is the largest */
        option->value.number = most;
    return option_set(own, option);
}

static int option_plain(const struct gate_worker *worker, int fd, const struct option_given *option)
{
    FC_AUTO_CLOSE int own = gate_take(worker, fd);

    return own < 0 ? own : option_set(own, option);
}

int gate_setsockopt(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    struct option_given option;
    int fd = (int)call->data.args[0], r = option_read(worker, call, &option);

    (void)result;
    if (r < 0)
        return r;
    if (option.level == SOL_SOCKET)
        return option_buffer(worker, fd, &option);
    if (option.level == IPPROTO_IPV6 && option.name == IPV6_V6ONLY)
        return option_plain(worker, fd, &option);
    return option_multicast(worker, call, &option);
}

bool gate_has_options(const struct gate_worker *worker, const struct gate_socket *socket)
{
    for (size_t i = 0; i < GATE_WITH_OPTIONS; i++) {
        if (worker->with_options[i] && worker->with_options[i] == socket->kind.cookie)
            return true;
    }
    return false;
}

/* Returns how many unix sockets the worker has. */
static uint64_t pair_count(const struct gate_worker *worker)
{
    uint64_t n = 0;

    for (uint32_t fd = 0; fd < worker->spec.files; fd++) {
        FC_AUTO_CLOSE int own = gate_take(worker, (int)fd);

        n += own >= 0 && network_is_unix(own);
    }
    return n;
}

int gate_socketpair(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    (void)call, (void)result;
    if (worker->n_pair_ends >= GATE_MAX_PAIR_ENDS)
        worker->n_pair_ends = pair_count(worker); /* nothing tells when a script closes one */
    if (worker->n_pair_ends >= GATE_MAX_PAIR_ENDS) {
        gate_log(worker, "another pair of sockets, since %u ends are open", GATE_MAX_PAIR_ENDS);
        return -EMFILE;
    }
    worker->n_pair_ends += 2;
    return GATE_CONTINUE;
}
