/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of subcommands and options, --help, and the parsing of the command line. */
#include "broker/cli/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/base/log.h"
#include "broker/base/suggest.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/print.h"
#include "broker/cli/values.h"
#include "broker/config/load.h"
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

/* Prints lines: those that begin with two blanks are an option, with its meaning in a column of its own. */
static void cli_help_options(FILE *out, const char *lines)
{
    char left[CLI_HELP_OPTIONS], right[256];

    while (*lines) {
        size_t n = strcspn(lines, "\n");

        if (*lines == ' ') {
            snprintf(left, sizeof(left), "%.*s", CLI_HELP_OPTIONS - 2, lines);
            snprintf(right, sizeof(right), "%.*s", (int)n - CLI_HELP_OPTIONS, lines + CLI_HELP_OPTIONS);
            cli_help_row(out, left, right, CLI_HELP_OPTIONS);
        } else {
            fprintf(out, "%.*s\n", (int)n, lines);
        }
        lines += n + (lines[n] == '\n');
    }
}

static void cli_help(FILE *out)
{
    fputs("firecurtain runs show-control scripts, each in a confined process of its own.\n\nUsage:\n", out);
    cli_help_commands(out);
    cli_help_options(
        out,
        "Options of a show:\n"
        "  -b BACKEND.OPTION=VALUE    set an option of all instances of a backend\n"
        "  -i INSTANCE.OPTION=VALUE   set an option of one instance; the command line wins over the file\n"
        "  --log-level LEVEL          error, warning, info (default) or debug\n"
        "  --log-format FORMAT        with run and replay: text (default) or json, an object in each line\n"
        "  --runtime-dir DIR          runtime folder: a second show of the same user needs its own\n"
        "  --sandbox                  with check: try which layers work here, and say what each option "
        "opens\n"
        "  --insecure-no-sandbox      with run, to debug your own scripts: nothing confines them; not as "
        "root\n"
        "  --record FILE              with run and replay: record from the start\n"
        "  --speed N                  with replay: N times as fast (1); max: as fast as the scripts can\n"
        "  --mute                     with replay: nothing goes out to devices\n"
        "Options of the other commands:\n"
        "  --runtime-dir DIR          runtime folder of the broker\n"
        "  --json                     machine-readable output: status, logs, routes, get, channels, state, "
        "record --print\n"
        "  --remove                   with state: remove private folders that no show has any more\n"
        "  --print                    with record: print FILE as text\n"
        "  --max-size SIZE            end a recording at this size, such as 200M (1G)\n"
        "  --usage                    with status: also memory and processor time\n"
        "  --channels                 with status: instead, who last wrote the house's channels\n"
        "  --dot                      with routes: output for Graphviz\n"
        "  --time                     with watch: when each value came\n"
        "  --role ROLE                with console: observer, operator or administrator (your own role)\n"
        "  --for TIME                 with console: a link that works as often as you like, for so long: "
        "12h, 30d\n"
        "  --pin                      with console --for: ask for a PIN, without which the browser only "
        "looks\n"
        "  --list                     with console: the links that there are\n"
        "  --revoke NUMBER            with console: end one, and the pages that it has opened\n"
        "  -f, --follow               with logs: continue with new lines\n"
        "  -n, --lines N              with logs: the last N lines (50)\n\n");
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

static const struct option cli_long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {"log-level", required_argument, NULL, 'l'},
    {"log-format", required_argument, NULL, 'F'},
    {"runtime-dir", required_argument, NULL, 'r'},
    {"sandbox", no_argument, NULL, 's'},
    {"insecure-no-sandbox", no_argument, NULL, 'N'},
    {"json", no_argument, NULL, 'j'},
    {"usage", no_argument, NULL, 'u'},
    {"channels", no_argument, NULL, 'c'},
    {"dot", no_argument, NULL, 'd'},
    {"follow", no_argument, NULL, 'f'},
    {"lines", required_argument, NULL, 'n'},
    {"record", required_argument, NULL, 'R'},
    {"max-size", required_argument, NULL, 'm'},
    {"print", no_argument, NULL, 'p'},
    {"speed", required_argument, NULL, 'S'},
    {"mute", no_argument, NULL, 'M'},
    {"time", no_argument, NULL, 't'},
    {"remove", no_argument, NULL, 'D'},
    {"role", required_argument, NULL, 'o'},
    {"for", required_argument, NULL, 'a'},
    {"list", no_argument, NULL, 'L'},
    {"revoke", required_argument, NULL, 'k'},
    {"pin", no_argument, NULL, 'P'},
    {0},
};

