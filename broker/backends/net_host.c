/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts and ports from text, and their addresses. Used in the broker. */
#include "broker/backends/net_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/lookup.h"

#define NET_BLANKS " \t"

void net_host_clear(struct net_host *host)
{
    free(host->name);
    free(host->port);
    *host = (struct net_host){0};
}

int net_host_read_port(const char *text, unsigned lowest, uint16_t *port, struct fc_reason *reason)
{
    size_t digits = strspn(text, "0123456789");
    bool is_number = digits > 0 && digits <= 5 && !text[digits];
    unsigned long number = is_number ? strtoul(text, NULL, 10) : 0;

    if (!is_number || number < lowest || number > UINT16_MAX)
        return fc_refuse(reason, "\"%.40s\" is not a port, which is a number from 1 to 65535", text);
    *port = (uint16_t)number;
    return 0;
}

/* Refuses what is no host and port, and says how the same would be written. */
static int refuse_host(const char *value, struct fc_reason *reason)
{
    const char *colon = strrchr(value, ':');
    size_t n = strcspn(value, NET_BLANKS);

    if (value[0] && strspn(value, "0123456789") == strlen(value))
        return fc_refuse(
            reason,
            "the host is missing: write \"127.0.0.1 %.5s\" for this machine alone, \"0.0.0.0 %.5s\" for all",
            value, value);
    if (colon > value && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        return fc_refuse(reason, "the port follows the host after a blank: write \"%.*s %s\"",
                         (int)(colon - value), value, colon + 1);
    if (value[0])
        return fc_refuse(reason, "the port is missing after the host: write, for example, \"%.*s 8000\"",
                         n > 200 ? 200 : (int)n, value);
    return fc_refuse(reason, "a host and a port are needed, such as \"127.0.0.1 8000\"");
}

int net_host_read(struct net_host *host, const char *value, const char *default_port, unsigned lowest_port,
                  struct fc_reason *reason)
{
    FC_AUTO_FREE char *line = strdup(value);
    struct net_host made;
    const char *name, *port, *more;
    uint16_t number;
    char *rest;
    int r;

    if (!line)
        return -ENOMEM;
    name = strtok_r(line, NET_BLANKS, &rest);
    port = name ? strtok_r(NULL, NET_BLANKS, &rest) : NULL;
    if (name && !port && !strpbrk(name, ":") && strspn(name, "0123456789") != strlen(name))
        port = default_port;
    if (!port)
        return refuse_host(name ? name : "", reason);
    r = net_host_read_port(port, lowest_port, &number, reason);
    if (r == 0 && fc_is_no_address(name))
        r = fc_refuse(reason, FC_NO_ADDRESS, name);
    if (r < 0)
        return r;
    more = strtok_r(NULL, NET_BLANKS, &rest);
    made = (struct net_host){.name = strdup(name), .port = strdup(port)};
    net_host_clear(made.name && made.port ? host : &made);
    if (!made.name)
        return -ENOMEM;
    *host = made;
    if (more)
        return fc_doubt(reason, "\"%.100s\" is left out after the host and the port: write \"%.200s %s\"",
                        more, name, port);
    return 0;
}

int net_host_failed(struct fc_reason *reason, const struct net_host *host, int error)
{
    fc_refuse(reason, "%.150s port %s: %s", host->name, host->port, strerror(error));
    return -error;
}

int net_host_bind_failed(struct fc_reason *reason, const struct net_host *host, int error, const char *owner)
{
    unsigned long port = strtoul(host->port, NULL, 10);

    if (error == EADDRINUSE && owner)
        fc_refuse(reason, "port %lu is in use by the instance \"%.100s\": give one of them another port",
                  port, owner);
    else if (error == EADDRINUSE)
        fc_refuse(reason,
                  "port %lu is in use by another program: end that one (ss -ulnp sport = %lu shows it), or "
                  "bind another port",
                  port, port);
    else if (error == EACCES && port < 1024)
        fc_refuse(reason,
                  "port %lu is below 1024, which needs a right: bind a higher one, or add "
                  "AmbientCapabilities=CAP_NET_BIND_SERVICE to the service (without one: sysctl "
                  "net.ipv4.ip_unprivileged_port_start=%lu)",
                  port, port);
    else if (error == EADDRNOTAVAIL)
        fc_refuse(
            reason,
            "this machine does not have the address %.150s: bind one of those that \"ip address\" shows, "
            "or 0.0.0.0 for all",
            host->name);
    else
        return net_host_failed(reason, host, error);
    return -error;
}

static bool is_address(const char *name)
{
    struct in6_addr any;

    return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

int net_host_look_up(const struct addrinfo **addresses, struct fc_lookups *lookups,
                     const struct net_host *host, int family, int flags, struct fc_reason *reason)
{
    struct addrinfo hints = {
        .ai_family = family,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    int r = fc_lookup(lookups, host->name, host->port, &hints, addresses);

    if (r == 0)
        return 0;
    *addresses = NULL;
    if (r == EAI_INPROGRESS)
        return -EINPROGRESS;
    if (r == EAI_SYSTEM)
        return net_host_failed(reason, host, errno);
    if (is_address(host->name))
        fc_refuse(
            reason,
            "the address %.150s is of another family than what is bound: both have to be IPv4, or both IPv6",
            host->name);
    else
        fc_refuse(reason, "the name \"%.150s\" cannot be resolved: %s", host->name, fc_lookup_words(r));
    return r == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL;
}
