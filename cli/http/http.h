/* A server of HTTP/1.1 over libmicrohttpd: addresses that programs answer, files that are built in,
 * limits, and what keeps strangers out. It knows nothing of models.
 *
 * One thread reads and writes all connections. A request that has arrived whole is handed to its
 * route's function on that thread, which answers at once, or holds the exchange and lets another
 * thread answer later, whole (recur_http_answer) or piece by piece (recur_http_begin, _write,
 * _end). Nobody waits for a slow client: what it has not taken yet is kept, and whoever writes asks
 * how much that is (recur_http_unsent). */
#ifndef RECUR_CLI_HTTP_HTTP_H
#define RECUR_CLI_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/command.h"
#include "json.h"

struct http_server;
struct http_exchange;

/* An address. Functions of several methods at one path are several rows. */
struct http_route {
    const char *method; /* "GET", which answers HEAD as well, or "POST" */
    const char *path;   /* where it ends in '/', all paths below it */
    bool open;          /* needs no key */
    void (*handle)(void *user, struct http_exchange *exchange);
};

/* A file that is built in; GET, without a key. */
struct http_file {
    const char *path, *type;
    const unsigned char *bytes;
    size_t size;
};

/* The page of recur train --dashboard and what recur serve hands out, which the build makes
 * (cli/meson.build). */
extern const struct http_file recur_dashboard_files[], recur_serve_files[];

/* What became of a request, for whoever counts. */
struct http_record {
    const char *path; /* the route's, or a file's; NULL: none of them */
    unsigned status;  /* 0: the client was gone before there was one */
    double seconds;   /* from its first line to the end of its answer */
};

struct http_config {
    const struct command *command; /* for messages */
    const char *host;              /* an address, or a name for one */
    uint64_t port;                 /* 0: any that is free */
    const char *key_file;          /* keys, one a line; NULL: none is asked for */
    bool insecure;                 /* it may listen to others than this machine without a key */
    const char *const *names;      /* that clients may call this machine by, besides addresses */
    size_t name_count;
    uint64_t connections; /* at most */
    uint64_t body;        /* bytes of a request's, at most */
    double patience; /* seconds until a request must have arrived, and that a client may rest */
    double longest;  /* seconds that an answer may take */
    const struct http_route *routes; /* end with a path of NULL */
    const struct http_file *files;   /* likewise */
    void *user;                      /* for the routes' functions and `done` */
    void (*done)(void *user, const struct http_record *record);
};

/* Starts a server on a socket of its own, or on the one that the program was started with
 * (systemd's socket activation). Prints what is wrong. Returns 0 or the exit status. What `config`
 * points to must outlive the server. */
int recur_http_start(const struct http_config *config, struct http_server **server);

/* "http://127.0.0.1:8080" */
const char *recur_http_address(const struct http_server *server);

/* Due several times a second: ends requests that take too long to arrive, and notices clients that
 * are gone while their answer is computed. */
void recur_http_watch(struct http_server *server);

/* Takes no more connections, and refuses requests from now on. */
void recur_http_drain(struct http_server *server);
bool recur_http_draining(struct http_server *server);

/* How many connections there are, and how many requests wait for the end of their answer. */
size_t recur_http_connections(struct http_server *server);
size_t recur_http_busy(struct http_server *server);

/* Ends what is left and releases the server. Exchanges may still be held; writing to them does
 * nothing. */
void recur_http_stop(struct http_server *server);

/* An exchange: one request and its answer. What recur_http_hold was called for stays until
 * recur_http_release. */
void recur_http_hold(struct http_exchange *exchange);
void recur_http_release(struct http_exchange *exchange);
const char *recur_http_path(const struct http_exchange *exchange);
const char *recur_http_body(const struct http_exchange *exchange, size_t *size);

/* Is nobody there any more who would read the answer? Or does it take longer than it may? */
bool recur_http_gone(const struct http_exchange *exchange);
bool recur_http_late(const struct http_exchange *exchange);

/* Answers with so many allocated bytes, which belong to the exchange from here on. `type` is a
 * constant. An exchange is answered once; later answers are dropped. */
void recur_http_answer(struct http_exchange *exchange, unsigned status, const char *type,
                       char *bytes, size_t size);

/* Answers with what a writer wrote, which is freed, or says that memory was short. */
void recur_http_answer_json(struct http_exchange *exchange, unsigned status,
                            recur_json_writer *json);

/* Answers {"error": {"message", "type", "param", "code"}}, as OpenAI's API does. `code` is a
 * constant; `param` may be NULL. */
void recur_http_fail(struct http_exchange *exchange, unsigned status, const char *code,
                     const char *param, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Puts that object as the value of a key. */
void recur_http_put_error(recur_json_writer *json, unsigned status, const char *code,
                          const char *param, const char *message);

/* An answer in pieces: begin (status 200), write, write, ..., end. Writing returns false where
 * nobody reads any more, or memory is short, after which the answer breaks off. */
void recur_http_begin(struct http_exchange *exchange, const char *type);
bool recur_http_write(struct http_exchange *exchange, const char *bytes, size_t size);
size_t recur_http_unsent(struct http_exchange *exchange);
void recur_http_end(struct http_exchange *exchange);

#endif
