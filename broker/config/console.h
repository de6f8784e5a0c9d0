/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the console listens, and by which names browsers may ask for it: the section [console]. Without one
 * there is no console.
 */
#ifndef BROKER_CONFIG_CONSOLE_H
#define BROKER_CONFIG_CONSOLE_H

#include <stdbool.h>
#include <sys/socket.h>

struct config;
struct config_section;

#define CONSOLE_MAX_NAMES 2048 /* bytes of `names` */
#define CONSOLE_MAX_PANIC 1101 /* bytes of `panic`, with its NUL */
#define CONSOLE_MAX_URL   256  /* bytes of `url`, with its NUL */

struct console_config {
    bool is_on;
    struct sockaddr_storage address;
    socklen_t n_address;
    char text[80];                 /* HOST:PORT, with brackets around an address of IPv6 */
    char names[CONSOLE_MAX_NAMES]; /* in addition to addresses and localhost, with blanks between them */
    char url[CONSOLE_MAX_URL];     /* by which browsers reach it, without a slash at its end; or "" */
    char panic[CONSOLE_MAX_PANIC]; /* INSTANCE.CHANNEL, or "" */
};

/* Returns whether a section is [console]. */
bool console_config_is_section(const struct config_section *section);

/* Finds the errors of a section [console]. */
void console_config_check(struct config *config, const struct config_section *section);

/* Reads the section [console] of a configuration without errors. */
void console_config_read(struct console_config *console, const struct config *config);

/* Returns whether a configuration that was read later says the same. */
bool console_config_is_of(const struct console_config *console, const struct config *config);

#endif
