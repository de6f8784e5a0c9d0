/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, and how each is set. */
#include "broker/python/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/option_value.h"
#include "broker/python/private.h"
#include "broker/python/variables.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/option.h"
#include "firecurtain/time.h"

#define OPTION_BOTH         (FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE)
#define OPTION_MAX_MS       (UINT64_C(24) * 3600000)
#define OPTION_MIN_STATS_MS 100u

const struct fc_option python_options[] = {
    {"module", OPTION_BOTH, true, "faders", "Python module to import; repeatable"},
    {"default-handler", OPTION_BOTH, false, "faders.default",
     "function that handles all channels without a dot"},
    {"insecure-network", OPTION_BOTH, false, "host",
     "host: the script uses the host's network without any restriction; none (default)"},
    {"connect", OPTION_BOTH, true, "tcp:desk.local:8000",
     "what the script may connect or send to: [tcp:|udp:]host:port; repeatable"},
    {"listen", OPTION_BOTH, true, "udp:127.0.0.1:9000",
     "where the script may listen: [tcp:|udp:]address:port; repeatable"},
    {"read", OPTION_BOTH, true, "/opt/venv/lib/python3.11/site-packages",
     "a file or folder that the script may read; repeatable"},
    {"env", OPTION_BOTH, true, "TZ=Europe/Berlin", "a variable of the script's environment; repeatable"},
    {"directory", OPTION_BOTH, false, "show",
     "working directory: state (default), or show: the script's folder; what it writes there goes to /state"},
    {"memory", OPTION_BOTH, false, "512M", "private memory"},
    {"cpu", OPTION_BOTH, false, "50%", "processor time, in percent of one core; needs a delegated cgroup"},
    {"threads", OPTION_BOTH, false, "64", "threads that the script may have"},
    {"connections", OPTION_BOTH, false, "64",
     "network sockets that the script may have; by default only files limits them"},
    {"files", OPTION_BOTH, false, "256", "files and sockets that the script may have open"},
    {"state", OPTION_BOTH, false, "64M", "size of the script's private folder"},
    {"state-files", OPTION_BOTH, false, "10000", "files and folders in it"},
    {"queue", OPTION_BOTH, false, "65536", "events that may wait while the script is busy"},
    {"overflow", OPTION_BOTH, false, "drop-oldest",
     "what happens to more: latest (default: each channel keeps its newest value), drop-oldest, drop-newest"},
    {"rate", OPTION_BOTH, false, "20000",
     "events a second that the script may put out; of more, each channel keeps its newest value"},
    {"restart", OPTION_BOTH, false, "on-failure", "after its end: always (default), on-failure, or never"},
    {"restart-limit", OPTION_BOTH, false, "5/1m", "restarts within a time; after that, none"},
    {"restart-delay", OPTION_BOTH, false, "30s", "the longest delay of a restart; the first is at once"},
    {"reload", OPTION_BOTH, false, "on",
     "on: load the script again when its files change; off (default): on SIGHUP"},
    {"handler-timeout", OPTION_BOTH, false, "5s", "time of a handler until it is interrupted; 0: never"},
    {"start-timeout", OPTION_BOTH, false, "10s", "the same for the import of the modules"},
    {"stop-timeout", OPTION_BOTH, false, "5s", "the same for the cleanup handler"},
    {"stats", OPTION_BOTH, false, "10s", "how often the instance's figures are logged; 0: never (default)"},
    {"log-rate", OPTION_BOTH, false, "100", "lines a second that the script may log"},
    {0},
};

/* Accepts letters, digits and underscores in parts separated by dots; Python judges other alphabets. */
static bool option_is_dotted_name(const char *name)
{
    bool start = true;

    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (*p == '.') {
            if (start)
                return false;
            start = true;
        } else if (*p == '_' || *p >= 0x80 || isalpha(*p) || (!start && isdigit(*p))) {
            start = false;
        } else {
            return false;
        }
    }
    return !start;
}

static int option_module(struct python *python, const char *name, struct fc_reason *reason)
{
    char **modules;

    if (!option_is_dotted_name(name))
        return fc_refuse(
            reason,
            "\"%.100s\" is not the name of a Python module: write it as in an import statement, without .py",
            name);
    if (strcmp(name, "midimonster") == 0)
        return fc_refuse(
            reason, "a module named midimonster would hide the one that scripts import; rename the file");
    modules = grow_by_one(python->modules, python->n_modules, sizeof(char *));
    if (!modules)
        return -ENOMEM;
    python->modules = modules;
    python->modules[python->n_modules] = strdup(name);
    return python->modules[python->n_modules++] ? 0 : -ENOMEM;
}

static int option_default_handler(struct python *python, const char *name, struct fc_reason *reason)
{
    if (!option_is_dotted_name(name) || !strchr(name, '.'))
        return fc_refuse(reason, "default-handler takes module.function, not \"%.100s\"", name);
    free(python->default_handler);
    python->default_handler = strdup(name);
    return python->default_handler ? 0 : -ENOMEM;
}

