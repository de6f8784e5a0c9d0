/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of a policy as an input describes them, and a second, simple implementation of what they open, which
 * shares nothing with broker/gate/policy.c.
 */
#ifndef TESTS_FUZZ_RULES_H
#define TESTS_FUZZ_RULES_H

#include <arpa/inet.h>

#include "broker/gate/policy.h"
#include "tests/fuzz/fuzz.h"

#define RULES_MAX 8

struct rule {
    enum policy_use use;
    unsigned protocols;
    uint8_t address[16];
    unsigned bits; /* that count */
    uint16_t first_port, last_port;
};

struct rules {
    struct rule list[RULES_MAX];
    size_t n;
    struct policy policy; /* the same, read from text */
};

static inline void rule_take(struct rule *rule, struct input *input, char *text, size_t room)
{
    static const char *const protocols[] = {"", "tcp:", "udp:"};
    uint8_t kind = (uint8_t)take_number(input, 1), protocol = (uint8_t)(kind >> 2) % 3;
    char host[INET6_ADDRSTRLEN] = "";
    unsigned prefix;
    size_t n;
    bool is_v4 = kind & 1;
    const uint8_t *bytes = take_bytes(input, is_v4 ? 4 : 16, &n);

    *rule = (struct rule){.use = kind & 2 ? POLICY_LISTEN : POLICY_CONNECT};
    rule->protocols = protocol ? protocol : (POLICY_TCP | POLICY_UDP);
    if (is_v4)
        rule->address[10] = rule->address[11] = 0xff;
    if (n)
        memcpy(rule->address + (is_v4 ? 12 : 0), bytes, n);
    prefix = (unsigned)take_number(input, 1) % (is_v4 ? 33 : 129);
    rule->bits = is_v4 ? 96 + prefix : prefix;
    rule->first_port = (uint16_t)take_number(input, 2);
    rule->last_port = (uint16_t)take_number(input, 2);
    if (rule->last_port < rule->first_port)
        rule->last_port = rule->first_port;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, rule->address + (is_v4 ? 12 : 0), host, sizeof(host));
    snprintf(text, room, is_v4 ? "%s%s/%u:%u-%u" : "%s[%s]/%u:%u-%u", protocols[protocol], host, prefix,
             rule->first_port, rule->last_port);
}

static inline void rules_take(struct rules *rules, struct input *input)
{
    *rules = (struct rules){.n = take_number(input, 1) % (RULES_MAX + 1)};
    for (size_t i = 0; i < rules->n; i++) {
        struct fc_reason reason;
        char text[128];

        rule_take(&rules->list[i], input, text, sizeof(text));
        require(policy_add(&rules->policy, rules->list[i].use, text, &reason) == 0);
    }
}

static inline bool is_mapped_v4(const uint8_t address[16])
{
    for (size_t i = 0; i < 10; i++) {
        if (address[i])
            return false;
    }
    return address[10] == 0xff && address[11] == 0xff;
}

static inline bool rule_covers(const struct rule *rule, const uint8_t address[16])
{
    if (rule->bits < 96 && is_mapped_v4(address))
        return false;
    for (unsigned bit = 0; bit < rule->bits; bit++) {
        if (((rule->address[bit / 8] ^ address[bit / 8]) & (0x80 >> bit % 8)) != 0)
            return false;
    }
    return true;
}

static inline bool rules_allow(const struct rules *rules, enum policy_use use, enum policy_protocol protocol,
                               const uint8_t address[16], uint16_t port)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct rule *rule = &rules->list[i];

        if (rule->use == use && (rule->protocols & protocol) && port >= rule->first_port &&
            port <= rule->last_port && rule_covers(rule, address))
            return true;
    }
    return false;
}

static inline bool is_no_address(const uint8_t address[16])
{
    static const uint8_t v6[16], v4[16] = {[10] = 0xff, [11] = 0xff};

    return memcmp(address, v6, 16) == 0 || memcmp(address, v4, 16) == 0;
}

/* Tells whether any free port is allowed, as for clients; those of connections have no address of their own.
 */
static inline bool rules_allow_client(const struct rules *rules, enum policy_protocol protocol,
                                      const uint8_t address[16])
{
    for (size_t i = 0; i < rules->n; i++) {
        if (rules->list[i].use == POLICY_CONNECT && (rules->list[i].protocols & protocol))
            return protocol == POLICY_UDP || is_no_address(address);
    }
    return false;
}

/* Reads an internet address by the offsets of its fields; false if the bytes are not one. */
static inline bool read_plainly(const uint8_t *bytes, size_t n, uint8_t address[16], uint16_t *port)
{
    unsigned family = n >= 2 ? (unsigned)(bytes[0] | bytes[1] << 8) : 0;

    if (!(family == AF_INET && n >= 16) && !(family == AF_INET6 && n >= 28))
        return false;
    memset(address, 0, 16);
    if (family == AF_INET)
        memset(address + 10, 0xff, 2);
    memcpy(address + (family == AF_INET ? 12 : 0), bytes + (family == AF_INET ? 4 : 8),
           family == AF_INET ? 4 : 16);
    *port = (uint16_t)(bytes[2] << 8 | bytes[3]);
    return true;
}

/* Replaces "any address" by the loopback address, which is what it means to clients. */
static inline void specify_plainly(uint8_t address[16])
{
    size_t from = is_mapped_v4(address) ? 12 : 0;

    for (size_t i = from; i < 16; i++) {
        if (address[i])
            return;
    }
    address[15] = 1;
    if (from)
        address[12] = 127;
}

#endif
