/* Sessions: token by token what a whole pass computes, one model for many of them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocations.h"
#include "backend/cpu/pass.h"
#include "base/rng.h"
#include "nn/model_object.h"
#include "recur/session.h"

enum { VOCABULARY = 43, TOKENS = 50, MANY = 37 };
enum { WIDE_VOCABULARY = 101, WIDE_TOKENS = 24 };

static recur_model *make_model(enum recur_cell cell, size_t embedding)
{
    const size_t hidden[] = {40, 7, 65};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.cell = cell;
    config.layers = 3;
    config.hidden = hidden;
    config.embedding = embedding;
    config.vocabulary = VOCABULARY;
    config.dropout = 0.5f; /* of training alone */
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static void make_ids(int32_t *ids, uint64_t stream)
{
    struct recur_rng rng;
    recur_rng_seed(&rng, 9, stream);
    for (size_t i = 0; i < TOKENS; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
}

static recur_session *make_session(const recur_model *model)
{
    recur_session *session;
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    return session;
}

static recur_stepper *make_stepper(const recur_model *model, size_t batch, size_t threads)
{
    recur_stepper *stepper;
    assert_int_equal(recur_stepper_create(model, batch, threads, &stepper, NULL), RECUR_OK);
    return stepper;
}

static void feed_all(recur_stepper *stepper, recur_session *session, const int32_t *ids,
                     float (*logits)[VOCABULARY])
{
    for (size_t i = 0; i < TOKENS; i++)
        memcpy(logits[i], recur_stepper_feed(stepper, session, ids[i]), sizeof logits[i]);
}

static void check_against_pass(const recur_model *model)
{
    int32_t ids[TOKENS];
    recur_session *session = make_session(model);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    float logits[TOKENS][VOCABULARY];
    struct recur_workspace work;
    make_ids(ids, 0);
    feed_all(stepper, session, ids, logits);
    assert_int_equal(recur_workspace_init(&work, &model->network, 1, TOKENS, false, 1, NULL),
                     RECUR_OK);
    struct recur_pass pass = {.network = &model->network,
                              .kernels = model->kernels,
                              .work = &work,
                              .parameters = model->parameters,
                              .batch.steps = TOKENS,
                              .batch.ids = ids};
    recur_pass_prepare(&pass, false);
    recur_pass_forward(&pass, 0);
    for (size_t i = 0; i < TOKENS; i++)
        for (size_t v = 0; v < VOCABULARY; v++)
            assert_true(logits[i][v] == work.logits[v / RECUR_LANES * work.logit_stride +
                                                    i * RECUR_LANES + v % RECUR_LANES]);
    recur_workspace_free(&work);
    recur_session_free(session);
    recur_stepper_free(stepper);
}

/* The same chains of multiply-adds: the same bits. */
static void equals_a_whole_pass(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (size_t embedding = 0; embedding < 40; embedding += 35) {
            recur_model *model = make_model((enum recur_cell)cell, embedding);
            check_against_pass(model);
            recur_model_free(model);
        }
}

static void reset_forgets(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 0);
    recur_session *session = make_session(model);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    int32_t ids[TOKENS];
    float first[TOKENS][VOCABULARY], again[TOKENS][VOCABULARY];
    make_ids(ids, 0);
    feed_all(stepper, session, ids, first);
    feed_all(stepper, session, ids, again);
    assert_memory_not_equal(first, again, sizeof first);
    recur_session_reset(session);
    feed_all(stepper, session, ids, again);
    assert_memory_equal(first, again, sizeof first);
    recur_session_free(session);
    recur_stepper_free(stepper);
    recur_model_free(model);
}

static void a_copy_goes_on_from_there(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 0), *other = make_model(RECUR_CELL_GRU, 0);
    recur_session *session = make_session(model), *copy = make_session(model);
    recur_session *stranger = make_session(other);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    recur_error error;
    int32_t ids[TOKENS];
    float first[TOKENS][VOCABULARY], again[TOKENS][VOCABULARY];
    make_ids(ids, 0);
    feed_all(stepper, session, ids, first);
    assert_int_equal(recur_session_copy(copy, session, NULL), RECUR_OK);
    feed_all(stepper, session, ids, first);
    feed_all(stepper, copy, ids, again);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(recur_session_copy(copy, stranger, &error), RECUR_ERROR_ARGUMENT);
    recur_session_free(session);
    recur_session_free(copy);
    recur_session_free(stranger);
    recur_stepper_free(stepper);
    recur_model_free(model);
    recur_model_free(other);
}

