/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of subcommands, --help, and the parsing of the command line. */
#include "broker/cli/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/suggest.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/options.h"
#include "broker/cli/print.h"
#include "broker/record/file.h"
#include "firecurtain/cleanup.h"

#define CLI_DEFAULT_SHOW "show.cfg"

#define CLI_MAX_WORDS 256

#define CLI_OF_SHOW (CLI_OVERRIDE | CLI_LOG_LEVEL | CLI_RUNTIME)

static const struct cli_command {
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(const struct cli_options *options);
    unsigned options; /* that it takes: enum cli_option, or-ed */
    size_t min_words;
    size_t max_words;
    size_t show_word; /* the word that is a configuration file, from 1; 0: none */
} cli_commands[] = {
    {"run", "[show.cfg]", "run a show; the default when a file is given alone", cli_run,
     CLI_OF_SHOW | CLI_LOG_FORMAT | CLI_NO_SANDBOX | CLI_RECORD | CLI_MAX_SIZE, 0, 1, 1},
    {"check", "[show.cfg]", "find the errors of a configuration and its scripts without running anything",
     cli_check, CLI_OF_SHOW | CLI_SANDBOX, 0, 1, 1},
    {"init", "DIR", "write a small show to a new folder, to begin with", cli_init, 0, 1, 1, 0},
    {"doctor", "", "what this machine offers, what is missing, and how to mend it", cli_doctor, CLI_JSON, 0,
     0, 0},
    {"status", "[INSTANCE…]", "the state of each instance of a running show", cli_status,
     CLI_RUNTIME | CLI_JSON | CLI_USAGE | CLI_CHANNELS, 0, CLI_MAX_WORDS, 0},
    {"top", "", "the same, updated every second", cli_top, CLI_RUNTIME, 0, 0, 0},
    {"start", "INSTANCE…", "start instances that are stopped, failed or waiting", cli_start, CLI_RUNTIME, 1,
     CLI_MAX_WORDS, 0},
    {"stop", "INSTANCE…", "let instances clean up and stop; they stay stopped", cli_stop, CLI_RUNTIME, 1,
     CLI_MAX_WORDS, 0},
    {"restart", "INSTANCE…", "stop instances and start them again", cli_restart, CLI_RUNTIME, 1,
     CLI_MAX_WORDS, 0},
    {"reload", "[USER]", "read the configuration (or that of a user) again and report its errors", cli_reload,
     CLI_RUNTIME, 0, 1, 0},
    {"freeze", "[USER…]", "keep all output from devices, or that of users from the house, until unfreeze",
     cli_freeze, CLI_RUNTIME, 0, CLI_MAX_WORDS, 0},
    {"unfreeze", "[USER…]", "let it through again", cli_unfreeze, CLI_RUNTIME, 0, CLI_MAX_WORDS, 0},
    {"panic", "", "set the channel that the show defines for emergencies", cli_panic, CLI_RUNTIME, 0, 0, 0},
    {"routes", "[CHANNEL]", "the mappings of a running show", cli_routes, CLI_RUNTIME | CLI_JSON | CLI_DOT, 0,
     1, 0},
    {"logs", "[-f] [INSTANCE]", "the last lines of the log; -f: and new ones as they come", cli_logs,
     CLI_RUNTIME | CLI_FOLLOW | CLI_LINES | CLI_JSON, 0, 1, 0},
    {"watch", "PATTERN…", "values of channels, now and as they change; a pattern may contain * and ?",
     cli_watch, CLI_RUNTIME | CLI_TIME, 1, 64, 0},
    {"get", "PATTERN…", "the same, once: what they are now", cli_get, CLI_RUNTIME | CLI_JSON, 1,
     CLI_MAX_WORDS, 0},
    {"channels", "INSTANCE", "an instance's channels, how they are mapped, and their values", cli_channels,
     CLI_RUNTIME | CLI_JSON, 1, 1, 0},
    {"emit", "INSTANCE.CHANNEL VALUE", "send an event as if it came from that instance", cli_emit,
     CLI_RUNTIME, 2, 2, 0},
    {"record", "FILE", "record a running show to a file; --print: show what is in one", cli_record,
     CLI_RUNTIME | CLI_MAX_SIZE | CLI_PRINT | CLI_JSON, 1, 1, 0},
    {"console", "[LABEL]",
     "print a link that opens the console in a browser; --list and --revoke: those there are", cli_console,
     CLI_RUNTIME | CLI_ROLE | CLI_FOR | CLI_LIST | CLI_REVOKE | CLI_PIN, 0, 1, 0},
    {"replay", "FILE [show.cfg]", "run a show with a recording as its only input", cli_replay,
     CLI_OF_SHOW | CLI_LOG_FORMAT | CLI_RECORD | CLI_MAX_SIZE | CLI_SPEED | CLI_MUTE, 1, 2, 2},
    {"state", "[--remove NAME…]",
     "the private folders of scripts, and whose they are; --remove: of shows that are gone", cli_state,
     CLI_JSON | CLI_REMOVE, 0, CLI_MAX_WORDS, 0},
};

