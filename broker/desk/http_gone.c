/* SPDX-License-Identifier: BSD-2-Clause */
/* Notices that a browser has gone before something that is sent to it fails. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "broker/desk/http.h"

void http_drop_when_lost(struct http_request *request, unsigned ms)
{
    setsockopt(http_fd(request), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

bool http_drop_if_gone(struct http_request *request)
{
    char byte;
    ssize_t n = recv(http_fd(request), &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);

    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return false;
    http_drop(request);
    return true;
}
