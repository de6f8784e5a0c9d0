/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain start, stop, restart, freeze, unfreeze, panic and reload. */
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

/* Prints what the broker says in addition to success. */
static void change_say(const char *name, const struct control_reply *reply)
{
    if (!reply->text[0])
        return;
    if (name) {
        print_text(stderr, name);
        fputs(": ", stderr);
    }
    print_text(stderr, reply->text);
    fputs("\n", stderr);
}

/* Asks once, with all names that were given, which may be none. */
static int change_once(const struct cli_options *options, enum control_verb verb)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = verb,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words};
    struct control_reply reply;
    int status = client_new(&client, options);

    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    if (status == EX_OK)
        change_say(NULL, &reply);
    return status;
}

/* Asks for one name after the other, until one fails. */
static int change_each(const struct cli_options *options, enum control_verb verb)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    int status = client_new(&client, options);

    for (size_t i = 0; status == EX_OK && i < options->n_words; i++) {
        struct control_request request = {.verb = verb,
                                          .names = (const char *const *)&options->words[i],
                                          .n_names = 1};
        struct control_reply reply;

        status = client_ask(client, &request, &reply);
        if (status == EX_OK)
            change_say(options->words[i], &reply);
    }
    return status;
}

/* Asks about the users that were named, or the whole show. */
static int change_users(const struct cli_options *options, enum control_verb verb)
{
    return options->n_words ? change_each(options, verb) : change_once(options, verb);
}

int cli_start(const struct cli_options *options)
{
    return change_each(options, CONTROL_START);
}

int cli_stop(const struct cli_options *options)
{
    return change_each(options, CONTROL_STOP);
}

int cli_restart(const struct cli_options *options)
{
    return change_each(options, CONTROL_RESTART);
}

int cli_freeze(const struct cli_options *options)
{
    return change_users(options, CONTROL_FREEZE);
}

int cli_unfreeze(const struct cli_options *options)
{
    return change_users(options, CONTROL_UNFREEZE);
}

int cli_panic(const struct cli_options *options)
{
    return change_once(options, CONTROL_PANIC);
}

int cli_reload(const struct cli_options *options)
{
    int status = change_once(options, CONTROL_RELOAD);

    return status == EX_SOFTWARE ? EX_CONFIG : status;
}
