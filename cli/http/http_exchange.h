/* What the files of this room share: a server, its connections and the exchanges on them. */
#ifndef RECUR_CLI_HTTP_HTTP_EXCHANGE_H
#define RECUR_CLI_HTTP_HTTP_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/need.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/listen.h"

struct MHD_Connection;
struct MHD_Daemon;
struct http_library;

/* A connection. The server's lock is held by whoever looks at it. */
struct http_connection {
    struct http_connection *before, *after;
    int fd;
    bool answering;   /* its request has arrived whole */
    bool cut;         /* it took too long and is being closed */
    double since;     /* when it began to wait for a request's first line or body, or to answer */
    size_t requests;  /* that were answered */
    unsigned hung_up; /* how often it was seen that the client had closed its side */
    struct http_exchange *exchange; /* NULL: between requests */
};

struct http_server {
    struct http_config config;
    struct http_socket socket;
    struct http_keys keys;
    pthread_mutex_t lock; /* of the connections; taken before an exchange's, never after it */
    struct http_connection *first;
    size_t connections;
    atomic_bool draining, stopping;
    struct MHD_Daemon *daemon;
    struct http_library *library;
    void (*resume)(struct MHD_Connection *connection);
};

struct http_exchange {
    atomic_uint holders;
    struct http_server *server; /* NULL once the exchange is over */
    const char *record;         /* the path by which it is counted */
    const struct http_route *route;
    const struct http_file *file;
    char *path;
    struct grown_text body;
    double began, deadline;
    atomic_bool gone;
    /* Of the thread that reads connections alone: */
    struct http_connection *place;
    bool handled; /* its route's function was called */
    bool queued;  /* its answer was handed to libmicrohttpd */
    /* Under the lock: */
    pthread_mutex_t lock;
    struct MHD_Connection *connection; /* NULL once the exchange is over */
    bool suspended;                    /* libmicrohttpd waits to be told that there is something */
    unsigned status;                   /* 0: there is no answer yet */
    const char *type, *allow;
    struct grown_text answer;
    size_t sent;
    bool in_pieces, ended, broken;
};

/* Makes an exchange held once; NULL where memory is short. */
struct http_exchange *recur_http_exchange(struct http_server *server, const char *path);

/* Ends an exchange: nobody is there any more. */
void recur_http_leave(struct http_exchange *exchange);

/* Ends the answer of an exchange that the server will not wait for. */
void recur_http_give_up(struct http_exchange *exchange);

/* Registers a connection, NULL where memory is short, and forgets it. */
struct http_connection *recur_http_connect(struct http_server *server, int fd);
void recur_http_disconnect(struct http_server *server, struct http_connection *place);

/* Notes that a request begins, has arrived whole, and was answered. */
void recur_http_request_begins(struct http_exchange *exchange);
void recur_http_request_arrived(struct http_exchange *exchange);
void recur_http_request_ends(struct http_exchange *exchange);

/* Reads keys, one a line. Returns 0 or the exit status. */
int recur_http_read_keys(const struct command *command, const char *path, struct http_keys *keys);

#endif
