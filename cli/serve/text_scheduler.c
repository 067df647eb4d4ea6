#include "serve/text_scheduler.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/timing.h"

enum {
    BATCH = 64,       /* sessions of one step */
    PROMPT_STEPS = 8, /* tokens of a prompt that are read while the others make one */
    PAUSE_MS = 5,     /* where all readers are slow */
};

/* A session that is advanced by a token: a prompt's, or a stream's. */
struct row {
    struct group *group;
    struct stream *stream; /* NULL: the prompt's */
};

struct worker {
    struct scheduler *scheduler;
    pthread_t thread;
    recur_stepper **stepper; /* of each model; NULL: it makes no texts */
    struct group *groups;
    size_t streams; /* of the groups; under the lock */
    struct row *row;
    size_t rows;
    float *logits; /* (BATCH, V of the largest model) */
};

struct scheduler {
    struct scheduler_config config;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct group *first, *last; /* that wait */
    size_t waiting, running;    /* streams */
    bool ends;
    struct worker *worker; /* (threads) */
    size_t started;
};

/* Advances rows [first, first + count), which are of one model. */
static void feed(struct worker *worker, size_t first, size_t count)
{
    recur_session *sessions[BATCH];
    int32_t ids[BATCH];
    const struct served_models *models = worker->scheduler->config.models;
    const struct served_model *model = worker->row[first].group->plan.model;
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &worker->row[first + i];
        const struct stream *stream = row->stream;
        sessions[i] = stream ? stream->session : row->group->session;
        ids[i] =
            stream ? stream->made[stream->count - 1] : row->group->prompt.ids[row->group->read];
    }
    recur_error error = {.status = RECUR_OK};
    bool good = recur_stepper_feed_many(worker->stepper[model - models->model], sessions, ids,
                                        count, worker->logits, &error) == RECUR_OK;
    enum finish failed = error.status == RECUR_ERROR_DEVICE ? FINISH_LOST : FINISH_FAILED;
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &worker->row[first + i];
        const float *logits = worker->logits + i * model->vocabulary;
        if (!good)
            recur_group_finish(row->group, failed);
        else if (row->stream)
            recur_stream_step(row->stream, logits);
        else {
            row->group->read++;
            recur_group_step(row->group, logits);
        }
    }
}

static void advance(struct worker *worker)
{
    for (size_t first = 0; first < worker->rows; first += BATCH) {
        size_t left = worker->rows - first;
        feed(worker, first, left < BATCH ? left : BATCH);
    }
}

/* Keeps the state before the prompt's last id: who sends the prompt again reads that one alone. */
static void keep_prompt(struct worker *worker, struct group *group)
{
    struct state_cache *cache = worker->scheduler->config.cache;
    const struct served_models *models = worker->scheduler->config.models;
    const struct served_model *model = group->plan.model;
    recur_session *copy;
    if (!group->plan.cache || group->read == 0 || group->read + 1 != group->prompt.count ||
        group->cached == group->read || recur_session_create(model->model, &copy, NULL) != RECUR_OK)
        return;
    recur_session_copy(copy, group->session, NULL);
    recur_cache_keep(cache, (size_t)(model - models->model), group->prompt.ids, group->read, NULL,
                     0, copy, recur_session_bytes(model->model));
}

/* Lists the sessions of a model that are to be advanced: those of prompts, and of streams where
 * `all`. */
static void list_rows(struct worker *worker, const struct served_model *model, bool all)
{
    worker->rows = 0;
    for (struct group *group = worker->groups; group; group = group->next) {
        if (group->plan.model != model || group->running == 0)
            continue;
        if (recur_group_reads(group)) {
            keep_prompt(worker, group);
            worker->row[worker->rows++] = (struct row){group, NULL};
        } else if (all && group->owner->ready(group))
            for (size_t i = 0; i < group->plan.streams; i++)
                if (group->stream[i].finish == FINISH_NOT)
                    worker->row[worker->rows++] = (struct row){group, &group->stream[i]};
    }
}

/* One token for each stream, and some for each prompt. Returns whether anything was done. */
static bool advance_model(struct worker *worker, const struct served_model *model)
{
    list_rows(worker, model, true);
    bool some = worker->rows > 0;
    advance(worker);
    for (size_t step = 1; some && step < PROMPT_STEPS; step++) {
        list_rows(worker, model, false);
        if (worker->rows == 0)
            break;
        advance(worker);
    }
    return some;
}

