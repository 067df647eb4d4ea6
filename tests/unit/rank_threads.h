/* Ranks that are threads of one test: the functions of their communicator. */
#ifndef TESTS_UNIT_RANK_THREADS_H
#define TESTS_UNIT_RANK_THREADS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "recur/ranks.h"

enum { RANKS = 4, MESSAGES = 4096 };

/* A message on its way; whoever receives it copies it. */
struct message {
    const void *data;
    size_t bytes;
    bool taken;
};

/* The messages from one rank to another, the last ones of them. */
struct line {
    struct message message[MESSAGES];
    size_t sent, received;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct line line[RANKS][RANKS]; /* from, to */
    pthread_barrier_t all;          /* ranks */
    size_t ranks;
} post = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* What a rank waits for. */
struct mailbox {
    size_t rank;
    struct wanted {
        size_t peer, bytes;
        void *data;              /* NULL: it has arrived */
        struct message *message; /* of one that is sent; NULL: it is received */
    } wanted[MESSAGES];
    size_t count;
};

static enum recur_status send_bytes(void *user, size_t to, const void *data, size_t bytes,
                                    recur_error *error)
{
    struct mailbox *own = user;
    (void)error;
    pthread_mutex_lock(&post.lock);
    struct line *line = &post.line[own->rank][to];
    assert_true(line->sent - line->received < MESSAGES && own->count < MESSAGES);
    struct message *message = &line->message[line->sent++ % MESSAGES];
    *message = (struct message){data, bytes, false};
    own->wanted[own->count++] = (struct wanted){.peer = to, .message = message};
    pthread_cond_broadcast(&post.changed);
    pthread_mutex_unlock(&post.lock);
    return RECUR_OK;
}

static enum recur_status receive_bytes(void *user, size_t from, void *data, size_t bytes,
                                       recur_error *error)
{
    struct mailbox *own = user;
    (void)error;
    assert_true(own->count < MESSAGES);
    own->wanted[own->count++] = (struct wanted){.peer = from, .bytes = bytes, .data = data};
    return RECUR_OK;
}

/* Takes what is there. Returns how many messages, the first ones, are through. */
static size_t take(struct mailbox *own)
{
    size_t through = 0;
    bool blocked[RANKS] = {false};
    for (size_t i = 0; i < own->count; i++) {
        struct wanted *wanted = &own->wanted[i];
        struct line *line = &post.line[wanted->peer][own->rank];
        bool is_there = line->received < line->sent && !blocked[wanted->peer];
        if (wanted->data && is_there) {
            struct message *message = &line->message[line->received++ % MESSAGES];
            assert_int_equal(message->bytes, wanted->bytes);
            memcpy(wanted->data, message->data, message->bytes);
            message->taken = true;
            wanted->data = NULL;
            pthread_cond_broadcast(&post.changed);
        }
        blocked[wanted->peer] |= wanted->data != NULL;
        bool done = wanted->message ? wanted->message->taken : !wanted->data;
        through += through == i && done;
    }
    return through;
}

static enum recur_status progress(void *user, size_t *through, recur_error *error)
{
    (void)error;
    pthread_mutex_lock(&post.lock);
    *through = take(user);
    pthread_mutex_unlock(&post.lock);
    return RECUR_OK;
}

/* All ranks meet, add what they have, and meet again. */
static enum recur_status sum(void *user, float *numbers, size_t count, recur_error *error)
{
    static float *of[RANKS];
    struct mailbox *own = user;
    (void)error;
    of[own->rank] = numbers;
    pthread_barrier_wait(&post.all);
    for (size_t i = count * own->rank / post.ranks; i < count * (own->rank + 1) / post.ranks; i++) {
        float total = 0;
        for (size_t r = post.ranks; r-- > 0;)
            total += of[r][i];
        for (size_t r = 0; r < post.ranks; r++)
            of[r][i] = total;
    }
    pthread_barrier_wait(&post.all);
    own->wanted[own->count++] = (struct wanted){.peer = own->rank};
    return RECUR_OK;
}

static enum recur_status wait_for_all(void *user, double seconds, size_t *late, recur_error *error)
{
    struct mailbox *own = user;
    struct timespec end;
    (void)error;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)seconds;
    pthread_mutex_lock(&post.lock);
    size_t through;
    int waited = 0;
    while ((through = take(own)) < own->count && waited == 0)
        waited = pthread_cond_timedwait(&post.changed, &post.lock, &end);
    bool complete = through == own->count;
    if (complete)
        own->count = 0;
    else
        *late = own->wanted[through].peer;
    pthread_mutex_unlock(&post.lock);
    return complete ? RECUR_OK : RECUR_STOP;
}

#endif
