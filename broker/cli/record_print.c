/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain record --print: prints a recording as text, for people and for diff(1). One line for each
 * event; times are seconds since the recording began. Two recordings of the same have the same lines.
 */
#include "broker/cli/record_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "broker/base/grow.h"
#include "broker/cli/client.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "broker/record/recorder.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/codec_record.h"

struct printer {
    bool json;
    bool is_more; /* the step before is continued */
    uint64_t start_ns;
    uint64_t last_ns; /* of the latest item */
    char **instances;
    size_t n_instances;
    char **channels; /* INSTANCE.CHANNEL */
    size_t n_channels;
};

static void printer_deinit(struct printer *printer)
{
    for (size_t i = 0; i < printer->n_instances; i++)
        free(printer->instances[i]);
    for (size_t i = 0; i < printer->n_channels; i++)
        free(printer->channels[i]);
    free(printer->instances);
    free(printer->channels);
}

static int printer_add(char ***list, size_t *n, char *name)
{
    char **grown = name ? grow_by_one(*list, *n, sizeof(*grown)) : NULL;

    if (!grown) {
        free(name);
        return EX_OSERR;
    }
    *list = grown;
    grown[(*n)++] = name;
    return EX_OK;
}

static const char *printer_instance(const struct printer *printer, uint32_t number)
{
    return number < printer->n_instances ? printer->instances[number] : "?";
}

static const char *printer_channel(const struct printer *printer, uint32_t number)
{
    return number < printer->n_channels ? printer->channels[number] : "?";
}

static int printer_add_channel(struct printer *printer, const struct record_item *item)
{
    char *name = NULL;

    if (asprintf(&name, "%s.%s", printer_instance(printer, item->instance), item->text) < 0)
        name = NULL;
    return printer_add(&printer->channels, &printer->n_channels, name);
}

static void print_name(const struct printer *printer, const char *key, const char *name)
{
    if (printer->json) {
        printf(", \"%s\": ", key);
        print_json(stdout, name);
    } else if (*name) {
        putchar(' ');
        print_text(stdout, name);
    }
}

static void print_number(const struct printer *printer, const char *key, uint64_t number)
{
    if (printer->json)
        printf(", \"%s\": %" PRIu64, key, number);
    else
        printf(" %" PRIu64, number);
}

/* Prints a value so that reading it gives the same value. */
static void print_value(const struct printer *printer, const char *key, double value)
{
    if (printer->json)
        printf(", \"%s\": %.17g", key, value);
    else
        printf(" %.17g", value);
}

/* Prints the time to the nanosecond, since steps are told apart by it. */
static void print_begin(const struct printer *printer, uint64_t time_ns, const char *what)
{
    uint64_t since_ns = time_ns > printer->start_ns ? time_ns - printer->start_ns : 0;

    printf(printer->json ? "{\"time\": %" PRIu64 ".%09" PRIu64 ", \"kind\": \"%s\""
                         : "%" PRIu64 ".%09" PRIu64 " %s",
           since_ns / FC_NS_PER_S, since_ns % FC_NS_PER_S, what);
}

static void print_end(const struct printer *printer)
{
    puts(printer->json ? "}" : "");
}

static void print_events(const struct printer *printer, const struct record_item *item, const char *what)
{
    for (size_t i = 0; i < item->n_events; i++) {
        print_begin(printer, item->time_ns, what);
        print_name(printer, "channel", printer_channel(printer, item->channels[i]));
        print_value(printer, item->outputs ? "input" : "value", item->values[i]);
        if (item->outputs)
            print_value(printer, "output", item->outputs[i]);
        print_end(printer);
    }
}

