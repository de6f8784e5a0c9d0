/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules as people read them: in a configuration, and in words. */
#include "broker/gate/policy_describe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "broker/gate/policy_private.h"

/* Writes a range of IPv6, which may look like one of IPv4. */
static void describe_v6(const struct policy_rule *rule, char *text, size_t bytes)
{
    char host[INET6_ADDRSTRLEN];

    inet_ntop(AF_INET6, rule->bytes, host, sizeof(host));
    snprintf(text, bytes, "[%s]/%u", host, rule->prefix);
}

static void describe_host(const struct policy_rule *rule, char *text, size_t bytes)
{
    struct policy_address address = {0};
    unsigned all = 128, bits = rule->prefix;
    char *end;

    if (rule->only_v6) {
        describe_v6(rule, text, bytes);
        return;
    }
    if (rule->name[0] || bits == 0) {
        snprintf(text, bytes, "%s", rule->name[0] ? rule->name : "*");
        return;
    }
    memcpy(address.bytes, rule->bytes, sizeof(address.bytes));
    policy_format_address(&address, text, bytes);
    end = strrchr(text, ':'); /* before a port, which is of no interest here */
    if (text[0] != '[') {
        all = 32;
        bits -= 96;
    }
    *end = '\0';
    if (bits < all)
        snprintf(end, bytes - (size_t)(end - text), "/%u", bits);
}

static void describe_ports(const struct policy_rule *rule, const char *all, char *text, size_t bytes)
{
    if (rule->first_port == 0 && rule->last_port == UINT16_MAX)
        snprintf(text, bytes, "%s", all);
    else if (rule->first_port == rule->last_port)
        snprintf(text, bytes, "%u", rule->first_port);
    else
        snprintf(text, bytes, "%u-%u", rule->first_port, rule->last_port);
}

/* Lists the addresses that a name was resolved to: lines "ADDRESS NAME" of the worker's /etc/hosts. */
static void describe_addresses(const struct policy *policy, const char *name, char *text, size_t bytes)
{
    size_t n = 0;

    text[0] = '\0';
    for (const char *line = policy->hosts; line && *line; line += strcspn(line, "\n") + 1) {
        size_t address = strcspn(line, " "), whole = strcspn(line, "\n");

        if (whole - address - 1 != strlen(name) || strncmp(line + address + 1, name, strlen(name)) != 0)
            continue;
        n += (size_t)snprintf(text + n, bytes - n, "%s%.*s", n ? ", " : " (", (int)address, line);
        if (n >= bytes - 2)
            return;
    }
    if (n)
        snprintf(text + n, bytes - n, ")");
}

static const char *describe_use(const struct policy_rule *rule)
{
    static const char *const words[2][4] = {
        [POLICY_CONNECT] = {[POLICY_TCP] = "open TCP connections to",
                            [POLICY_UDP] = "send UDP datagrams to",
                            [POLICY_TCP | POLICY_UDP] = "open TCP connections and send UDP datagrams to"},
        [POLICY_LISTEN] = {[POLICY_TCP] = "accept TCP connections on",
                           [POLICY_UDP] = "receive UDP datagrams on",
                           [POLICY_TCP | POLICY_UDP] = "accept TCP connections and receive UDP datagrams on"},
    };

    return words[rule->use][rule->protocols];
}

void policy_describe(const struct policy *policy, size_t i, char *option, size_t option_bytes, char *words,
                     size_t words_bytes)
{
    static const char *const protocols[] = {
        [POLICY_TCP] = "tcp:", [POLICY_UDP] = "udp:", [POLICY_TCP | POLICY_UDP] = ""};
    const struct policy_rule *rule = &policy->rules[i];
    char host[POLICY_MAX_NAME + 8], ports[16], addresses[256];

    describe_host(rule, host, sizeof(host));
    describe_ports(rule, "*", ports, sizeof(ports));
    snprintf(option, option_bytes, "%s = %s%s:%s", rule->use == POLICY_CONNECT ? "connect" : "listen",
             protocols[rule->protocols], host, ports);
    describe_addresses(policy, host, addresses, sizeof(addresses));
    describe_ports(rule, "any port", ports, sizeof(ports));
    snprintf(words, words_bytes, "may %s %s%s, %s%s", describe_use(rule),
             strcmp(host, "*") == 0        ? "any address"
             : strcmp(host, "[::]/0") == 0 ? "any IPv6 address"
                                           : host,
             addresses,
             strcmp(ports, "any port") == 0        ? ""
             : rule->first_port == rule->last_port ? "port "
                                                   : "ports ",
             ports);
}