/* Keeps the states of texts that have ended, so that they can be continued. */
static void keep_texts(struct worker *worker, struct group *group)
{
    struct state_cache *cache = worker->scheduler->config.cache;
    const struct served_models *models = worker->scheduler->config.models;
    const struct served_model *model = group->plan.model;
    for (size_t i = 0; group->plan.cache && i < group->plan.streams; i++) {
        struct stream *stream = &group->stream[i];
        if (stream->count == 0 || stream->finish > FINISH_GONE)
            continue;
        /* The last token was chosen and not read. */
        recur_cache_keep(cache, (size_t)(model - models->model), group->prompt.ids,
                         group->prompt.count, stream->made, stream->count - 1, stream->session,
                         recur_session_bytes(model->model));
        stream->session = NULL;
    }
}

/* Takes away what has ended, and tells owners of what goes on. */
static void settle(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    double now = recur_seconds();
    for (struct group **place = &worker->groups; *place;) {
        struct group *group = *place;
        for (size_t i = 0; i < group->plan.streams; i++)
            group->owner->progress(&group->stream[i], now);
        if (group->running > 0) {
            place = &group->next;
            continue;
        }
        *place = group->next;
        keep_texts(worker, group);
        pthread_mutex_lock(&scheduler->lock);
        worker->streams -= group->plan.streams;
        scheduler->running -= group->plan.streams;
        pthread_cond_broadcast(&scheduler->changed);
        pthread_mutex_unlock(&scheduler->lock);
        group->owner->end(group);
    }
}

/* Has no other worker fewer streams? */
static bool is_least(const struct worker *worker)
{
    const struct scheduler *scheduler = worker->scheduler;
    for (size_t i = 0; i < scheduler->started; i++)
        if (scheduler->worker[i].streams < worker->streams)
            return false;
    return true;
}

/* May the worker take the first group that waits? The lock is held. */
static bool can_take(const struct worker *worker)
{
    const struct scheduler *scheduler = worker->scheduler;
    const struct group *group = scheduler->first;
    return group && is_least(worker) &&
           (scheduler->running == 0 ||
            scheduler->running + group->plan.streams <= scheduler->config.streams);
}

static void start_group(struct worker *worker, struct group *group)
{
    const struct scheduler_config *config = &worker->scheduler->config;
    group->next = worker->groups;
    worker->groups = group;
    if (group->plan.cache && !group->plan.score)
        group->read = group->cached =
            recur_cache_find(config->cache, (size_t)(group->plan.model - config->models->model),
                             group->prompt.ids, group->prompt.count - 1, group->session);
}

/* Takes those out of the queue that nobody waits for any more, so that they keep nobody else out.
 * The lock is held. */
static void take_ended(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    struct group *last = NULL;
    for (struct group **place = &scheduler->first; *place;) {
        struct group *group = *place;
        enum finish finish = group->owner->check(group);
        if (finish == FINISH_NOT) {
            last = group;
            place = &group->next;
            continue;
        }
        *place = group->next;
        scheduler->waiting -= group->plan.streams;
        scheduler->running += group->plan.streams;
        worker->streams += group->plan.streams;
        recur_group_finish(group, finish);
        group->next = worker->groups;
        worker->groups = group;
    }
    scheduler->last = last;
}

