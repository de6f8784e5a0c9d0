/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain run and replay: options and exit statuses; runtime/service.c does the rest. */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/record/recorder.h"
#include "broker/runtime/service.h"

/*
 * Without a sandbox a script is the caller, so the caller must not be able to do more than other users.
 * Returns what the caller has to change, or NULL.
 */
static const char *run_find_privilege(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())
        return "this program is installed setuid, setgid or with capabilities; remove these, or use another "
               "copy of it";
    if (geteuid() == 0)
        return "as root, a script could do anything to this machine: start firecurtain as an ordinary user, "
               "for example with runuser -u NAME -- firecurtain run --insecure-no-sandbox";
    if (syscall(SYS_capget, &header, sets) < 0 || sets[0].permitted || sets[1].permitted)
        return "the caller has capabilities; drop them, for example with setpriv --inh-caps=-all "
               "--ambient-caps=-all";
    return NULL;
}

/* Returns EX_OK if the option was not given, or is possible; then it says so loudly. */
static int run_check_no_sandbox(const struct cli_options *options)
{
    const char *privilege;

    if (!(options->given & CLI_NO_SANDBOX))
        return EX_OK;
    privilege = run_find_privilege();
    if (privilege) {
        fprintf(stderr, "firecurtain: --insecure-no-sandbox is refused: %s\n", privilege);
        return EX_NOPERM;
    }
    fc_log(FC_LOG_ERROR, NULL,
           "--insecure-no-sandbox: NOTHING confines the scripts. They can read, change and reach whatever "
           "uid %u can; connect and listen are not enforced. For debugging only",
           getuid());
    return EX_OK;
}

/* Builds the show; after errors in the configuration nothing is started. */
static int run_build(struct service *service, const struct cli_options *options)
{
    int r = service_build(service);

    if (r == 0 && service_has_users(service) && (options->given & CLI_NO_SANDBOX)) {
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
    int r;

    if (recorder_open_replay(recorder, &reason) < 0) {
        fprintf(stderr, "firecurtain: %s: %s\n", recorder->spec.replay, reason.text);
        return EX_NOINPUT;
    }
    r = recorder_open_record(recorder);
    if (r < 0) {
        fprintf(stderr, "firecurtain: %s: %s\n", recorder->spec.record, strerror(-r));
        return EX_CANTCREAT;
    }
    return EX_OK;
}

static int run_service(struct service *service, struct recorder *recorder, const struct cli_options *options)
{
    int status = run_build(service, options);
    int signal_fd, r;

    if (status != EX_OK)
        return status;
    signal_fd = cli_block_signals();
    status = run_open_recorder(recorder);
    if (status != EX_OK)
        return status;
    r = service_confine(service, signal_fd);
    if (r < 0)
        return r == -EADDRINUSE ? EX_TEMPFAIL : EX_OSERR;
    r = service_start(service);
    if (r < 0)
        return r == -EPROTO ? EX_DATAERR : EX_OSERR;
    return service_run(service) < 0 ? EX_OSERR : EX_OK;
}

static int run(const struct cli_options *options, const char *replay)
{
    struct recorder recorder = RECORDER_NONE;
    struct service_spec spec = {
        .path = options->path,
        .overrides = options->overrides,
        .n_overrides = options->n_overrides,
        .runtime_folder = options->runtime_folder,
        .recorder = &recorder,
        .no_sandbox = options->given & CLI_NO_SANDBOX,
    };
    struct service *service;
    int status = run_check_no_sandbox(options);

    /* a log without a reader, or longer than RLIMIT_FSIZE, must not end the show */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (status != EX_OK)
        return status;
    recorder.spec = (struct recorder_spec){
        .record = options->record,
        .max_bytes = options->max_bytes,
        .replay = replay,
        .speed = options->speed,
        .is_mute = options->given & CLI_MUTE,
    };
    if (service_new(&service, &spec) < 0) {
        fputs("firecurtain: out of memory\n", stderr);
        return EX_OSERR;
    }
    status = run_service(service, &recorder, options);
    service_free(service);
    return status;
}

int cli_run(const struct cli_options *options)
{
    return run(options, NULL);
}

int cli_replay(const struct cli_options *options)
{
    return run(options, options->words[0]);
}
