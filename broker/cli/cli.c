/* See cli.h. */
#include "broker/cli/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/log.h"
#include "broker/suggest.h"
#include "firecurtain/cleanup.h"

#define CLI_DEFAULT_SHOW "show.cfg"

const struct cli_command cli_commands[] = {
    {"run", "[show.cfg] [options]", "run a show; the default when a file is given alone", cli_run},
    {"check", "[show.cfg] [options]", "find the errors of a configuration without running anything",
     cli_check},
};
const size_t cli_n_commands = FC_ARRAY_SIZE(cli_commands);

static void cli_help(FILE *out)
{
    fputs("firecurtain runs show-control scripts, each in a confined process of its own.\n\nUsage:\n", out);
    for (size_t i = 0; i < cli_n_commands; i++)
        fprintf(out, "  firecurtain %-6s %-22s %s\n", cli_commands[i].name, cli_commands[i].arguments,
                cli_commands[i].summary);
    fputs(
        "  firecurtain --help | --version\n\n"
        "Options:\n"
        "  -b BACKEND.OPTION=VALUE    set an option of all instances of a backend\n"
        "  -i INSTANCE.OPTION=VALUE   set an option of one instance; the command line wins over the file\n"
        "  --log-level LEVEL          error, warning, info (default) or debug\n"
        "  --runtime-dir DIR          for sockets and the lock: a second show of one user needs its own\n"
        "  --sandbox                  with check: try which layers hold here, and say what each option "
        "opens\n"
        "  --insecure-no-sandbox      with run, to debug scripts of your own: nothing confines them; not as "
        "root\n\n"
        "Without a file, show.cfg in the current folder is used.\n\n"
        "Examples:\n"
        "  firecurtain show.cfg\n"
        "  firecurtain run show.cfg -i osc1.bind='0.0.0.0 9000'\n"
        "  firecurtain check show.cfg && systemctl reload firecurtain\n",
        out);
}

static const struct cli_command *cli_find(const char *name)
{
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

static const char *const cli_option_names[] = {"--help",        "--version", "--log-level",
                                               "--runtime-dir", "--sandbox", "--insecure-no-sandbox"};

static int cli_usage(const char *problem, const char *word)
{
    struct suggest suggest;
    char hint[128];
    const char *text;

    suggest_init(&suggest, word);
    for (size_t i = 0; i < cli_n_commands; i++)
        suggest_offer(&suggest, cli_commands[i].name);
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_option_names); i++)
        suggest_offer(&suggest, cli_option_names[i]);
    text = suggest_hint(&suggest, hint, sizeof(hint));
    fprintf(stderr, "firecurtain: %s \"%s\"%s%s\nTry 'firecurtain --help'.\n", problem, word,
            text ? "; " : "", text ? text : "");
    return EX_USAGE;
}

static int cli_misplaced(const char *option, const char *command)
{
    fprintf(stderr, "firecurtain: %s belongs to \"firecurtain %s\"\nTry 'firecurtain --help'.\n", option,
            command);
    return EX_USAGE;
}

static int cli_add_override(struct cli_options *options, bool is_backend, const char *text)
{
    struct config_override *overrides =
        reallocarray(options->overrides, options->n_overrides + 1, sizeof(*overrides));

    if (!overrides)
        return EX_OSERR;
    options->overrides = overrides;
    overrides[options->n_overrides++] = (struct config_override){.is_backend = is_backend, .text = text};
    return 0;
}

/* Exit status, or -1 to go on. */
static int cli_parse(int argc, char **argv, struct cli_options *options)
{
    static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {"log-level", required_argument, NULL, 'l'},
        {"runtime-dir", required_argument, NULL, 'r'},
        {"sandbox", no_argument, NULL, 's'},
        {"insecure-no-sandbox", no_argument, NULL, 'n'},
        {0},
    };
    int c, r = 0;

    while (r == 0 && (c = getopt_long(argc, argv, ":b:i:hv", long_options, NULL)) != -1) {
        switch (c) {
        case 'b':
        case 'i':
            r = cli_add_override(options, c == 'b', optarg);
            break;
        case 'l':
            if (!log_parse_level(optarg, &options->level))
                return cli_usage("--log-level is error, warning, info or debug, not", optarg);
            break;
        case 'r':
            options->runtime_folder = optarg;
            break;
        case 's':
            options->sandbox = true;
            break;
        case 'n':
            options->no_sandbox = true;
            break;
        case 'h':
            cli_help(stdout);
            return EX_OK;
        case 'v':
            puts("firecurtain " FIRECURTAIN_VERSION);
            return EX_OK;
        case ':':
            return cli_usage("a value is missing after", argv[optind - 1]);
        default:
            return cli_usage("there is no option", argv[optind - 1]);
        }
    }
    return r ? r : -1;
}

/* Nothing else may become stdin, stdout or, worse, stderr: the log would go there. */
static void cli_open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR); /* the lowest number that is free */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int cli_main(int argc, char **argv)
{
    struct cli_options options = {.level = FC_LOG_INFO};
    const struct cli_command *command = NULL;
    const char *word;
    int status;

    cli_open_standard();
    status = cli_parse(argc, argv, &options);
    word = status < 0 && optind < argc ? argv[optind] : NULL;
    if (word && (command = cli_find(word)))
        word = ++optind < argc ? argv[optind] : NULL;
    if (status < 0 && !command && word && !strpbrk(word, "./") && access(word, F_OK) < 0)
        status = cli_usage("there is neither a command nor a file", word); /* a mistyped command, rather */
    if (status < 0 && optind + 1 < argc)
        status = cli_usage("unexpected argument", argv[optind + 1]);
    if (status < 0 && options.sandbox && (!command || command->run != cli_check))
        status = cli_misplaced("--sandbox", "check");
    if (status < 0 && options.no_sandbox && command && command->run != cli_run)
        status = cli_misplaced("--insecure-no-sandbox", "run");
    if (status < 0 && !command && argc == 1 && access(CLI_DEFAULT_SHOW, R_OK) < 0) {
        cli_help(stderr);
        status = EX_USAGE;
    }
    if (status < 0) {
        options.path = word ? word : CLI_DEFAULT_SHOW;
        log_init(options.level);
        status = (command ? command : &cli_commands[0])->run(&options);
    }
    free(options.overrides);
    return status;
}

struct config *cli_load(const struct cli_options *options, int *status)
{
    struct config *config;

    if (config_load(&config, options->path, options->overrides, options->n_overrides) == 0)
        return config;
    fputs("firecurtain: out of memory\n", stderr);
    *status = EX_OSERR;
    return NULL;
}

char *cli_runtime_folder(const struct cli_options *options)
{
    return options->runtime_folder ? strdup(options->runtime_folder) : NULL;
}
