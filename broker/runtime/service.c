/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of the broker: what is made in which order, the signals, the turns of the loop, and the end. */
#include "broker/runtime/service.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "broker/build/build.h"
#include "broker/build/shown.h"
#include "broker/config/config.h"
#include "broker/config/load.h"
#include "broker/config/print.h"
#include "broker/control/change.h"
#include "broker/control/control.h"
#include "broker/os/console_socket.h"
#include "broker/os/notify.h"
#include "broker/python/state_folder.h"
#include "broker/record/recorder.h"
#include "broker/runtime/accounts.h"
#include "broker/runtime/findings.h"
#include "broker/runtime/private.h"
#include "broker/runtime/reload.h"
#include "broker/runtime/runtime.h"
#include "broker/show/change.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define SERVICE_END_TURNS 1000 /* then the show ends, although a device goes on sending */

int service_new(struct service **servicep, const struct service_spec *spec)
{
    struct service *service = calloc(1, sizeof(*service));

    if (!service)
        return -ENOMEM;
    service->spec = *spec;
    service->signal_fd = -1;
    service->runtime = (struct runtime)RUNTIME_NONE;
    service->runtime.no_sandbox = spec->no_sandbox;
    service->runtime.is_service = true;
    service->runtime.is_replay = spec->recorder->spec.replay;
    service->users.judged = findings_judged;
    service->users.userdata = service;
    reload_init(service);
    *servicep = service;
    return 0;
}

int service_build(struct service *service)
{
    const struct service_spec *spec = &service->spec;
    int r = config_load(&service->house, spec->path, spec->overrides, spec->n_overrides);

    if (r < 0)
        return r;
    r = build_show(&service->show, service->house, spec->path, BUILD_SCRIPTS_TO_START, &service->users);
    if (r != -ENOMEM && control_roles_read(&service->roles, service->house) < 0)
        r = -ENOMEM;
    if (r == 0 && service->house->n_errors)
        r = -EINVAL;
    if (r == 0)
        console_config_read(&service->console, service->house);
    if (r < 0 || service->house->n_diagnostics)
        config_print_diagnostics(service->house, stderr, isatty(STDERR_FILENO));
    return r;
}

bool service_has_users(const struct service *service)
{
    return service->show->n_users;
}

/* Adds the users to the roles: only where users have uids of their own can somebody ask in their name. */
static int service_add_users(struct service *service)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < service->users.n; i++) {
        const struct users_account *account = &service->users.list[i];

        r = control_roles_add_user(&service->roles,
                                   account->identity.is_switched ? account->identity.uid : (uid_t)-1,
                                   account->name);
    }
    return r;
}

/* Opens the control interface. Without a socket the show runs as well; the log has said why. */
static int service_open_control(struct service *service)
{
    struct control_spec spec = {
        .runtime = &service->runtime,
        .roles = &service->roles,
        .journal = service->spec.recorder->journal,
        .console = &service->console,
        .token_store = &service->token_store,
        .is_changing = reload_is_changing,
        .reload = reload_begin,
        .userdata = service,
    };
    int r;

    if (service->runtime.control_fd < 0)
        return 0;
    r = service_add_users(service);
    if (r < 0)
        return r;
    if (service->runtime.is_root)
        service->roles.excluded = service->runtime.accounts[0].uid;
    return control_new(&service->control, &spec);
}

/* Listens for browsers. If that cannot be, the show runs without a console. */
static void service_open_console(struct service *service)
{
    const struct console_config *console = &service->console;
    int fd;

    if (!console->is_on)
        return;
    if (service->runtime.control_fd < 0) {
        fc_log(FC_LOG_ERROR, NULL, "without a control socket there is no console either");
        return;
    }
    fd = console_socket_listen((const struct sockaddr *)&console->address, console->n_address);
    if (fd < 0)
        fc_log(FC_LOG_ERROR, NULL, "the console cannot listen at %s: %s%s", console->text, strerror(-fd),
               fd == -EADDRINUSE
                   ? "; another program has the port: end that one (ss -tlnp shows it), or give "
                     "the option bind of [console] another port"
                   : "");
    else
        service->runtime.console_fd = fd;
}

/* Opens the links to the console, if there is one. */
static void service_open_links(struct service *service)
{
    char name[NAME_MAX + 1];

    if (service->runtime.console_fd < 0)
        return;
    state_folder_name(service->show->path, name, sizeof(name));
    token_store_open(&service->token_store, service->runtime.state_folder, name);
}

static int service_set_folder(struct service *service)
{
    if (!service->spec.runtime_folder)
        return 0;
    service->runtime.runtime_folder = strdup(service->spec.runtime_folder);
    return service->runtime.runtime_folder ? 0 : -ENOMEM;
}

int service_prepare(struct service *service, int signal_fd)
{
    FC_CLEANUP(path_set_deinit) struct path_set readable = {0};
    struct runtime *runtime = &service->runtime;
    int r = config_collect_folders(service->house, &readable);

    service->signal_fd = signal_fd;
    if (r == 0)
        r = service_set_folder(service);
    if (r == 0)
        r = notify_new(&runtime->notify);
    if (r == 0)
        r = shown_collect(service->show, 0, &service->shown);
    if (r == 0)
        r = users_fix(&service->users, service->show);
    if (r == 0)
        r = runtime_init(runtime, &service->shown, &service->users);
    if (r == 0)
        runtime_mark_shows(runtime, service->show->path, &service->users);
    if (r == 0)
        service_open_console(service);
    if (r == 0)
        service_open_links(service);
    if (r == 0)
        r = runtime_confine(runtime, &readable);
    if (r == 0)
        r = recorder_new_journal(service->spec.recorder, runtime->loop);
    if (r == 0)
        r = service_open_control(service);
    return r;
}

