/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the configuration again and changes the running show to what it says now. A configuration with errors
 * changes nothing. One change at a time: what comes meanwhile is one more reload at its end.
 */
#include "broker/runtime/reload.h"

#include <assert.h>
#include <errno.h>

#include "broker/build/build.h"
#include "broker/build/shown.h"
#include "broker/config/config.h"
#include "broker/config/load.h"
#include "broker/control/change.h"
#include "broker/control/control.h"
#include "broker/os/notify.h"
#include "broker/record/recorder.h"
#include "broker/runtime/findings.h"
#include "broker/runtime/private.h"
#include "broker/show/change.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

/* Returns why the configuration cannot be read again, whoever asks; or NULL. */
static const char *reload_obstacle(const struct service *service)
{
    if (service->phase == SERVICE_STOPPING)
        return "the broker is shutting down";
    if (service->spec.recorder->spec.replay)
        return "a recording is being replayed";
    return NULL;
}

bool reload_is_changing(void *userdata)
{
    const struct service *service = userdata;

    return service->phase == SERVICE_READING || service->phase == SERVICE_CHANGING;
}

static void reload_changed(void *userdata, struct show *show)
{
    struct service *service = userdata;
    const char *user = service->change_user;

    service->show = show;
    service->phase = SERVICE_STEADY;
    fc_log(FC_LOG_INFO, user,
           user ? "the user's new configuration is running" : "the new configuration is running");
    recorder_set_show(service->spec.recorder, show);
    control_set_show(service->control, show);
    control_reloaded(service->control, true, service->findings);
    if (service->reload_again)
        reload_begin(service, 0);
}

/*
 * Scripts see no more than the first configuration shows them: whoever takes over the broker must not be able
 * to show them more, so a later configuration cannot either. -EPERM with the reason in the log.
 */
static int reload_check_shown(const struct service *service, const struct show *show)
{
    FC_CLEANUP(path_set_deinit) struct path_set beyond = {0};
    int r = shown_find_beyond(show, 0, &service->shown, &beyond);

    if (r < 0 || !beyond.n)
        return r;
    fc_log(FC_LOG_ERROR, NULL, "scripts can see %s only after firecurtain has been restarted",
           beyond.paths[0]);
    return -EPERM;
}

/* Makes `next` from the configuration as it is now, and keeps that as the house's. */
static int reload_build_house(struct service *service, struct show **next, struct config **config)
{
    int r = config_load(config, service->spec.path, service->spec.overrides, service->spec.n_overrides);

    if (r < 0)
        return r;
    r = build_show(next, *config, service->spec.path, BUILD_SCRIPTS_UNSEEN, &service->users);
    findings_log(service, *config, NULL);
    if (r < 0)
        return r;
    if (!control_roles_are_of(&service->roles, *config))
        fc_log(FC_LOG_WARNING, NULL,
               "the section [control] has changed; restart firecurtain for that to take effect");
    if (!console_config_is_of(&service->console, *config))
        fc_log(FC_LOG_WARNING, NULL,
               "the section [console] has changed; restart firecurtain for that to take effect");
    r = reload_check_shown(service, *next);
    if (r < 0)
        *next = show_free(*next);
    return r;
}

/* Makes `next` from the user's files; the house and the others are built from what they were built from. */
static int reload_build_user(struct service *service, unsigned account, struct show **next)
{
    int r;

    config_forget_findings(service->house);
    service->users.only = account;
    r = build_show(next, service->house, service->spec.path, BUILD_SCRIPTS_UNSEEN, &service->users);
    service->users.only = 0;
    return r;
}

/* Says that the show stays as it was. */
static void reload_fail(struct service *service, const char *user, int r)
{
    const char *findings = service->findings && *service->findings ? service->findings : NULL;

    if (r == -ENOMEM)
        fc_log(FC_LOG_ERROR, user, "the configuration was not changed: out of memory");
    else if (!user)
        fc_log(FC_LOG_ERROR, NULL, "the configuration was not changed%s; the show goes on",
               r == -EINVAL ? ", since it has errors" : "");
    control_reloaded(service->control, false,
                     r == -ENOMEM               ? "out of memory"
                     : r == -EINVAL && findings ? findings
                                                : "firecurtain must be restarted for that; see the log");
}

/* Begins the change; takes over `next`. */
static int reload_change(struct service *service, struct show *next, const char *user)
{
    int r = show_change(service->show, next, reload_changed, service);

    if (r < 0) {
        show_free(next);
        return r;
    }
    service->change_user = user;
    service->phase = SERVICE_CHANGING;
    return 0;
}

static void reload_tidy(void *userdata)
{
    users_forget_old(&((struct service *)userdata)->users);
}

/* Makes a show of what was read in the turn before, and begins the change to it. */
static void reload_build(void *userdata)
{
    struct service *service = userdata;
    const char *name = service->users.list[service->read_account - 1].name;
    struct show *next = NULL;
    int r;

    service->phase = SERVICE_STEADY;
    r = reload_build_user(service, service->read_account, &next);
    if (r == 0)
        r = reload_change(service, next, name);
    users_forget_read(&service->users);
    loop_defer(service->runtime.loop, &service->tidy);
    if (r == 0)
        return;
    reload_fail(service, name, r);
    if (service->reload_again)
        reload_begin(service, 0);
}

/* Reads a user's files. Whether they are sound is found out in the next turn. */
static int reload_read_user(struct service *service, unsigned account, const char *name)
{
    const struct user *user = show_find_user(service->show, name);
    int r = user ? users_read(&service->users, user) : -ENOENT;

    if (r < 0)
        return r;
    service->read_account = account;
    service->phase = SERVICE_READING;
    loop_defer(service->runtime.loop, &service->build);
    return 0;
}

static int reload_house(struct service *service)
{
    FC_CLEANUP(config_freep) struct config *config = NULL;
    struct show *next = NULL;
    int r;

    notify_reloading(service->runtime.notify);
    r = reload_build_house(service, &next, &config);
    if (r == 0)
        r = reload_change(service, next, NULL);
    if (r == 0) {
        config_free(service->house);
        service->house = fc_steal(config);
    }
    return r;
}

void reload_init(struct service *service)
{
    service->build =
        (struct loop_task){.fn = reload_build, .what = "a user's configuration", .userdata = service};
    service->tidy =
        (struct loop_task){.fn = reload_tidy, .what = "an old configuration", .userdata = service};
}

void reload_begin(void *userdata, unsigned account)
{
    struct service *service = userdata;
    const char *user = account ? service->users.list[account - 1].name : NULL;
    const char *obstacle = reload_obstacle(service);
    int r;

    if (obstacle) {
        fc_log(FC_LOG_WARNING, user, "the configuration cannot be reloaded: %s", obstacle);
        control_reloaded(service->control, false, obstacle);
        return;
    }
    assert(!account || !reload_is_changing(service)); /* control/change.c says that it is busy */
    service->reload_again = reload_is_changing(service);
    if (service->reload_again)
        return;
    findings_forget(service);
    r = account ? reload_read_user(service, account, user) : reload_house(service);
    if (r < 0)
        reload_fail(service, user, r);
}
