/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of sockets that Debian 12's headers lack, or that only the kernel's have. */
#ifndef FIRECURTAIN_SOCKET_OPTIONS_H
#define FIRECURTAIN_SOCKET_OPTIONS_H

#include <netinet/in.h>
#include <sys/socket.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

#endif
