/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The panel backend: buttons, toggles, faders and texts that people see in the console. Each is a channel.
 * What somebody does with one is emitted by the core, as by hand; what is set on one is shown. There is no
 * protocol and nothing to open. In the broker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/backend.h"

#define PANEL_MAX_CONTROLS 256

static const char *const panel_kinds[] = {"button", "toggle", "fader", "text"};

#define PANEL_KINDS (sizeof(panel_kinds) / sizeof(panel_kinds[0]))

struct panel_control {
    const char *kind; /* of panel_kinds */
    char *name;
    char *label; /* or NULL: the name */
};

struct panel {
    struct panel_control controls[PANEL_MAX_CONTROLS];
    size_t n;
};

static const struct fc_option panel_options[] = {
    {"button", FC_SCOPE_INSTANCE, true, "go stop", "Names of buttons: 1 while held, then 0"},
    {"toggle", FC_SCOPE_INSTANCE, true, "worklight", "Names of switches: 0 or 1"},
    {"fader", FC_SCOPE_INSTANCE, true, "front back", "Names of faders: 0 to 1"},
    {"text", FC_SCOPE_INSTANCE, true, "cue", "Names of values that are only shown"},
    {"label", FC_SCOPE_INSTANCE, true, "go Next cue", "A name, and what the console shows instead"},
    {.name = NULL},
};

static void *panel_new(struct fc_instance *instance, const char *directory)
{
    (void)instance, (void)directory;
    return calloc(1, sizeof(struct panel));
}

static void panel_free(void *self)
{
    struct panel *panel = self;

    for (size_t i = 0; panel && i < panel->n; i++) {
        free(panel->controls[i].name);
        free(panel->controls[i].label);
    }
    free(panel);
}

static struct panel_control *panel_find(const struct panel *panel, const char *name, size_t n)
{
    for (size_t i = 0; i < panel->n; i++) {
        if (strlen(panel->controls[i].name) == n && memcmp(panel->controls[i].name, name, n) == 0)
            return (struct panel_control *)&panel->controls[i];
    }
    return NULL;
}

/* Adds controls whose names stand in a row. */
static int panel_add(struct panel *panel, const char *kind, const char *names, struct fc_reason *reason)
{
    size_t n;

    if (!names[strspn(names, " ,")])
        return fc_refuse(reason, "expected names of %ss", kind);
    for (names += strspn(names, " ,"); *names; names += n, names += strspn(names, " ,")) {
        n = strcspn(names, " ,");
        if (panel_find(panel, names, n))
            return fc_refuse(reason, "there is already a control \"%.*s\"", (int)(n < 80 ? n : 80), names);
        if (panel->n == PANEL_MAX_CONTROLS)
            return fc_refuse(reason, "a panel has at most %d controls", PANEL_MAX_CONTROLS);
        panel->controls[panel->n] = (struct panel_control){.kind = kind, .name = strndup(names, n)};
        if (!panel->controls[panel->n].name)
            return -ENOMEM;
        panel->n++;
    }
    return 0;
}

static int panel_label(struct panel *panel, const char *value, struct fc_reason *reason)
{
    size_t n = strcspn(value, " ");
    struct panel_control *control = panel_find(panel, value, n);

    if (!control || !value[n + strspn(value + n, " ")])
        return fc_refuse(reason, "expected the name of a control that is declared above, and its label");
    free(control->label);
    control->label = strdup(value + n + strspn(value + n, " "));
    return control->label ? 0 : -ENOMEM;
}

static int panel_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                           struct fc_reason *reason)
{
    struct panel *panel = self;

    (void)scope;
    for (size_t i = 0; i < PANEL_KINDS; i++) {
        if (strcmp(option, panel_kinds[i]) == 0)
            return panel_add(panel, panel_kinds[i], value, reason);
    }
    return panel_label(panel, value, reason);
}

static int panel_channel(void *self, uint32_t id, const char *name, unsigned directions,
                         struct fc_reason *reason)
{
    const struct panel_control *control = panel_find(self, name, strlen(name));

    (void)id;
    if (!control)
        return fc_refuse(reason, "the panel has no control \"%.80s\"", name);
    if ((directions & FC_SOURCE) && strcmp(control->kind, "text") == 0)
        return fc_refuse(reason, "\"%.80s\" is a text, which only shows values", name);
    return 0;
}

static int panel_start(void *self)
{
    (void)self;
    return 0;
}

static void panel_stop(void *self)
{
    (void)self;
}

/* The core keeps the value, and shows it to those that watch. */
static void panel_set(void *self, uint32_t channel, double value)
{
    (void)self, (void)channel, (void)value;
}

static bool panel_control(const void *self, const char *name, struct fc_control *shown)
{
    const struct panel *panel = self;
    const struct panel_control *control = panel_find(panel, name, strlen(name));

    if (!control)
        return false;
    *shown = (struct fc_control){.kind = control->kind,
                                 .label = control->label ? control->label : control->name,
                                 .place = (unsigned)(control - panel->controls)};
    return true;
}

const struct fc_backend backend_panel = {
    .name = "panel",
    .is_for_users = true,
    .is_for_operators = true,
    .options = panel_options,
    .instance_new = panel_new,
    .instance_free = panel_free,
    .configure = panel_configure,
    .channel = panel_channel,
    .start = panel_start,
    .stop = panel_stop,
    .set = panel_set,
    .control = panel_control,
};
