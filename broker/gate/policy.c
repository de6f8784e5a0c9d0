/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads rules, compares them, and decides about addresses. */
#include "broker/gate/policy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/gate/policy_private.h"
#include "firecurtain/cleanup.h"

#define POLICY_V4_BITS 96 /* of ::ffff:0:0, below which IPv4 is kept */

static const uint8_t policy_v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void policy_set_v4(uint8_t bytes[16], const struct in_addr *address)
{
    memcpy(bytes, policy_v4_prefix, sizeof(policy_v4_prefix));
    memcpy(bytes + sizeof(policy_v4_prefix), address, sizeof(*address));
}

static bool policy_is_v4(const uint8_t bytes[16])
{
    return memcmp(bytes, policy_v4_prefix, sizeof(policy_v4_prefix)) == 0;
}

/* Parses a port or prefix length. Refuses leading zeros, which might mean octal as in an address. */
static int policy_parse_port(const char *text, size_t bytes, uint16_t *port)
{
    unsigned long value = 0;

    if (bytes == 0 || bytes > 5 || (bytes > 1 && text[0] == '0'))
        return -EINVAL;
    for (size_t i = 0; i < bytes; i++) {
        if (!isdigit((unsigned char)text[i]))
            return -EINVAL;
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value > UINT16_MAX ? -EINVAL : 0;
}

static int policy_parse_ports(struct policy_rule *rule, const char *text)
{
    const char *dash = strchr(text, '-');

    if (strcmp(text, "*") == 0) {
        rule->first_port = 0;
        rule->last_port = UINT16_MAX;
        return 0;
    }
    if (policy_parse_port(text, dash ? (size_t)(dash - text) : strlen(text), &rule->first_port) < 0)
        return -EINVAL;
    rule->last_port = rule->first_port;
    if (dash && policy_parse_port(dash + 1, strlen(dash + 1), &rule->last_port) < 0)
        return -EINVAL;
    return rule->first_port > rule->last_port ? -EINVAL : 0;
}

/* Parses a numeric address and the number of leading bits that count. -ENOENT if it is not numeric. */
static int policy_parse_numeric(struct policy_rule *rule, const char *host, const char *prefix)
{
    struct in_addr v4;
    uint16_t bits = 128;
    bool is_v4 = inet_pton(AF_INET, host, &v4) == 1;

    if (is_v4)
        policy_set_v4(rule->bytes, &v4);
    else if (inet_pton(AF_INET6, host, rule->bytes) != 1)
        return -ENOENT;
    if (prefix && (policy_parse_port(prefix, strlen(prefix), &bits) < 0 || bits > (is_v4 ? 32 : 128)))
        return -EINVAL;
    rule->prefix = prefix && is_v4 ? 96u + bits : bits;
    rule->only_v6 = rule->prefix < POLICY_V4_BITS;
    return 0;
}

static bool policy_is_name(const char *host)
{
    size_t n = strlen(host);

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.' && host[i] != '_')
            return false;
    }
    return n > 0 && n < POLICY_MAX_NAME && !isdigit((unsigned char)host[n - 1]);
}

/* Takes the brackets off a host that is in some. */
static void policy_cut_brackets(char **host)
{
    size_t n = strlen(*host);

    if ((*host)[0] == '[' && (*host)[n - 1] == ']') {
        (*host)[n - 1] = '\0';
        (*host)++;
    }
}

/*
 * Cuts `host` out of its brackets and off its prefix length, which is returned, or NULL. The prefix length
 * may be within the brackets or behind them.
 */
static char *policy_cut_prefix(char **host)
{
    bool is_whole = (*host)[0] == '[' && (*host)[strlen(*host) - 1] == ']';
    char *slash;

    if (is_whole)
        policy_cut_brackets(host);
    slash = strchr(*host, '/');
    if (slash)
        *slash++ = '\0';
    if (!is_whole)
        policy_cut_brackets(host);
    return slash;
}

static int policy_parse_host(struct policy_rule *rule, char *host)
{
    char *prefix = policy_cut_prefix(&host);
    int r;

    if (strcmp(host, "*") == 0 && !prefix) {
        rule->prefix = 0;
        return 0;
    }
    r = policy_parse_numeric(rule, host, prefix);
    if (r != -ENOENT)
        return r;
    if (prefix || !policy_is_name(host))
        return -EINVAL;
    snprintf(rule->name, sizeof(rule->name), "%s", host);
    return 0;
}

