/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain routes and emit: prints the mappings; sends an event by hand. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"

static void routes_json(struct json *json, const struct control_route *route)
{
    json_list_next(json);
    json_list_text(json, "from", route->from);
    json_list_text(json, "to", route->to);
    json_raw(json, "}");
}

/* Graphviz quotes as JSON does. */
static void routes_dot(const struct control_route *route)
{
    fputs("  ", stdout);
    print_json(stdout, route->from);
    fputs(" -> ", stdout);
    print_json(stdout, route->to);
    puts(";");
}

static void routes_print(const struct control_route *route)
{
    print_text(stdout, route->from);
    fputs(" > ", stdout);
    print_text(stdout, route->to);
    putchar('\n');
}

static void routes_add(struct json *json, const struct control_route *route, unsigned given)
{
    if (given & CLI_JSON)
        routes_json(json, route);
    else if (given & CLI_DOT)
        routes_dot(route);
    else
        routes_print(route);
}

int cli_routes(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_ROUTES,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words};
    struct control_reply reply = {0};
    FC_CLEANUP(json_deinit) struct json json = JSON_EMPTY;
    int status = client_new(&client, options);

    if (status != EX_OK || (status = client_ask(client, &request, &reply)) != EX_OK)
        return status;
    if (options->given & CLI_DOT)
        puts("digraph show {\n  rankdir = LR;\n  node [shape = box];");
    for (;;) {
        for (size_t i = 0; i < reply.n_routes; i++)
            routes_add(&json, &reply.routes[i], options->given);
        request.from = reply.next;
        if (!reply.next || (status = client_ask(client, &request, &reply)) != EX_OK)
            break;
    }
    if (options->given & CLI_DOT)
        puts("}");
    else if (status == EX_OK && (options->given & CLI_JSON))
        status = json_list_print(&json);
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
