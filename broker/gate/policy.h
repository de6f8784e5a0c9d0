/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a script may reach: rules such as `tcp:10.0.0.0/8:80-90`, read from the configuration, resolved when
 * the instance starts, and asked for every address afterwards. Deciding is pure.
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

/* An internet address and port. IPv4 is kept as IPv6 does (::ffff:a.b.c.d), so that both spellings are one.
 */
struct policy_address {
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* of a link-local address */
};

struct policy_rule;

struct policy {
    struct policy_rule *rules; /* as read, then those that names were resolved to */
    size_t n_rules;
    size_t n_read;
    char *hosts; /* /etc/hosts of the worker: the names of the rules, as they were resolved; NULL before */
};

/* Adds a rule `[tcp:|udp:]host:ports`; host is an address, [IPv6], either with /prefix, a name or `*`; ports
 * are one, a range `a-b`, or `*`. -EINVAL with `reason`, -ENOMEM. */
int policy_add(struct policy *policy, enum policy_use use, const char *text, struct fc_reason *reason);

/*
 * The rule `i` of the `n_read` ones: as in a configuration ("connect = tcp:10.0.0.5:80"), and in words ("may
 * open TCP connections to 10.0.0.5, port 80"); what does not fit is cut.
 */
void policy_describe(const struct policy *policy, size_t i, char *option, size_t option_bytes, char *words,
                     size_t words_bytes);

/* Whether the rule `i` of `inner` allows nothing that no single rule of `outer` allows. */
bool policy_holds(const struct policy *outer, const struct policy *inner, size_t i);

void policy_deinit(struct policy *policy);

/* Looks up the names: blocks. -EHOSTUNREACH with the name in `reason`, or -ENOMEM; then nothing is changed.
 */
int policy_resolve(struct policy *policy, struct fc_reason *reason);

/* Whether a rule allows it. */
bool policy_allows(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                   const struct policy_address *address);

/*
 * 0.0.0.0 and ::, where a client means its own host, become that: what is judged and what is used must be
 * one, also on a socket that is bound to another address.
 */
void policy_specify(struct policy_address *address);

/* Whether any rule is about this protocol. */
bool policy_mentions(const struct policy *policy, enum policy_use use, enum policy_protocol protocol);

/*
 * Reads a socket address as a program gave it: `bytes` of anything. -EINVAL if it is too short, -EAFNOSUPPORT
 * if it is no internet address, -ENOENT if it is AF_UNSPEC.
 */
int policy_read_address(struct policy_address *address, const void *sockaddr, size_t bytes);

/* The address for a socket of `family` (AF_INET or AF_INET6). Its length, or -EAFNOSUPPORT. */
int policy_write_address(const struct policy_address *address, int family, struct sockaddr_storage *sockaddr);

/* What a call is allowed to use, in both spellings. */
struct policy_target {
    struct policy_address address;
    struct sockaddr_storage sockaddr;
    socklen_t n_bytes;
};

/*
 * Judges an address as a program gave it (`bytes` of anything) for a socket of `family`. 0: `target` is what
 * was judged, and nothing else may be used. -EACCES: no rule allows it; then `target->address` says what it
 * was. Other errors are those of policy_read_address() and policy_write_address().
 */
int policy_judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol, int family,
                 const void *sockaddr, size_t bytes, struct policy_target *target);

/* "127.0.0.1:80" or "[::1]:80", as in a rule. */
void policy_format_address(const struct policy_address *address, char *text, size_t bytes);

#endif
