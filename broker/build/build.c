/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps from a configuration to a show, in their order. */
#include "broker/build/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/build/instances.h"
#include "broker/build/join.h"
#include "broker/build/map.h"
#include "broker/build/panic.h"
#include "broker/build/private.h"
#include "broker/show/show.h"

/* Builds what belongs to no user. */
static int build_house(struct build *build)
{
    const struct config *config = build->config;
    int r = build_instances(build);

    if (r == 0)
        r = join_read_users(build);
    for (size_t i = 0; r == 0 && i < config->n_mappings; i++)
        r = build_mapping(build, &config->mappings[i]);
    if (r < 0)
        return r;
    build_check(build);
    build_check_panic(build);
    if (!build->show->n_instances && !build->show->n_users && !config->n_errors)
        config_diagnose(
            build->config, CONFIG_WARNING, (struct config_location){.file = config_main_path(config)},
            "a show begins with instances, such as [osc desk] and [python lights]; see firecurtain(1)",
            "the configuration has no instances");
    return 0;
}

int build_show(struct show **showp, struct config *config, const char *path, enum build_scripts scripts,
               struct users *users)
{
    struct show *show = calloc(1, sizeof(*show));
    struct build build = {.show = show, .config = config, .scripts = scripts};
    bool is_refused = false;
    int r;

    if (!show)
        return -ENOMEM;
    show->path = realpath(path, NULL);
    if (!show->path)
        show->path = strdup(path);
    r = show->path ? build_house(&build) : -ENOMEM;
    if (r == 0 && users && !config->n_errors)
        r = join_users(show, config, users, scripts, &is_refused);
    if (r == 0)
        r = router_seal(&show->router);
    if (r == 0 && (config->n_errors || is_refused))
        r = -EINVAL;
    if (r < 0) {
        show_free(show);
        return r;
    }
    *showp = show;
    return 0;
}
