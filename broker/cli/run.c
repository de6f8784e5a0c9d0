/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain run: the show, until a signal ends it. SIGTERM and SIGINT let the scripts clean up first; a
 * second one does not wait for that. SIGHUP reads the configuration again.
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/path_set.h"
#include "broker/build/build.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/cli/cli.h"
#include "broker/cli/tape.h"
#include "broker/config/roles.h"
#include "broker/control/control.h"
#include "broker/os/notify.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"

#define RUN_MAX_FINDINGS 100 /* lines in the log of what is wrong with a user's configuration */

struct run {
    const struct cli_options *options;
    struct runtime runtime;
    struct path_set shown; /* what workers of the house may see, for as long as this process runs */
    struct users users;
    struct control_roles roles;
    struct control *control;
    struct tape tape;
    struct show *show;
    struct config *house;    /* that the show was made from, without its users' */
    char *findings;          /* in the configuration that was read last; or NULL */
    bool changing;           /* to another configuration, … */
    const char *change_user; /* … of this user alone, or NULL … */
    bool again;              /* … and it was asked for once more */
    int signal_fd;
    struct loop_source *signals;
    struct loop_task end;
    bool stopping;
};

/*
 * Errors of a configuration that is read while a show runs go where the show's log goes, those of a user's as
 * hers; and the administrator's to who asked for it.
 */
static void run_log_diagnostics(struct run *run, const struct config *config, const char *user)
{
    size_t bytes, n = 0;
    FILE *memory;
    const char *line, *end;

    free(fc_steal(run->findings));
    memory = open_memstream(&run->findings, &bytes);
    if (!memory)
        return;
    config_print_diagnostics(config, memory, false);
    fclose(memory);
    for (line = run->findings; line && *line; line = *end ? end + 1 : end) {
        if (user && ++n > RUN_MAX_FINDINGS) { /* she can have it read as often as she likes */
            fc_log(FC_LOG_ERROR, user, "… %zu errors in all", config->n_errors);
            return;
        }
        end = strchrnul(line, '\n');
        fc_log_text(config->n_errors ? FC_LOG_ERROR : FC_LOG_WARNING, user, line, (size_t)(end - line));
    }
}

static void run_judged(void *userdata, const char *user, const struct config *config,
                       enum users_outcome outcome)
{
    run_log_diagnostics(userdata, config, user);
    if (outcome == USERS_KEPT)
        fc_log(FC_LOG_ERROR, user, "her configuration has errors: her show stays as it was");
    else if (outcome == USERS_LEFT_OUT)
        fc_log(FC_LOG_ERROR, user, "her configuration has errors: nothing of hers runs");
}

/* The show of the configuration, or NULL with what is wrong said in the log. */
static struct show *run_build(struct run *run, struct config *config)
{
    struct show *show = NULL;
    int r = build_show(&show, config, run->options->path, false, &run->users);

    run_log_diagnostics(run, config, NULL);
    if (r == -ENOMEM)
        fc_log(FC_LOG_ERROR, NULL, "out of memory");
    return show;
}

static void run_end(void *userdata)
{
    struct run *run = userdata;

    control_set_show(run->control, NULL);
    tape_set_show(&run->tape, NULL);
    run->show = show_free(run->show);
    loop_stop(run->runtime.loop);
}

/* What the instances said last is still routed in this turn; then the show goes. */
static void run_ended(void *userdata)
{
    struct run *run = userdata;

    loop_defer(run->runtime.loop, &run->end);
}

/*
 * Whoever takes the broker over must not be able to show the scripts more than the first configuration does,
 * so a later one cannot either.
 */
static bool run_may_show(const struct run *run, const struct show *show)
{
    FC_CLEANUP(path_set_deinit) struct path_set shown = {0};
    const struct spawn_paths paths = {.shown = (const char *const *)run->shown.paths,
                                      .n_shown = run->shown.n};

    if (shown_collect(show, 0, &shown) < 0)
        return false;
    for (size_t i = 0; i < shown.n; i++) {
        if (spawn_paths_show(&paths, shown.paths[i]))
            continue;
        fc_log(FC_LOG_ERROR, NULL, "scripts see %s only when firecurtain is started anew", shown.paths[i]);
        return false;
    }
    return true;
}

