/* POST /v1/completions: continues prompts, whole or as server-sent events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/timing.h"
#include "recur/machine.h"
#include "serve/completion.h"

/* How long text is gathered before another event is sent, and how much may wait for a slow
 * reader. */
#define EVENT_SECONDS 0.02
enum { UNSENT_MOST = 64 << 10 };

static void free_completion(struct completion *work)
{
    for (size_t i = 0; i < work->request.of.inputs.count; i++) {
        if (work->group && work->group[i])
            recur_group_free(work->group[i]);
        if (work->prompt)
            free(work->prompt[i].bytes);
    }
    free(work->group);
    free(work->prompt);
    recur_request_free(&work->request.of);
    recur_http_release(work->exchange);
    pthread_mutex_destroy(&work->lock);
    free(work);
}

/* Sends one event; `json` is freed. */
static bool send_event(struct completion *work, recur_json_writer *json)
{
    struct grown_text event = {0};
    bool good = json->status == RECUR_OK &&
                recur_grow_text(&event, "data: ", 6, "an event", NULL) == RECUR_OK &&
                recur_grow_text(&event, json->text, json->size, "an event", NULL) == RECUR_OK &&
                recur_grow_text(&event, "\n\n", 2, "an event", NULL) == RECUR_OK &&
                recur_http_write(work->exchange, event.bytes, event.size);
    recur_json_writer_free(json);
    free(event.bytes);
    return good;
}

static void begin_events(struct completion *work)
{
    pthread_mutex_lock(&work->lock);
    if (!work->begun_events) /* within the lock: nobody may write before it has begun */
        recur_http_begin(work->exchange, "text/event-stream; charset=utf-8");
    work->begun_events = true;
    pthread_mutex_unlock(&work->lock);
}

static void put_event(recur_json_writer *json, const struct completion *work,
                      const struct stream *stream, size_t last)
{
    size_t index =
        recur_completion_number(stream->group) * (size_t)work->request.n + stream->number;
    recur_json_open(json, NULL, '{');
    recur_completion_put_head(json, work);
    recur_json_open(json, "choices", '[');
    recur_completion_put_choice(json, work, stream, index, stream->settled, last);
    recur_json_close(json, ']');
    if (work->request.include_usage)
        recur_json_put_null(json, "usage");
    recur_json_close(json, '}');
}

static void tell(struct completion *work, struct stream *stream)
{
    recur_json_writer json = {0};
    size_t last = recur_completion_notes(stream, stream->settled);
    begin_events(work);
    if (work->llama)
        recur_llama_put_piece(&json, work, stream, stream->settled, last);
    else
        put_event(&json, work, stream, last);
    stream->told = stream->settled;
    stream->told_notes = last;
    if (send_event(work, &json))
        return;
    pthread_mutex_lock(&work->lock);
    work->failed = true;
    pthread_mutex_unlock(&work->lock);
}

static enum finish check(struct group *group)
{
    const struct completion *work = group->of;
    if (recur_http_gone(work->exchange))
        return FINISH_GONE;
    return recur_http_late(work->exchange) ? FINISH_LATE : FINISH_NOT;
}

static bool ready(struct group *group)
{
    const struct completion *work = group->of;
    return !work->request.stream || recur_http_unsent(work->exchange) < UNSENT_MOST;
}

static bool is_good(enum finish finish)
{
    return finish <= FINISH_STOP;
}

/* A stream that has ended is told of once more: SIZE_MAX marks that this was done. */
static void progress(struct stream *stream, double now)
{
    struct group *group = stream->group;
    struct completion *work = group->of;
    if (stream->count > 0 && group->begun <= 0) {
        group->begun = now;
        recur_metrics_first_token(&work->service->metrics, now - work->begun);
    }
    if (!work->request.stream || stream->told_at < 0 || !is_good(stream->finish))
        return;
    bool ended = stream->finish != FINISH_NOT;
    bool more = stream->settled > stream->told && now - stream->told_at >= EVENT_SECONDS;
    if (!ended && !more)
        return;
    tell(work, stream);
    stream->told_at = ended ? -1 : now;
}

/* Were all texts finished? If not, says why not. */
static bool all_finished(const struct completion *work, struct refusal *refusal)
{
    recur_error error = {.status = RECUR_ERROR_DEVICE, .message = "the GPU failed"};
    enum finish worst = work->failed ? FINISH_FAILED : FINISH_NOT;
    for (size_t i = 0; i < work->request.of.inputs.count; i++)
        for (size_t k = 0; k < work->group[i]->plan.streams; k++)
            if (work->group[i]->stream[k].finish > worst)
                worst = work->group[i]->stream[k].finish;
    switch (worst) {
    case FINISH_LATE:
        return recur_refuse(refusal, 503, "time_over", NULL, "the request took longer than it may");
    case FINISH_GONE: return recur_refuse(refusal, 503, "client_gone", NULL, "the client is gone");
    case FINISH_FAILED:
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for a text");
    case FINISH_DIVERGED:
        return recur_refuse(
            refusal, 500, "diverged", NULL,
            "a logit is not finite, the model's weights are too large to compute with");
    case FINISH_LOST:
        recur_model_check_device(work->model->model, &error); /* what it failed with first */
        return recur_refuse_error(refusal, &error);
    default: return true;
    }
}

