/* A rank that fails in its part of a work which the others wait for: all end at once, with its
 * sentence. Ranks are threads of this program. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "heap.h"
#include "rank_work.h"
#include "sanitizers.h"

/* From one allocation that fails to the next. */
enum { STRIDE = THREAD_SANITIZER ? 4 : 1 };

/* This allocation of all ranks together fails while an epoch ends, from 1; whether it did. */
static size_t turn;
static bool failed;

static void take_memory(const struct rank *own, bool before)
{
    pthread_barrier_wait(&post.all);
    if (own->ranks.rank == 0 && before)
        heap_fail(turn);
    else if (own->ranks.rank == 0)
        failed = heap_fail(0);
    pthread_barrier_wait(&post.all);
}

/* All ranks have the sentence of the one without memory. */
static void all_lack_memory(size_t count)
{
    size_t lacking;
    char word[8];
    assert_int_equal(sscanf(rank[0].error.message, "rank %zu: out of %7s", &lacking, word), 2);
    assert_string_equal(word, "memory:");
    assert_true(lacking < count);
    for (size_t r = 0; r < count; r++) {
        assert_int_equal(rank[r].status, RECUR_ERROR_MEMORY);
        assert_string_equal(rank[r].error.message, rank[0].error.message);
    }
}

/* Ends an epoch again and again: the first allocation fails, the second, until none does. */
static void end_without_memory(struct work *work)
{
    const size_t count = 2;
    work->config.epochs = 1;
    work->at_end = take_memory;
    failed = true;
    for (turn = 1; failed; turn += STRIDE) {
        work_on(work, count);
        if (failed)
            all_lack_memory(count);
    }
    for (size_t r = 0; r < count; r++)
        assert_int_equal(rank[r].status, RECUR_OK);
    assert_true(turn > 4 * count); /* each has taken memory several times */
}

static void all_end_where_one_cannot_evaluate_a_text(void **state)
{
    (void)state;
    struct work work = work_of();
    end_without_memory(&work);
    work.model.task = RECUR_TASK_FILL;
    work.model.bidirectional = true;
    end_without_memory(&work);
}

static void all_end_where_one_cannot_score_labels(void **state)
{
    (void)state;
    struct work work = work_of();
    work.labels = RECUR_TASK_TAG;
    work.model.decoder = RECUR_DECODER_CRF;
    work.model.character_hidden = 4;
    end_without_memory(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_end_where_one_cannot_evaluate_a_text),
        cmocka_unit_test(all_end_where_one_cannot_score_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
