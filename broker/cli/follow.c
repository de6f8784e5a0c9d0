/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain logs and watch: print lines of the log, and values of channels as they change. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

/* Flushes the output; its reader, such as head(1), may be gone, which ends the command. */
static int follow_flush(void)
{
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* Prints what the broker says in addition to values. */
static void follow_say(const struct control_reply *reply)
{
    if (!reply->text[0])
        return;
    fputs("firecurtain: ", stderr);
    print_text(stderr, reply->text);
    fputc('\n', stderr);
}

static void follow_say_missed(uint64_t *known, uint64_t missed)
{
    if (missed == *known)
        return;
    fprintf(stderr, "firecurtain: %" PRIu64 " lines or values were missed\n", missed - *known);
    *known = missed;
}

/* Returns the time since 1970. */
static uint64_t follow_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * FC_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Prints a time as the log does, and a blank. */
static void follow_print_time(uint64_t time_ns)
{
    time_t seconds = (time_t)(time_ns / FC_NS_PER_S);
    char stamp[64] = "?";
    struct tm local;

    if (localtime_r(&seconds, &local))
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &local);
    printf("%s.%03u ", stamp, (unsigned)(time_ns % FC_NS_PER_S / FC_NS_PER_MS));
}

static const char *logs_colour(const char *level)
{
    static const struct {
        const char *level;
        const char *colour;
    } colours[] = {{"error", "\033[31m"},
                   {"warning", "\033[33m"},
                   {"info", "\033[32m"},
                   {"debug", "\033[2m"},
                   {"audit", "\033[36m"}};

    for (size_t i = 0; i < FC_ARRAY_SIZE(colours); i++) {
        if (strcmp(colours[i].level, level) == 0)
            return colours[i].colour;
    }
    return "";
}

static int logs_print_json(const struct control_line *line)
{
    time_t seconds = (time_t)(line->time_ns / FC_NS_PER_S);
    char day[64] = "", stamp[96];
    struct json json = JSON_EMPTY;
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp, sizeof(stamp), "%s.%03uZ", day, (unsigned)(line->time_ns % FC_NS_PER_S / FC_NS_PER_MS));
    json_raw(&json, "{");
    json_member_text(&json, "time", stamp);
    json_list_text(&json, "level", line->level);
    json_list_text(&json, "instance", strcmp(line->instance, "-") == 0 ? NULL : line->instance);
    json_list_text(&json, "message", line->text);
    json_raw(&json, "}\n");
    return json_print(&json);
}

static void logs_print(const struct control_line *line)
{
    const char *colour = print_is_coloured(stdout) ? logs_colour(line->level) : "";

    follow_print_time(line->time_ns);
    fputs(colour, stdout);
    print_text(stdout, line->level);
    fputs(colour[0] ? "\033[0m " : " ", stdout);
    print_text(stdout, line->instance);
    putchar(' ');
    print_text(stdout, line->text);
    putchar('\n');
}

/* Prints the lines that are newer than `after_ns`, and notes the time of the last one. Returns an exit
 * status.
 */
static int logs_print_after(const struct control_reply *reply, bool is_json, uint64_t after_ns,
                            uint64_t *last_ns)
{
    int status = EX_OK;

    for (size_t i = 0; status == EX_OK && i < reply->n_lines; i++) {
        if (reply->lines[i].time_ns <= after_ns)
            continue;
        if (is_json)
            status = logs_print_json(&reply->lines[i]);
        else
            logs_print(&reply->lines[i]);
        *last_ns = reply->lines[i].time_ns;
    }
    return status;
}

int cli_logs(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_LOGS,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words,
                                      .lines = options->lines,
                                      .follow = options->given & CLI_FOLLOW};
    struct control_reply reply = {0};
    uint64_t missed = 0, last_ns = 0;
    int status = client_new(&client, options);

    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    while (status == EX_OK) {
        /* another connection begins with lines that came on the last one */
        status = logs_print_after(&reply, options->given & CLI_JSON, client_was_lost(client) ? last_ns : 0,
                                  &last_ns);
        follow_say_missed(&missed, reply.missed);
        if (status == EX_OK)
            status = follow_flush();
        request.from = reply.next;
        if (status != EX_OK || (!request.follow && !reply.next))
            break;
        status = request.follow ? client_follow(client, &reply) : client_ask(client, &request, &reply);
    }
    return status;
}

int cli_watch(const struct cli_options *options)
{
    FC_CLEANUP(client_freep) struct client *client = NULL;
    struct control_request request = {.verb = CONTROL_WATCH,
                                      .names = (const char *const *)options->words,
                                      .n_names = options->n_words,
                                      .follow = true};
    struct control_reply reply = {0};
    uint64_t missed = 0;
    int status = client_new(&client, options);

    if (status == EX_OK)
        status = client_ask(client, &request, &reply);
    while (status == EX_OK) {
        follow_say(&reply);
        for (size_t i = 0; i < reply.n_values; i++) {
            if (options->given & CLI_TIME)
                follow_print_time(follow_now_ns());
            print_text(stdout, reply.values[i].channel);
            printf(" %.6g\n", reply.values[i].value);
        }
        follow_say_missed(&missed, reply.missed);
        status = follow_flush();
        if (status == EX_OK)
            status = client_follow(client, &reply);
    }
    return status;
}
