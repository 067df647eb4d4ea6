#include "serve/lane.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/need.h"

struct job {
    struct job *next;
    void (*answer)(void *user, struct http_exchange *exchange);
    void *user;
    struct http_exchange *exchange;
};

struct lane {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *first, *last;
    size_t waiting, most;
    bool ends;
    pthread_t *thread;
    size_t threads;
};

static struct job *take(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->ends)
        pthread_cond_wait(&lane->changed, &lane->lock);
    struct job *job = lane->first;
    if (job) {
        lane->first = job->next;
        lane->waiting--;
    }
    pthread_mutex_unlock(&lane->lock);
    return job;
}

static void *work(void *user)
{
    struct job *job;
    while ((job = take(user))) {
        if (!recur_http_gone(job->exchange))
            job->answer(job->user, job->exchange);
        else
            recur_http_fail(job->exchange, 503, "client_gone", NULL, "the client is gone");
        recur_http_release(job->exchange);
        free(job);
    }
    return NULL;
}

struct lane *recur_lane_create(size_t threads, size_t most)
{
    struct lane *made = recur_try(1, sizeof *made);
    if (!made)
        return NULL;
    made->most = most;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->thread = recur_try(threads, sizeof *made->thread);
    while (made->thread && made->threads < threads &&
           pthread_create(&made->thread[made->threads], NULL, work, made) == 0)
        made->threads++;
    if (made->threads == threads)
        return made;
    recur_lane_free(made);
    return NULL;
}

bool recur_lane_add(struct lane *lane, void (*answer)(void *user, struct http_exchange *exchange),
                    void *user, struct http_exchange *exchange)
{
    struct job *job = recur_try(1, sizeof *job);
    if (!job)
        return false;
    *job = (struct job){.answer = answer, .user = user, .exchange = exchange};
    pthread_mutex_lock(&lane->lock);
    bool good = lane->waiting < lane->most && !lane->ends;
    if (good) {
        recur_http_hold(exchange);
        if (lane->first)
            lane->last->next = job;
        else
            lane->first = job;
        lane->last = job;
        lane->waiting++;
        pthread_cond_signal(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    if (!good)
        free(job);
    return good;
}

size_t recur_lane_waiting(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    size_t waiting = lane->waiting;
    pthread_mutex_unlock(&lane->lock);
    return waiting;
}

void recur_lane_free(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->ends = true;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    for (size_t i = 0; i < lane->threads; i++)
        pthread_join(lane->thread[i], NULL);
    pthread_mutex_destroy(&lane->lock);
    pthread_cond_destroy(&lane->changed);
    free(lane->thread);
    free(lane);
}