static int option_network(struct python *python, const char *value, struct fc_reason *reason)
{
    if (strcmp(value, "none") == 0)
        python->network = SPAWN_NETWORK_NONE;
    else if (strcmp(value, "host") == 0)
        python->network = SPAWN_NETWORK_HOST;
    else
        return fc_refuse(reason, "insecure-network is none or host, not \"%.100s\"", value);
    return 0;
}

static int option_connect(struct python *python, const char *value, struct fc_reason *reason)
{
    return policy_add(&python->policy, POLICY_CONNECT, value, reason);
}

static int option_listen(struct python *python, const char *value, struct fc_reason *reason)
{
    return policy_add(&python->policy, POLICY_LISTEN, value, reason);
}

/* Appends a string with its NUL. */
static int option_append(struct guest_strings *strings, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *grown = realloc(strings->text, strings->n_bytes + bytes);

    if (!grown)
        return -ENOMEM;
    memcpy(grown + strings->n_bytes, text, bytes);
    strings->text = grown;
    strings->n_bytes += bytes;
    strings->n++;
    return 0;
}

static int option_read(struct python *python, const char *value, struct fc_reason *reason)
{
    FC_AUTO_FREE char *path = NULL;
    size_t n = strlen(value);

    if (python->reads.n == SPAWN_MAX_READS ||
        python->reads.n_bytes + n + PATH_MAX > SPAWN_MAX_READ_BYTES + PATH_MAX)
        return fc_refuse(reason, "an instance has at most %d options \"read\"", SPAWN_MAX_READS);
    if (asprintf(&path, "%s%s%s", value[0] == '/' ? "" : python->folder, value[0] == '/' ? "" : "/", value) <
        0)
        return -ENOMEM;
    if (!option_value_clean_path(path) || strcmp(path, "/proc") == 0 || strncmp(path, "/proc/", 6) == 0)
        return fc_refuse(reason, "\"%.100s\" cannot be shown: give a file or folder below /, without \"..\"",
                         value);
    if (python->reads.n_bytes + strlen(path) + 1 > SPAWN_MAX_READ_BYTES)
        return fc_refuse(reason, "the options \"read\" of an instance have at most %d bytes",
                         SPAWN_MAX_READ_BYTES);
    return option_append(&python->reads, path);
}

static int option_env(struct python *python, const char *value, struct fc_reason *reason)
{
    const char *equals = strchr(value, '=');

    if (!equals || equals == value)
        return fc_refuse(reason, "env takes NAME=value, not \"%.100s\"", value);
    if (variables_check(value, reason) < 0)
        return -EINVAL;
    if (python->environment.n_bytes + strlen(value) + 1 > SPAWN_MAX_READ_BYTES)
        return fc_refuse(reason, "the environment of an instance has at most %d bytes", SPAWN_MAX_READ_BYTES);
    return option_append(&python->environment, value);
}

static int option_directory(struct python *python, const char *value, struct fc_reason *reason)
{
    bool at_script = strcmp(value, "show") == 0;

    if (!at_script && strcmp(value, "state") != 0)
        return fc_refuse(reason, "directory is state or show, not \"%.50s\"", value);
    return option_env(python, at_script ? SPAWN_DIRECTORY "show" : SPAWN_DIRECTORY "state", reason);
}

static int option_memory(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, PYTHON_LEAST_MEMORY, UINT64_C(1) << 40, true, &python->memory_bytes,
                               reason);
}

static int option_cpu(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_percent(value, &python->cpu_percent, reason);
}

static int option_threads(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 0, 10000, false, &python->threads, reason);
}

static int option_files(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 8, 100000, false, &python->files, reason);
}

static int option_connections(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 1, 4096, false, &python->connections, reason);
}

static int option_log_rate(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 1, 100000, false, &python->log_rate, reason);
}

static int option_state(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 4096, UINT64_C(1) << 50, true, &python->state_bytes, reason);
}

static int option_state_files(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 1, 10000000, false, &python->state_files, reason);
}

/* Parses "200ms", "5s", "1m", or "5", which means seconds. */
static int option_duration(const char *value, uint64_t max_ms, uint64_t *ms, struct fc_reason *reason)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};
    char *end;

    errno = 0;
    *ms = strtoull(value, &end, 10);
    for (size_t i = 0; isdigit((unsigned char)value[0]) && !errno && i < FC_ARRAY_SIZE(units); i++) {
        if (strcmp(end, units[i].name) == 0 && *ms <= max_ms / units[i].ms) {
            *ms *= units[i].ms;
            return 0;
        }
    }
    return fc_refuse(reason, "\"%.50s\" is not a time of at most %llu h, such as 200ms, 5s or 1m", value,
                     (unsigned long long)(max_ms / 3600000));
}

static int option_queue(struct python *python, const char *value, struct fc_reason *reason)
{
    uint64_t limit;
    int r = option_value_number(value, 1, 10000000, false, &limit, reason);

    if (r == 0)
        python->queue.limit = (size_t)limit;
    return r;
}