/* What a session has read since it was empty. */
struct history {
    int32_t ids[TOKENS];
    size_t count;
};

/* The logits after it, of a session and a stepper that nobody else has touched. */
static void replay(const recur_model *model, const struct history *history, float *logits)
{
    recur_session *session = make_session(model);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    for (size_t i = 0; i < history->count; i++)
        memcpy(logits, recur_stepper_feed(stepper, session, history->ids[i]),
               VOCABULARY * sizeof *logits);
    recur_session_free(session);
    recur_stepper_free(stepper);
}

/* A stepper keeps the state of the session it has advanced last, and must see when another one, or
 * its owner, has changed it meanwhile. */
static void sessions_change_hands(void **state)
{
    (void)state;
    enum { SESSIONS = 3, ROUNDS = 400 };
    recur_model *model = make_model(RECUR_CELL_LSTM, 0);
    recur_session *session[SESSIONS];
    struct history history[SESSIONS] = {{{0}, 0}};
    recur_stepper *stepper[] = {make_stepper(model, 1, 1), make_stepper(model, 2, 3)};
    float logits[2][VOCABULARY], wanted[VOCABULARY];
    struct recur_rng rng;
    recur_rng_seed(&rng, 4, 0);
    for (size_t i = 0; i < SESSIONS; i++)
        session[i] = make_session(model);
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t who = recur_rng_below(&rng, SESSIONS), other = (who + 1) % SESSIONS;
        size_t what = recur_rng_below(&rng, 16);
        int32_t id[] = {(int32_t)recur_rng_below(&rng, VOCABULARY), (int32_t)round % VOCABULARY};
        if (what == 0 || history[who].count == TOKENS || history[other].count == TOKENS) {
            recur_session_reset(session[who]);
            recur_session_free(session[other]);
            session[other] = make_session(model);
            history[who].count = history[other].count = 0;
        } else if (what == 1) {
            assert_int_equal(recur_session_copy(session[who], session[other], NULL), RECUR_OK);
            history[who] = history[other];
        } else if (what == 2) {
            recur_session *both[] = {session[who], session[other]};
            assert_int_equal(recur_stepper_feed_many(stepper[1], both, id, 2, logits[0], NULL),
                             RECUR_OK);
            history[who].ids[history[who].count++] = id[0];
            history[other].ids[history[other].count++] = id[1];
            replay(model, &history[other], wanted);
            assert_memory_equal(logits[1], wanted, sizeof wanted);
        } else {
            memcpy(logits[0], recur_stepper_feed(stepper[what % 8 == 3], session[who], id[0]),
                   sizeof logits[0]);
            history[who].ids[history[who].count++] = id[0];
        }
        if (what < 2 || !history[who].count)
            continue;
        replay(model, &history[who], wanted);
        assert_memory_equal(logits[0], wanted, sizeof wanted);
    }
    for (size_t i = 0; i < SESSIONS; i++)
        recur_session_free(session[i]);
    recur_stepper_free(stepper[0]);
    recur_stepper_free(stepper[1]);
    recur_model_free(model);
}

static void unknown_ids(void **state)
{
    (void)state;
    static const int32_t outside[] = {-1, VOCABULARY, INT32_MAX, INT32_MIN};
    recur_model *model = make_model(RECUR_CELL_GRU, 0);
    recur_session *session = make_session(model);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    float wanted[VOCABULARY];
    memcpy(wanted, recur_stepper_feed(stepper, session, RECUR_UNKNOWN), sizeof wanted);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        recur_session_reset(session);
        assert_memory_equal(wanted, recur_stepper_feed(stepper, session, outside[i]),
                            sizeof wanted);
    }
    recur_session_free(session);
    recur_stepper_free(stepper);
    recur_model_free(model);
}

/* Texts over one model: what each leads to when it is read alone. */
struct reader {
    recur_session *session;
    size_t read;
    int32_t ids[TOKENS];
    float wanted[TOKENS][VOCABULARY];
};

