/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of RTP-MIDI, from text, in any order. Pure; used in the broker. */
#include "broker/rtpmidi/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/option.h"

#define DEFAULT_BIND ":: 0" /* any free port */
#define MAX_CONTROL  (UINT16_MAX - 1)

const struct fc_option rtpmidi_options[] = {
    {"detect", FC_SCOPE_BACKEND, false, "on", "Log every message that comes in, and the name of its channel"},
    {"mdns-name", FC_SCOPE_BACKEND, false, "stage", "Has no effect: Avahi announces sessions"},
    {"mdns-interface", FC_SCOPE_BACKEND, false, "eth0", "Has no effect: Avahi announces sessions"},
    {"mode", FC_SCOPE_INSTANCE, false, "apple", "direct: packets alone; apple: a session with each peer"},
    {"bind", FC_SCOPE_INSTANCE, false, "0.0.0.0 5005",
     "Host and data port to receive on; the control port of a session is one below"},
    {"peer", FC_SCOPE_INSTANCE, true, "10.0.0.5 5004",
     "Host and port to send to; of a session to invite, the control port"},
    {"ssrc", FC_SCOPE_INSTANCE, false, "0xDEADBEEF", "The number of this sender, instead of a random one"},
    {"learn", FC_SCOPE_INSTANCE, false, "true", "direct: every sender is a peer"},
    {"join", FC_SCOPE_INSTANCE, true, "*", "apple: the name of a session that may join, or * for all"},
    {"invite", FC_SCOPE_INSTANCE, true, "stage", "Has no effect: sessions are invited by peer"},
    {"epn-tx", FC_SCOPE_INSTANCE, false, "short",
     "Whether rpn and nrpn are deselected once they are set: full or short"},
    {"note-off", FC_SCOPE_INSTANCE, false, "on",
     "Whether notes end by Note Off, rather than a velocity of 0"},
    {.name = NULL},
};

void rtpmidi_config_deinit(struct rtpmidi_config *config)
{
    net_host_clear(&config->bind);
    for (size_t i = 0; i < config->n_peers; i++)
        net_host_clear(&config->peers[i]);
    for (size_t i = 0; i < config->n_joins; i++)
        free(config->joins[i]);
}

static int set_mode(struct rtpmidi_config *config, const char *value, struct fc_reason *reason)
{
    if (strcmp(value, "direct") == 0)
        config->mode = RTPMIDI_DIRECT;
    else if (strcmp(value, "apple") == 0)
        config->mode = RTPMIDI_APPLE;
    else
        return fc_refuse(reason, "mode is direct or apple, not \"%.40s\"", value);
    return 0;
}

static int add_peer(struct rtpmidi_config *config, const char *value, struct fc_reason *reason)
{
    int r;

    if (config->n_peers == RTPMIDI_MAX_PEERS)
        return fc_refuse(reason, "there are at most %d peers", RTPMIDI_MAX_PEERS);
    r = net_host_read(&config->peers[config->n_peers], value, NULL, 1, reason);
    if (r >= 0)
        config->n_peers++;
    return r;
}

static int add_join(struct rtpmidi_config *config, const char *value, struct fc_reason *reason)
{
    if (config->n_joins == RTPMIDI_MAX_JOINS)
        return fc_refuse(reason, "join is given at most %d times", RTPMIDI_MAX_JOINS);
    if (!value[0] || strlen(value) >= RTPMIDI_NAME_BYTES)
        return fc_refuse(reason, "join is the name of a session, of 1 to %d bytes, or *",
                         RTPMIDI_NAME_BYTES - 1);
    config->joins[config->n_joins] = strdup(value);
    if (!config->joins[config->n_joins])
        return -ENOMEM;
    config->n_joins++;
    return 0;
}

static int set_ssrc(struct rtpmidi_config *config, const char *value, struct fc_reason *reason)
{
    char *end = NULL;
    unsigned long read = value[0] >= '0' && value[0] <= '9' ? strtoul(value, &end, 0) : 0;

    if (!end || *end || read == 0 || read > UINT32_MAX)
        return fc_refuse(reason, "ssrc is a number from 1 to 0xFFFFFFFF, not \"%.40s\"", value);
    config->ssrc = (uint32_t)read;
    config->has_ssrc = true;
    return 0;
}

