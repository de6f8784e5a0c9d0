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

static void doctor_print_json(const struct doctor_finding *finding, bool is_first)
{
    printf("%s{\"what\": ", is_first ? "[" : ",\n ");
    print_json(stdout, finding->what);
    printf(", \"outcome\": \"%s\", \"found\": ", doctor_words[finding->outcome]);
    print_json(stdout, finding->found);
    printf(", \"cost\": ");
    print_json(stdout, finding->cost ? finding->cost : "");
    printf(", \"command\": ");
    print_json(stdout, finding->command);
    putchar('}');
}

int cli_doctor(const struct cli_options *options)
{
    struct doctor_finding findings[DOCTOR_MAX_FINDINGS];
    size_t n, n_bad = 0;

    log_init(FC_LOG_ERROR);
    n = doctor_examine(findings);
    for (size_t i = 0; i < n; i++) {
        n_bad += findings[i].outcome == DOCTOR_BAD;
        if (options->given & CLI_JSON)
            doctor_print_json(&findings[i], i == 0);
        else
            doctor_print(&findings[i]);
    }
    if (options->given & CLI_JSON)
        puts("]");
    else
        puts(n_bad ? "\nNo script can run here."
                   : "\nShows can run here; `firecurtain check --sandbox` tries the layers for each script.");
    return n_bad ? EX_OSERR : EX_OK;
}
