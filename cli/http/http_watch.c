/* Keeps a list of all connections, and ends those that take too long. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/timing.h"
#include "http/http_exchange.h"

struct http_connection *recur_http_connect(struct http_server *server, int fd)
{
    struct http_connection *made = recur_try(1, sizeof *made);
    if (!made)
        return NULL;
    made->fd = fd;
    made->since = recur_seconds();
    pthread_mutex_lock(&server->lock);
    made->after = server->first;
    if (made->after)
        made->after->before = made;
    server->first = made;
    server->connections++;
    pthread_mutex_unlock(&server->lock);
    return made;
}

void recur_http_disconnect(struct http_server *server, struct http_connection *place)
{
    pthread_mutex_lock(&server->lock);
    if (place->before)
        place->before->after = place->after;
    else
        server->first = place->after;
    if (place->after)
        place->after->before = place->before;
    server->connections--;
    pthread_mutex_unlock(&server->lock);
    free(place);
}

static void note(struct http_exchange *exchange, struct http_exchange *present, bool answering)
{
    struct http_connection *place = exchange->place;
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->lock);
    place->exchange = present;
    place->answering = answering;
    place->since = recur_seconds();
    place->hung_up = 0;
    place->requests += !present;
    pthread_mutex_unlock(&server->lock);
}

void recur_http_request_begins(struct http_exchange *exchange)
{
    note(exchange, exchange, false);
}

void recur_http_request_arrived(struct http_exchange *exchange)
{
    note(exchange, exchange, true);
}

void recur_http_request_ends(struct http_exchange *exchange)
{
    note(exchange, NULL, false);
}

/* libmicrohttpd cannot answer a request that has not arrived, so this goes past it. The connection
 * stays open as long as the server's lock is held. */
static void refuse_slow(struct http_server *server, struct http_connection *place)
{
    char text[700];
    recur_json_writer json = {0};
    recur_json_open(&json, NULL, '{');
    recur_http_put_error(&json, 408, "request_timeout", NULL,
                         "the request took too long to arrive");
    recur_json_close(&json, '}');
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        json.size, json.text ? json.text : "");
    recur_json_writer_free(&json);
    place->cut = true;
    send(place->fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(place->fd, SHUT_RDWR);
    if (server->config.done)
        server->config.done(
            server->config.user,
            &(struct http_record){.status = 408, .seconds = recur_seconds() - place->since});
}

/* Has the client closed its side, with nothing left to read? libmicrohttpd does not look where an
 * answer is waited for, and misses an end that came together with a request. */
static bool hung_up(int fd)
{
    char byte;
    ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool is_unanswered(struct http_exchange *exchange)
{
    pthread_mutex_lock(&exchange->lock);
    bool waits = exchange->status == 0;
    pthread_mutex_unlock(&exchange->lock);
    return waits;
}

static void watch_answer(struct http_server *server, struct http_connection *place, double now)
{
    struct http_exchange *exchange = place->exchange;
    if (now - place->since > server->config.longest + server->config.patience) {
        place->cut = true;
        shutdown(place->fd, SHUT_RDWR);
        recur_http_give_up(exchange);
    } else if (recur_http_late(exchange) && is_unanswered(exchange)) {
        recur_http_fail(exchange, 503, "time_over", NULL, "the request took longer than it may");
        atomic_store(&exchange->gone, true); /* whoever computes it need not go on */
    } else if (!recur_http_gone(exchange) && hung_up(place->fd))
        atomic_store(&exchange->gone, true);
}

void recur_http_watch(struct http_server *server)
{
    const double patience = server->config.patience;
    double now = recur_seconds();
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *place = server->first; place; place = place->after) {
        double waits = now - place->since;
        if (place->cut)
            continue;
        /* Between requests libmicrohttpd closes a connection that rests. One that is still here
         * after that has sent a part of a header. */
        if (place->answering)
            watch_answer(server, place, now);
        else if (hung_up(place->fd) && place->hung_up++) {
            place->cut = true; /* what it sent before has been read by now */
            shutdown(place->fd, SHUT_RDWR);
        } else if (waits > (place->exchange || place->requests == 0 ? patience : 2 * patience + 2))
            refuse_slow(server, place);
    }
    pthread_mutex_unlock(&server->lock);
}

size_t recur_http_connections(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->connections;
    pthread_mutex_unlock(&server->lock);
    return count;
}

size_t recur_http_busy(struct http_server *server)
{
    size_t count = 0;
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *place = server->first; place; place = place->after)
        count += place->exchange != NULL; /* its body may still be on its way */
    pthread_mutex_unlock(&server->lock);
    return count;
}
