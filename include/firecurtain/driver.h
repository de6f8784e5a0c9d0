/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a backend that runs in a driver opens. The driver is confined to it before it starts the backend, so
 * nothing else can be opened later, by a backend or by whoever has taken its process over.
 */
#ifndef FIRECURTAIN_DRIVER_H
#define FIRECURTAIN_DRIVER_H

#include <stdbool.h>

struct fc_instance;

/* What is opened, as far as it has been named. */
struct fc_needs;

struct fc_driver {
    const char *name; /* its program is firecurtain-driver-NAME */

    /*
     * Optional. Names what the instance `self` opens, with the functions below: called after `configured`,
     * and only reads what the options said.
     */
    void (*needs)(const void *self, struct fc_needs *needs);

    /*
     * A channel is one value that the show and others set, rather than an input beside an output: once it was
     * emitted, a driver that takes the place of another one is not told what the show had set before.
     */
    bool is_shared;
};

/* A file, or a folder with everything below it, is read. A relative path is below the configuration's folder.
 */
void fc_need_file(struct fc_needs *needs, const char *path);

/* A device, or a folder of devices that come and go, is read, written and controlled. */
void fc_need_device(struct fc_needs *needs, const char *path);

/*
 * A group of the system, whose members may open the devices. A broker that runs as root has its driver keep
 * it; another one needs it itself. There need be none of this name.
 */
void fc_need_group(struct fc_needs *needs, const char *group);

/*
 * A machine is connected to by TCP: an address or a name, and a port. A name is looked up before each start
 * of a driver, where getaddrinfo() then knows it, and no other.
 */
void fc_need_host(struct fc_needs *needs, const char *host, const char *port);

/*
 * For a started backend: says that something that it named is another file by now, as a folder is that was
 * removed and made again, so that this process can never open it. Another process takes its place soon.
 */
void fc_renew(struct fc_instance *instance);

#endif
