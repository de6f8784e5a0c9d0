/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain doctor: says what this machine offers, what each lack costs, and the command that mends it.
 * Runs in the process of the command.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "broker/base/log.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/doctor_machine.h"
#include "broker/cli/json_list.h"
#include "broker/cli/print.h"

#define DOCTOR_COLUMN 20 /* where findings begin */

static const char *const doctor_words[] = {
    [DOCTOR_GOOD] = "good",
    [DOCTOR_LACKING] = "lacking",
    [DOCTOR_BAD] = "bad",
};

static void doctor_print_line(const char *left, const char *text)
{
    print_width(stdout, left, DOCTOR_COLUMN);
    print_words(stdout, text, DOCTOR_COLUMN, print_room(stdout));
}

static void doctor_print(const struct doctor_finding *finding)
{
    char text[sizeof(finding->found) + 16];

    snprintf(text, sizeof(text), "%-8s %s", doctor_words[finding->outcome], finding->found);
    doctor_print_line(finding->what, text);
    if (finding->outcome == DOCTOR_GOOD)
        return;
    doctor_print_line("  it costs", finding->cost);
    doctor_print_line("  to mend it", finding->command);
}

static void doctor_json(struct json *json, const struct doctor_finding *finding)
{
    json_list_next(json);
    json_list_text(json, "what", finding->what);
    json_list_text(json, "outcome", doctor_words[finding->outcome]);
    json_list_text(json, "found", finding->found);
    json_list_text(json, "cost", finding->cost ? finding->cost : "");
    json_list_text(json, "command", finding->command);
    json_raw(json, "}");
}

int cli_doctor(const struct cli_options *options)
{
    struct doctor_finding findings[DOCTOR_MAX_FINDINGS];
    struct json json = JSON_EMPTY;
    size_t n, n_bad = 0;
    int status = EX_OK;

    log_init(FC_LOG_ERROR);
    n = doctor_examine(findings);
    for (size_t i = 0; i < n; i++) {
        n_bad += findings[i].outcome == DOCTOR_BAD;
        if (options->given & CLI_JSON)
            doctor_json(&json, &findings[i]);
        else
            doctor_print(&findings[i]);
    }
    if (options->given & CLI_JSON)
        status = json_list_print(&json);
    else
        puts(n_bad ? "\nNo script can run here."
                   : "\nShows can run here; `firecurtain check --sandbox` tries the layers for each script.");
    return n_bad ? EX_OSERR : status;
}
