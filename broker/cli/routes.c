/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain routes and emit: prints the mappings; sends an event by hand. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

static void routes_print(const struct control_route *route, unsigned given, bool is_first)
{
    bool is_json = given & CLI_JSON, is_dot = given & CLI_DOT;

    if (is_json)
        fputs(is_first ? "[{\"from\": " : ",\n {\"from\": ", stdout);
    else if (is_dot)
        fputs("  ", stdout);
    if (is_json || is_dot) {
        print_json(stdout, route->from);
        fputs(is_dot ? " -> " : ", \"to\": ", stdout);
        print_json(stdout, route->to);
        fputs(is_dot ? ";\n" : "}", stdout);
        return;
    }
    print_text(stdout, route->from);
    fputs(" > ", stdout);
    print_text(stdout, route->to);
    putchar('\n');
}

int cli_routes(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_ROUTES,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words};
    struct control_reply reply = {0};
    bool is_first = true;
    int status = client_new(&client, options);

    if (status != EX_OK || (status = client_ask(client, &request, &reply)) != EX_OK)
        return status;
    if (options->given & CLI_DOT)
        puts("digraph show {\n  rankdir = LR;\n  node [shape = box];");
    for (;;) {
        for (size_t i = 0; i < reply.n_routes; i++, is_first = false)
            routes_print(&reply.routes[i], options->given, is_first);
        request.from = reply.next;
        if (!reply.next || (status = client_ask(client, &request, &reply)) != EX_OK)
            break;
    }
    if (options->given & CLI_DOT)
        puts("}");
    else if (options->given & CLI_JSON)
        puts(is_first ? "[]" : "]");
    return status;
}

int cli_emit(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_EMIT,
                                      .names = (const char *const *)options->words,
                                      .n_names = 1};
    struct control_reply reply;
    char *end;
    int status;

    request.value = strtod(options->words[1], &end);
    if (end == options->words[1] || *end || !(request.value >= 0.0 && request.value <= 1.0)) {
        fprintf(stderr, "firecurtain: a value is a number from 0 to 1, not \"%s\"\n", options->words[1]);
        return EX_DATAERR;
    }
    status = client_new(&client, options);
    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    if (status == EX_OK && reply.text[0]) {
        fputs("firecurtain: ", stderr);
        print_text(stderr, reply.text);
        fputs("\n", stderr);
    }
    return status;
}
