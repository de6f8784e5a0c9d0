/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collects what a backend needs. Files and devices are the driver's own affair: it confines itself to them.
 * In the broker, and in `check --sandbox`.
 */
#include "broker/proxy/needs.h"

#include <stdio.h>
#include <string.h>

static void needs_say(struct fc_needs *needs, const char *option, const char *words)
{
    if (!needs->out)
        return;
    fprintf(needs->out, "    %-34s  %s\n", option, words);
    needs->n_said++;
}

/* Says what is done with something of a kind. */
static void needs_say_of(struct fc_needs *needs, const char *kind, const char *what, const char *words)
{
    char option[320];

    snprintf(option, sizeof(option), "%s %s", kind, what);
    needs_say(needs, option, words);
}

void fc_need_file(struct fc_needs *needs, const char *path)
{
    needs_say_of(needs, "file", path, "may read this, and what is below it");
}

void fc_need_device(struct fc_needs *needs, const char *path)
{
    needs_say_of(needs, "device", path, "may read, write and control this, and what is below it");
}

void fc_need_group(struct fc_needs *needs, const char *group)
{
    needs_say_of(needs, "group", group, "opens devices as a member, also if root starts the broker");
}

void fc_need_host(struct fc_needs *needs, const char *host, const char *port)
{
    bool is_v6 = strchr(host, ':');
    char rule[300], words[400];

    snprintf(rule, sizeof(rule), "tcp:%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    if (needs->policy && needs->r == 0)
        needs->r = policy_add(needs->policy, POLICY_CONNECT, rule, &needs->reason);
    snprintf(words, sizeof(words), "may open TCP connections to %s, port %s", host, port);
    needs_say_of(needs, "host", host, words);
}
