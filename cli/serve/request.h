/* What clients ask, read from JSON: members by name, each of a kind and within a range. Nothing
 * here knows a model; texts belong to the request. */
#ifndef RECUR_CLI_SERVE_REQUEST_H
#define RECUR_CLI_SERVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "recur/session.h"

enum {
    REQUEST_STOPS = 16,      /* texts that end a continuation, at most */
    REQUEST_LOGPROBS = 20,   /* alternatives of a token that are shown, at most */
    REQUEST_INPUTS = 2048,   /* texts of one request, at most */
    REQUEST_CANDIDATES = 128 /* of n and best_of */
};

/* The code of a refusal where a GPU failed. */
#define DEVICE_FAILED "device_failed"

/* Why a request is refused: the status, OpenAI's "code", which member, and a sentence. */
struct refusal {
    unsigned status;
    const char *code;
    char param[256]; /* "": the whole; 50 characters of a client's and an ellipsis fit */
    char message[sizeof(recur_error)];
};

/* Fills in the refusal and returns false. `param` may be NULL. */
bool recur_refuse(struct refusal *refusal, unsigned status, const char *code, const char *param,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A text or ids that a client sends; of a member that may be several. */
struct request_input {
    const char *text; /* NULL: ids */
    size_t size;
    int32_t *ids;
    size_t count;
};

struct request_inputs {
    struct request_input *item; /* allocated, and ids in the same block */
    size_t count;
};

/* Every request has these. Ends with recur_request_free. */
struct request {
    recur_json *json;
    const char *model; /* NULL: the client names none */
    struct request_inputs inputs;
};

struct completion_request {
    struct request of; /* the prompts */
    recur_sampler_config sampling;
    uint64_t max_tokens; /* UINT64_MAX: as many as the server makes */
    uint64_t n, best_of;
    uint64_t logprobs; /* alternatives that are shown; UINT64_MAX: not even the token's own */
    bool seeded, stream, include_usage, echo, cache;
    const recur_json *stop[REQUEST_STOPS];
    size_t stops;
};

struct token_request {
    struct request of; /* one text, or one list of ids */
    bool pieces;       /* of each id the text is wanted, too */
};

enum request_pooling { REQUEST_POOLING_MEAN, REQUEST_POOLING_LAST, REQUEST_POOLING_MAX };

struct embedding_request {
    struct request of;
    bool base64;
    enum request_pooling pooling;
    uint64_t layer;      /* UINT64_MAX: the highest */
    uint64_t dimensions; /* UINT64_MAX: not asked for */
};

struct activation_request {
    struct request of;
    uint64_t layer, unit; /* UINT64_MAX: the highest; all, without their gates */
};

struct fill_request {
    struct request of;
    const char *blank;
    uint64_t alternatives, beam;
};

struct label_request {
    struct request of; /* texts, or sentences */
    bool characters;   /* each character but white space is a word */
    uint64_t top;      /* of texts: labels that are shown */
};

/* Each reads a request's body. On failure nothing is left to free. */
bool recur_read_completion(const char *body, size_t size, struct completion_request *request,
                           struct refusal *refusal);
bool recur_read_tokenize(const char *body, size_t size, struct token_request *request,
                         struct refusal *refusal);
bool recur_read_detokenize(const char *body, size_t size, struct token_request *request,
                           struct refusal *refusal);
bool recur_read_embedding(const char *body, size_t size, struct embedding_request *request,
                          struct refusal *refusal);
bool recur_read_activation(const char *body, size_t size, struct activation_request *request,
                           struct refusal *refusal);
bool recur_read_fill(const char *body, size_t size, struct fill_request *request,
                     struct refusal *refusal);
bool recur_read_classify(const char *body, size_t size, struct label_request *request,
                         struct refusal *refusal);
bool recur_read_tag(const char *body, size_t size, struct label_request *request,
                    struct refusal *refusal);

void recur_request_free(struct request *request);

#endif