/* Says what to write instead of an option that needs to look for other sessions. */
static int doubt_discovery(const char *option, const char *value, struct fc_reason *reason)
{
    if (strcmp(option, "invite") == 0)
        return fc_doubt(reason,
                        "nobody is invited by name, since sessions are not looked for: write peer = HOST "
                        "PORT, with the control port of \"%.60s\", which is usually 5004",
                        value);
    return fc_doubt(reason,
                    "%s has no effect: let Avahi announce the session, by a file in /etc/avahi/services, as "
                    "in the chapter RTP-MIDI of docs/configuration.md",
                    option);
}

int rtpmidi_config_set(struct rtpmidi_config *config, const char *option, const char *value,
                       struct fc_reason *reason)
{
    if (strcmp(option, "mode") == 0)
        return set_mode(config, value, reason);
    if (strcmp(option, "bind") == 0)
        return net_host_read(&config->bind, value, "0", 0, reason);
    if (strcmp(option, "peer") == 0)
        return add_peer(config, value, reason);
    if (strcmp(option, "join") == 0)
        return add_join(config, value, reason);
    if (strcmp(option, "learn") == 0)
        return fc_option_switch(&config->learns, option, value, reason);
    if (strcmp(option, "ssrc") == 0)
        return set_ssrc(config, value, reason);
    if (strcmp(option, "detect") == 0)
        return fc_option_detect(&config->detect, value, reason);
    if (strcmp(option, "invite") == 0 || strcmp(option, "mdns-name") == 0 ||
        strcmp(option, "mdns-interface") == 0)
        return doubt_discovery(option, value, reason);
    return fc_refuse(reason, "the backend rtpmidi has no option \"%.80s\"", option);
}

static unsigned long port_of(const struct net_host *host)
{
    return strtoul(host->port, NULL, 10);
}

static int check_direct(const struct rtpmidi_config *config, struct fc_reason *reason)
{
    if (config->n_joins)
        return fc_doubt(reason, "join has no effect in direct mode, which has no sessions");
    if (!config->n_peers && !config->learns)
        return fc_doubt(reason, "nothing is received or sent: set peer = HOST PORT, or learn = true");
    return 0;
}

/* Checks that both ports of each session exist. */
static int check_apple(const struct rtpmidi_config *config, struct fc_reason *reason)
{
    if (port_of(&config->bind) == 1)
        return fc_refuse(reason,
                         "bind is the data port, and the control port is one below: port 1 is too low");
    for (size_t i = 0; i < config->n_peers; i++) {
        if (port_of(&config->peers[i]) > MAX_CONTROL)
            return fc_refuse(reason,
                             "peer is the control port, and the data port is one above: port %s is too high",
                             config->peers[i].port);
    }
    if (config->learns)
        return fc_doubt(reason, "learn has no effect with sessions: set join = *, so that others may join");
    if (!config->n_peers && !config->n_joins)
        return fc_doubt(reason,
                        "nothing is received or sent: set peer = HOST PORT to invite somebody, or join = *, "
                        "so that others may join");
    return 0;
}

int rtpmidi_config_complete(struct rtpmidi_config *config, struct fc_reason *reason)
{
    int r = config->bind.name ? 0 : net_host_read(&config->bind, DEFAULT_BIND, NULL, 0, reason);

    if (r < 0)
        return r;
    if (config->mode == RTPMIDI_NO_MODE)
        return fc_refuse(reason, "mode = apple or mode = direct is missing");
    return config->mode == RTPMIDI_DIRECT ? check_direct(config, reason) : check_apple(config, reason);
}

int rtpmidi_config_beside(const struct rtpmidi_config *config, const struct rtpmidi_config *other,
                          const char *name, struct fc_reason *reason)
{
    unsigned long port = port_of(&config->bind), its_port = port_of(&other->bind);
    unsigned long low = port - (config->mode == RTPMIDI_APPLE),
                  its_low = its_port - (other->mode == RTPMIDI_APPLE);

    if (!port || !its_port || strcmp(config->bind.name, other->bind.name) != 0 || low > its_port ||
        its_low > port)
        return 0;
    return fc_refuse(
        reason, "port %lu is bound by the instance %s as well (a session also has the port below its own)",
        low < its_low ? its_low : low, name);
}
