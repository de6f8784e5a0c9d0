/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the section [console]. An address is a number: names would have to be looked up. */
#include "broker/config/console.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "broker/config/config.h"
#include "firecurtain/cleanup.h"

#define CONSOLE_SECTION "console"

bool console_config_is_section(const struct config_section *section)
{
    return !section->instance && strcmp(section->backend, CONSOLE_SECTION) == 0;
}

/* Reads `ADDRESS PORT`. -EINVAL. */
static int console_read_bind(struct console_config *console, const char *value)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&console->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&console->address;
    char host[INET6_ADDRSTRLEN], rest;
    unsigned port;

    if (sscanf(value, " %45[0-9a-fA-F.:] %5u %c", host, &port, &rest) != 2 || port < 1 || port > 65535)
        return -EINVAL;
    console->address = (struct sockaddr_storage){0};
    console->is_on = true;
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        console->n_address = sizeof(*four);
    } else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        console->n_address = sizeof(*six);
    } else {
        return -EINVAL;
    }
    snprintf(console->text, sizeof(console->text), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    return 0;
}

/* Returns whether a list of names has only what hosts are called by, and fits. */
static bool console_are_names(const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-. ";

    return value[0] && strlen(value) < CONSOLE_MAX_NAMES && value[strspn(value, letters)] == '\0';
}

static const char *console_set_bind(struct console_config *console, const char *value)
{
    static const char beyond_hex[] = "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ";

    if (console_read_bind(console, value) == 0)
        return NULL;
    return strpbrk(value, beyond_hex)
               ? "expected an address and a port, such as 127.0.0.1 8080; a name, such "
                 "as localhost, is not an address"
               : "expected an address and a port, such as 127.0.0.1 8080";
}

static const char *console_set_names(struct console_config *console, const char *value)
{
    if (!console_are_names(value))
        return "expected names of hosts, such as stage.theatre.example";
    snprintf(console->names, sizeof(console->names), "%s", value);
    return NULL;
}

/* Only what is before a path: the pages ask for theirs from the top. */
static const char *console_set_url(struct console_config *console, const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]";
    size_t n_scheme = strncmp(value, "https://", 8) == 0 ? 8 : strncmp(value, "http://", 7) == 0 ? 7 : 0;
    size_t n = n_scheme + strspn(value + n_scheme, letters);

    if (!n_scheme || n == n_scheme || n >= sizeof(console->url) ||
        strcmp(value + n + (value[n] == '/'), "") != 0)
        return "expected an address, such as https://stage.theatre.example";
    snprintf(console->url, sizeof(console->url), "%.*s", (int)n, value);
    return NULL;
}

/* Whether there is such a channel is known when the show has been built. */
static const char *console_set_panic(struct console_config *console, const char *value)
{
    const char *dot = strchr(value, '.');

    if (!dot || dot == value || !dot[1] || strlen(value) >= sizeof(console->panic))
        return "expected a channel, such as cues.panic";
    snprintf(console->panic, sizeof(console->panic), "%s", value);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*set)(struct console_config *console, const char *value); /* what is wrong, or NULL */
} console_options[] = {
    {"bind", console_set_bind},
    {"names", console_set_names},
    {"panic", console_set_panic},
    {"url", console_set_url},
};

/* Reads one option. Returns what is wrong with it, or NULL; "" if there is no such option. */
static const char *console_read_option(struct console_config *console, const struct config_option *option)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(console_options); i++) {
        if (strcmp(option->name, console_options[i].name) == 0)
            return console_options[i].set(console, option->value);
    }
    return "";
}

/* Says that there is no such option, and what may have been meant. */
static void console_refuse_option(struct config *config, const struct config_option *option)
{
    struct suggest suggest;
    char hint[128];

    if (strcmp(option->name, "certificate") == 0 || strcmp(option->name, "key") == 0) {
        config_diagnose(config, CONFIG_ERROR, option->at,
                        "let a proxy do TLS in front of it: docs/console.md#in-a-network",
                        "the section [console] has no option \"%s\"; the console itself does no TLS",
                        option->name);
        return;
    }
    suggest_init(&suggest, option->name);
    for (size_t n = 0; n < FC_ARRAY_SIZE(console_options); n++)
        suggest_offer(&suggest, console_options[n].name);
    config_diagnose(config, CONFIG_ERROR, option->at, suggest_hint(&suggest, hint, sizeof(hint)),
                    "the section [console] has no option \"%s\"", option->name);
}

void console_config_check(struct config *config, const struct config_section *section)
{
    struct console_config console = {.is_on = false};

    for (size_t i = 0; i < section->n_options; i++) {
        const struct config_option *option = &section->options[i];
        const char *wrong = console_read_option(&console, option);

        if (wrong && wrong[0])
            config_diagnose(config, CONFIG_ERROR, option->value_at, NULL, "%s", wrong);
        else if (wrong)
            console_refuse_option(config, option);
    }
    if (!console.is_on && !config->n_errors)
        config_diagnose(config, CONFIG_ERROR, section->at, NULL,
                        "the section [console] needs an address, such as bind = 127.0.0.1 8080");
}

void console_config_read(struct console_config *console, const struct config *config)
{
    *console = (struct console_config){.is_on = false};
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        for (size_t n = 0; console_config_is_section(section) && n < section->n_options; n++)
            console_read_option(console, &section->options[n]);
    }
}

bool console_config_is_of(const struct console_config *console, const struct config *config)
{
    struct console_config now;

    console_config_read(&now, config);
    return now.is_on == console->is_on && strcmp(now.text, console->text) == 0 &&
           strcmp(now.names, console->names) == 0 && strcmp(now.panic, console->panic) == 0 &&
           strcmp(now.url, console->url) == 0;
}
