/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks the channel up as the verb panic does; only what a mapping leads away from is of use. */
#include "broker/build/panic.h"

#include <stdio.h>
#include <string.h>

#include "broker/build/private.h"
#include "broker/config/console.h"
#include "broker/show/show.h"

static struct fc_instance *panic_find_instance(const struct show *show, const char *channel)
{
    char name[BUILD_MAX_NAME];
    struct fc_instance *instance;

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(channel, "."), channel);
    HASH_FIND_STR(show->by_name, name, instance);
    return instance;
}

static void panic_check(struct build *build, const struct config_option *option)
{
    const struct fc_instance *instance = panic_find_instance(build->show, option->value);
    const char *channel = strchr(option->value, '.');
    int64_t id = instance && channel ? instance_find_channel(instance, channel + 1) : -1;

    if (!channel || (id >= 0 && (instance->channels[id].directions & FC_SOURCE)))
        return; /* sound, or an error of form that was found before */
    config_diagnose(build->config, CONFIG_ERROR, option->value_at, NULL,
                    instance ? "no mapping leads away from \"%.100s\""
                             : "there is no instance for \"%.100s\"",
                    option->value);
}

void build_check_panic(struct build *build)
{
    const struct config *config = build->config;

    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        for (size_t n = 0; console_config_is_section(section) && n < section->n_options; n++) {
            if (strcmp(section->options[n].name, "panic") == 0)
                panic_check(build, &section->options[n]);
        }
    }
}
