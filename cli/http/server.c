/* The server: what libmicrohttpd calls when connections come, requests arrive and answers go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/message.h"
#include "common/timing.h"
#include "http/http_exchange.h"

#ifdef HAVE_MICROHTTPD
#include <microhttpd.h>

#include "common/lazy.h"

#define MICROHTTPD(X)                                                                              \
    X(MHD_add_response_header)                                                                     \
    X(MHD_create_response_from_buffer)                                                             \
    X(MHD_create_response_from_callback)                                                           \
    X(MHD_destroy_response)                                                                        \
    X(MHD_get_connection_info)                                                                     \
    X(MHD_get_connection_values_n)                                                                 \
    X(MHD_lookup_connection_value)                                                                 \
    X(MHD_queue_response)                                                                          \
    X(MHD_quiesce_daemon)                                                                          \
    X(MHD_resume_connection)                                                                       \
    X(MHD_start_daemon)                                                                            \
    X(MHD_stop_daemon)                                                                             \
    X(MHD_suspend_connection)

struct http_library {
    MICROHTTPD(LAZY_POINTER)
};

static const char *const library_names[] = {MICROHTTPD(LAZY_NAME)};
enum { LIBRARY_NAMES = sizeof library_names / sizeof *library_names };

enum {
    HEADER_MOST = 8 << 10,     /* bytes of a request's header; longer ones get status 431 */
    HEADER_ROOM = 32 << 10,    /* libmicrohttpd's memory of a connection */
    PIECE = 16 << 10,          /* bytes of an answer that are handed over at once */
    SPARE_CONNECTIONS = 64,    /* beyond the limit, to be told so with status 503 */
    SWALLOWED_MOST = 64 << 20, /* of a body that is too long; a client reads its answer after it */
};

/* What pages may do that this server sends: nothing but load what it sends itself. */
static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct {
    const char *name, *value;
} always[] = {
    {"Content-Security-Policy", content_policy},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
};

static const char *header(const struct http_exchange *exchange, const char *name)
{
    return exchange->server->library->MHD_lookup_connection_value(exchange->connection,
                                                                  MHD_HEADER_KIND, name);
}

static enum MHD_Result add_size(void *user, enum MHD_ValueKind kind, const char *key,
                                size_t key_size, const char *value, size_t value_size)
{
    (void)kind;
    (void)key;
    (void)value;
    *(size_t *)user += key_size + value_size + 4;
    return MHD_YES;
}

static size_t header_size(const struct http_exchange *exchange)
{
    size_t size = strlen(exchange->path);
    exchange->server->library->MHD_get_connection_values_n(
        exchange->connection, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, add_size, &size);
    return size;
}

static bool fits(const char *pattern, const char *path)
{
    size_t size = strlen(pattern);
    return size > 1 && pattern[size - 1] == '/' ? strncmp(pattern, path, size) == 0 && path[size]
                                                : strcmp(pattern, path) == 0;
}

/* Finds what a path leads to. False where nothing is there, or not by this method. */
static bool find(struct http_exchange *exchange, const char *method)
{
    const struct http_config *config = &exchange->server->config;
    const char *get = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct http_route *route = config->routes; route->path; route++) {
        if (!fits(route->path, exchange->path))
            continue;
        exchange->record = route->path;
        exchange->allow = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method;
        if (strcmp(route->method, get) == 0) {
            exchange->route = route;
            return true;
        }
    }
    for (const struct http_file *file = config->files; file && file->path; file++) {
        if (strcmp(file->path, exchange->path) != 0)
            continue;
        exchange->record = file->path;
        exchange->allow = "GET, HEAD";
        if (strcmp(get, "GET") == 0) {
            exchange->file = file;
            return true;
        }
    }
    if (exchange->allow)
        recur_http_fail(exchange, 405, "method_not_allowed", NULL, "%s is not asked by %s here",
                        exchange->record, recur_show(method, strlen(method), 20, NULL).text);
    else
        recur_http_fail(exchange, 404, "unknown_url", NULL, "there is nothing at %s",
                        recur_show(exchange->path, strlen(exchange->path), 100, NULL).text);
    return false;
}

