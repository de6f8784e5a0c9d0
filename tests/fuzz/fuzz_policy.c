/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes any line as the value of the options `connect` and `listen`. An accepted one has the documented form,
 * opens what it names and nothing else, and means the same when it is written again.
 */
#include <ctype.h>
#include <errno.h>
#include <regex.h>

#include "broker/gate/policy_private.h"
#include "tests/fuzz/fuzz.h"

#define PORT "(0|[1-9][0-9]{0,4})"
static const char form[] = "^(tcp:|udp:)?[^/]*(/(0|[1-9][0-9]{0,2})\\]?)?:(" PORT "(-" PORT ")?|[*])$";
static regex_t documented;

static bool allows(const struct policy *policy, const uint8_t *bytes, unsigned port, unsigned protocol)
{
    struct policy_address address = {.port = (uint16_t)port};

    memcpy(address.bytes, bytes, sizeof(address.bytes));
    return policy_allows(policy, POLICY_CONNECT, protocol, &address);
}

/* Tells whether an address is one of IPv4, which ranges of IPv6 do not cover. */
static bool is_beyond(const struct policy_rule *rule, const uint8_t *bytes)
{
    return rule->only_v6 && memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) == 0;
}

/* Checks the edges of its address and ports. */
static void check_edges(const struct policy *policy, const struct policy_rule *rule)
{
    unsigned protocol = rule->protocols & POLICY_TCP ? POLICY_TCP : POLICY_UDP;

    if (is_beyond(rule, rule->bytes))
        return;
    require(allows(policy, rule->bytes, rule->first_port, protocol));
    require(allows(policy, rule->bytes, rule->last_port, protocol));
    require(rule->first_port == 0 || !allows(policy, rule->bytes, rule->first_port - 1u, protocol));
    require(rule->last_port == UINT16_MAX || !allows(policy, rule->bytes, rule->last_port + 1u, protocol));
    if (rule->protocols != (POLICY_TCP | POLICY_UDP))
        require(!allows(policy, rule->bytes, rule->first_port, protocol ^ (POLICY_TCP | POLICY_UDP)));
    for (unsigned bit = 0; bit < 128; bit++) {
        uint8_t other[16];

        memcpy(other, rule->bytes, sizeof(other));
        other[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        require(allows(policy, other, rule->first_port, protocol) ==
                (bit >= rule->prefix && !is_beyond(rule, other)));
    }
}

/* Reads the rule as the broker writes it, as in the log line that says what would allow something. */
static void check_written(const struct policy_rule *rule)
{
    struct policy_address address = {.port = rule->first_port};
    struct policy again = {0};
    struct fc_reason reason;
    char text[128];

    memcpy(address.bytes, rule->bytes, sizeof(address.bytes));
    policy_format_address(&address, text, sizeof(text));
    require(policy_add(&again, POLICY_CONNECT, text, &reason) == 0);
    require(memcmp(again.rules[0].bytes, rule->bytes, 16) == 0 && again.rules[0].prefix == 128);
    require(again.rules[0].first_port == rule->first_port && again.rules[0].last_port == rule->first_port);
    policy_deinit(&again);
}

static void check_rule(const struct policy *policy, const char *text)
{
    const struct policy_rule *rule = &policy->rules[0];

    require(policy->n_rules == 1 && regexec(&documented, text, 0, NULL, 0) == 0);
    require(rule->use == POLICY_CONNECT && rule->prefix <= 128 && rule->first_port <= rule->last_port);
    require(rule->protocols == (strncmp(text, "tcp:", 4) == 0   ? POLICY_TCP
                                : strncmp(text, "udp:", 4) == 0 ? POLICY_UDP
                                                                : POLICY_TCP | POLICY_UDP));
    require(memchr(rule->name, '\0', sizeof(rule->name)) != NULL);
    if (rule->name[0]) {
        require(strstr(text, rule->name) != NULL);
        require(
            !allows(policy, rule->bytes, rule->first_port, rule->protocols)); /* not before it is resolved */
        for (const char *c = rule->name; *c; c++)
            require(isalnum((unsigned char)*c) ||
                    strchr("-._", *c)); /* it is written to /etc/hosts unchanged */
        return;
    }
    check_edges(policy, rule);
    check_written(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    struct policy policy = {0};
    struct fc_reason reason = {.text = ""};
    char text[1024];
    int r;

    if (!documented.re_nsub)
        require(regcomp(&documented, form, REG_EXTENDED) == 0);
    r = policy_add(&policy, POLICY_CONNECT, take_line(&input, text, sizeof(text)), &reason);
    require(r == 0 || (r == -EINVAL && reason.text[0] && policy.n_rules == 0));
    if (r == 0)
        check_rule(&policy, text);
    policy_deinit(&policy);
    return 0;
}