static bool cli_takes(const struct cli_command *command, enum cli_option bit)
{
    return command->options & bit;
}

#define CLI_HELP_COMMANDS 47 /* the column of what commands do */
#define CLI_HELP_OPTIONS  29 /* and of what options mean */

/* Explains a command or an option, of which `left` is the name, without being wider than the terminal. */
static void cli_help_row(FILE *out, const char *left, const char *right, size_t column)
{
    print_width(out, left, column - 2);
    fputs("  ", out);
    print_words(out, right, column, print_room(out));
}

static void cli_help_commands(FILE *out)
{
    char left[CLI_HELP_COMMANDS + 64];

    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_commands); i++) {
        snprintf(left, sizeof(left), "  firecurtain %-8s %s", cli_commands[i].name,
                 cli_commands[i].arguments);
        cli_help_row(out, left, cli_commands[i].summary, CLI_HELP_COMMANDS);
    }
    fputs("  firecurtain --help | --version\n\n", out);
}

/* Writes "with run and replay: ", the commands that take an option, unless all that have a show do. */
static void cli_help_with(FILE *out, enum cli_option bit)
{
    size_t n_left = 0;
    bool is_of_all = true, is_first = true;

    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_commands); i++) {
        n_left += cli_takes(&cli_commands[i], bit);
        is_of_all = is_of_all && (!cli_commands[i].show_word || cli_takes(&cli_commands[i], bit));
    }
    for (size_t i = 0; !is_of_all && i < FC_ARRAY_SIZE(cli_commands); i++) {
        if (!cli_takes(&cli_commands[i], bit))
            continue;
        fprintf(out, "%s%s", is_first ? "with " : n_left > 1 ? ", " : " and ", cli_commands[i].name);
        is_first = false;
        n_left--;
    }
    if (!is_of_all)
        fputs(": ", out);
}

static void cli_help_option(FILE *out, const struct option_row *row)
{
    FC_AUTO_FREE char *right = NULL;
    char left[CLI_HELP_OPTIONS], letter[8] = "", name[3];
    size_t n_bytes;
    FILE *text = open_memstream(&right, &n_bytes);

    if (!text)
        return;
    cli_help_with(text, row->bit);
    fputs(row->help, text);
    if (fclose(text) != 0)
        return;
    if (row->letter && row->name)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(left, sizeof(left), "  %s%s%s%s", letter, option_name(row, name), row->argument ? " " : "",
             row->argument ? row->argument : "");
    cli_help_row(out, left, right, CLI_HELP_OPTIONS);
}

/* Explains the options that a command with a show takes, or all others. */
static void cli_help_options(FILE *out, bool is_of_show)
{
    for (size_t i = 0; i < OPTIONS_N; i++) {
        bool has_show = false;

        for (size_t j = 0; j < FC_ARRAY_SIZE(cli_commands); j++)
            has_show =
                has_show || (cli_commands[j].show_word && cli_takes(&cli_commands[j], option_rows[i].bit));
        if (has_show == is_of_show)
            cli_help_option(out, &option_rows[i]);
    }
}

