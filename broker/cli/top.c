/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain top: `status --usage`, updated every second in a terminal. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/cli/client.h"
#include "broker/cli/commands.h"
#include "broker/cli/rows.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define TOP_PERIOD_NS FC_NS_PER_S
#define TOP_HEAD      2 /* lines above the rows */
#define TOP_FOOT      1 /* lines below the rows */
#define TOP_NAME      256
#define TOP_HIDDEN    (1u << ROWS_IN | 1u << ROWS_OUT | 1u << ROWS_CPU) /* rates are in their place */

/* What the order and the rates of an instance depend on. */
struct top_row {
    char name[TOP_NAME];
    uint64_t in, out, cpu_ms, memory_bytes;
    struct rows_rates rates; /* since the last update */
};

struct top {
    struct client *client;
    struct table table;
    struct top_row *rows, *before; /* both in the broker's order, as the rows of the table */
    size_t n, n_before;
    uint64_t at_ns, before_ns;
    int key; /* the key that chose the order */
    bool is_reverse;
    bool is_held;
    size_t first; /* row that is shown */
};

static void top_rates(const struct top *top, struct top_row *row, size_t index)
{
    double seconds = (double)(top->at_ns - top->before_ns) / (double)FC_NS_PER_S;
    const struct top_row *before = index < top->n_before ? &top->before[index] : NULL;

    if (!before || strcmp(before->name, row->name) != 0 || seconds <= 0 || row->in < before->in ||
        row->out < before->out || row->cpu_ms < before->cpu_ms)
        return;
    row->rates.in_per_s = (double)(row->in - before->in) / seconds;
    row->rates.out_per_s = (double)(row->out - before->out) / seconds;
    row->rates.cpu_percent = (double)(row->cpu_ms - before->cpu_ms) / 10.0 / seconds;
}

static int top_add(struct top *top, const struct control_instance *instance)
{
    struct top_row *rows = grow_by_one(top->rows, top->n, sizeof(*rows));
    struct top_row *row;

    if (!rows)
        return EX_OSERR;
    top->rows = rows;
    row = &rows[top->n];
    *row = (struct top_row){.in = instance->events_in,
                            .out = instance->events_out,
                            .memory_bytes = instance->memory_bytes,
                            .cpu_ms = instance->cpu_ms};
    snprintf(row->name, sizeof(row->name), "%s", instance->name);
    top_rates(top, row, top->n);
    if (!rows_add(&top->table, instance, &row->rates))
        return EX_OSERR;
    top->n++;
    return EX_OK;
}

static int top_ask(struct top *top)
{
    struct control_request request = {.verb = CONTROL_STATUS, .usage = true};
    struct control_reply reply;
    int status;

    free(top->before);
    top->before = fc_steal(top->rows);
    top->n_before = top->n;
    top->n = 0;
    table_clear(&top->table);
    top->before_ns = top->at_ns;
    top->at_ns = fc_now_ns();
    do {
        status = client_ask(top->client, &request, &reply);
        for (size_t i = 0; status == EX_OK && i < reply.n_instances; i++)
            status = top_add(top, &reply.instances[i]);
        request.from = reply.next;
    } while (status == EX_OK && reply.next);
    return status;
}

static double top_weight(const struct top_row *row, int key)
{
    return key == 'm' ? (double)row->memory_bytes : key == 'c' ? row->rates.cpu_percent : row->rates.in_per_s;
}

static int top_compare(const void *pa, const void *pb, void *userdata)
{
    const struct top *top = userdata;
    const struct top_row *a = *(const struct top_row *const *)pa, *b = *(const struct top_row *const *)pb;
    double wa = top_weight(a, top->key), wb = top_weight(b, top->key);
    int order = top->key == 'n' ? strcmp(a->name, b->name) : (wa < wb) - (wa > wb);

    if (order == 0)
        order = strcmp(a->name, b->name);
    return top->is_reverse ? -order : order;
}

/* Returns how many rows fit on the screen. */
static size_t top_room(void)
{
    return LINES > TOP_HEAD + TOP_FOOT ? (size_t)LINES - TOP_HEAD - TOP_FOOT : 0;
}

/* Makes the colours of marks, if the terminal has any. */
static void top_begin_colours(void)
{
    static const short colours[TABLE_MARKS_] = {
        [TABLE_GOOD] = COLOR_GREEN, [TABLE_DOUBTFUL] = COLOR_YELLOW, [TABLE_BAD] = COLOR_RED};

    if (getenv("NO_COLOR") || !has_colors() || start_color() == ERR)
        return;
    use_default_colors();
    for (int mark = TABLE_GOOD; mark <= TABLE_BAD; mark++)
        init_pair((short)mark, colours[mark], -1);
}

static chtype top_attribute(enum table_mark mark)
{
    return mark == TABLE_OFF ? A_DIM : mark == TABLE_PLAIN ? A_NORMAL : (chtype)COLOR_PAIR(mark);
}

/* Draws a row of the table, or its titles, and nothing beyond the right edge. */
static void top_draw_row(const struct table *table, int y, size_t row)
{
    char text[TABLE_CELL];

    move(y, 0);
    for (size_t i = 0; i < table->n_columns; i++) {
        chtype attribute =
            row != TABLE_TITLES && i == table->marked ? top_attribute(table->marks[row]) : A_NORMAL;

        if (!table_write(table, row, i, text) || getcury(stdscr) != y)
            continue;
        attron(attribute);
        addstr(text);
        attroff(attribute);
    }
}

