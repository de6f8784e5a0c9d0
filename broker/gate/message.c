/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks messages between the broker and a gate, and turns policies into rules of one. Runs in both. */
#include "broker/gate/message.h"

#include <errno.h>
#include <string.h>

#include "broker/gate/policy_private.h"

#define MESSAGE_MAX_FILES 65536u /* numbers of descriptors that are ever looked at */

size_t gate_add_bytes(const struct gate_add *add)
{
    return offsetof(struct gate_add, rules) + add->n_rules * sizeof(add->rules[0]);
}

static bool message_is_rule(const struct gate_rule *rule)
{
    return rule->use <= POLICY_LISTEN && rule->protocols && rule->protocols <= (POLICY_TCP | POLICY_UDP) &&
           rule->prefix <= 128 && rule->only_v6 <= 1 && rule->first_port <= rule->last_port;
}

static bool message_is_add(const struct gate_add *add, size_t bytes)
{
    if (bytes < offsetof(struct gate_add, rules) || add->n_rules > GATE_MAX_RULES ||
        bytes != gate_add_bytes(add) || add->files > MESSAGE_MAX_FILES ||
        !memchr(add->instance, '\0', sizeof(add->instance)) ||
        !memchr(add->state_folder, '\0', sizeof(add->state_folder)))
        return false;
    for (uint32_t i = 0; i < add->n_rules; i++) {
        if (!message_is_rule(&add->rules[i]))
            return false;
    }
    return true;
}

bool gate_request_is_sound(const struct gate_add *request, size_t bytes, size_t n_descriptors)
{
    if (bytes < sizeof(request->head) || request->head.kind >= GATE_REQUESTS_)
        return false;
    if ((request->head.kind == GATE_KNOWN) != (request->head.id == 0))
        return false;
    if (request->head.kind == GATE_ADD)
        return n_descriptors == GATE_DESCRIPTORS_ && message_is_add(request, bytes);
    return n_descriptors == 0 && bytes == sizeof(request->head) && request->head.fd >= 0;
}

bool gate_notice_is_sound(const struct gate_notice *notice, size_t bytes, size_t n_descriptors)
{
    bool has_descriptor = notice->kind == GATE_PLACED && notice->error == 0;

    return bytes == sizeof(*notice) && notice->kind < GATE_NOTICES_ && notice->error <= 0 &&
           notice->fd >= 0 && n_descriptors == (has_descriptor ? 1 : 0) &&
           memchr(notice->text, '\0', sizeof(notice->text));
}

int gate_write_rules(struct gate_add *add, const struct policy *policy)
{
    add->n_rules = 0;
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        struct gate_rule *written = &add->rules[add->n_rules];

        if (rule->name[0])
            continue;
        if (add->n_rules == GATE_MAX_RULES)
            return -E2BIG;
        *written = (struct gate_rule){
            .use = (uint8_t)rule->use,
            .protocols = (uint8_t)rule->protocols,
            .prefix = (uint8_t)rule->prefix,
            .only_v6 = rule->only_v6,
            .first_port = rule->first_port,
            .last_port = rule->last_port,
        };
        memcpy(written->bytes, rule->bytes, sizeof(written->bytes));
        add->n_rules++;
    }
    return 0;
}

int gate_read_rules(struct policy *policy, const struct gate_add *add)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < add->n_rules; i++) {
        const struct gate_rule *rule = &add->rules[i];
        struct policy_rule read = {
            .use = rule->use,
            .protocols = rule->protocols,
            .prefix = rule->prefix,
            .only_v6 = rule->only_v6,
            .first_port = rule->first_port,
            .last_port = rule->last_port,
        };

        memcpy(read.bytes, rule->bytes, sizeof(read.bytes));
        r = policy_push(policy, &read);
    }
    return r;
}