static struct reader *make_readers(const recur_model *model)
{
    struct reader *readers = calloc(MANY, sizeof *readers);
    recur_stepper *stepper = make_stepper(model, 1, 1);
    assert_non_null(readers);
    for (size_t i = 0; i < MANY; i++) {
        make_ids(readers[i].ids, i);
        readers[i].session = make_session(model);
        feed_all(stepper, readers[i].session, readers[i].ids, readers[i].wanted);
        recur_session_reset(readers[i].session);
    }
    recur_stepper_free(stepper);
    return readers;
}

static void free_readers(struct reader *readers)
{
    for (size_t i = 0; i < MANY; i++)
        recur_session_free(readers[i].session);
    free(readers);
}

/* Each of the readers' tokens is fed, in batches that rng puts together; returns how many logits
 * were other than wanted. No assertions: this runs on many threads. */
static size_t read_together(recur_stepper *stepper, struct reader *readers, size_t count,
                            struct recur_rng *rng)
{
    recur_session *sessions[MANY];
    struct reader *chosen[MANY];
    int32_t ids[MANY];
    float logits[MANY][VOCABULARY];
    size_t wrong = 0, left = count;
    for (size_t i = 0; i < count; i++) {
        recur_session_reset(readers[i].session);
        readers[i].read = 0;
    }
    while (left > 0) {
        size_t rows = 0;
        for (size_t i = 0; i < count; i++)
            if (readers[i].read < TOKENS && recur_rng_below(rng, 3) > 0) {
                chosen[rows] = &readers[i];
                sessions[rows] = readers[i].session;
                ids[rows++] = readers[i].ids[readers[i].read];
            }
        wrong += recur_stepper_feed_many(stepper, sessions, ids, rows, *logits, NULL) != RECUR_OK;
        for (size_t i = 0; i < rows; i++) {
            wrong += memcmp(logits[i], chosen[i]->wanted[chosen[i]->read++], sizeof *logits) != 0;
            left -= chosen[i]->read == TOKENS;
        }
    }
    return wrong;
}

/* Whatever the batch, the threads and the company, and also where the batch is too small. */
static void together_as_alone(void **state)
{
    (void)state;
    struct recur_rng rng;
    recur_rng_seed(&rng, 1, 1);
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        recur_model *model = make_model((enum recur_cell)cell, cell % 2 ? 35 : 0);
        struct reader *readers = make_readers(model);
        const size_t batches[] = {1, 5, MANY, 64};
        for (size_t b = 0; b < 4; b++)
            for (size_t threads = 1; threads <= 3; threads++) {
                recur_stepper *stepper = make_stepper(model, batches[b], threads);
                assert_int_equal(read_together(stepper, readers, MANY, &rng), 0);
                recur_stepper_free(stepper);
            }
        free_readers(readers);
        recur_model_free(model);
    }
}

/* What streams say on so many threads, two by turns and then one alone, in a model wide enough to
 * be split among them; the widths are no multiples of anything. */
static void feed_wide(const recur_model *model, size_t threads, float *logits)
{
    recur_session *session[] = {make_session(model), make_session(model)};
    recur_stepper *stepper = make_stepper(model, 1, threads);
    for (size_t t = 0; t < WIDE_TOKENS; t++)
        memcpy(logits + t * WIDE_VOCABULARY,
               recur_stepper_feed(stepper, session[t < WIDE_TOKENS / 2 ? t % 2 : 0],
                                  (int32_t)(t * t % WIDE_VOCABULARY)),
               WIDE_VOCABULARY * sizeof *logits);
    recur_stepper_free(stepper);
    recur_session_free(session[0]);
    recur_session_free(session[1]);
}

/* The same bits, whether all threads or the first one alone make a step: some of the first ones are
 * made the one way and some the other (backend/cpu/tuner.h). */
