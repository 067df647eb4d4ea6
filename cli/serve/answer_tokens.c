/* POST /tokenize and /detokenize. */
#include <stdlib.h>

#include "serve/service.h"

static void put_tokens(recur_json_writer *json, const struct served_model *model,
                       const int32_t *ids, size_t count, bool pieces)
{
    recur_json_open(json, "tokens", '[');
    for (size_t i = 0; i < count; i++) {
        if (pieces) {
            recur_json_open(json, NULL, '{');
            recur_json_put_u64(json, "id", (uint64_t)ids[i]);
            recur_json_put_text(json, "piece", recur_token_text(model, ids[i]).text);
            recur_json_close(json, '}');
        } else
            recur_json_put_u64(json, NULL, (uint64_t)ids[i]);
    }
    recur_json_close(json, ']');
}

static bool tokenize(const struct service *service, struct http_exchange *exchange,
                     const struct token_request *request, struct refusal *refusal)
{
    const struct request_input *input = request->of.inputs.item;
    const struct served_model *model =
        recur_models_any(&service->models, request->of.model, refusal);
    recur_error error;
    recur_json_writer json = {0};
    int32_t *ids;
    size_t count, unknown;
    if (!model)
        return false;
    if (recur_vocab_encode(model->vocab, input->text, input->size, &ids, &count, &unknown,
                           &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    recur_json_open(&json, NULL, '{');
    put_tokens(&json, model, ids, count, request->pieces);
    recur_json_put_u64(&json, "count", count);
    recur_json_put_u64(&json, "unknown", unknown);
    recur_json_close(&json, '}');
    free(ids);
    recur_http_answer_json(exchange, 200, &json);
    return true;
}

void recur_answer_tokenize(void *user, struct http_exchange *exchange)
{
    struct token_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = recur_read_tokenize(body, size, &request, &refusal);
    if (good) {
        good = tokenize(user, exchange, &request, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}

static bool detokenize(const struct service *service, struct http_exchange *exchange,
                       const struct token_request *request, struct refusal *refusal)
{
    const struct request_input *input = request->of.inputs.item;
    const struct served_model *model =
        recur_models_any(&service->models, request->of.model, refusal);
    recur_detokenizer *detokenizer;
    recur_error error;
    recur_json_writer json = {0};
    struct grown_text text = {0};
    if (!model || !recur_models_check_ids(model, input->ids, input->count, "tokens", refusal))
        return false;
    if (recur_detokenizer_create(model->vocab, "", 0, &detokenizer, &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; status == RECUR_OK && i < input->count; i++)
        status =
            recur_detokenizer_put(detokenizer, input->ids[i], recur_add_repaired, &text, &error);
    if (status == RECUR_OK)
        status = recur_detokenizer_end(detokenizer, recur_add_repaired, &text, &error);
    recur_detokenizer_free(detokenizer);
    recur_json_open(&json, NULL, '{');
    recur_json_put_bytes(&json, "content", text.bytes ? text.bytes : "", text.size);
    recur_json_close(&json, '}');
    free(text.bytes);
    if (status != RECUR_OK) {
        recur_json_writer_free(&json);
        return recur_refuse_error(refusal, &error);
    }
    recur_http_answer_json(exchange, 200, &json);
    return true;
}

void recur_answer_detokenize(void *user, struct http_exchange *exchange)
{
    struct token_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = recur_read_detokenize(body, size, &request, &refusal);
    if (good) {
        good = detokenize(user, exchange, &request, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}