static void run_reload(struct run *run);

static void run_changed(void *userdata, struct show *show)
{
    struct run *run = userdata;

    run->show = show;
    run->changing = false;
    fc_log(FC_LOG_INFO, run->change_user,
           run->change_user ? "her new configuration is running" : "the new configuration is running");
    tape_set_show(&run->tape, show);
    control_set_show(run->control, show);
    control_reloaded(run->control, true, run->findings);
    if (run->again)
        run_reload(run);
}

static void run_free_config(struct config **config)
{
    config_free(*config);
}

/* The show of the configuration as it is now, or NULL; and the configuration, the caller's. */
static struct show *run_build_next(struct run *run, struct config **configp)
{
    int status;
    struct config *config = *configp = cli_load(run->options, &status);
    struct show *next = config ? run_build(run, config) : NULL;

    if (next && !control_roles_are_of(&run->roles, config))
        fc_log(FC_LOG_WARNING, NULL,
               "the section [control] has changed: that counts when firecurtain is started anew");
    return next && !run_may_show(run, next) ? show_free(next) : next;
}

/* False with the reason in the log and told to who waits for it; then `next` is gone. */
static bool run_change(struct run *run, struct show *next, const char *user)
{
    run->change_user = user;
    run->changing = show_change(run->show, next, run_changed, run) == 0;
    if (run->changing)
        return true;
    fc_log(FC_LOG_ERROR, user, "the configuration was not changed: out of memory");
    control_reloaded(run->control, false, "out of memory");
    show_free(next);
    return false;
}

/* The house and the others are built again from what they were built from: that finds no error. */
static void run_reload_user(struct run *run, unsigned account)
{
    const char *name = run->users.list[account - 1].name;
    struct show *next = NULL;
    int r;

    if (run->stopping) {
        control_reloaded(run->control, false, "the broker is ending");
        return;
    }
    free(fc_steal(run->findings));
    config_forget_findings(run->house);
    run->users.only = account;
    r = build_show(&next, run->house, run->options->path, false, &run->users);
    run->users.only = 0;
    if (r == 0) {
        run_change(run, next, name);
        return;
    }
    if (r == -ENOMEM)
        fc_log(FC_LOG_ERROR, name, "out of memory");
    control_reloaded(run->control, false,
                     r == -EINVAL && run->findings && *run->findings ? run->findings : "out of memory");
}

static void run_reload(struct run *run)
{
    FC_CLEANUP(run_free_config) struct config *config = NULL;
    struct show *next;

    run->again = run->changing;
    if (run->stopping)
        control_reloaded(run->control, false, "the broker is ending");
    if (run->options->replays) {
        fc_log(FC_LOG_WARNING, NULL, "the configuration is not read again while a recording is replayed");
        control_reloaded(run->control, false, "a recording is replayed");
    }
    if (run->stopping || run->changing || run->options->replays)
        return;
    notify_reloading(run->runtime.notify);
    next = run_build_next(run, &config);
    if (!next) {
        fc_log(FC_LOG_ERROR, NULL, "the configuration was not changed: it has errors, and the show runs on");
        control_reloaded(run->control, false,
                         run->findings && *run->findings
                             ? run->findings
                             : "firecurtain has to be started anew for that: the log says why");
        return;
    }
    if (run_change(run, next, NULL)) {
        config_free(run->house);
        run->house = fc_steal(config);
    }
}

static void run_stop(struct run *run)
{
    if (run->stopping) {
        loop_stop(run->runtime.loop);
        return;
    }
    run->stopping = true;
    notify_stopping(run->runtime.notify);
    fc_log(FC_LOG_INFO, NULL, "stopping");
    control_reloaded(run->control, false, "the broker is ending");
    show_change_cancel(run->show);
    show_quiesce(run->show, true, run_ended, run);
}

