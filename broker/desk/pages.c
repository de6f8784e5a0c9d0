/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of files: nothing else can be asked for, so no path is ever made of what a browser says. */
#include "broker/desk/pages.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/os/program.h"
#include "firecurtain/cleanup.h"

#define PAGES_MOST 65536 /* bytes of a file */

#define PAGES_HTML   "text/html; charset=utf-8"
#define PAGES_STYLE  "text/css; charset=utf-8"
#define PAGES_SCRIPT "text/javascript; charset=utf-8"

static struct page_file pages[] = {
    {"/index.html", PAGES_HTML, NULL, 0},      {"/console.css", PAGES_STYLE, NULL, 0},
    {"/console.js", PAGES_SCRIPT, NULL, 0},    {"/contact.js", PAGES_SCRIPT, NULL, 0},
    {"/words.js", PAGES_SCRIPT, NULL, 0},      {"/elements.js", PAGES_SCRIPT, NULL, 0},
    {"/emits.js", PAGES_SCRIPT, NULL, 0},      {"/now.js", PAGES_SCRIPT, NULL, 0},
    {"/values.js", PAGES_SCRIPT, NULL, 0},     {"/routes.js", PAGES_SCRIPT, NULL, 0},
    {"/log.js", PAGES_SCRIPT, NULL, 0},        {"/panels.js", PAGES_SCRIPT, NULL, 0},
    {"/recordings.js", PAGES_SCRIPT, NULL, 0}, {"/lock.js", PAGES_SCRIPT, NULL, 0},
    {"/picture.js", PAGES_SCRIPT, NULL, 0},    {"/playback.js", PAGES_SCRIPT, NULL, 0},
    {"/news.js", PAGES_SCRIPT, NULL, 0},       {"/emergency.js", PAGES_SCRIPT, NULL, 0},
    {"/icon.svg", "image/svg+xml", NULL, 0},
};

static void pages_read(struct page_file *page, const char *folder)
{
    char path[PATH_MAX];
    FC_AUTO_FCLOSE FILE *file = NULL;
    char *bytes;

    if (snprintf(path, sizeof(path), "%s%s", folder, page->path) >= (int)sizeof(path))
        return;
    file = fopen(path, "re");
    bytes = file ? malloc(PAGES_MOST) : NULL;
    if (!bytes)
        return;
    page->n_bytes = fread(bytes, 1, PAGES_MOST, file);
    page->bytes = realloc(bytes, page->n_bytes + 1);
}

void pages_load(void)
{
    char folder[PATH_MAX];

    program_find_data("console", folder, sizeof(folder));
    for (size_t i = 0; i < FC_ARRAY_SIZE(pages); i++)
        pages_read(&pages[i], folder);
}

const struct page_file *pages_find(const char *path)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; i < FC_ARRAY_SIZE(pages); i++) {
        if (strcmp(path, pages[i].path) == 0)
            return pages[i].bytes ? &pages[i] : NULL;
    }
    return NULL;
}
