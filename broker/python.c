/* See python.h: options, channels and events of a Python instance. */
#include "broker/python.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/python_private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define PYTHON_QUEUE_EVENTS 65536

static const struct fc_option python_options[] = {
    {"module", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, true, "faders", "Python module to import; repeatable"},
    {"default-handler", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "faders.default",
     "function that handles all channels without a dot"},
    {"network", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "none",
     "none (default), or host: the script may use the host's network without any limit"},
    {"connect", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, true, "tcp:desk.local:8000",
     "what the script may connect or send to: [tcp:|udp:]host:port; repeatable"},
    {"listen", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, true, "udp:127.0.0.1:9000",
     "where the script may listen: [tcp:|udp:]address:port; repeatable"},
    {0},
};

static void *python_instance_new(struct fc_instance *instance, const char *directory)
{
    struct python *python = calloc(1, sizeof(*python));

    if (!python)
        return NULL;
    python->instance = instance;
    python->folder = strdup(directory);
    queue_init(&python->queue, PYTHON_QUEUE_EVENTS);
    if (python->folder)
        return python;
    free(python);
    return NULL;
}

static void python_instance_free(void *self)
{
    struct python *python = self;

    if (!python)
        return;
    for (size_t i = 0; i < python->n_modules; i++)
        free(python->modules[i]);
    free(python->modules);
    free(python->default_handler);
    free(python->folder);
    free(python->inputs);
    free(python->outputs);
    free(python->setup_channels);
    queue_deinit(&python->queue);
    policy_deinit(&python->policy);
    free(python);
}

/* Letters, digits and underscores in parts separated by dots; other alphabets are Python's to judge. */
static bool python_is_dotted_name(const char *name)
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

static int python_add_module(struct python *python, const char *name, struct fc_reason *reason)
{
    char **modules;

    if (!python_is_dotted_name(name))
        return fc_refuse(reason,
                         "\"%s\" is no name of a Python module: write it as in an import statement, "
                         "without .py",
                         name);
    if (strcmp(name, "midimonster") == 0)
        return fc_refuse(
            reason, "a module named midimonster would hide the one that scripts import; rename the file");
    modules = reallocarray(python->modules, python->n_modules + 1, sizeof(char *));
    if (!modules)
        return -ENOMEM;
    python->modules = modules;
    python->modules[python->n_modules] = strdup(name);
    return python->modules[python->n_modules++] ? 0 : -ENOMEM;
}

static int python_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                            struct fc_reason *reason)
{
    struct python *python = self;

    (void)scope;
    if (strcmp(option, "module") == 0)
        return python_add_module(python, value, reason);
    if (strcmp(option, "default-handler") == 0) {
        if (!python_is_dotted_name(value) || !strchr(value, '.'))
            return fc_refuse(reason, "default-handler takes module.function, not \"%s\"", value);
        free(python->default_handler);
        python->default_handler = strdup(value);
        return python->default_handler ? 0 : -ENOMEM;
    }
    if (strcmp(option, "connect") == 0)
        return policy_add(&python->policy, POLICY_CONNECT, value, reason);
    if (strcmp(option, "listen") == 0)
        return policy_add(&python->policy, POLICY_LISTEN, value, reason);
    if (strcmp(value, "none") == 0)
        python->network = SPAWN_NETWORK_NONE;
    else if (strcmp(value, "host") == 0)
        python->network = SPAWN_NETWORK_HOST;
    else
        return fc_refuse(reason, "network is none or host, not \"%s\"", value);
    return 0;
}

int python_add_values(struct python *python, uint32_t id)
{
    uint32_t capacity = python->values_capacity ? python->values_capacity * 2 : 64;
    double *inputs, *outputs;

    if (id < python->n_values)
        return 0;
    while (capacity <= id)
        capacity *= 2;
    if (id >= python->values_capacity) {
        inputs = realloc(python->inputs, capacity * sizeof(*inputs));
        if (inputs)
            python->inputs = inputs;
        outputs = realloc(python->outputs, capacity * sizeof(*outputs));
        if (outputs)
            python->outputs = outputs;
        if (!inputs || !outputs)
            return -ENOMEM;
        python->values_capacity = capacity;
    }
    for (; python->n_values <= id; python->n_values++)
        python->inputs[python->n_values] = python->outputs[python->n_values] = 0.0;
    return 0;
}

static int python_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    (void)directions;
    if (strlen(name) > CODEC_MAX_NAME)
        return fc_refuse(reason, "a channel name has at most %u bytes", CODEC_MAX_NAME);
    return python_add_values(self, id);
}

/* A full queue says so once a second at most. */
static void python_warn_full(struct python *python)
{
    uint64_t now_ns = fc_now_ns();

    if (python->queue_warned_ns && now_ns - python->queue_warned_ns < FC_NS_PER_S)
        return;
    fc_log(FC_LOG_WARNING, python->instance->name,
           "cannot keep up: %llu values gave way to newer ones of the same channel",
           (unsigned long long)(python->queue.replaced - python->queue_warned));
    python->queue_warned = python->queue.replaced;
    python->queue_warned_ns = now_ns;
}

static void python_set(void *self, uint32_t channel, double value)
{
    struct python *python = self;

    if (queue_push(&python->queue, channel, value) < 0)
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: an event was lost");
    if (python->queue.replaced != python->queue_warned)
        python_warn_full(python);
}

static void python_flush(void *self)
{
    python_pump(self);
}

void python_pump(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    size_t n;

    if (!guest_is_idle(python->guest) || python->stopping)
        return;
    n = queue_peek(&python->queue, &channels, &values);
    n = guest_send(python->guest, channels, values, n);
    for (size_t i = 0; i < n; i++)
        python->inputs[channels[i]] = values[i];
    queue_consume(&python->queue, n);
}

const struct fc_backend backend_python = {
    .name = "python",
    .options = python_options,
    .instance_new = python_instance_new,
    .instance_free = python_instance_free,
    .configure = python_configure,
    .channel = python_channel,
    .start = python_start,
    .stop = python_stop,
    .set = python_set,
    .flush = python_flush,
    .quiesce = python_quiesce,
};