static void run_signal(void *userdata, uint32_t events)
{
    struct run *run = userdata;
    struct signalfd_siginfo info;

    (void)events;
    while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            run_reload(run);
        else
            run_stop(run);
    }
}

/* Tells the service manager how the show is, unless that is being replaced. */
static void run_notify(struct run *run)
{
    struct show_health health;

    if (!run->show || run->changing || !notify_wants(run->runtime.notify, run->show->has_news))
        return;
    show_health(run->show, &health);
    if (notify_turn(run->runtime.notify, &(struct notify_health){.n = health.n,
                                                                 .n_up = health.n_up,
                                                                 .n_starting = health.n_starting}))
        run->show->has_news = false;
}

static void run_after(void *userdata)
{
    struct run *run = userdata;

    if (run->show)
        show_route(run->show);
    run_notify(run);
}

static void run_replayed(void *userdata)
{
    run_stop(userdata);
}

static int run_loop(struct run *run)
{
    int status, r = loop_add(run->runtime.loop, &run->signals, run->signal_fd, EPOLLIN, run_signal, run);

    if (r == 0) {
        status = tape_begin(&run->tape, run->show, &run->runtime, run_replayed, run);
        if (status != EX_OK)
            return status;
        run->end = (struct loop_task){.fn = run_end, .userdata = run};
        loop_set_after(run->runtime.loop, run_after, run);
        notify_start(run->runtime.notify, run->runtime.loop);
        show_start(run->show, &run->runtime);
        control_set_show(run->control, run->show);
        r = loop_run(run->runtime.loop);
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the loop ended: %s", strerror(-r));
    return r < 0 ? EX_OSERR : EX_OK;
}

static void run_deinit(struct run *run)
{
    control_set_show(run->control, NULL);
    tape_set_show(&run->tape, NULL);
    if (run->show)
        show_change_cancel(run->show);
    show_free(run->show);
    if (run->runtime.loop)
        loop_cancel_task(run->runtime.loop, &run->end);
    loop_remove(run->signals);
    control_free(run->control);
    tape_deinit(&run->tape);
    control_roles_deinit(&run->roles);
    config_free(run->house);
    free(run->findings);
    runtime_deinit(&run->runtime);
    path_set_deinit(&run->shown);
    users_deinit(&run->users);
    fc_closep(&run->signal_fd);
}

/* Errors of the configuration come before anything is made: nothing starts. */
static int run_build_first(struct run *run, struct config *config)
{
    int r = build_show(&run->show, config, run->options->path, false, &run->users);

    if (r != -ENOMEM && control_roles_read(&run->roles, config) < 0)
        r = -ENOMEM;
    if (r == 0 && config->n_errors)
        r = -EINVAL;
    if (r < 0 || config->n_diagnostics)
        config_print_diagnostics(config, stderr, isatty(STDERR_FILENO));
    if (r == 0 && run->show->n_users && (run->options->given & CLI_NO_SANDBOX)) {
        fputs("firecurtain: --insecure-no-sandbox is refused: nothing would stand between the users\n",
              stderr);
        return EX_NOPERM;
    }
    return r == -ENOMEM ? EX_OSERR : r < 0 ? EX_CONFIG : EX_OK;
}

/* Without a curtain a script is the caller: that must be nobody who can do more than other users. */
static const char *run_find_privilege(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())
        return "this program is installed setuid, setgid or with capabilities: take that off, or use another "
               "copy of it";
    if (geteuid() == 0)
        return "as root, a script could do anything to this machine: start it as an ordinary user, such as "
               "with runuser -u NAME -- firecurtain run --insecure-no-sandbox";
    if (syscall(SYS_capget, &header, sets) < 0 || sets[0].permitted || sets[1].permitted)
        return "the caller has capabilities: drop them, such as with setpriv --inh-caps=-all "
               "--ambient-caps=-all";
    return NULL;
}

