/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of sACN, from text. Pure; used in the broker. */
#include "broker/backends/sacn_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/dmx_option.h"
#include "broker/backends/sacn_cid.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/option.h"

#define BLANKS       " \t"
#define DEFAULT_BIND "0.0.0.0"
#define DEFAULT_NAME "firecurtain"
#define PORT_TEXT    "5568"

#define EVERYWHERE (FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE)

const struct fc_option sacn_options[] = {
    {"name", FC_SCOPE_BACKEND, false, "Stage left", "What receivers call this source"},
    {"cid", FC_SCOPE_BACKEND, false, "8e3c43ac-6a5b-4f3c-9d4c-0b1a2c3d4e5f",
     "What tells this source from others: a UUID, or 16 numbers"},
    {"bind", FC_SCOPE_BACKEND, true, "10.0.0.2 5568 local",
     "Address of the interface, and port; local: programs on this machine hear us, too; device=NAME: the "
     "interface"},
    {"ttl", FC_SCOPE_BACKEND, false, "1", "How many routers multicast passes, from 1 to 255"},
    {"detect", FC_SCOPE_BACKEND, false, "on",
     "Log each universe that is received and that no instance has, and what sources announce"},
    {"universe", FC_SCOPE_INSTANCE, false, "1", "Number of the universe, from 1 to 63999"},
    {"uni", FC_SCOPE_INSTANCE, false, "1", "The same as universe"},
    {"interface", FC_SCOPE_INSTANCE, false, "0", "Which bind to use, in the order of their lines"},
    {"iface", FC_SCOPE_INSTANCE, false, "0", "The same as interface"},
    {"priority", FC_SCOPE_INSTANCE, false, "100", "Send, with this priority, from 1 to 200; 0: do not"},
    {"destination", FC_SCOPE_INSTANCE, false, "10.0.0.5", "Host and port to send to, rather than multicast"},
    {"dest", FC_SCOPE_INSTANCE, false, "10.0.0.5", "The same as destination"},
    {"from", FC_SCOPE_INSTANCE, false, "8e3c43ac-6a5b-4f3c-9d4c-0b1a2c3d4e5f",
     "Receive only from the source with this CID"},
    {"unicast", FC_SCOPE_INSTANCE, false, "1", "Do not receive multicast"},
    {"preview", EVERYWHERE, false, "on", "Receive also what is not meant for the stage"},
    {"per-address-priority", EVERYWHERE, false, "off", "Heed priorities of single slots, or not"},
    {"sync-universe", EVERYWHERE, false, "7", "Synchronize what is sent, by packets to this universe"},
    {"merge", EVERYWHERE, false, "htp",
     "What senders of equal priority make together: first, htp, ltp or off"},
    {"on-loss", EVERYWHERE, false, "zero", "What channels become if nobody sends: hold or zero"},
    {"rate", EVERYWHERE, false, "44", "The most frames to send in a second"},
    {"realtime", FC_SCOPE_INSTANCE, false, "1", "Send each change at once, with no limit"},
    {.name = NULL},
};

void sacn_config_init(struct sacn_config *config)
{
    *config = (struct sacn_config){.ttl = 1, .takes_priorities = true, .name = DEFAULT_NAME};
}

void sacn_config_deinit(struct sacn_config *config)
{
    for (size_t i = 0; i < config->n_binds; i++)
        net_host_clear(&config->binds[i].host);
    net_host_clear(&config->destination);
}

static int set_device(struct sacn_config_bind *bind, const char *name, struct fc_reason *reason)
{
    if (!name[0] || strlen(name) >= sizeof(bind->device))
        return fc_refuse(reason, "\"%.40s\" does not name an interface, such as device=eth0", name);
    strcpy(bind->device, name);
    return 0;
}

/* Takes local and device=NAME off the words of a bind; what is left are a host and a port. */
static int take_words(struct sacn_config_bind *bind, char *value, char *host, struct fc_reason *reason)
{
    char *rest;
    int r = 0;

    host[0] = '\0';
    for (char *word = strtok_r(value, BLANKS, &rest); word && r == 0; word = strtok_r(NULL, BLANKS, &rest)) {
        if (strcmp(word, "local") == 0)
            bind->is_local = true;
        else if (strncmp(word, "device=", 7) == 0)
            r = set_device(bind, word + 7, reason);
        else
            strcat(strcat(host, host[0] ? " " : ""), word);
    }
    return r;
}