static void threads_share_a_stream(void **state)
{
    (void)state;
    static const size_t hidden[] = {289, 230}, threads[] = {2, 3, 7};
    static float alone[WIDE_TOKENS * WIDE_VOCABULARY], shared[WIDE_TOKENS * WIDE_VOCABULARY];
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (int kind = RECUR_QUANTIZATION_NONE; kind <= RECUR_QUANTIZATION_INT8; kind++) {
            recur_model_config config = recur_model_config_default();
            recur_model *model;
            config.cell = (enum recur_cell)cell;
            config.layers = 2;
            config.hidden = hidden;
            config.embedding = kind == RECUR_QUANTIZATION_BF16 ? 0 : 70;
            config.vocabulary = WIDE_VOCABULARY;
            assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
            assert_int_equal(recur_model_quantize(model, (enum recur_quantization)kind, NULL),
                             RECUR_OK);
            feed_wide(model, 1, alone);
            for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
                feed_wide(model, threads[i], shared);
                assert_memory_equal(shared, alone, sizeof alone);
            }
            recur_model_free(model);
        }
}

/* A queue of readers that threads take from and give back to: a session goes from thread to
 * thread, and so from stepper to stepper, in the middle of its text. */
struct queue {
    const recur_model *model;
    pthread_mutex_t mutex;
    struct reader *waiting[MANY];
    size_t count;
    size_t wrong; /* all of these under the mutex */
};

static size_t take(struct queue *queue, struct reader **readers)
{
    size_t count = 0;
    pthread_mutex_lock(&queue->mutex);
    while (queue->count > 0 && count < 4)
        readers[count++] = queue->waiting[--queue->count];
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

static void put_back(struct queue *queue, struct reader **readers, size_t count, size_t wrong)
{
    pthread_mutex_lock(&queue->mutex);
    for (size_t i = 0; i < count; i++)
        if (readers[i]->read < TOKENS) {
            memmove(queue->waiting + 1, queue->waiting, queue->count++ * sizeof *queue->waiting);
            queue->waiting[0] = readers[i];
        }
    queue->wrong += wrong;
    pthread_mutex_unlock(&queue->mutex);
}

static void *serve(void *argument)
{
    struct queue *queue = argument;
    recur_stepper *stepper = NULL;
    struct reader *readers[4];
    size_t count, wrong = recur_stepper_create(queue->model, 3, 1, &stepper, NULL) != RECUR_OK;
    while (!wrong && (count = take(queue, readers)) > 0) {
        recur_session *sessions[4];
        int32_t ids[4];
        float logits[4][VOCABULARY];
        for (size_t i = 0; i < count; i++) {
            sessions[i] = readers[i]->session;
            ids[i] = readers[i]->ids[readers[i]->read];
        }
        wrong += recur_stepper_feed_many(stepper, sessions, ids, count, *logits, NULL) != RECUR_OK;
        for (size_t i = 0; i < count; i++)
            wrong += memcmp(logits[i], readers[i]->wanted[readers[i]->read++], sizeof *logits) != 0;
        put_back(queue, readers, count, wrong);
    }
    recur_stepper_free(stepper);
    return NULL;
}

static void many_threads_share_a_model(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    pthread_t thread[THREADS];
    recur_model *model = make_model(RECUR_CELL_LSTM, 0);
    struct reader *readers = make_readers(model);
    struct queue queue = {.model = model, .mutex = PTHREAD_MUTEX_INITIALIZER, .count = MANY};
    for (size_t i = 0; i < MANY; i++) {
        readers[i].read = 0;
        queue.waiting[i] = &readers[i];
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, serve, &queue), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(queue.wrong, 0);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(readers[i].read, TOKENS);
    free_readers(readers);
    recur_model_free(model);
}

static void impossible_lists_are_refused(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU, 0), *other = make_model(RECUR_CELL_GRU, 0);
    recur_session *one = make_session(model), *two = make_session(model);
    recur_session *stranger = make_session(other);
    recur_stepper *stepper = make_stepper(model, 4, 1), *none = NULL;
    recur_session *const twice[] = {one, two, one}, *const strange[] = {one, stranger};
    const int32_t ids[] = {1, 2, 3};
    float logits[3][VOCABULARY], wanted[VOCABULARY];
    recur_error error;
    assert_int_equal(recur_stepper_feed_many(stepper, twice, ids, 3, *logits, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "session 3 of 3 is in the list twice");
    assert_int_equal(recur_stepper_feed_many(stepper, strange, ids, 2, *logits, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "session 2 of 2 is one of another model");
    assert_null(recur_stepper_feed(stepper, stranger, 1));
    assert_int_equal(recur_stepper_create(model, 0, 1, &none, &error), RECUR_ERROR_ARGUMENT);
    assert_null(none);
    /* None was advanced, and all still can be. */
    memcpy(wanted, recur_stepper_feed(stepper, two, 1), sizeof wanted);
    assert_int_equal(recur_stepper_feed_many(stepper, twice, ids, 1, *logits, NULL), RECUR_OK);
    assert_memory_equal(logits[0], wanted, sizeof wanted);
    assert_int_equal(recur_stepper_feed_many(stepper, NULL, NULL, 0, NULL, NULL), RECUR_OK);
    recur_session_free(one);
    recur_session_free(two);
    recur_session_free(stranger);
    recur_stepper_free(stepper);
    recur_model_free(model);
    recur_model_free(other);
}

/* The state, and one line of the cache for the rest. */
static void a_session_is_its_state(void **state)
{
    (void)state;
    const size_t hidden[] = {256};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.hidden = hidden;
    config.vocabulary = 10000;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_session_bytes(model), 2 * 256 * sizeof(float) + 64);
    recur_model_free(model);
}

static void parameters_can_change_between_steps(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 0), *same = make_model(RECUR_CELL_LSTM, 0);
    recur_stepper *stepper = make_stepper(model, 1, 1), *fresh;
    recur_session *session = make_session(model), *other = make_session(same);
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        float values[4 * 65 * 65];
        recur_model_get_tensor(model, i, values);
        for (size_t j = 0; j < sizeof values / sizeof *values; j++)
            values[j] += 0.125F;
        recur_model_set_tensor(model, i, values);
        recur_model_set_tensor(same, i, values);
    }
    recur_stepper_refresh(stepper);
    fresh = make_stepper(same, 1, 1);
    assert_memory_equal(recur_stepper_feed(stepper, session, 7),
                        recur_stepper_feed(fresh, other, 7), VOCABULARY * sizeof(float));
    recur_session_free(session);
    recur_session_free(other);
    recur_stepper_free(stepper);
    recur_stepper_free(fresh);
    recur_model_free(model);
    recur_model_free(same);
}

