/* What a server says of itself: /healthz, /v1/models, /metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/output.h"
#include "serve/service.h"

void recur_answer_refusal(struct http_exchange *exchange, const struct refusal *refusal)
{
    recur_http_fail(exchange, refusal->status, refusal->code,
                    *refusal->param ? refusal->param : NULL, "%s", refusal->message);
}

void recur_open_list(recur_json_writer *json, const struct served_model *model)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "object", "list");
    recur_json_put_text(json, "model", model->name);
    recur_json_open(json, "data", '[');
}

void recur_close_list(recur_json_writer *json)
{
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

void recur_answer_health(void *user, struct http_exchange *exchange)
{
    const struct service *service = user;
    recur_json_writer json = {0};
    recur_error error;
    if (!recur_models_check(&service->models, &error)) {
        recur_http_fail(exchange, 503, DEVICE_FAILED, NULL, "%s", error.message);
        return;
    }
    recur_json_open(&json, NULL, '{');
    recur_json_put_text(&json, "status", "ok");
    recur_json_close(&json, '}');
    recur_http_answer_json(exchange, 200, &json);
}

/* Which of the addresses that not every model answers this one does. */
static void put_endpoints(recur_json_writer *json, const struct served_model *model)
{
    static const struct {
        const char *path;
        enum recur_use use;
    } rows[] = {
        {"/v1/completions", RECUR_USE_CONTINUE},
        {"/v1/fill", RECUR_USE_FILL},
        {"/v1/classify", RECUR_USE_LABEL_TEXTS},
        {"/v1/tag", RECUR_USE_LABEL_WORDS},
    };
    recur_json_open(json, "endpoints", '[');
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (recur_model_serves(model, rows[i].use))
            recur_json_put_text(json, NULL, rows[i].path);
    if (model->vocab && !recur_model_labels(model->model)) { /* recur_features */
        recur_json_put_text(json, NULL, "/v1/embeddings");
        recur_json_put_text(json, NULL, "/v1/activations");
    }
    recur_json_close(json, ']');
}

/* OpenAI's members, then what recur knows more. */
static void put_model(recur_json_writer *json, const struct served_model *model)
{
    const recur_model_config *config = recur_model_get_config(model->model);
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "id", model->name);
    recur_json_put_text(json, "object", "model");
    recur_json_put_u64(json, "created", model->created);
    recur_json_put_text(json, "owned_by", "recur");
    recur_json_put_text(json, "task", recur_task_name(config->task));
    recur_json_put_text(json, "cell", recur_cell_name(config->cell));
    recur_json_put_u64(json, "layers", config->layers);
    recur_json_put_u64(json, "parameters", recur_model_parameters(model->model));
    recur_json_put_u64(json, "vocabulary", model->vocabulary);
    recur_json_put_text(json, "device", recur_device_text(model->model).text);
    if (model->vocab)
        recur_json_put_text(json, "tokens",
                            recur_tokens_name(recur_vocab_text(model->vocab)->tokens));
    put_endpoints(json, model);
    recur_json_close(json, '}');
}

void recur_answer_models(void *user, struct http_exchange *exchange)
{
    const struct service *service = user;
    recur_json_writer json = {0};
    recur_json_open(&json, NULL, '{');
    recur_json_put_text(&json, "object", "list");
    recur_json_open(&json, "data", '[');
    for (size_t i = 0; i < service->models.count; i++)
        put_model(&json, &service->models.model[i]);
    recur_json_close(&json, ']');
    recur_json_close(&json, '}');
    recur_http_answer_json(exchange, 200, &json);
}

void recur_answer_model(void *user, struct http_exchange *exchange)
{
    const struct service *service = user;
    const char *name = recur_http_path(exchange) + strlen("/v1/models/");
    const struct served_model *model = recur_models_find(&service->models, name);
    recur_json_writer json = {0};
    if (!model) {
        recur_http_fail(exchange, 404, "model_not_found", "model", "no model is called \"%s\"",
                        recur_show(name, strlen(name), 60, NULL).text);
        return;
    }
    put_model(&json, model);
    recur_http_answer_json(exchange, 200, &json);
}

/* Resident memory in bytes; 0 where Linux does not say. */
static double resident(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long size, pages = 0;
    if (file && fscanf(file, "%llu %llu", &size, &pages) != 2)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void recur_answer_metrics(void *user, struct http_exchange *exchange)
{
    struct service *service = user;
    struct grown_text text = {0};
    size_t running, waiting;
    recur_scheduler_load(service->scheduler, &running, &waiting);
    const struct metrics_gauge gauges[] = {
        {"recur_streams_running", "Texts that are being made.", (double)running},
        {"recur_streams_waiting", "Texts that wait for room.", (double)waiting},
        {"recur_requests_waiting", "Requests that wait to be read or computed.",
         (double)(recur_lane_waiting(service->quick) + recur_lane_waiting(service->slow))},
        {"recur_connections", "Open connections.", (double)recur_http_connections(service->http)},
        {"recur_cache_states", "States of texts that are kept.",
         (double)recur_cache_count(service->cache)},
        {"recur_cache_bytes", "Memory that these states take.",
         (double)recur_cache_bytes(service->cache)},
        {"process_resident_memory_bytes", "Resident memory.", resident()},
    };
    if (recur_metrics_write(&service->metrics, gauges, sizeof gauges / sizeof *gauges, &text))
        recur_http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text.bytes,
                          text.size);
    else {
        free(text.bytes);
        recur_http_fail(exchange, 503, "out_of_memory", NULL, "out of memory for metrics");
    }
}
