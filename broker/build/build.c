/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps from a configuration to a show, in their order. */
#include "broker/build/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/build/instances.h"
#include "broker/build/join.h"
#include "broker/build/map.h"
#include "broker/build/private.h"
#include "broker/show/show.h"

/* Builds what belongs to no user. */
static int build_house(struct build *build, bool check_scripts)
{
    const struct config *config = build->config;
    int r = build_instances(build);

    if (r == 0)
        r = join_read_users(build);
    for (size_t i = 0; r == 0 && i < config->n_mappings; i++)
        r = build_mapping(build, &config->mappings[i]);
    if (r == 0 && check_scripts)
        build_check_scripts(build);
    return r;
}

int build_show(struct show **showp, struct config *config, const char *path, bool check_scripts,
               struct users *users)
{
    struct show *show = calloc(1, sizeof(*show));
    struct build build = {.show = show, .config = config};
    bool is_refused = false;
    int r;

    if (!show)
        return -ENOMEM;
    show->path = realpath(path, NULL);
    if (!show->path)
        show->path = strdup(path);
    r = show->path ? build_house(&build, check_scripts) : -ENOMEM;
    if (r == 0 && users && !config->n_errors)
        r = join_users(show, config, users, check_scripts, &is_refused);
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
