/* SPDX-License-Identifier: BSD-2-Clause */
/* The exit statuses of a show; runtime/service.c does the rest. */
#include "broker/daemon/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/daemon/arguments.h"
#include "broker/daemon/privilege.h"
#include "broker/os/signals.h"
#include "broker/record/recorder.h"
#include "broker/runtime/service.h"

/* Returns EX_OK if scripts are to be confined, or need not be; then it says so loudly. */
static int run_check_no_sandbox(const struct daemon_arguments *arguments)
{
    int status = arguments->no_sandbox ? privilege_check_no_sandbox() : EX_OK;

    if (arguments->no_sandbox && status == EX_OK)
        fc_log(
            FC_LOG_ERROR, NULL,
            "--insecure-no-sandbox: NOTHING confines the scripts. They can read, change and reach whatever "
            "uid %u can; connect and listen are not enforced. For debugging only",
            getuid());
    return status;
}

/* Builds the show; after errors in the configuration nothing is started. */
static int run_build(struct service *service, const struct daemon_arguments *arguments)
{
    int r = service_build(service);

    if (r == 0 && service_has_users(service) && arguments->no_sandbox) {
        fputs("firecurtain: --insecure-no-sandbox is refused: nothing would separate the users\n", stderr);
        return EX_NOPERM;
    }
    if (r == -ENOMEM)
        fputs("firecurtain: out of memory\n", stderr);
    return r == -ENOMEM ? EX_OSERR : r < 0 ? EX_CONFIG : EX_OK;
}

static int run_open_recorder(struct recorder *recorder)
{
    struct fc_reason reason;

    if (recorder_open_replay(recorder, &reason) < 0) {
        fprintf(stderr, "firecurtain: %s: %s\n", recorder->spec.replay, reason.text);
        return EX_NOINPUT;
    }
    if (recorder_open_record(recorder, &reason) < 0) {
        fprintf(stderr, "firecurtain: %s: %s\n", recorder->spec.record, reason.text);
        return EX_CANTCREAT;
    }
    return EX_OK;
}

static int run_service(struct service *service, struct recorder *recorder,
                       const struct daemon_arguments *arguments)
{
    int status = run_build(service, arguments);
    int signal_fd, r;

    if (status != EX_OK)
        return status;
    signal_fd = signals_block();
    status = run_open_recorder(recorder);
    if (status != EX_OK)
        return status;
    r = service_prepare(service, signal_fd);
    if (r < 0)
        return r == -EADDRINUSE ? EX_TEMPFAIL : EX_OSERR;
    r = service_start(service);
    if (r < 0)
        return r == -EPROTO ? EX_DATAERR : EX_OSERR;
    r = service_run(service);
    return r < 0 ? EX_OSERR : service_was_refused(service) ? EX_UNAVAILABLE : EX_OK;
}

int daemon_run(const struct daemon_arguments *arguments)
{
    struct recorder recorder = RECORDER_NONE;
    struct service_spec spec = {
        .path = arguments->path,
        .overrides = arguments->overrides,
        .n_overrides = arguments->n_overrides,
        .runtime_folder = arguments->runtime_folder,
        .recorder = &recorder,
        .no_sandbox = arguments->no_sandbox,
    };
    struct service *service;
    int status = run_check_no_sandbox(arguments);

    /* a log without a reader, or longer than RLIMIT_FSIZE, must not end the show */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (status != EX_OK)
        return status;
    recorder.spec = (struct recorder_spec){
        .record = arguments->record,
        .max_bytes = arguments->max_bytes,
        .replay = arguments->replay,
        .speed = arguments->speed,
        .is_mute = arguments->is_mute,
    };
    if (service_new(&service, &spec) < 0) {
        fputs("firecurtain: out of memory\n", stderr);
        return EX_OSERR;
    }
    status = run_service(service, &recorder, arguments);
    service_free(service);
    return status;
}
