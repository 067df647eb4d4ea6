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
#include "base/rng.h"
#include "nn/model_object.h"
#include "nn/pass.h"
#include "recur/session.h"

enum { VOCABULARY = 43, TOKENS = 50 };

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

static void feed_all(recur_session *session, const int32_t *ids, float (*logits)[VOCABULARY])
{
    for (size_t i = 0; i < TOKENS; i++)
        memcpy(logits[i], recur_session_feed(session, ids[i]), sizeof logits[i]);
}

static void check_against_pass(const recur_model *model)
{
    int32_t ids[TOKENS];
    recur_session *session;
    float logits[TOKENS][VOCABULARY];
    struct recur_workspace work;
    make_ids(ids, 0);
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    feed_all(session, ids, logits);
    assert_int_equal(recur_workspace_init(&work, &model->network, 1, TOKENS, false, 1, NULL),
                     RECUR_OK);
    struct recur_pass pass = {.network = &model->network,
                              .kernels = model->kernels,
                              .work = &work,
                              .parameters = model->parameters,
                              .steps = TOKENS,
                              .ids = ids};
    recur_pass_prepare(&pass, false);
    recur_pass_forward(&pass, 0);
    for (size_t i = 0; i < TOKENS; i++)
        for (size_t v = 0; v < VOCABULARY; v++)
            assert_true(logits[i][v] == work.logits[v / RECUR_LANES * work.logit_stride +
                                                    i * RECUR_LANES + v % RECUR_LANES]);
    recur_workspace_free(&work);
    recur_session_free(session);
}

/* The same chains of multiply-adds: the same bits. */
static void equals_a_whole_pass(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LSTM; cell++)
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
    recur_session *session;
    int32_t ids[TOKENS];
    float first[TOKENS][VOCABULARY], again[TOKENS][VOCABULARY];
    make_ids(ids, 0);
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    feed_all(session, ids, first);
    feed_all(session, ids, again);
    assert_memory_not_equal(first, again, sizeof first);
    recur_session_reset(session);
    feed_all(session, ids, again);
    assert_memory_equal(first, again, sizeof first);
    recur_session_free(session);
    recur_model_free(model);
}

static void unknown_ids(void **state)
{
    (void)state;
    static const int32_t outside[] = {-1, VOCABULARY, INT32_MAX, INT32_MIN};
    recur_model *model = make_model(RECUR_CELL_GRU, 0);
    recur_session *session;
    float wanted[VOCABULARY];
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    memcpy(wanted, recur_session_feed(session, RECUR_UNKNOWN), sizeof wanted);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        recur_session_reset(session);
        assert_memory_equal(wanted, recur_session_feed(session, outside[i]), sizeof wanted);
    }
    recur_session_free(session);
    recur_model_free(model);
}

/* Two texts over one model: what each leads to when it is read alone. */
struct reader {
    recur_session *session;
    int32_t ids[TOKENS];
    float wanted[TOKENS][VOCABULARY];
    size_t wrong;
};

static void make_readers(const recur_model *model, struct reader readers[2])
{
    for (size_t i = 0; i < 2; i++) {
        struct reader *reader = &readers[i];
        make_ids(reader->ids, i);
        reader->wrong = 0;
        assert_int_equal(recur_session_create(model, &reader->session, NULL), RECUR_OK);
        feed_all(reader->session, reader->ids, reader->wanted);
        recur_session_reset(reader->session);
    }
}

static void read_token(struct reader *reader, size_t i)
{
    const float *logits = recur_session_feed(reader->session, reader->ids[i]);
    reader->wrong += memcmp(logits, reader->wanted[i], sizeof reader->wanted[i]) != 0;
}

static void sessions_do_not_mix(void **state)
{
    (void)state;
    static struct reader readers[2];
    recur_model *model = make_model(RECUR_CELL_LSTM, 0);
    make_readers(model, readers);
    for (size_t i = 0; i < TOKENS; i++) {
        read_token(&readers[0], i);
        read_token(&readers[1], i);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(readers[i].wrong, 0);
        recur_session_free(readers[i].session);
    }
    recur_model_free(model);
}

static void *read_text(void *argument)
{
    for (int round = 0; round < 100; round++) {
        struct reader *reader = argument;
        recur_session_reset(reader->session);
        for (size_t i = 0; i < TOKENS; i++)
            read_token(reader, i);
    }
    return NULL;
}

static void two_threads_share_a_model(void **state)
{
    (void)state;
    static struct reader readers[2];
    pthread_t thread[2];
    recur_model *model = make_model(RECUR_CELL_LSTM, 0);
    make_readers(model, readers);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_text, &readers[i]), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
        recur_session_free(readers[i].session);
    }
    recur_model_free(model);
}

static void feeding_allocates_nothing(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 12);
    recur_session *session;
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    size_t before = allocations();
    for (int32_t id = 0; id < VOCABULARY; id++)
        recur_session_feed(session, id);
    recur_session_reset(session);
    recur_session_feed(session, 0);
    assert_int_equal(allocations(), before);
    recur_session_free(session);
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
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_whole_pass),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(unknown_ids),
        cmocka_unit_test(sessions_do_not_mix),
        cmocka_unit_test(two_threads_share_a_model),
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(feeding_allocates_nothing),
        cmocka_unit_test(a_bidirectional_model_has_no_sessions),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