static void cli_help(FILE *out)
{
    fputs("firecurtain runs show-control scripts, each in a confined process of its own.\n\nUsage:\n", out);
    cli_help_commands(out);
    fputs("Options of a show:\n", out);
    cli_help_options(out, true);
    fputs("Options of the other commands:\n", out);
    cli_help_options(out, false);
    fputc('\n', out);
    fputs("Without a file, show.cfg in the current folder is used. firecurtain(1) has the rest.\n\n"
          "Examples:\n"
          "  firecurtain show.cfg\n"
          "  firecurtain run show.cfg -i osc1.bind='0.0.0.0 9000'\n"
          "  firecurtain check show.cfg && systemctl reload firecurtain\n"
          "  firecurtain status --usage\n"
          "  firecurtain routes --dot | dot -Tsvg >routes.svg\n"
          "  firecurtain logs -f lights\n"
          "  firecurtain watch 'desk./1/*' lights.level\n"
          "  firecurtain get 'lights.*'\n"
          "  firecurtain emit desk./1/fader1 0.5\n"
          "  firecurtain run show.cfg --record tonight.rec\n"
          "  firecurtain replay tonight.rec show.cfg --speed 4\n"
          "  firecurtain record --print tonight.rec | grep output\n"
          "  firecurtain console --role operator --for 30d 'tablet in the wings'\n",
          out);
}

static const struct cli_command *cli_find(const char *name)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_commands); i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

static int cli_usage(const char *problem, const char *word)
{
    struct suggest suggest;
    char hint[128];
    const char *text;

    suggest_init(&suggest, word);
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_commands); i++)
        suggest_offer(&suggest, cli_commands[i].name);
    for (size_t i = 0; i < OPTIONS_N; i++) {
        if (option_rows[i].name) /* one letter is as near to any other */
            suggest_offer(&suggest, option_rows[i].name);
    }
    suggest_offer(&suggest, "--help");
    suggest_offer(&suggest, "--version");
    text = suggest_hint(&suggest, hint, sizeof(hint));
    fprintf(stderr, "firecurtain: %s \"%s\"%s%s\nTry 'firecurtain --help'.\n", problem, word,
            text ? "; " : "", text ? text : "");
    return EX_USAGE;
}

/* Returns the first command that takes an option. */
static const struct cli_command *cli_find_taker(enum cli_option bit)
{
    size_t i = 0;

    while (i + 1 < FC_ARRAY_SIZE(cli_commands) && !cli_takes(&cli_commands[i], bit))
        i++;
    return &cli_commands[i];
}

/* Returns EX_USAGE if there is an option that the command does not take, or -1. */
static int cli_check_options(const struct cli_options *options, const struct cli_command *command)
{
    char letter[3];

    for (size_t i = 0; i < OPTIONS_N; i++) {
        const struct option_row *row = &option_rows[i];

        if (!(options->given & row->bit) || cli_takes(command, row->bit))
            continue;
        fprintf(stderr,
                "firecurtain: \"firecurtain %s\" has no option %s; \"firecurtain %s\" has it\n"
                "Try 'firecurtain --help'.\n",
                command->name, option_name(row, letter), cli_find_taker(row->bit)->name);
        return EX_USAGE;
    }
    return -1;
}

/* Takes an option and its value. Returns the exit status, or -1 to go on. */
static int cli_take(struct cli_options *options, const struct option_row *row, const char *value)
{
    char problem[128];

    if (option_take(options, row, value))
        return -1;
    if (!row->expected)
        return EX_OSERR;
    snprintf(problem, sizeof(problem), "%s must be %s, not", row->name, row->expected);
    return cli_usage(problem, value);
}

