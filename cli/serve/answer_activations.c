/* POST /v1/activations: what a layer's units do at each token of a text: the states of all of them,
 * or the state and the gates of one. */
#include <stdlib.h>
#include <string.h>

#include "recur/features.h"
#include "recur/generate.h"
#include "serve/service.h"

enum {
    NUMBERS_MOST = 1 << 20, /* of an answer */
    GATES_MOST = 1 << 24,   /* that are computed for it */
};

/* A text on its way through a layer. */
struct view {
    const struct served_model *model;
    const recur_corpus *corpus;
    size_t layer, width, units, tokens, gates;
    float *states; /* (T, width); width is 2H in both directions */
    float *gate;   /* (T, gates, H); NULL: not wanted */
    size_t taken;
};

/* A recur_rows_fn. */
static enum recur_status take(void *user, const float *rows, size_t count, recur_error *error)
{
    struct view *view = user;
    (void)error;
    memcpy(view->states + view->taken * view->width, rows, count * view->width * sizeof *rows);
    view->taken += count;
    return RECUR_OK;
}

static void put_column(recur_json_writer *json, const char *key, const float *numbers, size_t count,
                       size_t stride)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        recur_json_put_number(json, NULL, (double)numbers[i * stride], 5);
    recur_json_close(json, ']');
}

static void put_unit(recur_json_writer *json, const struct view *view, size_t unit)
{
    enum recur_cell cell = recur_model_get_config(view->model->model)->cell;
    recur_json_put_u64(json, "unit", unit);
    put_column(json, "state", view->states + unit, view->tokens, view->width);
    recur_json_open(json, "gates", '{');
    for (size_t g = 0; view->gate && g < view->gates; g++)
        put_column(json, recur_gate_name(cell, g), view->gate + g * view->units + unit,
                   view->tokens, view->gates * view->units);
    recur_json_close(json, '}');
}

static void put_view(recur_json_writer *json, const struct view *view, const int32_t *ids,
                     uint64_t unit)
{
    const recur_model_config *config = recur_model_get_config(view->model->model);
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "object", "activations");
    recur_json_put_text(json, "model", view->model->name);
    recur_json_put_text(json, "cell", recur_cell_name(config->cell));
    recur_json_put_u64(json, "layers", config->layers);
    recur_json_put_u64(json, "layer", view->layer);
    recur_json_put_u64(json, "units", view->width);
    recur_json_open(json, "tokens", '[');
    for (size_t t = 0; t < view->tokens; t++)
        recur_json_put_text(json, NULL, recur_token_text(view->model, ids[t]).text);
    recur_json_close(json, ']');
    if (unit == UINT64_MAX) {
        recur_json_open(json, "states", '[');
        for (size_t t = 0; t < view->tokens; t++)
            put_column(json, NULL, view->states + t * view->width, view->width, 1);
        recur_json_close(json, ']');
    } else
        put_unit(json, view, (size_t)unit);
    recur_json_close(json, '}');
}

/* Plans the view and refuses what would be too much. */
static bool plan(const struct activation_request *request, struct view *view,
                 struct refusal *refusal)
{
    const recur_model_config *config = recur_model_get_config(view->model->model);
    view->layer = request->layer == UINT64_MAX ? config->layers - 1 : (size_t)request->layer;
    view->width = recur_features_width(view->model->model, view->layer);
    view->units = config->bidirectional ? view->width / 2 : view->width;
    bool one = request->unit != UINT64_MAX;
    while (one && !config->bidirectional && recur_gate_name(config->cell, view->gates))
        view->gates++;
    if (view->layer >= config->layers)
        return recur_refuse(refusal, 422, "invalid_value", "layer",
                            "\"layer\" is %zu, the model has layers 0 to %zu", view->layer,
                            config->layers - 1);
    if (one && request->unit >= view->width)
        return recur_refuse(refusal, 422, "invalid_value", "unit",
                            "\"unit\" is %llu, the layer has units 0 to %zu",
                            (unsigned long long)request->unit, view->width - 1);
    size_t most = NUMBERS_MOST / view->width, with_gates = GATES_MOST / (view->units * 5);
    most = view->gates && with_gates < most ? with_gates : most;
    if (view->tokens > most)
        return recur_refuse(refusal, 422, "context_length_exceeded", "input",
                            "\"input\" has %zu tokens, of a layer this wide at most %zu are shown",
                            view->tokens, most);
    return true;
}

static bool compute(struct view *view, struct refusal *refusal)
{
    recur_error error;
    view->states = recur_try(view->tokens * view->width, sizeof *view->states);
    if (view->gates)
        view->gate = recur_try(view->tokens * view->gates * view->units, sizeof *view->gate);
    if (!view->states || (view->gates && !view->gate))
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for states");
    if (recur_features(view->model->model, view->corpus, view->layer, 1, take, view, &error) !=
            RECUR_OK ||
        (view->gate && recur_gates(view->model->model, view->corpus, view->layer, 1, view->gate,
                                   &error) != RECUR_OK))
        return recur_refuse_error(refusal, &error);
    return true;
}

static bool show(struct http_exchange *exchange, const struct activation_request *request,
                 struct view *view, const recur_prompt *prompt, struct refusal *refusal)
{
    recur_error error;
    recur_corpus *corpus;
    if (recur_corpus_from_ids(prompt->ids, prompt->count, view->model->vocabulary, &corpus,
                              &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    view->corpus = corpus;
    view->tokens = prompt->count;
    bool good = plan(request, view, refusal) && compute(view, refusal);
    if (good) {
        recur_json_writer json = {0};
        put_view(&json, view, prompt->ids, request->unit);
        recur_http_answer_json(exchange, 200, &json);
    }
    free(view->states);
    free(view->gate);
    recur_corpus_free(corpus);
    return good;
}

static bool answer(const struct service *service, struct http_exchange *exchange,
                   const struct activation_request *request, struct refusal *refusal)
{
    const struct request_input *input = request->of.inputs.item;
    struct view view = {.model = recur_models_any(&service->models, request->of.model, refusal)};
    recur_prompt prompt;
    recur_error error;
    if (!view.model)
        return false;
    if (recur_prompt_encode(view.model->vocab, input->text, input->size, &prompt, &error) !=
        RECUR_OK)
        return recur_refuse_error(refusal, &error);
    bool good = prompt.count <= service->limits.prompt
                    ? show(exchange, request, &view, &prompt, refusal)
                    : recur_refuse(refusal, 422, "context_length_exceeded", "input",
                                   "\"input\" has %zu tokens, at most %zu are read", prompt.count,
                                   service->limits.prompt);
    free(prompt.ids);
    return good;
}

void recur_answer_activations(void *user, struct http_exchange *exchange)
{
    struct activation_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = recur_read_activation(body, size, &request, &refusal);
    if (good) {
        good = answer(user, exchange, &request, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}
