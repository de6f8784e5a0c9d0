/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS: the certificates of an instance. Runs in drivers. */
#include "broker/drivers/mqtt/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define TLS_SYSTEM "/etc/ssl/certs" /* the certificates of well-known authorities */

/* Makes the path of a file, and looks whether it can be read: libmosquitto does not say which cannot. */
static int tls_path(const struct mqtt *mqtt, const char *option, const char *file, char **path,
                    struct fc_reason *reason)
{
    FC_AUTO_CLOSE int fd = -1;
    bool is_absolute = file && file[0] == '/';

    if (!file)
        return 0;
    if (asprintf(path, "%s%s%s", is_absolute ? "" : mqtt->folder, is_absolute ? "" : "/", file) < 0) {
        *path = NULL;
        return -ENOMEM;
    }
    fd = open(*path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? 0
                   : fc_refuse(reason, "%s (option %s) cannot be read by uid %u: %s", *path, option,
                               geteuid(), strerror(errno));
}

int tls_set(const struct mqtt *mqtt, struct mosquitto *client, struct fc_reason *reason)
{
    FC_AUTO_FREE char *ca = NULL;
    FC_AUTO_FREE char *certificate = NULL;
    FC_AUTO_FREE char *key = NULL;
    int r = tls_path(mqtt, "ca", mqtt->ca, &ca, reason);

    if (r == 0)
        r = tls_path(mqtt, "certificate", mqtt->certificate, &certificate, reason);
    if (r == 0)
        r = tls_path(mqtt, "key", mqtt->key, &key, reason);
    if (r < 0)
        return r;
    r = mosquitto_tls_set(client, ca, ca ? NULL : TLS_SYSTEM, certificate, key, NULL);
    if (r != MOSQ_ERR_SUCCESS)
        return fc_refuse(reason, "TLS cannot be set up: %s", mosquitto_strerror(r));
    return 0;
}