/* Says which keys there are, as far as there is room. */
static void top_draw_keys(void)
{
    static const char *const keys[] = {"q quit", "n name",    "i events",   "m memory",
                                       "c cpu",  "r reverse", "space pause"};
    size_t column = 0;

    for (size_t i = 0; i < FC_ARRAY_SIZE(keys); i++) {
        if (column + strlen(keys[i]) >= (size_t)COLS)
            break;
        mvaddstr(LINES - 1, (int)column, keys[i]);
        column += strlen(keys[i]) + 2;
    }
}

static void top_draw(struct top *top)
{
    size_t room = top_room();
    const struct top_row **order = calloc(top->n + 1, sizeof(*order));

    if (!order)
        return;
    for (size_t i = 0; i < top->n; i++)
        order[i] = &top->rows[i];
    qsort_r(order, top->n, sizeof(*order), top_compare, top);
    if (top->first + room > top->n)
        top->first = top->n > room ? top->n - room : 0;
    table_fit(&top->table, (size_t)COLS);
    erase();
    mvprintw(0, 0, "firecurtain: %zu instance%s%s", top->n, top->n == 1 ? "" : "s",
             top->is_held ? ", paused" : "");
    attron(A_REVERSE);
    top_draw_row(&top->table, 1, TABLE_TITLES);
    attroff(A_REVERSE);
    for (size_t i = 0; i < room && top->first + i < top->n; i++)
        top_draw_row(&top->table, TOP_HEAD + (int)i, (size_t)(order[top->first + i] - top->rows));
    top_draw_keys();
    refresh();
    free(order);
}

/* Handles a key. Returns whether to go on. */
static bool top_key(struct top *top, int key)
{
    size_t page = top_room();

    switch (key) {
    case 'q':
    case 'Q':
    case 3: /* ^C */
        return false;
    case 'm':
    case 'c':
    case 'i':
    case 'n':
        top->key = key;
        break;
    case 'r':
        top->is_reverse = !top->is_reverse;
        break;
    case ' ':
        top->is_held = !top->is_held;
        break;
    case 12: /* ^L */
        clearok(stdscr, true);
        break;
    case KEY_DOWN:
        top->first++; /* top_draw() limits it */
        break;
    case KEY_UP:
        top->first -= top->first > 0;
        break;
    case KEY_NPAGE:
        top->first += page;
        break;
    case KEY_PPAGE:
        top->first -= top->first > page ? page : top->first;
        break;
    case KEY_HOME:
        top->first = 0;
        break;
    case KEY_END:
        top->first = top->n;
        break;
    default:
        break;
    }
    return true;
}

/* Waits until the next update. Returns -1, or the exit status. */
static int top_wait(struct top *top)
{
    uint64_t until_ns = fc_now_ns() + TOP_PERIOD_NS;
    struct control_reply reply;

    for (;;) {
        uint64_t now_ns = fc_now_ns();
        int status, key;

        if (now_ns >= until_ns)
            return -1;
        status =
            client_poll(top->client, STDIN_FILENO, (int)((until_ns - now_ns) / FC_NS_PER_MS) + 1, &reply);
        if (status > EX_OK)
            return status;
        while ((key = getch()) != ERR) {
            if (!top_key(top, key))
                return EX_OK;
            top_draw(top);
        }
        if (isatty(STDIN_FILENO) == 0)
            return EX_OK; /* the terminal is gone */
    }
}

static int top_run(struct top *top)
{
    int status = -1;

    while (status < 0) {
        status = top->is_held ? EX_OK : top_ask(top);
        if (status != EX_OK)
            break;
        top_draw(top);
        status = top_wait(top);
    }
    return status;
}

/* Runs on the screen; messages on stderr are kept until it is restored. */
static int top_on_screen(struct top *top)
{
    char *said = NULL;
    size_t bytes;
    FILE *real = stderr, *memory = open_memstream(&said, &bytes);
    SCREEN *screen = memory ? newterm(NULL, stdout, stdin) : NULL;
    int status;

    if (!screen) {
        fputs("firecurtain: top needs a terminal of a known type (TERM)\n", stderr);
        if (memory)
            fclose(memory);
        free(said);
        return EX_UNAVAILABLE;
    }
    raw();
    noecho();
    keypad(stdscr, true);
    nodelay(stdscr, true);
    curs_set(0);
    top_begin_colours();
    stderr = memory;
    status = top_run(top);
    stderr = real;
    endwin();
    delscreen(screen);
    fclose(memory);
    fputs(said, stderr);
    free(said);
    return status;
}

int cli_top(const struct cli_options *options)
{
    struct top top = {.key = 'n', .table = rows_table(TOP_HIDDEN)};
    int status;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        fputs("firecurtain: top needs a terminal; programs can use status --json\n", stderr);
        return EX_USAGE;
    }
    status = client_new(&top.client, options);
    if (status == EX_OK)
        status = top_on_screen(&top);
    client_free(top.client);
    table_clear(&top.table);
    free(top.rows);
    free(top.before);
    return status;
}
