/* POST /v1/embeddings: a recurrent layer's states of a text, pooled over its tokens. */
#include <stdlib.h>
#include <string.h>

#include "recur/features.h"
#include "serve/service.h"

/* A text's rows as they come. */
struct pool {
    enum request_pooling pooling;
    size_t width, tokens;
    double *sum; /* (width): of mean; of the others the last row, or the greatest numbers */
};

static enum recur_status take(void *user, const float *rows, size_t count, recur_error *error)
{
    struct pool *pool = user;
    (void)error;
    for (size_t t = 0; t < count; t++, pool->tokens++)
        for (size_t i = 0; i < pool->width; i++) {
            double number = (double)rows[t * pool->width + i], *sum = &pool->sum[i];
            if (pool->tokens == 0 || pool->pooling == REQUEST_POOLING_LAST)
                *sum = number;
            else if (pool->pooling == REQUEST_POOLING_MEAN)
                *sum += number;
            else if (number > *sum)
                *sum = number;
        }
    return RECUR_OK;
}

/* Four characters for three bytes (RFC 4648). */
static void put_base64(recur_json_writer *json, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t more = size - i;
        unsigned long bits = (unsigned long)bytes[i] << 16;
        bits |= more > 1 ? (unsigned long)bytes[i + 1] << 8 : 0;
        bits |= more > 2 ? bytes[i + 2] : 0;
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], '=', '='};
        if (more > 1)
            four[2] = digits[bits >> 6 & 63];
        if (more > 2)
            four[3] = digits[bits & 63];
        recur_json_add_text(json, four, sizeof four);
    }
}

/* The number of a row as 32-bit floats, little-endian. */
static void put_numbers(recur_json_writer *json, const struct pool *pool, bool base64)
{
    double share = pool->pooling == REQUEST_POOLING_MEAN ? 1 / (double)pool->tokens : 1;
    if (!base64) {
        recur_json_open(json, "embedding", '[');
        for (size_t i = 0; i < pool->width; i++)
            recur_json_put_number(json, NULL, (double)(float)(pool->sum[i] * share), 9);
        recur_json_close(json, ']');
        return;
    }
    recur_json_begin_text(json, "embedding");
    for (size_t i = 0; i < pool->width; i += 3) { /* 12 bytes, 16 characters */
        unsigned char bytes[12];
        size_t count = pool->width - i < 3 ? pool->width - i : 3;
        for (size_t k = 0; k < count; k++) {
            float number = (float)(pool->sum[i + k] * share);
            uint32_t bits;
            memcpy(&bits, &number, sizeof bits);
            for (size_t b = 0; b < 4; b++)
                bytes[4 * k + b] = (unsigned char)(bits >> 8 * b);
        }
        put_base64(json, bytes, 4 * count);
    }
    recur_json_end_text(json);
}

/* Encodes an input; `*ids` is allocated, and the caller's also on failure. */
static bool encode(const struct service *service, const struct served_model *model,
                   const struct request_input *input, int32_t **ids, size_t *count,
                   struct refusal *refusal)
{
    recur_error error;
    *ids = NULL;
    if (input->text) {
        if (recur_vocab_encode(model->vocab, input->text, input->size, ids, count, NULL, &error) !=
            RECUR_OK)
            return recur_refuse_error(refusal, &error);
    } else {
        if (!recur_models_check_ids(model, input->ids, input->count, "input", refusal))
            return false;
        *count = input->count;
        *ids = recur_try(*count, sizeof **ids);
        if (!*ids)
            return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for a text");
        if (*count > 0)
            memcpy(*ids, input->ids, *count * sizeof **ids);
    }
    if (*count == 0)
        return recur_refuse(refusal, 422, "invalid_value", "input", "\"input\" has no token");
    if (*count > service->limits.prompt)
        return recur_refuse(refusal, 422, "context_length_exceeded", "input",
                            "\"input\" has %zu tokens, at most %zu are read", *count,
                            service->limits.prompt);
    return true;
}

static bool embed(const struct service *service, const struct served_model *model,
                  const struct request_input *input, size_t layer, struct pool *pool,
                  struct refusal *refusal)
{
    int32_t *ids;
    size_t count;
    recur_error error;
    recur_corpus *corpus = NULL;
    if (!encode(service, model, input, &ids, &count, refusal)) {
        free(ids);
        return false;
    }
    pool->tokens = 0;
    enum recur_status status =
        recur_corpus_from_ids(ids, count, model->vocabulary, &corpus, &error);
    if (status == RECUR_OK)
        status = recur_features(model->model, corpus, layer, 1, take, pool, &error);
    recur_corpus_free(corpus);
    free(ids);
    return status == RECUR_OK || recur_refuse_error(refusal, &error);
}

static bool put_embeddings(const struct service *service, struct http_exchange *exchange,
                           const struct embedding_request *request,
                           const struct served_model *model, size_t layer, struct pool *pool,
                           recur_json_writer *json, struct refusal *refusal)
{
    size_t tokens = 0;
    recur_open_list(json, model);
    for (size_t i = 0; i < request->of.inputs.count; i++) {
        if (recur_http_gone(exchange))
            return recur_refuse(refusal, 503, "client_gone", NULL, "the client is gone");
        if (!embed(service, model, &request->of.inputs.item[i], layer, pool, refusal))
            return false;
        tokens += pool->tokens;
        recur_json_open(json, NULL, '{');
        recur_json_put_text(json, "object", "embedding");
        recur_json_put_u64(json, "index", i);
        put_numbers(json, pool, request->base64);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
    recur_json_open(json, "usage", '{');
    recur_json_put_u64(json, "prompt_tokens", tokens);
    recur_json_put_u64(json, "total_tokens", tokens);
    recur_json_close(json, '}');
    recur_json_close(json, '}');
    return true;
}

static bool answer(const struct service *service, struct http_exchange *exchange,
                   const struct embedding_request *request, struct refusal *refusal)
{
    const struct served_model *model =
        recur_models_any(&service->models, request->of.model, refusal);
    if (!model)
        return false;
    size_t layers = recur_model_get_config(model->model)->layers;
    size_t layer = request->layer == UINT64_MAX ? layers - 1 : (size_t)request->layer;
    struct pool pool = {.pooling = request->pooling,
                        .width = recur_features_width(model->model, layer)};
    if (layer >= layers)
        return recur_refuse(refusal, 422, "invalid_value", "layer",
                            "\"layer\" is %zu, the model has layers 0 to %zu", layer, layers - 1);
    if (request->dimensions != UINT64_MAX && request->dimensions != pool.width)
        return recur_refuse(refusal, 422, "invalid_value", "dimensions",
                            "\"dimensions\": the layer has %zu, and recur leaves none out",
                            pool.width);
    recur_json_writer json = {0};
    pool.sum = recur_try(pool.width, sizeof *pool.sum);
    bool good =
        pool.sum ? put_embeddings(service, exchange, request, model, layer, &pool, &json, refusal)
                 : recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory");
    free(pool.sum);
    if (good)
        recur_http_answer_json(exchange, 200, &json);
    else
        recur_json_writer_free(&json);
    return good;
}

void recur_answer_embeddings(void *user, struct http_exchange *exchange)
{
    struct embedding_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = recur_read_embedding(body, size, &request, &refusal);
    if (good) {
        good = answer(user, exchange, &request, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}