static int policy_parse(struct policy_rule *rule, char *text)
{
    char *ports;

    rule->protocols = POLICY_TCP | POLICY_UDP;
    if (strncmp(text, "tcp:", 4) == 0 || strncmp(text, "udp:", 4) == 0) {
        rule->protocols = text[0] == 't' ? POLICY_TCP : POLICY_UDP;
        text += 4;
    }
    ports = strrchr(text, ':');
    if (!ports)
        return -EINVAL;
    *ports++ = '\0';
    if (policy_parse_ports(rule, ports) < 0)
        return -EINVAL;
    return policy_parse_host(rule, text);
}

int policy_push(struct policy *policy, const struct policy_rule *rule)
{
    struct policy_rule *rules = grow_by_one(policy->rules, policy->n_rules, sizeof(*rules));

    if (!rules)
        return -ENOMEM;
    policy->rules = rules;
    rules[policy->n_rules++] = *rule;
    return 0;
}

int policy_add(struct policy *policy, enum policy_use use, const char *text, struct fc_reason *reason)
{
    FC_AUTO_FREE char *copy = strdup(text);
    struct policy_rule rule = {.use = use};
    int r;

    if (!copy)
        return -ENOMEM;
    if (policy_parse(&rule, copy) < 0)
        return fc_refuse(
            reason,
            "\"%.100s\" is not [tcp:|udp:]host:port; host is a name, an address, [IPv6], one of these "
            "with /prefix, or *; port is 80, 8000-8010 or *",
            text);
    r = policy_push(policy, &rule);
    policy->n_read += r == 0;
    return r;
}

void policy_deinit(struct policy *policy)
{
    free(policy->rules);
    free(policy->hosts);
    *policy = (struct policy){0};
}

static bool policy_prefix_matches(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* Returns whether a rule for addresses covers any of IPv4. */
static bool policy_has_v4(const struct policy_rule *rule)
{
    return !rule->only_v6 && (rule->prefix < POLICY_V4_BITS || policy_is_v4(rule->bytes));
}

/* Returns whether one rule allows all that another does. Names are compared, not looked up. */
static bool policy_contains(const struct policy_rule *outer, const struct policy_rule *inner)
{
    if (outer->use != inner->use || (inner->protocols & ~outer->protocols) ||
        inner->first_port < outer->first_port || inner->last_port > outer->last_port)
        return false;
    if (outer->name[0])
        return strcasecmp(outer->name, inner->name) == 0;
    if (inner->name[0])
        return outer->prefix == 0 && !outer->only_v6;
    if (outer->only_v6 && policy_has_v4(inner))
        return false;
    return inner->prefix >= outer->prefix && policy_prefix_matches(outer->bytes, inner->bytes, outer->prefix);
}

bool policy_holds(const struct policy *outer, const struct policy *inner, size_t i)
{
    for (size_t k = 0; k < outer->n_read; k++) {
        if (policy_contains(&outer->rules[k], &inner->rules[i]))
            return true;
    }
    return false;
}

/*
 * Replaces 0.0.0.0 and ::, with which a client means its own host, by the loopback address: what is judged
 * and what is used must be the same, even on a socket that is bound to another address.
 */
static void policy_specify(struct policy_address *address)
{
    static const uint8_t any_v6[16] = {0};
    static const uint8_t any_v4[4] = {0};

    if (memcmp(address->bytes, any_v6, sizeof(any_v6)) == 0)
        address->bytes[15] = 1;
    else if (policy_is_v4(address->bytes) && memcmp(address->bytes + 12, any_v4, sizeof(any_v4)) == 0)
        memcpy(address->bytes + 12, (uint8_t[]){127, 0, 0, 1}, 4);
}

/* Returns whether a rule is about this protocol and address. */
static bool policy_matches(const struct policy_rule *rule, enum policy_protocol protocol,
                           const uint8_t bytes[16])
{
    return (rule->protocols & protocol) && !rule->name[0] && !(rule->only_v6 && policy_is_v4(bytes)) &&
           policy_prefix_matches(bytes, rule->bytes, rule->prefix);
}

bool policy_covers(const struct policy *policy, enum policy_protocol protocol,
                   const struct policy_address *address)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (policy_matches(&policy->rules[i], protocol, address->bytes))
            return true;
    }
    return false;
}