static int option_overflow(struct python *python, const char *value, struct fc_reason *reason)
{
    static const char *const policies[] = {
        [QUEUE_LATEST] = "latest", [QUEUE_DROP_OLDEST] = "drop-oldest", [QUEUE_DROP_NEWEST] = "drop-newest"};

    for (size_t i = 0; i < FC_ARRAY_SIZE(policies); i++) {
        if (strcmp(value, policies[i]) == 0) {
            python->queue.overflow = (enum queue_overflow)i;
            return 0;
        }
    }
    return fc_refuse(reason, "overflow is latest, drop-oldest or drop-newest, not \"%.50s\"", value);
}

static int option_rate(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_value_number(value, 1, RATE_MAX, false, &python->outflow.per_second, reason);
}

static int option_restart(struct python *python, const char *value, struct fc_reason *reason)
{
    static const char *const modes[] = {
        [RESTART_ALWAYS] = "always", [RESTART_ON_FAILURE] = "on-failure", [RESTART_NEVER] = "never"};

    for (size_t i = 0; i < FC_ARRAY_SIZE(modes); i++) {
        if (strcmp(value, modes[i]) == 0) {
            python->restart.mode = (enum restart_mode)i;
            return 0;
        }
    }
    return fc_refuse(reason, "restart is always, on-failure or never, not \"%.50s\"", value);
}

static int option_restart_limit(struct python *python, const char *value, struct fc_reason *reason)
{
    const char *slash = strchr(value, '/');
    uint64_t ms = 0;
    char number[16];
    int r;

    if (!slash || slash - value >= (ptrdiff_t)sizeof(number))
        return fc_refuse(reason, "restart-limit takes restarts/time, such as 5/1m, not \"%.50s\"", value);
    snprintf(number, sizeof(number), "%.*s", (int)(slash - value), value);
    r = option_value_number(number, 1, RESTART_MAX_LIMIT, false, &python->restart.limit, reason);
    if (r == 0)
        r = option_duration(slash + 1, OPTION_MAX_MS, &ms, reason);
    python->restart.window_ns = ms * FC_NS_PER_MS;
    return r;
}

static int option_restart_delay(struct python *python, const char *value, struct fc_reason *reason)
{
    uint64_t ms;
    int r = option_duration(value, OPTION_MAX_MS, &ms, reason);

    if (r == 0)
        python->restart.max_delay_ns = ms * FC_NS_PER_MS;
    return r;
}

static int option_reload(struct python *python, const char *value, struct fc_reason *reason)
{
    return fc_option_switch(&python->reload, "reload", value, reason);
}

static int option_handler_timeout(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_duration(value, OPTION_MAX_MS, &python->handler_ms, reason);
}

static int option_start_timeout(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_duration(value, OPTION_MAX_MS, &python->start_ms, reason);
}

static int option_stop_timeout(struct python *python, const char *value, struct fc_reason *reason)
{
    return option_duration(value, OPTION_MAX_MS, &python->stop_ms, reason);
}

static int option_stats(struct python *python, const char *value, struct fc_reason *reason)
{
    int r = option_duration(value, OPTION_MAX_MS, &python->stats_ms, reason);

    if (r == 0 && python->stats_ms && python->stats_ms < OPTION_MIN_STATS_MS)
        return fc_refuse(reason, "\"%.50s\" is too short: at least %u ms, or 0 for never", value,
                         OPTION_MIN_STATS_MS);
    return r;
}

static const struct {
    const char *name;
    int (*set)(struct python *python, const char *value, struct fc_reason *reason);
} option_setters[] = {
    {"module", option_module},
    {"default-handler", option_default_handler},
    {"insecure-network", option_network},
    {"connect", option_connect},
    {"listen", option_listen},
    {"read", option_read},
    {"env", option_env},
    {"directory", option_directory},
    {"memory", option_memory},
    {"cpu", option_cpu},
    {"threads", option_threads},
    {"connections", option_connections},
    {"files", option_files},
    {"log-rate", option_log_rate},
    {"queue", option_queue},
    {"overflow", option_overflow},
    {"rate", option_rate},
    {"restart", option_restart},
    {"restart-limit", option_restart_limit},
    {"restart-delay", option_restart_delay},
    {"reload", option_reload},
    {"handler-timeout", option_handler_timeout},
    {"start-timeout", option_start_timeout},
    {"stop-timeout", option_stop_timeout},
    {"stats", option_stats},
    {"state", option_state},
    {"state-files", option_state_files},
};

_Static_assert(FC_ARRAY_SIZE(option_setters) <= 32, "python_is_given() has a bit for each");

bool python_is_given(const struct python *python, const char *option)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(option_setters); i++) {
        if (strcmp(option_setters[i].name, option) == 0)
            return python->given & 1u << i;
    }
    return false;
}

int python_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                     struct fc_reason *reason)
{
    struct python *python = self;

    (void)scope;
    for (size_t i = 0; i < FC_ARRAY_SIZE(option_setters); i++) {
        if (strcmp(option_setters[i].name, option) != 0)
            continue;
        python->given |= 1u << i;
        return option_setters[i].set(python, value, reason);
    }
    return fc_refuse(reason, "unknown option"); /* the tables differ, which a test would find */
}