/* Reads the options. Returns the exit status, or -1 to go on. */
static int cli_parse(int argc, char **argv, struct cli_options *options)
{
    int found, status = -1;

    while (status < 0 && (found = option_next(argc, argv)) != OPTION_END) {
        switch (found) {
        case OPTION_HELP:
            cli_help(stdout);
            return EX_OK;
        case OPTION_VERSION:
            puts("firecurtain " FIRECURTAIN_VERSION);
            return EX_OK;
        case OPTION_WITHOUT_VALUE:
            return cli_usage("missing value after", argv[optind - 1]);
        case OPTION_UNKNOWN:
            return cli_usage("unknown option", argv[optind - 1]);
        default:
            status = cli_take(options, &option_rows[found], optarg);
        }
    }
    return status;
}

/* Opens closed standard descriptors, so that no other file becomes stderr, where the log goes. */
static void cli_open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR); /* the lowest number that is free */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Answers what people try first. Returns whether it did. */
static bool cli_answer(const struct cli_options *options)
{
    const char *word = options->n_words ? options->words[0] : "";
    bool wants_help = strcmp(word, "help") == 0;

    if (wants_help)
        cli_help(stdout);
    else if (options->n_words == 1 && strcmp(word, "version") == 0)
        puts("firecurtain " FIRECURTAIN_VERSION);
    else
        return false;
    return true;
}

/* Refuses a recording in the place of a configuration. Returns EX_USAGE, or -1 to go on. */
static int cli_check_kinds(const struct cli_options *options, const struct cli_command *command)
{
    const char *other = options->words && options->n_words > 1 ? options->words[0] : "show.cfg";

    if (!command->show_word || !record_file_is(options->path))
        return -1;
    fprintf(stderr,
            "firecurtain: %s is a recording, not a configuration; write: firecurtain replay %s %s\n"
            "Try 'firecurtain --help'.\n",
            options->path, options->path, other);
    return EX_USAGE;
}

/* Takes the command from the words; a file alone is to be run. Returns the exit status, or -1 to go on. */
static int cli_choose(struct cli_options *options, const struct cli_command **command)
{
    const char *word = options->n_words ? options->words[0] : NULL;

    *command = word ? cli_find(word) : NULL;
    if (*command) {
        options->words++;
        options->n_words--;
        return -1;
    }
    *command = &cli_commands[0];
    if (word && !strpbrk(word, "./") && access(word, F_OK) < 0) /* more likely a mistyped command */
        return cli_usage("there is no command or file", word);
    return -1;
}

static int cli_check_words(const struct cli_options *options, const struct cli_command *command)
{
    if (options->n_words > command->max_words)
        return cli_usage("unexpected argument", options->words[command->max_words]);
    if (options->n_words >= command->min_words)
        return -1;
    fprintf(stderr, "usage: firecurtain %s %s\nTry 'firecurtain --help'.\n", command->name,
            command->arguments);
    return EX_USAGE;
}

int cli_main(int argc, char **argv)
{
    struct cli_options options = {.level = FC_LOG_INFO, .speed = 1, .max_bytes = RECORD_FILE_MAX};
    const struct cli_command *command = NULL;
    int status;

    cli_open_standard();
    setlocale(LC_CTYPE, ""); /* for the width of what is printed; numbers stay as programs expect them */
    status = cli_parse(argc, argv, &options);
    options.words = argv + optind;
    options.n_words = (size_t)(argc - optind);
    if (status < 0 && cli_answer(&options))
        status = EX_OK;
    if (status < 0)
        status = cli_choose(&options, &command);
    if (status < 0)
        status = cli_check_words(&options, command);
    if (status < 0)
        status = cli_check_options(&options, command);
    if (status < 0 && argc == 1 && access(CLI_DEFAULT_SHOW, R_OK) < 0) {
        cli_help(stderr);
        status = EX_USAGE;
    }
    if (status < 0 && command->show_word)
        options.path =
            options.n_words >= command->show_word ? options.words[command->show_word - 1] : CLI_DEFAULT_SHOW;
    if (status < 0)
        status = cli_check_kinds(&options, command);
    if (status < 0) {
        log_init(options.level);
        status = command->run(&options);
    }
    free(options.overrides);
    return status;
}