/* EX_OK if the option was not given, or is possible; then loudly. */
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
    fc_log(
        FC_LOG_ERROR, NULL,
        "--insecure-no-sandbox: NOTHING confines the scripts. They may read, change and reach whatever uid "
        "%u may; connect, listen and network are not enforced. For debugging only",
        getuid());
    return EX_OK;
}

static bool run_is_changing(void *userdata)
{
    const struct run *run = userdata;

    return run->changing;
}

static void run_reload_asked(void *userdata, unsigned account)
{
    if (account)
        run_reload_user(userdata, account);
    else
        run_reload(userdata);
}

/* Only where users have uids of their own can somebody ask in their name. */
static int run_add_users(struct run *run)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < run->users.n; i++) {
        const struct users_account *account = &run->users.list[i];

        r = control_roles_add_user(&run->roles,
                                   account->identity.is_switched ? account->identity.uid : (uid_t)-1,
                                   account->name);
    }
    return r;
}

/* Without the socket the show runs as well; the log has said why. */
static int run_open_control(struct run *run)
{
    struct control_spec spec = {
        .runtime = &run->runtime,
        .roles = &run->roles,
        .journal = run->tape.journal,
        .is_changing = run_is_changing,
        .reload = run_reload_asked,
        .userdata = run,
    };

    int r;

    if (run->runtime.control_fd < 0)
        return 0;
    r = run_add_users(run);
    if (r < 0)
        return r;
    if (run->runtime.is_root)
        run->roles.excluded = run->runtime.accounts[0].uid;
    return control_new(&run->control, &spec);
}

/* From here on this process can be told things by others, and has no more rights than that takes. */
static int run_confine(struct run *run, const struct path_set *readable)
{
    int status, r;

    run->signal_fd = cli_block_signals();
    status = tape_open(&run->tape, run->options);
    if (status != EX_OK)
        return status;
    run->runtime.is_controlled = true;
    run->runtime.runtime_folder = cli_runtime_folder(run->options);
    r = notify_new(&run->runtime.notify);
    if (r == 0)
        r = shown_collect(run->show, 0, &run->shown);
    if (r == 0)
        r = users_fix(&run->users, run->show);
    if (r == 0)
        r = runtime_init(&run->runtime, &run->shown, &run->users);
    if (r == 0)
        r = runtime_confine(&run->runtime, readable);
    if (r == 0)
        r = tape_new_journal(&run->tape, &run->runtime);
    if (r == 0) /* only now: libzmq's threads begin here, and are confined as this one is */
        r = run_open_control(run);
    return r == -EADDRINUSE ? EX_TEMPFAIL : r < 0 ? EX_OSERR : EX_OK;
}

int cli_run(const struct cli_options *options)
{
    struct run run = {.options = options, .signal_fd = -1, .runtime = RUNTIME_NONE, .tape = TAPE_NONE};
    FC_CLEANUP(path_set_deinit) struct path_set readable = {0};
    struct config *config;
    int status = run_check_no_sandbox(options);

    /* a log without a reader, or longer than RLIMIT_FSIZE: no reason to end */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (status != EX_OK)
        return status;
    run.users.judged = run_judged;
    run.users.userdata = &run;
    run.runtime.no_sandbox = options->given & CLI_NO_SANDBOX;
    run.runtime.is_exclusive = true;
    run.runtime.is_replay = options->replays;
    config = cli_load(options, &status);
    if (!config)
        return status;
    status = run_build_first(&run, config);
    if (status == EX_OK && config_collect_folders(config, &readable) < 0)
        status = EX_OSERR;
    run.house = config;
    if (status == EX_OK)
        status = run_confine(&run, &readable);
    if (status == EX_OK)
        status = run_loop(&run);
    run_deinit(&run);
    return status;
}

int cli_replay(const struct cli_options *options)
{
    struct cli_options replays = *options;

    replays.replays = options->words[0];
    return cli_run(&replays);
}
