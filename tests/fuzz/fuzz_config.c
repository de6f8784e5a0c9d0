/*
 * Any bytes as a configuration file: reading it, printing what is wrong with it and, if nothing is, building
 * the show. The file is alone in a folder of its own, so that its includes lead to itself or nowhere.
 */
#include "broker/config.h"
#include "broker/show.h"
#include "tests/fuzz/fuzz.h"

#define MAX_NAMES 2000 /* of all mappings: millions are legal, and slow */

static char folder[] = "/tmp/firecurtain-fuzz-XXXXXX";
static FILE *nowhere;

static void remove_folder(void)
{
    unlink("show.cfg");
    if (chdir("/") == 0)
        rmdir(folder);
}

static void make_folder(void)
{
    require(mkdtemp(folder) && chdir(folder) == 0);
    atexit(remove_folder);
    nowhere = fopen("/dev/null", "w");
    require(nowhere != NULL);
}

static void write_file(const uint8_t *data, size_t bytes)
{
    int fd = open("show.cfg", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    require(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
    close(fd);
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
    int r = show_build(&show, config, "show.cfg", true);

    require((r == 0) == (config->n_errors == 0) && (r == 0) == (show != NULL));
    for (size_t i = 0; show && i < show->n_instances; i++)
        require(show->instances[i]->n_channels <= INSTANCE_MAX_CHANNELS);
    show_free(show);
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
    config_print_diagnostics(config, nowhere, true);
    config_free(config);
    return 0;
}