/* Takes groups from the queue; waits where there is nothing to do. False: the end. */
static bool take(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    while (!worker->groups && !can_take(worker) && !(scheduler->ends && !scheduler->first))
        pthread_cond_wait(&scheduler->changed, &scheduler->lock);
    take_ended(worker);
    while (can_take(worker)) {
        struct group *group = scheduler->first;
        scheduler->first = group->next;
        scheduler->waiting -= group->plan.streams;
        scheduler->running += group->plan.streams;
        worker->streams += group->plan.streams;
        pthread_cond_broadcast(&scheduler->changed); /* others may be the least now */
        pthread_mutex_unlock(&scheduler->lock);
        start_group(worker, group);
        pthread_mutex_lock(&scheduler->lock);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return worker->groups != NULL;
}

static void *work(void *user)
{
    struct worker *worker = user;
    const struct served_models *models = worker->scheduler->config.models;
    while (take(worker)) {
        bool some = false;
        for (struct group *group = worker->groups; group; group = group->next) {
            enum finish finish = group->owner->check(group);
            if (finish != FINISH_NOT)
                recur_group_finish(group, finish);
        }
        for (size_t m = 0; m < models->count; m++)
            some |= advance_model(worker, &models->model[m]);
        settle(worker);
        if (!some && worker->groups)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    return NULL;
}

static enum recur_status short_memory(recur_error *error)
{
    *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the texts that are made at once"};
    return RECUR_ERROR_MEMORY;
}

static enum recur_status make_worker(struct scheduler *scheduler, struct worker *worker,
                                     recur_error *error)
{
    const struct scheduler_config *config = &scheduler->config;
    size_t models = config->models->count, widest = 1;
    size_t rows = config->streams > REQUEST_CANDIDATES ? config->streams : REQUEST_CANDIDATES;
    worker->scheduler = scheduler;
    worker->stepper = recur_try(models, sizeof *worker->stepper);
    worker->row = recur_try(rows, sizeof *worker->row);
    if (!worker->stepper || !worker->row)
        return short_memory(error);
    for (size_t m = 0; m < models; m++) {
        const struct served_model *model = &config->models->model[m];
        if (!model->continues)
            continue;
        widest = model->vocabulary > widest ? model->vocabulary : widest;
        enum recur_status status =
            recur_stepper_create(model->model, BATCH, 1, &worker->stepper[m], error);
        if (status != RECUR_OK)
            return status;
    }
    worker->logits = recur_try(BATCH * widest, sizeof *worker->logits);
    if (!worker->logits || pthread_create(&worker->thread, NULL, work, worker) != 0)
        return short_memory(error);
    return RECUR_OK;
}

static void free_worker(const struct scheduler *scheduler, struct worker *worker)
{
    for (size_t m = 0; worker->stepper && m < scheduler->config.models->count; m++)
        recur_stepper_free(worker->stepper[m]);
    free(worker->stepper);
    free(worker->row);
    free(worker->logits);
}

enum recur_status recur_scheduler_create(const struct scheduler_config *config,
                                         struct scheduler **scheduler, recur_error *error)
{
    struct scheduler *made = recur_try(1, sizeof *made);
    if (!made)
        return short_memory(error);
    made->config = *config;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->worker = recur_try(config->threads, sizeof *made->worker);
    enum recur_status status = made->worker ? RECUR_OK : short_memory(error);
    for (size_t i = 0; status == RECUR_OK && i < config->threads; i++) {
        status = make_worker(made, &made->worker[i], error);
        pthread_mutex_lock(&made->lock);
        made->started += status == RECUR_OK;
        pthread_mutex_unlock(&made->lock);
        if (status != RECUR_OK)
            free_worker(made, &made->worker[i]);
    }
    if (status != RECUR_OK)
        recur_scheduler_free(made);
    else
        *scheduler = made;
    return status;
}

bool recur_scheduler_add(struct scheduler *scheduler, struct group *groups)
{
    const struct scheduler_config *config = &scheduler->config;
    size_t more = 0;
    struct group *last = groups;
    for (struct group *group = groups; group; group = group->next) {
        more += group->plan.streams;
        last = group;
    }
    pthread_mutex_lock(&scheduler->lock);
    size_t room = config->streams > scheduler->running ? config->streams - scheduler->running : 0;
    bool good = !scheduler->ends && scheduler->waiting + more <= config->queue + room;
    if (good) {
        if (scheduler->first)
            scheduler->last->next = groups;
        else
            scheduler->first = groups;
        scheduler->last = last;
        scheduler->waiting += more;
        pthread_cond_broadcast(&scheduler->changed);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return good;
}

void recur_scheduler_load(struct scheduler *scheduler, size_t *running, size_t *waiting)
{
    pthread_mutex_lock(&scheduler->lock);
    *running = scheduler->running;
    *waiting = scheduler->waiting;
    pthread_mutex_unlock(&scheduler->lock);
}

void recur_scheduler_free(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    scheduler->ends = true;
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->lock);
    for (size_t i = 0; i < scheduler->started; i++) {
        pthread_join(scheduler->worker[i].thread, NULL);
        free_worker(scheduler, &scheduler->worker[i]);
    }
    free(scheduler->worker);
    pthread_mutex_destroy(&scheduler->lock);
    pthread_cond_destroy(&scheduler->changed);
    free(scheduler);
}