static int add_bind(struct sacn_config *config, const char *value, struct fc_reason *reason)
{
    FC_AUTO_FREE char *words = strdup(value), *host = malloc(strlen(value) + 1);
    struct sacn_config_bind *bind = &config->binds[config->n_binds];
    int r;

    if (!words || !host)
        return -ENOMEM;
    if (config->n_binds == SACN_MAX_BINDS)
        return fc_refuse(reason, "there are at most %d binds", SACN_MAX_BINDS);
    r = take_words(bind, words, host, reason);
    if (r == 0)
        r = net_host_read(&bind->host, host, PORT_TEXT, 0, reason);
    if (r >= 0)
        config->n_binds++;
    return r;
}

static int set_name(struct sacn_config *config, const char *value, struct fc_reason *reason)
{
    if (!value[0] || strlen(value) >= SACN_NAME_BYTES)
        return fc_refuse(reason, "name has 1 to %d bytes", SACN_NAME_BYTES - 1);
    memset(config->name, 0, sizeof(config->name)); /* all of it is sent */
    memcpy(config->name, value, strlen(value));
    return 0;
}

static int set_from(struct sacn_config *config, const char *option, const char *value,
                    struct fc_reason *reason)
{
    int r = sacn_cid_read(config->wanted, option, value, reason);

    config->is_filtered = r == 0;
    return r;
}

static int set_cid(struct sacn_config *config, const char *option, const char *value,
                   struct fc_reason *reason)
{
    int r = sacn_cid_read(config->cid, option, value, reason);

    config->has_cid = r == 0;
    return r;
}

/* Has the options of [backend sacn]. */
static int set_backend(struct sacn_config *config, const char *option, const char *value,
                       struct fc_reason *reason)
{
    if (strcmp(option, "bind") == 0)
        return add_bind(config, value, reason);
    if (strcmp(option, "name") == 0)
        return set_name(config, value, reason);
    if (strcmp(option, "cid") == 0)
        return set_cid(config, option, value, reason);
    if (strcmp(option, "ttl") == 0)
        return dmx_option_number(&config->ttl, option, value, 1, UINT8_MAX, reason);
    if (strcmp(option, "detect") == 0)
        return dmx_option_detect(&config->detect, value, reason);
    return fc_refuse(reason, "the backend sacn has no option \"%.80s\"", option);
}

int sacn_config_set(struct sacn_config *config, const char *option, const char *value,
                    struct fc_reason *reason)
{
    if (strcmp(option, "universe") == 0 || strcmp(option, "uni") == 0)
        return dmx_option_number(&config->universe, option, value, 1, SACN_MAX_UNIVERSE, reason);
    if (strcmp(option, "interface") == 0 || strcmp(option, "iface") == 0)
        return dmx_option_number(&config->interface, option, value, 0, SACN_MAX_BINDS - 1, reason);
    if (strcmp(option, "priority") == 0)
        return dmx_option_number(&config->priority, option, value, 0, SACN_MAX_PRIORITY, reason);
    if (strcmp(option, "destination") == 0 || strcmp(option, "dest") == 0)
        return net_host_read(&config->destination, value, PORT_TEXT, 1, reason);
    if (strcmp(option, "from") == 0)
        return set_from(config, option, value, reason);
    if (strcmp(option, "unicast") == 0)
        return fc_option_switch(&config->is_unicast, option, value, reason);
    if (strcmp(option, "preview") == 0)
        return fc_option_switch(&config->takes_preview, option, value, reason);
    if (strcmp(option, "per-address-priority") == 0)
        return fc_option_switch(&config->takes_priorities, option, value, reason);
    if (strcmp(option, "sync-universe") == 0)
        return dmx_option_number(&config->sync_universe, option, value, 0, SACN_MAX_UNIVERSE, reason);
    return set_backend(config, option, value, reason);
}

int sacn_config_complete(struct sacn_config *config, struct fc_reason *reason)
{
    int r = config->n_binds ? 0 : add_bind(config, DEFAULT_BIND, reason);

    if (r < 0)
        return r;
    if (!config->universe)
        return fc_refuse(reason, "universe = NUMBER is missing, from 1 to %d", SACN_MAX_UNIVERSE);
    if (config->interface >= config->n_binds)
        return fc_refuse(reason, "interface = %u, but there are only %zu binds, counted from 0",
                         config->interface, config->n_binds);
    return 0;
}