bool policy_covers_all(const struct policy *policy, enum policy_protocol protocol, bool is_v6)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        bool is_all_v4 = rule->prefix == POLICY_V4_BITS && policy_is_v4(rule->bytes);

        if ((rule->protocols & protocol) && !rule->name[0] &&
            (rule->prefix == 0 ? is_v6 || !rule->only_v6 : !is_v6 && is_all_v4))
            return true;
    }
    return false;
}

bool policy_allows(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                   const struct policy_address *address)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct policy_rule *rule = &policy->rules[i];

        if (rule->use == use && address->port >= rule->first_port && address->port <= rule->last_port &&
            policy_matches(rule, protocol, address->bytes))
            return true;
    }
    return false;
}

/* Returns whether any rule is about this protocol. */
static bool policy_mentions(const struct policy *policy, enum policy_use use, enum policy_protocol protocol)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (policy->rules[i].use == use && (policy->rules[i].protocols & protocol))
            return true;
    }
    return false;
}

int policy_read_address(struct policy_address *address, const void *sockaddr, size_t bytes)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    sa_family_t family;

    *address = (struct policy_address){0};
    if (bytes < sizeof(family))
        return -EINVAL;
    memcpy(&family, sockaddr, sizeof(family));
    switch (family) {
    case AF_UNSPEC:
        return -ENOENT;
    case AF_INET:
        if (bytes < sizeof(v4))
            return -EINVAL;
        memcpy(&v4, sockaddr, sizeof(v4));
        policy_set_v4(address->bytes, &v4.sin_addr);
        address->port = ntohs(v4.sin_port);
        return 0;
    case AF_INET6:
        if (bytes < sizeof(v6))
            return -EINVAL;
        memcpy(&v6, sockaddr, sizeof(v6));
        memcpy(address->bytes, &v6.sin6_addr, sizeof(address->bytes));
        address->port = ntohs(v6.sin6_port);
        address->scope = v6.sin6_scope_id;
        return 0;
    default:
        return -EAFNOSUPPORT;
    }
}

int policy_write_address(const struct policy_address *address, int family, struct sockaddr_storage *sockaddr)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};

    if (family == AF_INET6) {
        memcpy(&v6.sin6_addr, address->bytes, sizeof(address->bytes));
        v6.sin6_port = htons(address->port);
        v6.sin6_scope_id = address->scope;
        memcpy(sockaddr, &v6, sizeof(v6));
        return sizeof(v6);
    }
    if (family != AF_INET || !policy_is_v4(address->bytes))
        return -EAFNOSUPPORT;
    memcpy(&v4.sin_addr, address->bytes + sizeof(policy_v4_prefix), sizeof(v4.sin_addr));
    v4.sin_port = htons(address->port);
    memcpy(sockaddr, &v4, sizeof(v4));
    return sizeof(v4);
}

/*
 * Allows binding a client's socket to any free port, which sendto() or connect() would do by itself: a
 * datagram socket, or one for a connection, which cannot become a server there, to no address in particular.
 */
static bool policy_is_client_bind(const struct policy *policy, enum policy_use use,
                                  enum policy_protocol protocol, const struct policy_address *address)
{
    struct policy_address specified = *address;

    if (use != POLICY_LISTEN || address->port != 0 || !policy_mentions(policy, POLICY_CONNECT, protocol))
        return false;
    policy_specify(&specified);
    return protocol == POLICY_UDP || memcmp(specified.bytes, address->bytes, sizeof(specified.bytes)) != 0;
}

int policy_judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol, int family,
                 const void *sockaddr, size_t bytes, struct policy_target *target)
{
    int r = policy_read_address(&target->address, sockaddr, bytes);

    if (r < 0)
        return r;
    if (use == POLICY_CONNECT)
        policy_specify(&target->address);
    if (!policy_allows(policy, use, protocol, &target->address) &&
        !policy_is_client_bind(policy, use, protocol, &target->address))
        return -EACCES;
    r = policy_write_address(&target->address, family, &target->sockaddr);
    if (r < 0)
        return r;
    target->n_bytes = (socklen_t)r;
    return 0;
}

void policy_format_address(const struct policy_address *address, char *text, size_t bytes)
{
    char host[INET6_ADDRSTRLEN];

    if (policy_is_v4(address->bytes)) {
        inet_ntop(AF_INET, address->bytes + sizeof(policy_v4_prefix), host, sizeof(host));
        snprintf(text, bytes, "%s:%u", host, address->port);
    } else {
        inet_ntop(AF_INET6, address->bytes, host, sizeof(host));
        snprintf(text, bytes, "[%s]:%u", host, address->port);
    }
}