/* Does a browser ask for a page of somebody else's? It says so in these headers. */
static bool is_foreign(struct http_exchange *exchange, const char *host)
{
    const char *origin = header(exchange, "Origin"), *site = header(exchange, "Sec-Fetch-Site");
    if (origin && !recur_http_origin_allowed(origin, host))
        return true;
    return site && !exchange->file && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* Is the client one that the server talks to at all? */
static bool welcome(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    const struct http_config *config = &server->config;
    const char *host = header(exchange, "Host");
    if (atomic_load(&server->draining))
        recur_http_fail(exchange, 503, "shutting_down", NULL, "the server is shutting down");
    else if (recur_http_connections(server) > config->connections)
        recur_http_fail(exchange, 503, "too_many_connections", NULL,
                        "there are %llu connections already, as many as are allowed",
                        (unsigned long long)config->connections);
    else if (header_size(exchange) > HEADER_MOST)
        recur_http_fail(exchange, 431, "header_too_long", NULL,
                        "the request's header has more than %d bytes", HEADER_MOST);
    else if (!host)
        recur_http_fail(exchange, 400, "host_missing", NULL, "the header Host is missing");
    else if (!recur_http_host_allowed(host, config->names, config->name_count))
        recur_http_fail(exchange, 403, "host_refused", NULL,
                        "this server is not called %s; --allow-host names it",
                        recur_show(host, strlen(host), 60, NULL).text);
    return exchange->status == 0;
}

/* Checks a request of which only the header has arrived. */
static void judge(struct http_exchange *exchange, const char *method)
{
    struct http_server *server = exchange->server;
    if (!welcome(exchange) || !find(exchange, method))
        return;
    const char *length = header(exchange, "Content-Length");
    bool posts = exchange->route && strcmp(exchange->route->method, "POST") == 0;
    bool open = exchange->file || (exchange->route && exchange->route->open);
    if (is_foreign(exchange, header(exchange, "Host")))
        recur_http_fail(exchange, 403, "origin_refused", NULL,
                        "pages of other servers may not ask this one");
    else if (!open && server->keys.count > 0 &&
             !recur_http_key_fits(&server->keys, header(exchange, "Authorization")))
        recur_http_fail(exchange, 401, "invalid_api_key", NULL,
                        "expected the header \"Authorization: Bearer KEY\" with a key of this "
                        "server");
    else if (posts && !recur_http_is_json(header(exchange, "Content-Type")))
        recur_http_fail(exchange, 415, "unsupported_media_type", NULL,
                        "expected the header \"Content-Type: application/json\"");
    else if (length && strtoull(length, NULL, 10) > server->config.body)
        recur_http_fail(exchange, 413, "body_too_long", NULL,
                        "the request's body has more than %llu bytes",
                        (unsigned long long)server->config.body);
}

static void add_headers(const struct http_library *library, struct MHD_Response *response,
                        const struct http_exchange *exchange)
{
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        library->MHD_add_response_header(response, always[i].name, always[i].value);
    library->MHD_add_response_header(response, "Content-Type", exchange->type);
    library->MHD_add_response_header(response, "Cache-Control",
                                     exchange->file ? "no-cache" : "no-store");
    if (exchange->in_pieces) /* nginx would keep the pieces until there are many */
        library->MHD_add_response_header(response, "X-Accel-Buffering", "no");
    if (exchange->status == 401)
        library->MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (exchange->status == 405)
        library->MHD_add_response_header(response, "Allow", exchange->allow);
    if (exchange->status == 429 || exchange->status == 503)
        library->MHD_add_response_header(response, "Retry-After", "1");
    if (exchange->status == 503)
        library->MHD_add_response_header(response, "Connection", "close");
}

/* Hands over the next bytes of an answer in pieces. */
static ssize_t next_piece(void *user, uint64_t at, char *to, size_t most)
{
    struct http_exchange *exchange = user;
    ssize_t size = 0;
    (void)at;
    pthread_mutex_lock(&exchange->lock);
    size_t unsent = exchange->answer.size - exchange->sent;
    if (unsent > 0 && !exchange->broken) {
        size = (ssize_t)(unsent < most ? unsent : most);
        memcpy(to, exchange->answer.bytes + exchange->sent, (size_t)size);
        exchange->sent += (size_t)size;
    } else if (exchange->ended || atomic_load(&exchange->server->stopping)) {
        size =
            exchange->broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        exchange->suspended = true;
        exchange->server->library->MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&exchange->lock);
    return size;
}

/* The answer as libmicrohttpd has it. Its bytes stay in the exchange, which outlives it. */
static struct MHD_Response *make_response(struct http_exchange *exchange)
{
    const struct http_library *library = exchange->server->library;
    if (exchange->in_pieces)
        return library->MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, next_piece,
                                                          exchange, NULL);
    if (exchange->file) {
        void *bytes; /* that the library only reads */
        memcpy(&bytes, &exchange->file->bytes, sizeof bytes);
        return library->MHD_create_response_from_buffer(exchange->file->size, bytes,
                                                        MHD_RESPMEM_PERSISTENT);
    }
    return library->MHD_create_response_from_buffer(
        exchange->answer.size, exchange->answer.bytes ? exchange->answer.bytes : "",
        MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct http_exchange *exchange)
{
    const struct http_library *library = exchange->server->library;
    exchange->queued = true;
    struct MHD_Response *response = make_response(exchange);
    if (!response)
        return MHD_NO;
    add_headers(library, response, exchange);
    enum MHD_Result result =
        library->MHD_queue_response(exchange->connection, exchange->status, response);
    library->MHD_destroy_response(response);
    return result;
}

static struct http_exchange *begin(struct http_server *server, struct MHD_Connection *connection,
                                   const char *path, const char *method)
{
    const union MHD_ConnectionInfo *info =
        server->library->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_exchange *exchange =
        info && info->socket_context ? recur_http_exchange(server, path) : NULL;
    if (!exchange)
        return NULL;
    exchange->place = info->socket_context;
    exchange->connection = connection;
    recur_http_request_begins(exchange);
    judge(exchange, method);
    return exchange;
}

/* Where a request is refused, is its body not worth waiting for? */
static bool refused_at_once(struct http_exchange *exchange)
{
    const char *length = header(exchange, "Content-Length");
    return exchange->status != 0 && (header(exchange, "Expect") || exchange->status == 503 ||
                                     (length && strtoull(length, NULL, 10) > SWALLOWED_MOST));
}

/* Keeps a part of the body of a request that is not refused. */
static void take_body(struct http_exchange *exchange, const char *bytes, size_t size)
{
    uint64_t most = exchange->server->config.body;
    recur_error error;
    if (exchange->status != 0)
        return;
    if (exchange->body.size + size > most)
        recur_http_fail(exchange, 413, "body_too_long", NULL,
                        "the request's body has more than %llu bytes", (unsigned long long)most);
    else if (recur_grow_text(&exchange->body, bytes, size, "a request", &error) != RECUR_OK)
        recur_http_fail(exchange, 503, "out_of_memory", NULL, "%s", error.message);
}

/* Asks the route for an answer. From here on other threads may give one. */
static void handle(struct http_exchange *exchange)
{
    if (exchange->status == 0 && exchange->file) {
        exchange->status = 200;
        exchange->type = exchange->file->type;
    }
    bool answered = exchange->status != 0;
    exchange->handled = true;
    recur_http_request_arrived(exchange);
    if (!answered)
        exchange->route->handle(exchange->server->config.user, exchange);
}

static enum MHD_Result go_on(struct http_exchange *exchange)
{
    if (!exchange->handled)
        handle(exchange);
    pthread_mutex_lock(&exchange->lock);
    bool none = exchange->status == 0;
    bool waits = none && !atomic_load(&exchange->server->stopping);
    if (waits) {
        exchange->suspended = true;
        exchange->server->library->MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&exchange->lock);
    if (waits)
        return MHD_YES;
    if (none)
        recur_http_fail(exchange, 503, "shutting_down", NULL, "the server is shutting down");
    return send_answer(exchange);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **state)
{
    struct http_exchange *exchange = *state;
    (void)version;
    if (!exchange) {
        exchange = *state = begin(user, connection, path, method);
        if (!exchange)
            return MHD_NO;
        return refused_at_once(exchange) ? send_answer(exchange) : MHD_YES;
    }
    if (*size > 0) {
        take_body(exchange, bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    return go_on(exchange);
}

static void on_end(void *user, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode why)
{
    struct http_server *server = user;
    struct http_exchange *exchange = *state;
    (void)connection;
    (void)why;
    if (!exchange)
        return;
    *state = NULL;
    recur_http_request_ends(exchange);
    pthread_mutex_lock(&server->lock);
    bool cut = exchange->place->cut;
    pthread_mutex_unlock(&server->lock);
    const struct http_record record = {.path = exchange->record,
                                       .status = exchange->queued ? exchange->status : 0,
                                       .seconds = recur_seconds() - exchange->began};
    if (server->config.done && !cut)
        server->config.done(server->config.user, &record);
    recur_http_leave(exchange);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = user;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*state)
            recur_http_disconnect(server, *state);
        *state = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        server->library->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *state = info ? recur_http_connect(server, info->connect_fd) : NULL;
}

/* Messages of libmicrohttpd are about clients, who can be told nothing more. */
static void drop_message(void *user, const char *format, va_list arguments)
{
    (void)user;
    (void)format;
    (void)arguments;
}

static int start_daemon(struct http_server *server)
{
    const struct http_config *config = &server->config;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    unsigned rest = (unsigned)config->patience + 1;
    server->daemon = server->library->MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, server->socket.fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)config->connections + SPARE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, rest,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_ROOM, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED, on_end, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (!server->daemon)
        return recur_failure(config->command, "libmicrohttpd cannot start a server: %s",
                             strerror(errno));
    return 0;
}

static int load_library(const struct command *command, struct http_server *server)
{
    char why[200];
    server->library = recur_need(command, 1, sizeof *server->library, "libmicrohttpd");
    if (!recur_lazy_load("libmicrohttpd.so.12", library_names, LIBRARY_NAMES, server->library, why,
                         sizeof why))
        return recur_failure(command, "it serves with libmicrohttpd, which cannot be loaded: %s",
                             why);
    server->resume = server->library->MHD_resume_connection;
    return 0;
}

static void stop_daemon(struct http_server *server)
{
    server->library->MHD_stop_daemon(server->daemon);
}

/* The daemon takes no more connections; a socket of somebody else's goes on listening for the next
 * server. */
static void stop_listening(struct http_server *server)
{
    server->library->MHD_quiesce_daemon(server->daemon);
    if (!server->socket.passed)
        shutdown(server->socket.fd, SHUT_RDWR);
}

#else
static int load_library(const struct command *command, struct http_server *server)
{
    (void)server;
    return recur_failure(command, "this build of recur has no libmicrohttpd, with which it serves; "
                                  "make installs it on Debian and Ubuntu");
}

static int start_daemon(struct http_server *server)
{
    (void)server;
    return STATUS_FAILURE;
}

static void stop_daemon(struct http_server *server)
{
    (void)server;
}

static void stop_listening(struct http_server *server)
{
    (void)server;
}
#endif

/* Without a key, whoever reaches the socket can use it. */
static int check_keys(struct http_server *server)
{
    const struct http_config *config = &server->config;
    if (server->keys.count > 0 || server->socket.local || config->insecure)
        return 0;
    return recur_usage_error(config->command,
                             "other machines reach %s: --api-key-file is needed, or --insecure to "
                             "serve everybody",
                             server->socket.address);
}

static void release(struct http_server *server)
{
    pthread_mutex_destroy(&server->lock);
    free(server->keys.key);
    free(server->library);
    free(server);
}

int recur_http_start(const struct http_config *config, struct http_server **server)
{
    struct http_server *made = recur_need(config->command, 1, sizeof *made, "a server");
    made->config = *config;
    made->socket.fd = -1;
    pthread_mutex_init(&made->lock, NULL);
    atomic_init(&made->draining, false);
    atomic_init(&made->stopping, false);
    *server = made; /* its thread calls functions that may look for it */
    int status = load_library(config->command, made);
    if (status == 0 && config->key_file)
        status = recur_http_read_keys(config->command, config->key_file, &made->keys);
    if (status == 0)
        status = recur_http_listen(config->command, config->host, config->port, &made->socket);
    if (status == 0)
        status = check_keys(made);
    if (status == 0)
        status = start_daemon(made);
    if (status == 0)
        return 0;
    *server = NULL;
    if (made->socket.fd >= 0)
        close(made->socket.fd);
    release(made);
    return status;
}

const char *recur_http_address(const struct http_server *server)
{
    return server->socket.address;
}

void recur_http_drain(struct http_server *server)
{
    if (!atomic_exchange(&server->draining, true))
        stop_listening(server);
}

bool recur_http_draining(struct http_server *server)
{
    return atomic_load(&server->draining);
}

void recur_http_stop(struct http_server *server)
{
    recur_http_drain(server);
    atomic_store(&server->stopping, true);
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *place = server->first; place; place = place->after)
        if (place->answering)
            recur_http_give_up(place->exchange);
    pthread_mutex_unlock(&server->lock);
    stop_daemon(server);
    close(server->socket.fd);
    release(server);
}
