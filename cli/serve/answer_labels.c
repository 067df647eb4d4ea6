/* POST /v1/classify and /v1/tag: labels of texts, and of words. */
#include <stdlib.h>
#include <string.h>

#include "common/quote.h"
#include "recur/predict.h"
#include "serve/service.h"

/* An answer while predictions come. */
struct labelling {
    const struct served_model *model;
    const struct label_request *request;
    const recur_labels *data;
    recur_json_writer *json;
    size_t *order; /* (K) */
    size_t next;   /* the input whose prediction comes next */
    size_t most;   /* tokens of a text, at most */
    bool words;
};

static void put_label(const struct labelling *work, const char *key, size_t label)
{
    recur_token name =
        recur_vocab_token(recur_model_labels(work->model->model), (int32_t)label + 1);
    recur_json_put_repaired(work->json, key, name.bytes, name.size);
}

/* Puts the most probable labels of a text. */
static void put_top(struct labelling *work, const float *chance)
{
    size_t labels = recur_model_get_config(work->model->model)->labels;
    size_t shown = work->request->top < labels ? (size_t)work->request->top : labels;
    for (size_t i = 0; i < labels; i++)
        work->order[i] = i;
    recur_json_open(work->json, "probabilities", '[');
    for (size_t k = 0; k < shown; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < labels; i++)
            if (chance[work->order[i]] > chance[work->order[best]])
                best = i;
        size_t label = work->order[best];
        work->order[best] = work->order[k];
        recur_json_open(work->json, NULL, '{');
        put_label(work, "label", label);
        recur_json_put_number(work->json, "probability", (double)chance[label], 7);
        recur_json_close(work->json, '}');
    }
    recur_json_close(work->json, ']');
}

static void open_input(struct labelling *work)
{
    recur_json_open(work->json, NULL, '{');
    recur_json_put_u64(work->json, "index", work->next++);
}

static void put_words(struct labelling *work, size_t sequence, const recur_prediction *prediction)
{
    size_t labels = recur_model_get_config(work->model->model)->labels;
    recur_json_open(work->json, "words", '[');
    for (size_t t = 0; t < prediction->count; t++) {
        recur_token word = recur_labels_line(work->data, sequence, t);
        size_t label = (size_t)prediction->labels[t];
        recur_json_open(work->json, NULL, '{');
        recur_json_put_repaired(work->json, "word", word.bytes, word.size);
        put_label(work, "label", label);
        if (prediction->probabilities)
            recur_json_put_number(work->json, "probability",
                                  (double)prediction->probabilities[t * labels + label], 7);
        else
            recur_json_put_null(work->json, "probability");
        recur_json_close(work->json, '}');
    }
    recur_json_close(work->json, ']');
}

static bool is_blank(const struct request_input *input)
{
    for (size_t i = 0; i < input->size; i++)
        if (!strchr(" \t\n\v\f\r", input->text[i]) || input->text[i] == '\0')
            return false;
    return true;
}

/* Puts sentences without words, which the library does not see. */
static void put_blanks(struct labelling *work)
{
    const struct request_inputs *inputs = &work->request->of.inputs;
    while (work->words && work->next < inputs->count && is_blank(&inputs->item[work->next])) {
        open_input(work);
        recur_json_open(work->json, "words", '[');
        recur_json_close(work->json, ']');
        recur_json_close(work->json, '}');
    }
}

/* A recur_prediction_fn. */
static enum recur_status put_prediction(void *user, size_t sequence,
                                        const recur_prediction *prediction, recur_error *error)
{
    struct labelling *work = user;
    (void)error;
    put_blanks(work);
    open_input(work);
    if (work->words)
        put_words(work, sequence, prediction);
    else {
        put_label(work, "label", (size_t)prediction->labels[0]);
        put_top(work, prediction->probabilities);
    }
    recur_json_close(work->json, '}');
    return RECUR_OK;
}

/* The inputs as a file's text: a line each, so that what would end a line or a cell becomes a
 * space. */