static void service_end(void *userdata)
{
    struct service *service = userdata;

    if (show_is_behind(service->show) && service->n_end_turns++ < SERVICE_END_TURNS) {
        loop_defer(service->runtime.loop, &service->end);
        return;
    }
    control_set_show(service->control, NULL);
    recorder_set_show(service->spec.recorder, NULL);
    service->show = show_free(service->show);
    loop_stop(service->runtime.loop);
}

/* Lets this turn route what the instances said last, and some more turns if it is much; then the show goes.
 */
static void service_ended(void *userdata)
{
    struct service *service = userdata;

    loop_defer(service->runtime.loop, &service->end);
}

static void service_stop(void *userdata)
{
    struct service *service = userdata;

    if (service->phase == SERVICE_STOPPING) {
        loop_stop(service->runtime.loop);
        return;
    }
    service->phase = SERVICE_STOPPING;
    loop_cancel_task(&service->build);
    notify_stopping(service->runtime.notify);
    fc_log(FC_LOG_INFO, NULL, "stopping");
    control_reloaded(service->control, false, "the broker is shutting down");
    show_change_cancel(service->show);
    show_quiesce(service->show, true, service_ended, service);
}

static void service_signal(void *userdata, uint32_t events)
{
    struct service *service = userdata;
    struct signalfd_siginfo info;

    (void)events;
    while (read(service->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            reload_begin(service, 0);
        else
            service_stop(service);
    }
}

/*
 * Ends a service whose scripts cannot run at all, instead of calling that a running show: it would look sound
 * to whoever started it. Without a service manager, somebody reads the log.
 */
static void service_refuse(struct service *service)
{
    fc_log(FC_LOG_ERROR, NULL,
           "no script of this show can be confined here, so it does not start; firecurtain check --sandbox "
           "tries each layer");
    service->is_refused = true;
    service_stop(service);
}

/* Tells the service manager how the show is, unless that is being replaced. */
static void service_notify(struct service *service)
{
    struct show_health health;

    if (!service->show || service->phase == SERVICE_CHANGING ||
        !notify_wants(service->runtime.notify, service->show->has_news))
        return;
    show_health(service->show, &health);
    if (health.is_refused && !health.n_starting && notify_is_awaited(service->runtime.notify)) {
        service_refuse(service);
        return;
    }
    if (notify_turn(service->runtime.notify, &(struct notify_health){.n = health.n,
                                                                     .n_up = health.n_up,
                                                                     .n_starting = health.n_starting}))
        service->show->has_news = false;
}

/* Says once that the show runs, when each instance has come up or has failed: there may be no other line. */
static void service_tell(struct service *service)
{
    const char *folder = service->spec.runtime_folder;
    const struct show *show = service->show;
    struct show_health health;
    char some[sizeof("18446744073709551615 of ")] = "";

    if (service->is_told || !show || service->phase != SERVICE_STEADY)
        return;
    show_health(show, &health);
    if (health.n_starting)
        return;
    service->is_told = true;
    if (health.n_up < health.n)
        snprintf(some, sizeof(some), "%zu of ", health.n_up);
    fc_log(FC_LOG_INFO, NULL,
           "the show is running: %s%zu instance%s, %zu route%s; \"firecurtain status%s%s\" shows it", some,
           health.n, health.n == 1 ? "" : "s", show->router.n_targets, show->router.n_targets == 1 ? "" : "s",
           folder ? " --runtime-dir " : "", folder ? folder : "");
}

static void service_turn(void *userdata)
{
    struct service *service = userdata;

    if (service->show)
        show_route(service->show);
    service_notify(service);
    service_tell(service);
}

static int service_fail(int r)
{
    fc_log(FC_LOG_ERROR, NULL, "the event loop failed: %s", strerror(-r));
    return r;
}

int service_start(struct service *service)
{
    struct runtime *runtime = &service->runtime;
    int r = loop_add(runtime->loop, &service->signals, service->signal_fd, EPOLLIN, "a signal",
                     service_signal, service);

    if (r < 0)
        return service_fail(r);
    r = recorder_begin(service->spec.recorder, service->show, runtime->loop, service_stop, service);
    if (r < 0)
        return r;
    service->end = (struct loop_task){.fn = service_end, .what = "the end", .userdata = service};
    loop_set_after(runtime->loop, service_turn, service);
    notify_start(runtime->notify, runtime->loop);
    show_start(service->show, runtime);
    control_set_show(service->control, service->show);
    service_tell(service); /* the first turn may be long in coming */
    return 0;
}

int service_run(struct service *service)
{
    int r = loop_run(service->runtime.loop);

    return r < 0 ? service_fail(r) : 0;
}

bool service_was_refused(const struct service *service)
{
    return service->is_refused;
}

struct service *service_free(struct service *service)
{
    if (!service)
        return NULL;
    control_set_show(service->control, NULL);
    recorder_set_show(service->spec.recorder, NULL);
    if (service->show)
        show_change_cancel(service->show);
    show_free(service->show);
    loop_cancel_task(&service->build);
    loop_cancel_task(&service->tidy);
    loop_cancel_task(&service->end);
    loop_remove(service->signals);
    control_free(service->control);
    token_store_deinit(&service->token_store);
    recorder_deinit(service->spec.recorder);
    control_roles_deinit(&service->roles);
    config_free(service->house);
    findings_forget(service);
    runtime_deinit(&service->runtime);
    path_set_deinit(&service->shown);
    users_deinit(&service->users);
    fc_closep(&service->signal_fd);
    free(service);
    return NULL;
}