static void print_step(struct printer *printer, const struct record_item *item)
{
    static const char *const phases[RECORD_PHASES_] = {"import", "batch", "cleanup"};

    if (!printer->is_more) {
        print_begin(printer, item->time_ns, phases[item->phase]);
        print_name(printer, "instance", printer_instance(printer, item->instance));
        if (item->died)
            print_name(printer, "end", "died");
        print_end(printer);
    }
    printer->is_more = item->more;
    print_events(printer, item, "event");
    for (size_t i = 0; i < item->n_ticks; i++) {
        print_begin(printer, item->time_ns, "interval");
        print_name(printer, "instance", printer_instance(printer, item->instance));
        print_number(printer, "interval", item->ticks[i]);
        print_end(printer);
    }
    if (item->ready) {
        print_begin(printer, item->time_ns, "sockets");
        print_name(printer, "instance", printer_instance(printer, item->instance));
        print_number(printer, "count", item->ready);
        print_end(printer);
    }
}

static void print_start(struct printer *printer, const struct record_item *item)
{
    time_t seconds = (time_t)(item->wall_ns / FC_NS_PER_S);
    char stamp[64] = "?";
    struct tm local;

    printer->start_ns = item->time_ns;
    if (localtime_r(&seconds, &local))
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &local);
    print_begin(printer, item->time_ns, "start");
    print_name(printer, "at", stamp);
    print_name(printer, "show", item->text);
    print_end(printer);
}

static void print_text_item(const struct printer *printer, const struct record_item *item)
{
    /* the end that a recorder writes has no time */
    print_begin(printer, item->time_ns ? item->time_ns : printer->last_ns,
                item->kind == RECORD_GAP ? "gap" : "end");
    if (item->kind == RECORD_GAP)
        print_number(printer, "missed", item->count);
    print_name(printer, "text", item->text);
    print_end(printer);
}

static int print_item(struct printer *printer, const struct record_item *item)
{
    printer->last_ns = item->time_ns > printer->last_ns ? item->time_ns : printer->last_ns;
    switch (item->kind) {
    case RECORD_START:
        print_start(printer, item);
        return EX_OK;
    case RECORD_INSTANCE:
        return printer_add(&printer->instances, &printer->n_instances, strdup(item->text));
    case RECORD_CHANNEL:
        return printer_add_channel(printer, item);
    case RECORD_VALUES:
        print_events(printer, item, "values");
        return EX_OK;
    case RECORD_INPUT:
        print_events(printer, item, "input");
        return EX_OK;
    case RECORD_STEP:
        print_step(printer, item);
        return EX_OK;
    case RECORD_OUTPUT:
        print_events(printer, item, "output");
        return EX_OK;
    case RECORD_GAP:
    case RECORD_END:
        print_text_item(printer, item);
        return EX_OK;
    default:
        return EX_OK; /* newer than this program */
    }
}

static int print_all(struct printer *printer, struct record_reader *reader, const char *path)
{
    struct record_item item;
    int status = EX_OK, r;

    while ((r = record_reader_next(reader, &item)) == 1 && status == EX_OK)
        status = print_item(printer, &item);
    if (fflush(stdout) != 0 || ferror(stdout))
        return EX_IOERR;
    if (status != EX_OK || r == 0 || r == 1)
        return status;
    fprintf(stderr, "firecurtain: %s: after %" PRIu64 " bytes: %s\n", path, record_reader_bytes(reader),
            record_reader_problem(r));
    return r == -EPROTO || r == -ENODATA || r == -EBADMSG ? EX_DATAERR : EX_IOERR;
}

int cli_record_print(const struct cli_options *options)
{
    FC_CLEANUP(printer_deinit) struct printer printer = {.json = options->given & CLI_JSON};
    const char *path = options->words[0];
    FC_AUTO_CLOSE int fd = -1;
    struct record_reader *reader;
    struct fc_reason reason;
    int status;

    if (recorder_open_file(path, &fd, &reason) < 0) {
        fprintf(stderr, "firecurtain: %s: %s\n", path, reason.text);
        return EX_NOINPUT;
    }
    if (record_reader_new(&reader, fd) < 0)
        return EX_OSERR;
    status = print_all(&printer, reader, path);
    record_reader_free(reader);
    return status;
}
