/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs what is wrong with a configuration: that of the house as the broker's, that of a user as the user's.
 */
#include "broker/runtime/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/config/config.h"
#include "broker/config/print.h"
#include "broker/runtime/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define FINDINGS_MAX_LINES 100 /* of a user's configuration */

void findings_forget(struct service *service)
{
    free(fc_steal(service->findings));
}

void findings_log(struct service *service, const struct config *config, const char *user)
{
    size_t bytes, n = 0;
    FILE *memory;
    const char *line, *end;

    findings_forget(service);
    memory = open_memstream(&service->findings, &bytes);
    if (!memory)
        return;
    config_print_diagnostics(config, memory, false);
    fclose(memory);
    if (service->findings && bytes && service->findings[bytes - 1] == '\n')
        service->findings[bytes - 1] = '\0'; /* whoever prints them ends the line */
    for (line = service->findings; line && *line; line = *end ? end + 1 : end) {
        if (user && ++n > FINDINGS_MAX_LINES) { /* users can reload as often as they like */
            fc_log(FC_LOG_ERROR, user, "… %zu errors in total", config->n_errors);
            return;
        }
        end = strchrnul(line, '\n');
        fc_log_text(config->n_errors ? FC_LOG_ERROR : FC_LOG_WARNING, user, line, (size_t)(end - line));
    }
}

void findings_judged(void *userdata, const char *user, const struct config *config,
                     enum users_outcome outcome)
{
    findings_log(userdata, config, user);
    if (outcome == USERS_KEPT)
        fc_log(FC_LOG_ERROR, user, "the user's configuration has errors; the user's show stays as it was");
    else if (outcome == USERS_LEFT_OUT)
        fc_log(FC_LOG_ERROR, user, "the user's configuration has errors; none of the user's instances runs");
}
