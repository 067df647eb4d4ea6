#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/message.h"

enum { FIRST_PASSED = 3, BACKLOG = 511 };

/* Where a socket listens. */
static void describe(struct http_socket *made)
{
    struct sockaddr_storage place;
    socklen_t size = sizeof place;
    char host[64] = "", port[16] = "";
    made->local = false;
    if (getsockname(made->fd, (struct sockaddr *)&place, &size) != 0)
        return;
    if (place.ss_family == AF_UNIX) {
        made->local = true;
        snprintf(made->address, sizeof made->address, "a socket of this machine");
        return;
    }
    getnameinfo((struct sockaddr *)&place, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (place.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&place;
        made->local = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
        snprintf(made->address, sizeof made->address, "http://[%s]:%s", host, port);
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&place;
        made->local = ntohl(four->sin_addr.s_addr) >> 24 == 127;
        snprintf(made->address, sizeof made->address, "http://%s:%s", host, port);
    }
}

/* The number of sockets that the program was started with. */
static int passed(void)
{
    const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!process || !count || strtol(process, NULL, 10) != (long)getpid())
        return 0;
    return (int)strtol(count, NULL, 10);
}

static int open_socket(const struct addrinfo *place)
{
    const int on = 1;
    int fd = socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC, place->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, place->ai_addr, place->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int recur_http_listen(const struct command *command, const char *host, uint64_t port,
                      struct http_socket *made)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *places;
    char number[24];
    int sockets = passed();
    *made = (struct http_socket){.fd = FIRST_PASSED};
    if (sockets > 1)
        return recur_failure(command, "it was started with %d sockets, expected one", sockets);
    if (sockets == 1) {
        made->passed = true;
        fcntl(made->fd, F_SETFD, FD_CLOEXEC);
        describe(made);
        return 0;
    }
    snprintf(number, sizeof number, "%u", (unsigned)port);
    int error = getaddrinfo(host, number, &wanted, &places);
    if (error != 0)
        return recur_failure(command, "cannot listen on %s: %s", recur_word(host).text,
                             gai_strerror(error));
    made->fd = open_socket(places);
    error = errno;
    freeaddrinfo(places);
    if (made->fd < 0)
        return recur_failure(command, "cannot listen on %s, port %s: %s", recur_word(host).text,
                             number, strerror(error));
    describe(made);
    return 0;
}

void recur_http_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof place.sun_path)
        return;
    memcpy(place.sun_path, path, strlen(path));
    if (*path == '@')
        place.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&place,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    close(fd);
}
