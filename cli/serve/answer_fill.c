/* POST /v1/fill: blanks of texts. */
#include <string.h>

#include "common/quote.h"
#include "recur/fill.h"
#include "serve/service.h"

/* A search takes time in proportion to its blanks, and cannot be stopped in the middle. */
enum { BLANKS_MOST = 1024 };

/* A recur_filling_fn. */
static enum recur_status put_filling(void *user, const recur_filling *filling, recur_error *error)
{
    recur_json_writer *json = user;
    (void)error;
    recur_json_open(json, NULL, '{');
    recur_json_put_repaired(json, "text", filling->text, filling->size);
    recur_json_put_u64(json, "blanks", filling->blanks);
    recur_json_put_number(json, "probability", filling->probability, 7);
    recur_json_close(json, '}');
    return RECUR_OK;
}

static size_t count_blanks(const struct request_input *input, const char *blank)
{
    size_t size = strlen(blank), count = 0;
    for (size_t at = 0; size > 0 && at + size <= input->size; at++)
        count += memcmp(input->text + at, blank, size) == 0;
    return count;
}

static bool fill(struct http_exchange *exchange, const struct fill_request *request,
                 recur_filler *filler, recur_json_writer *json, struct refusal *refusal)
{
    recur_error error;
    for (size_t i = 0; i < request->of.inputs.count; i++) {
        const struct request_input *input = &request->of.inputs.item[i];
        if (recur_http_gone(exchange))
            return recur_refuse(refusal, 503, "client_gone", NULL, "the client is gone");
        if (count_blanks(input, request->blank) > BLANKS_MOST)
            return recur_refuse(refusal, 422, "too_many_inputs", "input",
                                "a text has more than %d blanks", BLANKS_MOST);
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "index", i);
        recur_json_open(json, "fillings", '[');
        if (recur_fill(filler, input->text, input->size, put_filling, json, &error) != RECUR_OK)
            return recur_refuse_error(refusal, &error);
        recur_json_close(json, ']');
        recur_json_close(json, '}');
    }
    return true;
}

static bool answer(const struct service *service, struct http_exchange *exchange,
                   const struct fill_request *request, struct refusal *refusal)
{
    const struct served_model *model =
        recur_models_for(&service->models, request->of.model, RECUR_USE_FILL, refusal);
    recur_fill_config config = recur_fill_config_default();
    recur_filler *filler;
    recur_error error;
    recur_json_writer json = {0};
    if (!model)
        return false;
    config.blank = request->blank;
    config.alternatives = (size_t)request->alternatives;
    config.beam = (size_t)request->beam;
    if (recur_filler_create(model->model, &config, &filler, &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    recur_open_list(&json, model);
    bool good = fill(exchange, request, filler, &json, refusal);
    recur_close_list(&json);
    recur_filler_free(filler);
    if (good)
        recur_http_answer_json(exchange, 200, &json);
    else
        recur_json_writer_free(&json);
    return good;
}

void recur_answer_fill(void *user, struct http_exchange *exchange)
{
    struct fill_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = recur_read_fill(body, size, &request, &refusal);
    if (good) {
        good = answer(user, exchange, &request, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}
