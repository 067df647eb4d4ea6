/* What is served, and what its parts share. */
#ifndef RECUR_CLI_SERVE_SERVICE_H
#define RECUR_CLI_SERVE_SERVICE_H

#include "http/http.h"
#include "serve/lane.h"
#include "serve/metrics.h"
#include "serve/models.h"
#include "serve/text_scheduler.h"

/* What a request may cost. */
struct service_limits {
    size_t prompt;     /* tokens of a text that is read */
    size_t tokens;     /* that are made of a prompt */
    size_t candidates; /* texts that one request may have made */
};

struct service {
    const struct command *command;
    struct served_models models;
    struct service_limits limits;
    struct state_cache *cache;
    struct scheduler *scheduler;
    struct lane *quick, *slow; /* for what takes micro- and for what takes milliseconds or more */
    struct metrics metrics;
    struct http_server *http;
};

/* Answers with a refusal. */
void recur_answer_refusal(struct http_exchange *exchange, const struct refusal *refusal);

/* Begins an answer that is a list, {"object": "list", "model", "data": [, and ends it. */
void recur_open_list(recur_json_writer *json, const struct served_model *model);
void recur_close_list(recur_json_writer *json);

/* Each answers a request, on a lane's thread. */
void recur_answer_completion(void *service, struct http_exchange *exchange);
void recur_answer_tokenize(void *service, struct http_exchange *exchange);
void recur_answer_detokenize(void *service, struct http_exchange *exchange);
void recur_answer_embeddings(void *service, struct http_exchange *exchange);
void recur_answer_explain(void *service, struct http_exchange *exchange);
void recur_answer_activations(void *service, struct http_exchange *exchange);
void recur_answer_fill(void *service, struct http_exchange *exchange);
void recur_answer_classify(void *service, struct http_exchange *exchange);
void recur_answer_tag(void *service, struct http_exchange *exchange);

/* Those that answer at once, on the server's thread. */
void recur_answer_health(void *service, struct http_exchange *exchange);
void recur_answer_models(void *service, struct http_exchange *exchange);
void recur_answer_model(void *service, struct http_exchange *exchange);
void recur_answer_metrics(void *service, struct http_exchange *exchange);

#endif