static void put_end(recur_json_writer *json, const struct completion *work)
{
    recur_json_open(json, NULL, '{');
    recur_completion_put_head(json, work);
    recur_json_open(json, "choices", '[');
    recur_json_close(json, ']');
    recur_completion_put_usage(json, work);
    recur_json_close(json, '}');
}

/* The last events: what went wrong, or the usage, and OpenAI's mark of the end. */
static void end_events(struct completion *work)
{
    static const char done[] = "data: [DONE]\n\n";
    struct refusal refusal;
    bool good = all_finished(work, &refusal);
    recur_json_writer json = {0};
    begin_events(work);
    if (!good) {
        recur_json_open(&json, NULL, '{');
        recur_http_put_error(&json, refusal.status, refusal.code, NULL, refusal.message);
        recur_json_close(&json, '}');
    } else if (work->llama)
        recur_llama_put_whole(&json, work);
    else if (work->request.include_usage)
        put_end(&json, work);
    if (json.size > 0)
        send_event(work, &json);
    if (good && !work->llama)
        recur_http_write(work->exchange, done, sizeof done - 1);
    recur_http_end(work->exchange);
}

static void answer_whole(struct completion *work)
{
    struct refusal refusal;
    recur_json_writer json = {0};
    if (!all_finished(work, &refusal)) {
        recur_answer_refusal(work->exchange, &refusal);
        return;
    }
    if (work->llama)
        recur_llama_put_whole(&json, work);
    else {
        recur_json_open(&json, NULL, '{');
        recur_completion_put_head(&json, work);
        recur_completion_put_choices(&json, work);
        recur_completion_put_usage(&json, work);
        recur_json_close(&json, '}');
    }
    recur_http_answer_json(work->exchange, 200, &json);
}

static void count_tokens(const struct group *group)
{
    const struct completion *work = group->of;
    struct metrics *metrics = &work->service->metrics;
    size_t made = 0;
    for (size_t i = 0; i < group->plan.streams; i++)
        made += group->stream[i].count;
    atomic_fetch_add(&metrics->prompt_tokens, group->prompt.tokens);
    atomic_fetch_add(&metrics->cached_tokens, group->cached);
    atomic_fetch_add(&metrics->made_tokens, made);
}

static void end_group(struct group *group)
{
    struct completion *work = group->of;
    count_tokens(group);
    pthread_mutex_lock(&work->lock);
    bool last = --work->left == 0;
    pthread_mutex_unlock(&work->lock);
    if (!last)
        return;
    if (work->request.stream)
        end_events(work);
    else
        answer_whole(work);
    free_completion(work);
}

static const struct group_owner owner = {check, ready, progress, end_group};

/* Reads a prompt's ids, which are the caller's also on failure. */
static bool read_prompt(struct completion *work, size_t number, recur_prompt *prompt,
                        struct refusal *refusal)
{
    const struct request_input *input = &work->request.of.inputs.item[number];
    const size_t most = work->service->limits.prompt;
    recur_error error;
    *prompt = (recur_prompt){0};
    if (input->count > 0) {
        if (!recur_models_check_ids(work->model, input->ids, input->count, "prompt", refusal))
            return false;
        int32_t *ids = recur_try(input->count, sizeof *ids);
        if (!ids)
            return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory");
        memcpy(ids, input->ids, input->count * sizeof *ids);
        *prompt = (recur_prompt){ids, input->count, input->count, 0};
    } else if (recur_prompt_encode(work->model->vocab, input->text ? input->text : "", input->size,
                                   prompt, &error) != RECUR_OK)
        return recur_refuse_error(refusal, &error);
    if (prompt->count > most)
        return recur_refuse(refusal, 422, "context_length_exceeded", "prompt",
                            "the prompt has %zu tokens, at most %zu are read", prompt->count, most);
    if (work->request.echo && prompt->count > 1 && prompt->count > most / (size_t)work->request.n)
        return recur_refuse(refusal, 422, "context_length_exceeded", "echo",
                            "a prompt of %zu tokens before each of %llu texts: together at most "
                            "%zu are echoed",
                            prompt->count, (unsigned long long)work->request.n, most);
    return true;
}

/* The prompt's text: as it was sent, or of its ids. */
static enum recur_status echo(struct completion *work, size_t number, const recur_prompt *prompt,
                              recur_error *error)
{
    const struct request_input *input = &work->request.of.inputs.item[number];
    struct grown_text *text = &work->prompt[number];
    recur_detokenizer *detokenizer;
    if (input->text)
        return recur_grow_text(text, input->text, input->size, "a prompt", error);
    enum recur_status status =
        recur_detokenizer_create(work->model->vocab, "", 0, &detokenizer, error);
    if (status != RECUR_OK)
        return status;
    for (size_t i = 0; status == RECUR_OK && i < prompt->tokens; i++)
        status =
            recur_detokenizer_put(detokenizer, prompt->ids[i], recur_add_repaired, text, error);
    if (status == RECUR_OK)
        status = recur_detokenizer_end(detokenizer, recur_add_repaired, text, error);
    recur_detokenizer_free(detokenizer);
    return status;
}

