#include "http/http_exchange.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/timing.h"

static const char json_type[] = "application/json";

struct http_exchange *recur_http_exchange(struct http_server *server, const char *path)
{
    struct http_exchange *made = recur_try(1, sizeof *made);
    size_t size = strlen(path) + 1;
    char *copy = made ? recur_try(size, 1) : NULL;
    if (!copy) {
        free(made);
        return NULL;
    }
    memcpy(copy, path, size);
    made->path = copy;
    made->server = server;
    made->began = recur_seconds();
    made->deadline = made->began + server->config.longest;
    atomic_init(&made->holders, 1);
    atomic_init(&made->gone, false);
    pthread_mutex_init(&made->lock, NULL);
    return made;
}

void recur_http_hold(struct http_exchange *exchange)
{
    atomic_fetch_add(&exchange->holders, 1);
}

void recur_http_release(struct http_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->holders, 1) > 1)
        return;
    pthread_mutex_destroy(&exchange->lock);
    free(exchange->path);
    free(exchange->body.bytes);
    free(exchange->answer.bytes);
    free(exchange);
}

const char *recur_http_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

const char *recur_http_body(const struct http_exchange *exchange, size_t *size)
{
    *size = exchange->body.size;
    return exchange->body.bytes ? exchange->body.bytes : "";
}

bool recur_http_gone(const struct http_exchange *exchange)
{
    return atomic_load(&exchange->gone);
}

bool recur_http_late(const struct http_exchange *exchange)
{
    return recur_seconds() > exchange->deadline;
}

/* Tells libmicrohttpd that there is something to send. The lock is held. */
static void wake(struct http_exchange *exchange)
{
    if (!exchange->suspended || !exchange->connection)
        return;
    exchange->suspended = false;
    exchange->server->resume(exchange->connection);
}

void recur_http_leave(struct http_exchange *exchange)
{
    atomic_store(&exchange->gone, true);
    pthread_mutex_lock(&exchange->lock);
    exchange->connection = NULL;
    exchange->server = NULL;
    pthread_mutex_unlock(&exchange->lock);
    recur_http_release(exchange);
}

void recur_http_give_up(struct http_exchange *exchange)
{
    recur_http_fail(exchange, 503, "shutting_down", NULL, "the server is shutting down");
    atomic_store(&exchange->gone, true);
    pthread_mutex_lock(&exchange->lock);
    exchange->ended = exchange->broken = true;
    wake(exchange);
    pthread_mutex_unlock(&exchange->lock);
}

void recur_http_answer(struct http_exchange *exchange, unsigned status, const char *type,
                       char *bytes, size_t size)
{
    pthread_mutex_lock(&exchange->lock);
    if (exchange->status == 0) {
        exchange->status = status;
        exchange->type = type;
        exchange->answer = (struct grown_text){bytes, size, size};
        exchange->ended = true;
        bytes = NULL;
        wake(exchange);
    }
    pthread_mutex_unlock(&exchange->lock);
    free(bytes);
}

void recur_http_answer_json(struct http_exchange *exchange, unsigned status,
                            recur_json_writer *json)
{
    recur_error error;
    if (recur_json_check(json, "the answer", &error) != RECUR_OK) {
        recur_json_writer_free(json);
        recur_http_fail(exchange, 503, "out_of_memory", NULL, "%s", error.message);
        return;
    }
    recur_http_answer(exchange, status, json_type, json->text, json->size);
    *json = (recur_json_writer){0};
}

static const char *error_type(unsigned status)
{
    return status >= 500 ? "server_error" : status == 429 ? "requests" : "invalid_request_error";
}

void recur_http_put_error(recur_json_writer *json, unsigned status, const char *code,
                          const char *param, const char *message)
{
    recur_json_open(json, "error", '{');
    recur_json_put_text(json, "message", message);
    recur_json_put_text(json, "type", error_type(status));
    if (param)
        recur_json_put_text(json, "param", param);
    else
        recur_json_put_null(json, "param");
    recur_json_put_text(json, "code", code);
    recur_json_close(json, '}');
}

void recur_http_fail(struct http_exchange *exchange, unsigned status, const char *code,
                     const char *param, const char *format, ...)
{
    char message[sizeof(recur_error) + 200];
    recur_json_writer json = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    recur_json_open(&json, NULL, '{');
    recur_http_put_error(&json, status, code, param, message);
    recur_json_close(&json, '}');
    if (json.status == RECUR_OK)
        recur_http_answer(exchange, status, json_type, json.text, json.size);
    else { /* without memory an empty answer says it by its status alone */
        recur_json_writer_free(&json);
        recur_http_answer(exchange, status, json_type, NULL, 0);
    }
}

void recur_http_begin(struct http_exchange *exchange, const char *type)
{
    pthread_mutex_lock(&exchange->lock);
    if (exchange->status == 0) {
        exchange->status = 200;
        exchange->type = type;
        exchange->in_pieces = true;
        wake(exchange);
    }
    pthread_mutex_unlock(&exchange->lock);
}

/* Forgets what was sent, so that what waits is all that there is. The lock is held. */
static void drop_sent(struct http_exchange *exchange)
{
    struct grown_text *answer = &exchange->answer;
    if (exchange->sent == 0 || exchange->sent < answer->size / 2)
        return;
    memmove(answer->bytes, answer->bytes + exchange->sent, answer->size - exchange->sent);
    answer->size -= exchange->sent;
    exchange->sent = 0;
}

bool recur_http_write(struct http_exchange *exchange, const char *bytes, size_t size)
{
    pthread_mutex_lock(&exchange->lock);
    bool good = exchange->in_pieces && !exchange->ended && exchange->connection;
    if (good) {
        drop_sent(exchange);
        good = recur_grow_text(&exchange->answer, bytes, size, "an answer", NULL) == RECUR_OK;
        exchange->ended = exchange->broken = !good;
        wake(exchange);
    }
    pthread_mutex_unlock(&exchange->lock);
    return good;
}

size_t recur_http_unsent(struct http_exchange *exchange)
{
    pthread_mutex_lock(&exchange->lock);
    size_t unsent = exchange->answer.size - exchange->sent;
    pthread_mutex_unlock(&exchange->lock);
    return unsent;
}

void recur_http_end(struct http_exchange *exchange)
{
    pthread_mutex_lock(&exchange->lock);
    exchange->ended = true;
    wake(exchange);
    pthread_mutex_unlock(&exchange->lock);
}