static void feeding_allocates_nothing(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 12);
    recur_session *sessions[3] = {make_session(model), make_session(model), make_session(model)};
    recur_stepper *stepper = make_stepper(model, 2, 2);
    float logits[3][VOCABULARY];
    size_t before = allocations();
    for (int32_t id = 0; id < VOCABULARY; id++) {
        const int32_t ids[] = {id, 1, 2};
        recur_stepper_feed(stepper, sessions[0], id);
        recur_stepper_feed_many(stepper, sessions, ids, 3, *logits, NULL);
    }
    recur_session_reset(sessions[0]);
    recur_session_copy(sessions[1], sessions[2], NULL);
    recur_stepper_refresh(stepper);
    recur_stepper_feed(stepper, sessions[0], 0);
    assert_int_equal(allocations(), before);
    for (size_t i = 0; i < 3; i++)
        recur_session_free(sessions[i]);
    recur_stepper_free(stepper);
    recur_model_free(model);
}

/* It would have to read the future. */
static void a_bidirectional_model_has_no_sessions(void **state)
{
    (void)state;
    recur_model *model;
    recur_session *session = NULL;
    recur_error error = {0};
    recur_model_config config = recur_model_config_default();
    config.bidirectional = true;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_session_create(model, &session, &error), RECUR_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "the future"));
    assert_null(session);
    recur_stepper *stepper = NULL;
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_ERROR_UNSUPPORTED);
    assert_null(stepper);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_whole_pass),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(a_copy_goes_on_from_there),
        cmocka_unit_test(sessions_change_hands),
        cmocka_unit_test(unknown_ids),
        cmocka_unit_test(together_as_alone),
        cmocka_unit_test(threads_share_a_stream),
        cmocka_unit_test(many_threads_share_a_model),
        cmocka_unit_test(impossible_lists_are_refused),
        cmocka_unit_test(a_session_is_its_state),
        cmocka_unit_test(parameters_can_change_between_steps),
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(feeding_allocates_nothing),
        cmocka_unit_test(a_bidirectional_model_has_no_sessions),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