static bool join(const struct request_inputs *inputs, bool skips_blanks, struct grown_text *text)
{
    bool good = true;
    for (size_t i = 0; good && i < inputs->count; i++) {
        const struct request_input *input = &inputs->item[i];
        size_t begin = text->size;
        if (skips_blanks && is_blank(input))
            continue;
        good = recur_grow_text(text, input->text, input->size, "a text", NULL) == RECUR_OK;
        for (size_t at = begin; good && at < text->size; at++)
            if (strchr("\t\n\v\f\r", text->bytes[at]) && text->bytes[at] != '\0')
                text->bytes[at] = ' ';
        good = good && recur_grow_text(text, "\n", 1, "a text", NULL) == RECUR_OK;
    }
    return good;
}

static bool check_lengths(const struct labelling *work, struct refusal *refusal)
{
    for (size_t i = 0; i < recur_labels_count(work->data); i++) {
        size_t count = recur_labels_length(work->data, i);
        if (count > work->most)
            return recur_refuse(refusal, 422, "context_length_exceeded", "input",
                                "a text has %zu tokens, at most %zu are read", count, work->most);
    }
    return true;
}

static bool predict(struct labelling *work, const struct grown_text *text, struct refusal *refusal)
{
    const recur_model *model = work->model->model;
    recur_text_config reading = recur_text_config_default();
    recur_labels_config config = recur_labels_config_default();
    recur_labels *data;
    recur_error error;
    config.task = recur_model_get_config(model)->task;
    config.unlabelled = true;
    config.text = &reading;
    config.known_words = work->model->vocab;
    config.known_labels = recur_model_labels(model);
    if (work->words)
        config.layout =
            work->request->characters ? RECUR_LAYOUT_CHARACTERS : RECUR_LAYOUT_SENTENCES;
    else
        reading = *recur_vocab_text(work->model->vocab);
    if (recur_labels_read_memory(text->bytes ? text->bytes : "", text->size, &config, &data,
                                 &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    work->data = data;
    bool good = check_lengths(work, refusal) &&
                (recur_predict(model, data, 1, put_prediction, work, &error) == RECUR_OK ||
                 recur_refuse_error(refusal, &error));
    recur_labels_free(data);
    put_blanks(work);
    if (good && work->next != work->request->of.inputs.count)
        return recur_refuse(refusal, 422, "invalid_value", "input", "a sentence has no word");
    return good;
}

static bool answer(const struct service *service, struct http_exchange *exchange,
                   const struct label_request *request, bool words, struct refusal *refusal)
{
    const struct served_model *model =
        recur_models_for(&service->models, request->of.model,
                         words ? RECUR_USE_LABEL_WORDS : RECUR_USE_LABEL_TEXTS, refusal);
    if (!model)
        return false;
    recur_json_writer json = {0};
    struct grown_text text = {0};
    struct labelling work = {.model = model,
                             .request = request,
                             .json = &json,
                             .most = service->limits.prompt,
                             .words = words};
    work.order = recur_try(recur_model_get_config(model->model)->labels, sizeof *work.order);
    recur_open_list(&json, model);
    bool good = work.order && join(&request->of.inputs, words, &text)
                    ? predict(&work, &text, refusal)
                    : recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for texts");
    recur_close_list(&json);
    free(text.bytes);
    free(work.order);
    if (good)
        recur_http_answer_json(exchange, 200, &json);
    else
        recur_json_writer_free(&json);
    return good;
}

static void label(void *user, struct http_exchange *exchange, bool words)
{
    struct label_request request;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    bool good = words ? recur_read_tag(body, size, &request, &refusal)
                      : recur_read_classify(body, size, &request, &refusal);
    if (good) {
        good = answer(user, exchange, &request, words, &refusal);
        recur_request_free(&request.of);
    }
    if (!good)
        recur_answer_refusal(exchange, &refusal);
}

void recur_answer_classify(void *user, struct http_exchange *exchange)
{
    label(user, exchange, false);
}

void recur_answer_tag(void *user, struct http_exchange *exchange)
{
    label(user, exchange, true);
}
