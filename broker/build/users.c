/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's list of users: who they are for the system, and how their files are read. */
#include "broker/build/users.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/build/shown.h"
#include "broker/config/load.h"
#include "broker/keeper/client.h"
#include "broker/os/account.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"

static void users_refuse(struct config *config, const struct user *user, const char *why)
{
    config_diagnose(config, CONFIG_ERROR, user->at, NULL, "the user \"%s\" %s", user->name, why);
}

/* Finds the account that `text` names. False if there is none. */
static bool users_find_account(const char *text, struct file_identity *identity)
{
    const struct passwd *found;
    unsigned long number;
    char *end;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end) {
        found = getpwnam(text);
        if (!found)
            return false;
        identity->uid = found->pw_uid;
        identity->gid = found->pw_gid;
        return true;
    }
    if (errno || number >= (uid_t)-1)
        return false;
    found = getpwuid((uid_t)number);
    identity->uid = (uid_t)number;
    identity->gid = found ? found->pw_gid : (gid_t)number;
    return true;
}

static bool users_share_uid(const struct users *users, uid_t uid)
{
    for (size_t i = 0; i < users->n; i++) {
        if (users->list[i].identity.uid == uid)
            return true;
    }
    return false;
}

/* Finds out the identity of a user. Returns why it cannot be what the configuration says, or NULL. */
static const char *users_identify(const struct users *users, const struct user *user,
                                  struct file_identity *identity)
{
    uid_t workers;
    gid_t group;

    identity->is_switched = geteuid() == 0;
    if (!identity->is_switched) {
        struct file_identity named = {.uid = geteuid(), .gid = getegid()};

        if (user->uid && (!users_find_account(user->uid, &named) || named.uid != geteuid()))
            return "has a uid other than firecurtain's own; for that, firecurtain must be started as root";
        identity->uid = geteuid();
        identity->gid = getegid();
        return NULL;
    }
    if (!user->uid)
        return "needs a uid, since firecurtain is started as root: add \"uid = NAME\"";
    if (!users_find_account(user->uid, identity))
        return "has a uid that is neither the name of an account nor a number";
    if (identity->uid == 0 || identity->gid == 0)
        return "would be root; give this user an account of its own";
    if (account_find_workers(&workers, &group) == 0 && identity->uid == workers)
        return "has the broker's own uid; give this user an account of its own";
    if (users_share_uid(users, identity->uid))
        return "has the uid of another user";
    return NULL;
}

static void users_account_deinit(struct users_account *account)
{
    free(account->name);
    free(account->show);
    free(account->uid_text);
    path_set_deinit(&account->folders);
    config_free(account->sound);
    config_free(account->next);
    config_free(account->read);
}

static int users_copy(const struct user *user, struct users_account *account)
{
    account->name = strdup(user->name);
    account->show = strdup(user->show);
    account->uid_text = user->uid ? strdup(user->uid) : NULL;
    return account->name && account->show && (account->uid_text || !user->uid) ? 0 : -ENOMEM;
}

static bool users_share_show(const struct users *users, const struct show *show, const struct user *user)
{
    for (size_t i = 0; i < users->n; i++) {
        if (strcmp(users->list[i].show, user->show) == 0)
            return true;
    }
    return strcmp(show->path, user->show) == 0;
}

static int users_add(struct users *users, const struct show *show, struct user *user, struct config *config)
{
    struct users_account *list = grow_by_one(users->list, users->n, sizeof(*list));
    struct users_account account = {0};
    const char *why;

    if (!list)
        return -ENOMEM;
    users->list = list;
    why = users_share_show(users, show, user) ? "has the same show as somebody else"
                                              : users_identify(users, user, &account.identity);
    if (why) {
        users_refuse(config, user, why);
        return 0;
    }
    if (users_copy(user, &account) < 0) {
        users_account_deinit(&account);
        return -ENOMEM;
    }
    list[users->n] = account;
    user->number = (unsigned)++users->n;
    return 0;
}

static bool users_is(const struct users_account *account, const struct user *user)
{
    const struct user as_it_was = {.name = account->name, .show = account->show, .uid = account->uid_text};

    return user_is_same(&as_it_was, user);
}

int users_match(struct users *users, struct show *show, struct config *config)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < show->n_users; i++) {
        struct user *user = show->users[i];

        for (size_t k = 0; k < users->n; k++)
            user->number = users_is(&users->list[k], user) ? (unsigned)k + 1 : user->number;
        if (user->number)
            continue;
        if (users->is_fixed)
            users_refuse(config, user,
                         "is new, or has a different show or uid; restart firecurtain for that");
        else
            r = users_add(users, show, user, config);
    }
    return r;
}

struct users_account *users_account(const struct users *users, const struct user *user)
{
    return &users->list[user->number - 1];
}

struct users_reading {
    const struct users *users;
    unsigned number;
};

static int users_open(void *userdata, const char *path)
{
    const struct users_reading *reading = userdata;
    const struct users *users = reading->users;

    if (users->keeper)
        return keeper_read(users->keeper, reading->number, path);
    return spawn_paths_climb(path) ? -EPERM : file_as_open(&users->list[reading->number - 1].identity, path);
}

int users_load(const struct users *users, const struct user *user, struct config **config)
{
    struct users_reading reading = {.users = users, .number = user->number};

    return config_load_user(config, user->show,
                            &(struct config_reader){.open = users_open,
                                                    .userdata = &reading,
                                                    .max_routes = user->quota.routes});
}

int users_read(struct users *users, const struct user *user)
{
    struct users_account *account = users_account(users, user);

    account->read = config_free(account->read);
    return users_load(users, user, &account->read);
}

void users_forget_read(struct users *users)
{
    for (size_t i = 0; i < users->n; i++)
        users->list[i].read = config_free(users->list[i].read);
}

void users_forget_old(struct users *users)
{
    users->old = config_free(users->old);
}

/* Adds the folder of the user's show, even if the show could not be read this time. */
static int users_add_own_folder(struct users_account *account)
{
    const char *slash = strrchr(account->show, '/');
    FC_AUTO_FREE char *folder =
        slash > account->show ? strndup(account->show, (size_t)(slash - account->show)) : strdup("/");

    return folder ? path_set_add(&account->folders, folder) : -ENOMEM;
}

int users_fix(struct users *users, const struct show *show)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < users->n; i++) {
        struct users_account *account = &users->list[i];

        r = users_add_own_folder(account);
        if (r == 0 && account->sound)
            r = config_collect_folders(account->sound, &account->folders);
        if (r == 0)
            r = shown_collect(show, (unsigned)i + 1, &account->folders);
    }
    users->is_fixed = true;
    return r;
}

void users_deinit(struct users *users)
{
    for (size_t i = 0; i < users->n; i++)
        users_account_deinit(&users->list[i]);
    users_forget_old(users);
    free(users->list);
    *users = (struct users){0};
}
