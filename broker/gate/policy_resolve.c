/* SPDX-License-Identifier: BSD-2-Clause */
/* Names become addresses once, and the worker's /etc/hosts gets the same ones. */
#include "broker/gate/policy_resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gate/policy_private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/lookup.h"

static const char policy_own_names[] = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n";

static int policy_resolve_address(struct policy *policy, const struct policy_rule *rule,
                                  const struct addrinfo *info, FILE *hosts)
{
    struct policy_rule resolved = *rule;
    struct policy_address address;
    char text[64];
    int r = policy_read_address(&address, info->ai_addr, info->ai_addrlen);

    if (r < 0)
        return 0; /* a family that scripts cannot use */
    memcpy(resolved.bytes, address.bytes, sizeof(resolved.bytes));
    resolved.prefix = 128;
    resolved.name[0] = '\0';
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0 &&
        strcmp(rule->name, "localhost") != 0)
        fprintf(hosts, "%s %s\n", text, rule->name);
    return policy_push(policy, &resolved);
}

static int policy_resolve_name(struct policy *policy, const struct policy_rule *rule,
                               struct fc_lookups *lookups, FILE *hosts, struct fc_reason *reason)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct addrinfo *list;
    int error = fc_lookup(lookups, rule->name, NULL, &hints, &list);
    int r = 0;

    if (error == EAI_INPROGRESS)
        return -EINPROGRESS;
    if (error) {
        fc_refuse(reason, "the name \"%.100s\" cannot be resolved: %s", rule->name, fc_lookup_words(error));
        return -EHOSTUNREACH;
    }
    for (const struct addrinfo *info = list; r == 0 && info; info = info->ai_next)
        r = policy_resolve_address(policy, rule, info, hosts);
    return r;
}

/* Asks for all names at once, even if there is no answer to the first yet. */
static int policy_resolve_names(struct policy *next, const struct policy *policy, struct fc_lookups *lookups,
                                FILE *hosts, struct fc_reason *reason)
{
    bool is_waiting = false;
    int r = 0;

    for (size_t i = 0; (r == 0 || r == -EINPROGRESS) && i < policy->n_rules; i++) {
        r = policy->rules[i].name[0] ? policy_resolve_name(next, &policy->rules[i], lookups, hosts, reason)
                                     : 0;
        is_waiting |= r == -EINPROGRESS;
    }
    return r == 0 && is_waiting ? -EINPROGRESS : r;
}

/* Copies the rules that were read. */
static int policy_copy_read(const struct policy *policy, struct policy *copy)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < policy->n_rules; i++)
        r = policy_push(copy, &policy->rules[i]);
    return r;
}

int policy_resolve(struct policy *policy, struct fc_lookups *lookups, struct fc_reason *reason)
{
    FC_CLEANUP(policy_deinit) struct policy next = {0};
    FC_AUTO_FREE char *text = NULL;
    size_t bytes;
    FILE *hosts = NULL;
    int r;

    if (policy->hosts)
        return 0; /* resolved once per configuration */
    r = policy_copy_read(policy, &next);
    if (r == 0 && !(hosts = open_memstream(&text, &bytes)))
        r = -ENOMEM;
    if (r < 0)
        return r;
    fputs(policy_own_names, hosts);
    r = policy_resolve_names(&next, policy, lookups, hosts, reason);
    if (fclose(hosts) != 0 && r == 0)
        r = -ENOMEM;
    if (r < 0)
        return r;
    free(policy->rules);
    policy->rules = fc_steal(next.rules);
    policy->n_rules = next.n_rules;
    policy->hosts = fc_steal(text);
    return 0;
}
