/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a script may reach: rules such as `tcp:10.0.0.0/8:80-90`, read from the configuration, resolved when
 * the instance starts (policy_resolve.h), and asked about every address afterwards. Deciding has no side
 * effects and no errors but those of malformed addresses.
 */
#ifndef BROKER_GATE_POLICY_H
#define BROKER_GATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "firecurtain/backend.h"

enum policy_protocol {
    POLICY_TCP = 1,
    POLICY_UDP = 2,
};

enum policy_use {
    POLICY_CONNECT,
    POLICY_LISTEN,
};

/* An internet address and port. IPv4 is kept as IPv6 (::ffff:a.b.c.d), so both spellings are one address. */
struct policy_address {
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* of a link-local address */
};

struct policy_rule;

struct policy {
    struct policy_rule *rules; /* those that were read, then those that names were resolved to */
    size_t n_rules;
    size_t n_read; /* the first part */
    char
        *hosts; /* /etc/hosts of the worker: the resolved names of the rules; NULL before they are resolved */
};

/*
 * Adds a rule `[tcp:|udp:]host:ports`. The host is an address, [IPv6], either with /prefix, a name, or `*`;
 * the ports are one, a range `a-b`, or `*`. A range of IPv6 covers no IPv4 address, unless it is one of those
 * (::ffff:a.b.c.d) itself. 0, -EINVAL with `reason`, or -ENOMEM.
 */
int policy_add(struct policy *policy, enum policy_use use, const char *text, struct fc_reason *reason);

/* Returns whether a single rule of `outer` allows everything that the rule `i` of `inner` allows. */
bool policy_holds(const struct policy *outer, const struct policy *inner, size_t i);

/* Adds a copy of a rule. 0 or -ENOMEM. */
int policy_push(struct policy *policy, const struct policy_rule *rule);

void policy_deinit(struct policy *policy);

/* Returns whether a rule allows the address. */
bool policy_allows(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                   const struct policy_address *address);

/* Returns whether a rule, of either use and whatever its ports, is about this address. */
bool policy_covers(const struct policy *policy, enum policy_protocol protocol,
                   const struct policy_address *address);

/* Returns whether one is about all addresses of a family. */
bool policy_covers_all(const struct policy *policy, enum policy_protocol protocol, bool is_v6);

/*
 * Reads a socket address as a program gave it: `bytes` of anything. 0, -EINVAL if it is too short,
 * -EAFNOSUPPORT if it is not an internet address, or -ENOENT if it is AF_UNSPEC.
 */
int policy_read_address(struct policy_address *address, const void *sockaddr, size_t bytes);

/* Writes the address for a socket of `family` (AF_INET or AF_INET6). Returns its length, or -EAFNOSUPPORT. */
int policy_write_address(const struct policy_address *address, int family, struct sockaddr_storage *sockaddr);

/* An address that was judged, in both spellings. */
struct policy_target {
    struct policy_address address;
    struct sockaddr_storage sockaddr;
    socklen_t n_bytes;
};

/*
 * Judges an address as a program gave it (`bytes` of anything) for a socket of `family`. 0 if it is allowed:
 * then `target` is what was judged, and nothing else may be used. -EACCES if no rule allows it: then
 * `target->address` says which it was. Other errors are those of policy_read_address() and
 * policy_write_address().
 */
int policy_judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol, int family,
                 const void *sockaddr, size_t bytes, struct policy_target *target);

/* Writes an address as in a rule: "127.0.0.1:80" or "[::1]:80". */
void policy_format_address(const struct policy_address *address, char *text, size_t bytes);

#endif
