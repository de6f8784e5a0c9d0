/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User namespaces cannot be made in a chroot: the kernel wants a process's root to be the root of its mount
 * namespace (user_namespaces(7)). Where root starts a broker in a chroot, as build daemons and small
 * containers do, the zygote makes the chroot that root.
 */
#ifndef WORKER_SANDBOX_UNCHROOT_H
#define WORKER_SANDBOX_UNCHROOT_H

/*
 * Gives this process a mount namespace whose root is its present root folder. Needs the capabilities of root,
 * and one thread. 0, or -errno with no visible change.
 */
int unchroot(void);

#endif
