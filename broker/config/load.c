/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads all files of a configuration, checks its mappings, and applies the overrides. */
#include "broker/config/load.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/config/config.h"
#include "broker/config/map.h"
#include "broker/config/override.h"
#include "broker/config/private.h"
#include "broker/config/read.h"
#include "broker/config/section.h"
#include "firecurtain/cleanup.h"

static void load_free(struct config **config)
{
    config_free(*config);
}

static int load_all(struct config_parser *parser, const char *path, const struct config_override *overrides,
                    size_t n_overrides)
{
    int r = config_read(parser, path);

    /* without the file, everything that the command line names would also be reported as unknown */
    if (r == 0 && parser->config->files[0].text) {
        config_check_mappings(parser);
        r = config_apply_overrides(parser, overrides, n_overrides);
    }
    return parser->config->out_of_memory ? -ENOMEM : r;
}

static int load_new(struct config **config, const char *path, const struct config_reader *reader,
                    const struct config_override *overrides, size_t n_overrides)
{
    FC_CLEANUP(load_free) struct config *loaded = calloc(1, sizeof(*loaded));
    FC_CLEANUP(config_forget_names) struct config_parser parser = {.config = loaded, .reader = reader};
    int r;

    *config = NULL;
    if (!loaded)
        return -ENOMEM;
    r = load_all(&parser, path, overrides, n_overrides);
    if (r < 0)
        return r;
    *config = fc_steal(loaded);
    return 0;
}

int config_load(struct config **config, const char *path, const struct config_override *overrides,
                size_t n_overrides)
{
    return load_new(config, path, NULL, overrides, n_overrides);
}

int config_load_user(struct config **config, const char *path, const struct config_reader *reader)
{
    return load_new(config, path, reader, NULL, 0);
}
