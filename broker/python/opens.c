/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of an instance open, in words. */
#include "broker/python/opens.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/gate/policy_describe.h"
#include "broker/python/private.h"

static void opens_line(FILE *out, const char *option, const char *words)
{
    fprintf(out, "    %-34s  %s\n", option, words);
}

/* Writes "512M" as in an option, or "512 MiB". */
static void opens_size(uint64_t bytes, bool words, char *text, size_t n)
{
    static const char *const units[] = {"", "k", "M", "G"};
    static const char *const names[] = {"bytes", "KiB", "MiB", "GiB"};
    unsigned unit = 0;

    for (; unit < 3 && bytes && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    if (words)
        snprintf(text, n, "%" PRIu64 " %s", bytes, names[unit]);
    else
        snprintf(text, n, "%" PRIu64 "%s", bytes, units[unit]);
}

static void opens_print_size(FILE *out, const char *name, uint64_t bytes, const char *words)
{
    char option[64], line[256], size[32];

    opens_size(bytes, false, size, sizeof(size));
    snprintf(option, sizeof(option), "%s = %s", name, size);
    opens_size(bytes, true, size, sizeof(size));
    snprintf(line, sizeof(line), "%s %s", size, words);
    opens_line(out, option, line);
}

static void opens_print_number(FILE *out, const char *name, uint64_t number, const char *words)
{
    char option[64], line[256];

    snprintf(option, sizeof(option), "%s = %" PRIu64, name, number);
    snprintf(line, sizeof(line), "%" PRIu64 " %s", number, words);
    opens_line(out, option, line);
}

static void opens_print_strings(FILE *out, const char *name, const struct guest_strings *strings,
                                const char *words)
{
    const char *text = strings->text;

    for (uint32_t i = 0; i < strings->n; i++, text += strlen(text) + 1) {
        char option[PATH_MAX + 16];

        snprintf(option, sizeof(option), "%s = %s", name, text);
        opens_line(out, option, words);
    }
}

static void opens_print_network(const struct python *python, FILE *out)
{
    char option[320], words[768];

    if (python->network == SPAWN_NETWORK_HOST)
        opens_line(out, "insecure-network = host",
                   "may talk to everything that this machine can reach, services on its loopback included");
    else if (!python->policy.n_read)
        opens_line(out, "no connect, no listen", "no network");
    for (size_t i = 0; i < python->policy.n_read; i++) {
        policy_describe(&python->policy, i, option, sizeof(option), words, sizeof(words));
        opens_line(out, option, words);
    }
}

void python_print_opens(const struct fc_instance *instance, FILE *out)
{
    const struct python *python = instance->self;

    opens_print_network(python, out);
    opens_print_strings(out, "read", &python->reads, "may read this, in its usual place");
    opens_print_strings(out, "env", &python->environment, "sees this variable");
    opens_print_size(out, "memory", python->memory_bytes, "of private memory");
    if (python->cpu_percent) {
        char option[32], words[64];

        snprintf(option, sizeof(option), "cpu = %" PRIu64 "%%", python->cpu_percent);
        snprintf(words, sizeof(words), "%" PRIu64 " %% of one core", python->cpu_percent);
        opens_line(out, option, words);
    } else {
        opens_line(out, "no cpu", "no limit on processor time");
    }
    opens_print_number(out, "threads", python->threads, "threads in addition to the first");
    opens_print_number(out, "files", python->files, "files and sockets open at once");
    if (python->connections)
        opens_print_number(out, "connections", python->connections, "network sockets at once");
    opens_print_size(out, "state", python->state_bytes, "in its private folder");
    opens_print_number(out, "state-files", python->state_files, "files and folders in it");
    opens_print_number(out, "log-rate", python->log_rate, "lines a second in the log");
}