static bool add_group(struct completion *work, size_t number, struct refusal *refusal)
{
    const struct completion_request *request = &work->request;
    const bool shows = request->logprobs != UINT64_MAX;
    const struct group_plan plan = {
        .model = work->model,
        .sampling = request->sampling,
        .streams = (size_t)request->best_of,
        .most = (size_t)request->max_tokens,
        .stop = request->stop,
        .stops = request->stops,
        .notes = shows || request->best_of > request->n,
        .score = shows && request->echo,
        .tops = shows ? (size_t)request->logprobs : 0,
        .cache = request->cache,
    };
    recur_prompt prompt;
    recur_error error;
    if (!read_prompt(work, number, &prompt, refusal)) {
        free(prompt.ids);
        return false;
    }
    const struct request_input *input = &request->of.inputs.item[number];
    /* Behind ids a space is due, as behind a word. */
    const char *before = input->text ? input->text : prompt.tokens ? "x" : "";
    size_t size = input->text ? input->size : prompt.tokens ? 1 : 0;
    enum recur_status status = request->echo ? echo(work, number, &prompt, &error) : RECUR_OK;
    if (status == RECUR_OK)
        status = recur_group_create(&plan, &prompt, before, size, &work->group[number], &error);
    if (status != RECUR_OK) {
        free(prompt.ids);
        return recur_refuse_error(refusal, &error);
    }
    work->group[number]->owner = &owner;
    work->group[number]->of = work;
    if (number > 0)
        work->group[number - 1]->next = work->group[number];
    return true;
}

static bool check_request(const struct service *service, struct completion_request *request,
                          struct refusal *refusal)
{
    if (request->max_tokens == UINT64_MAX) /* n_predict: -1 */
        request->max_tokens = service->limits.tokens;
    if (request->max_tokens > service->limits.tokens)
        return recur_refuse(refusal, 422, "invalid_value", "max_tokens",
                            "\"max_tokens\" is %llu, at most %zu are made",
                            (unsigned long long)request->max_tokens, service->limits.tokens);
    if (request->of.inputs.count * request->best_of > service->limits.candidates)
        return recur_refuse(refusal, 422, "too_many_inputs", "n",
                            "the request asks for %llu texts, at most %zu are made at once",
                            (unsigned long long)(request->of.inputs.count * request->best_of),
                            service->limits.candidates);
    return true;
}

static void draw_seed(struct completion *work)
{
    uint32_t drawn[4] = {(uint32_t)time(NULL)};
    (void)!getentropy(drawn, sizeof drawn);
    if (!work->request.seeded)
        work->request.sampling.seed = drawn[0];
    snprintf(work->id, sizeof work->id, "cmpl-%08x%08x%08x", drawn[1], drawn[2], drawn[3]);
    work->created = (uint64_t)time(NULL);
}

static bool plan_completion(struct completion *work, struct refusal *refusal)
{
    size_t prompts = work->request.of.inputs.count;
    work->model = recur_models_for(&work->service->models, work->request.of.model,
                                   RECUR_USE_CONTINUE, refusal);
    if (!work->model || !check_request(work->service, &work->request, refusal) ||
        (work->llama && !recur_llama_check(work, refusal)))
        return false;
    work->group = recur_try(prompts, sizeof(struct group *));
    work->prompt = recur_try(prompts, sizeof *work->prompt);
    if (!work->group || !work->prompt)
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for a request");
    draw_seed(work);
    for (size_t i = 0; i < prompts; i++)
        if (!add_group(work, i, refusal))
            return false;
    work->left = prompts;
    return true;
}

void recur_answer_completion(void *user, struct http_exchange *exchange)
{
    struct service *service = user;
    struct refusal refusal;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    struct completion *work = recur_try(1, sizeof *work);
    if (!work) {
        recur_http_fail(exchange, 503, "out_of_memory", NULL, "out of memory for a request");
        return;
    }
    work->service = service;
    work->exchange = exchange;
    work->llama = strcmp(recur_http_path(exchange), "/completion") == 0;
    work->begun = recur_seconds();
    pthread_mutex_init(&work->lock, NULL);
    recur_http_hold(exchange);
    bool good = recur_read_completion(body, size, &work->request, &refusal) &&
                plan_completion(work, &refusal);
    if (good && !recur_scheduler_add(service->scheduler, work->group[0]))
        good = recur_refuse(&refusal, 429, "queue_full", NULL,
                            "too many requests wait already, try again later");
    if (!good) {
        recur_answer_refusal(exchange, &refusal);
        free_completion(work);
    }
}