/* Options by the letter that getopt_long() returns, with a command that takes each. */
static const struct cli_letter {
    char letter;
    enum cli_option option;
    const char *name;
    const char *command;
} cli_letters[] = {
    {'b', CLI_OVERRIDE, "-b", "run"},
    {'i', CLI_OVERRIDE, "-i", "run"},
    {'l', CLI_LOG_LEVEL, "--log-level", "run"},
    {'F', CLI_LOG_FORMAT, "--log-format", "run"},
    {'r', CLI_RUNTIME, "--runtime-dir", "run"},
    {'s', CLI_SANDBOX, "--sandbox", "check"},
    {'N', CLI_NO_SANDBOX, "--insecure-no-sandbox", "run"},
    {'j', CLI_JSON, "--json", "status"},
    {'u', CLI_USAGE, "--usage", "status"},
    {'d', CLI_DOT, "--dot", "routes"},
    {'f', CLI_FOLLOW, "--follow", "logs"},
    {'n', CLI_LINES, "--lines", "logs"},
    {'c', CLI_CHANNELS, "--channels", "status"},
    {'R', CLI_RECORD, "--record", "run"},
    {'m', CLI_MAX_SIZE, "--max-size", "record"},
    {'p', CLI_PRINT, "--print", "record"},
    {'S', CLI_SPEED, "--speed", "replay"},
    {'M', CLI_MUTE, "--mute", "replay"},
    {'t', CLI_TIME, "--time", "watch"},
    {'D', CLI_REMOVE, "--remove", "state"},
    {'o', CLI_ROLE, "--role", "console"},
    {'a', CLI_FOR, "--for", "console"},
    {'L', CLI_LIST, "--list", "console"},
    {'k', CLI_REVOKE, "--revoke", "console"},
    {'P', CLI_PIN, "--pin", "console"},
};

static int cli_usage(const char *problem, const char *word)
{
    struct suggest suggest;
    char hint[128];
    const char *text;

    suggest_init(&suggest, word);
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_commands); i++)
        suggest_offer(&suggest, cli_commands[i].name);
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_letters); i++) {
        if (strlen(cli_letters[i].name) > 2) /* one letter is as near to any other */
            suggest_offer(&suggest, cli_letters[i].name);
    }
    suggest_offer(&suggest, "--help");
    suggest_offer(&suggest, "--version");
    text = suggest_hint(&suggest, hint, sizeof(hint));
    fprintf(stderr, "firecurtain: %s \"%s\"%s%s\nTry 'firecurtain --help'.\n", problem, word,
            text ? "; " : "", text ? text : "");
    return EX_USAGE;
}

/* Returns EX_USAGE if there is an option that the command does not take, or -1. */
static int cli_check_options(const struct cli_options *options, const struct cli_command *command)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_letters); i++) {
        if (!(options->given & cli_letters[i].option & ~command->options))
            continue;
        fprintf(stderr,
                "firecurtain: \"firecurtain %s\" has no option %s; \"firecurtain %s\" has it\n"
                "Try 'firecurtain --help'.\n",
                command->name, cli_letters[i].name, cli_letters[i].command);
        return EX_USAGE;
    }
    return -1;
}

static int cli_add_override(struct cli_options *options, bool is_backend, const char *text)
{
    struct config_override *overrides =
        grow_by_one(options->overrides, options->n_overrides, sizeof(*overrides));

    if (!overrides)
        return EX_OSERR;
    options->overrides = overrides;
    overrides[options->n_overrides++] = (struct config_override){.is_backend = is_backend, .text = text};
    return 0;
}

static void cli_note_option(struct cli_options *options, int letter)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(cli_letters); i++) {
        if (cli_letters[i].letter == letter)
            options->given |= cli_letters[i].option;
    }
}

/* Reads the options. Returns the exit status, or -1 to go on. */
static int cli_parse(int argc, char **argv, struct cli_options *options)
{
    const char *problem;
    int c, r = 0;

    while (r == 0 && (c = getopt_long(argc, argv, ":b:i:hvVfn:", cli_long_options, NULL)) != -1) {
        cli_note_option(options, c);
        switch (c) {
        case 'b':
        case 'i':
            r = cli_add_override(options, c == 'b', optarg);
            break;
        case 'h':
            cli_help(stdout);
            return EX_OK;
        case 'v':
        case 'V':
            puts("firecurtain " FIRECURTAIN_VERSION);
            return EX_OK;
        case ':':
            return cli_usage("missing value after", argv[optind - 1]);
        case '?':
            return cli_usage("unknown option", argv[optind - 1]);
        default:
            problem = cli_take_value(options, c, optarg);
            if (problem)
                return cli_usage(problem, optarg);
            break;
        }
    }
    return r ? r : -1;
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
