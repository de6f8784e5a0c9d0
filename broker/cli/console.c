/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain console: makes links by which browsers reach the console, lists and revokes them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/pin.h"
#include "broker/cli/print.h"
#include "broker/cli/qr.h"
#include "broker/cli/table.h"
#include "firecurtain/cleanup.h"

#define CONSOLE_MOST    512 /* bytes of a link */
#define CONSOLE_MAX_PIN 64

enum console_column {
    CONSOLE_NUMBER,
    CONSOLE_ROLE,
    CONSOLE_PIN,
    CONSOLE_LABEL,
    CONSOLE_UID,
    CONSOLE_LASTS,
    CONSOLE_USED
};

static const struct table_column console_columns[] = {
    [CONSOLE_NUMBER] = {.title = "NUMBER", .is_number = true},
    [CONSOLE_ROLE] = {.title = "ROLE"},
    [CONSOLE_PIN] = {.title = "PIN", .is_optional = true},
    [CONSOLE_LABEL] = {.title = "LABEL", .is_optional = true},
    [CONSOLE_UID] = {.title = "BY UID", .is_number = true},
    [CONSOLE_LASTS] = {.title = "LASTS"},
    [CONSOLE_USED] = {.title = "LAST USED FROM"},
};

bool cli_parse_span(const char *text, uint64_t *seconds)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    for (size_t i = 0; text[0] >= '1' && text[0] <= '9' && i < FC_ARRAY_SIZE(units); i++) {
        if (end[0] != units[i].unit || end[1] || number > 366 * 86400 / units[i].seconds)
            continue;
        *seconds = number * units[i].seconds;
        return true;
    }
    return false;
}

/* Writes how long something lasts, in the largest unit that tells it well. */
static void console_set_span(struct table *table, uint64_t seconds)
{
    if (seconds >= 2 * 86400)
        table_set(table, CONSOLE_LASTS, "%" PRIu64 " d", seconds / 86400);
    else if (seconds >= 2 * 3600)
        table_set(table, CONSOLE_LASTS, "%" PRIu64 " h", seconds / 3600);
    else
        table_set(table, CONSOLE_LASTS, "%" PRIu64 " min", (seconds + 59) / 60);
}

static bool console_add(struct table *table, const struct control_invite *invite)
{
    if (!table_add(table))
        return false;
    table_set(table, CONSOLE_NUMBER, "%" PRIu64, invite->number);
    table_set(table, CONSOLE_ROLE, "%s", invite->role);
    if (invite->pin[0])
        table_set(table, CONSOLE_PIN, "yes");
    if (invite->label[0])
        table_set(table, CONSOLE_LABEL, "%s", invite->label);
    table_set(table, CONSOLE_UID, "%" PRIu32, invite->uid);
    console_set_span(table, invite->seconds);
    table_set(table, CONSOLE_USED, "%s",
              invite->is_once      ? "not opened yet"
              : invite->address[0] ? invite->address
                                   : "never");
    return true;
}

static int console_list(struct client *client)
{
    FC_CLEANUP(table_clear)
    struct table table = {.columns = console_columns, .n_columns = FC_ARRAY_SIZE(console_columns)};
    struct control_request request = {.verb = CONTROL_INVITES};
    struct control_reply reply;
    int status = client_ask(client, &request, &reply);

    for (size_t i = 0; status == EX_OK && i < reply.n_invites; i++) {
        if (!console_add(&table, &reply.invites[i]))
            return EX_OSERR;
    }
    if (status == EX_OK)
        table_print(&table);
    return status;
}

static int console_revoke(struct client *client, const char *number)
{
    struct control_request request = {.verb = CONTROL_REVOKE, .names = &number, .n_names = 1};
    struct control_reply reply;

    return client_ask(client, &request, &reply);
}

static int console_make(struct client *client, const struct cli_options *options)
{
    const char *const names[] = {options->role ? options->role : "own",
                                 options->n_words ? options->words[0] : NULL};
    struct control_request request = {.verb = CONTROL_INVITE,
                                      .names = names,
                                      .n_names = 1 + options->n_words,
                                      .seconds = options->seconds};
    struct control_reply reply;
    char link[CONSOLE_MOST], pin[CONSOLE_MAX_PIN];
    int status = options->given & CLI_PIN ? pin_read(pin, sizeof(pin)) : EX_OK;

    if (options->given & CLI_PIN)
        request.pin = pin;
    if (status == EX_OK)
        status = client_ask(client, &request, &reply);

    if (status != EX_OK)
        return status;
    if (snprintf(link, sizeof(link), "%s%s/#token=%s", strstr(reply.address, "://") ? "" : "http://",
                 reply.address, reply.secret) >= (int)sizeof(link))
        return EX_PROTOCOL;
    print_text(stdout, link);
    putchar('\n');
    qr_print(stdout, link);
    if (!options->seconds)
        fputs("It opens the console once, within 10 minutes.\n", stderr);
    return EX_OK;
}

int cli_console(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    int status = client_new(&client, options);

    if (status != EX_OK)
        return status;
    if (options->given & CLI_LIST)
        return console_list(client);
    return options->revoke ? console_revoke(client, options->revoke) : console_make(client, options);
}
