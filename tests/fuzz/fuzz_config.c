/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a configuration file, prints its errors, or builds the show if there are none; then the
 * same as the show of a user. The file is alone in a folder, where its includes lead to itself or nowhere.
 */
#include <sys/stat.h>

#include "broker/build/build.h"
#include "broker/build/users.h"
#include "broker/config/config.h"
#include "broker/config/load.h"
#include "broker/config/print.h"
#include "broker/show/show.h"
#include "tests/fuzz/fuzz.h"

#define MAX_NAMES 2000 /* of all mappings: millions are legal, but slow */

static char folder[] = "/tmp/firecurtain-fuzz-XXXXXX";
static FILE *nowhere;

#define HOUSE                                                                                                \
    "[loopback l]\n[osc o]\nbind = 127.0.0.1 0\n[map]\nl.a > o./a\n[user alice]\nshow = show.cfg\n"          \
    "grant-input = l.{1..9}\ngrant-output = o./a\nallow-connect = *:*\ninstances = 3\n"

static const char house[] = HOUSE, house_of_root[] = HOUSE "uid = 20001\n";

static void write_named(const char *name, const void *data, size_t bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    require(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
    close(fd);
}

static void remove_folder(void)
{
    unlink("show.cfg");
    unlink("house.cfg");
    if (chdir("/") == 0)
        rmdir(folder);
}

static void make_folder(void)
{
    require(mkdtemp(folder) && chdir(folder) == 0 && chmod(folder, 0755) == 0);
    write_named("house.cfg", geteuid() ? house : house_of_root, strlen(geteuid() ? house : house_of_root));
    atexit(remove_folder);
    nowhere = fopen("/dev/null", "w");
    require(nowhere != NULL);
}

static void write_file(const uint8_t *data, size_t bytes)
{
    write_named("show.cfg", data, bytes);
}

static uint64_t count_names(const struct config *config)
{
    uint64_t n = 0;

    for (size_t i = 0; i < config->n_mappings; i++)
        n += config->mappings[i].left.glob.n_names + config->mappings[i].right.glob.n_names;
    return n;
}

static void build(struct config *config)
{
    struct show *show = NULL;
    int r = build_show(&show, config, "show.cfg", BUILD_SCRIPTS_ALL, NULL);

    require((r == 0) == (config->n_errors == 0) && (r == 0) == (show != NULL));
    for (size_t i = 0; show && i < show->n_instances; i++)
        require(show->instances[i]->n_channels <= INSTANCE_MAX_CHANNELS);
    show_free(show);
}

/* Reads the same bytes as the show of a user: whatever they are, the house's show is built. */
static void build_as_user(void)
{
    struct config *config;
    struct show *show;
    static struct users users; /* the account is looked up once */
    size_t n_hers = 0;

    require(config_load(&config, "house.cfg", NULL, 0) == 0 && config->n_errors == 0);
    require(build_show(&show, config, "house.cfg", false, &users) == 0);
    for (size_t i = 0; i < show->n_instances; i++)
        n_hers += show->instances[i]->owner != NULL;
    require(show->n_instances - n_hers == 2 && n_hers <= 3);
    require(n_hers == 0 || users.list[0].sound);
    require(show->router.n_targets >= 1);
    show_free(show);
    users.list[0].sound = config_free(users.list[0].sound);
    config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct config *config;

    if (!nowhere)
        make_folder();
    write_file(data, bytes);
    require(config_load(&config, "show.cfg", NULL, 0) == 0);
    if (config->n_errors == 0 && count_names(config) <= MAX_NAMES)
        build(config);
    if (count_names(config) <= MAX_NAMES)
        build_as_user();
    config_print_diagnostics(config, nowhere, true);
    config_free(config);
    return 0;
}
