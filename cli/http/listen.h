/* The socket that a server listens on. */
#ifndef RECUR_CLI_HTTP_LISTEN_H
#define RECUR_CLI_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/command.h"

struct http_socket {
    int fd;
    bool passed;       /* it is the one that the program was started with */
    bool local;        /* nobody but this machine reaches it */
    char address[100]; /* "http://127.0.0.1:8080" */
};

/* Takes the socket that the program was started with (LISTEN_FDS), or opens one. Prints what is
 * wrong. Returns 0 or the exit status. */
int recur_http_listen(const struct command *command, const char *host, uint64_t port,
                      struct http_socket *made);

/* Tells whoever started the program (NOTIFY_SOCKET) that it is ready ("READY=1") or ends
 * ("STOPPING=1"). */
void recur_http_notify(const char *state);

#endif
