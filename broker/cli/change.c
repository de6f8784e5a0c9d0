/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain start, stop, restart, freeze, unfreeze, panic and reload. */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

/* What was done, as a person at a terminal reads it. */
static const struct change_words {
    enum control_verb verb;
    const char *all;   /* without a name */
    const char *named; /* behind a name; or NULL */
    const char *undo;  /* the command that undoes it, or NULL */
    const char *does;  /* what that does */
} change_words[] = {
    {CONTROL_START, NULL, "started", NULL, NULL},
    {CONTROL_STOP, NULL, "stopped", "start", "starts it again"},
    {CONTROL_RESTART, NULL, "restarted", NULL, NULL},
    {CONTROL_FREEZE, "outputs are frozen", "its outputs are frozen", "unfreeze", "ends it"},
    {CONTROL_UNFREEZE, "outputs reach the devices again", "its outputs reach the house again", NULL, NULL},
    {CONTROL_PANIC, "1 was set on the channel that the show defines for emergencies", NULL, NULL, NULL},
    {CONTROL_RELOAD, "the new configuration is running", "the new configuration is running", NULL, NULL},
};

/* Prints what the broker says in addition to success. */
static void change_say_more(const char *name, const char *text)
{
    if (name) {
        print_text(stderr, name);
        fputs(": ", stderr);
    }
    print_text(stderr, text);
    fputs("\n", stderr);
}

/* Prints what was done, and how to undo it. */
static void change_say_done(const char *name, const struct change_words *words)
{
    if (name) {
        print_text(stdout, name);
        fputs(": ", stdout);
    }
    fputs(name ? words->named : words->all, stdout);
    if (words->undo)
        printf("; \"firecurtain %s%s", words->undo, name ? " " : "");
    if (words->undo && name)
        print_text(stdout, name);
    if (words->undo)
        printf("\" %s", words->does);
    putchar('\n');
}

/* Says what came of a request: to programs only what is more than success. */
static void change_say(const char *name, enum control_verb verb, const struct control_reply *reply)
{
    if (reply->text[0])
        change_say_more(name, reply->text);
    if (!isatty(STDOUT_FILENO) || (reply->text[0] && verb != CONTROL_RELOAD))
        return;
    for (size_t i = 0; i < FC_ARRAY_SIZE(change_words); i++) {
        if (change_words[i].verb == verb)
            change_say_done(name, &change_words[i]);
    }
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
        change_say(NULL, verb, &reply);
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
            change_say(options->words[i], verb, &reply);
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
