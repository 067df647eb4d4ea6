/* Beam search against all continuations that there are, which sessions read one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/generate.h"

#define MADE_MOST 4 /* COUNT letters */
#include "made_text.h"

enum { V = 5, COUNT = 4, ALL = 256 }; /* "<unk>" and four letters; 4^4 continuations */

static const char letters[V] = {0, 'a', 'b', 'c', '.'};

static recur_model *make_model(uint64_t seed)
{
    static const recur_token entries[V] = {{"<unk>", 5}, {"a", 1}, {"b", 1}, {"c", 1}, {".", 1}};
    static const size_t hidden = 6;
    recur_model_config config = recur_model_config_default();
    recur_vocab *vocab;
    recur_model *model;
    config.hidden = &hidden;
    config.seed = seed;
    assert_int_equal(recur_vocab_from_entries(entries, NULL, V, 0, NULL, &vocab, NULL), RECUR_OK);
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    recur_vocab_free(vocab);
    /* Larger weights, so that tokens matter. */
    for (size_t t = 0; t < recur_model_tensors(model); t++) {
        float values[4 * 6 * 6];
        recur_tensor_info info = recur_model_tensor(model, t);
        recur_model_get_tensor(model, t, values);
        for (size_t i = 0; i < info.shape[0] * info.shape[1]; i++)
            values[i] *= 4;
        recur_model_set_tensor(model, t, values);
    }
    return model;
}

static struct made search(const recur_model *model, size_t width, double penalty, const char *stop)
{
    recur_beam_config config = recur_beam_config_default();
    struct made made = {.size = 0};
    recur_generation generation;
    recur_stepper *stepper;
    recur_error error;
    config.width = width;
    config.length_penalty = penalty;
    config.stop = stop;
    assert_int_equal(recur_stepper_create(model, width % 2 ? 1 : width, 1, &stepper, NULL), 0);
    if (recur_generate_beam(stepper, "ab", 2, COUNT, &config, append, &made, &generation, &error) !=
        RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(generation.prompt_tokens, 2);
    assert_int_equal(generation.tokens, made.size);
    recur_stepper_free(stepper);
    return made;
}

/* ln P of tokens after "ab". */
static double read_through(recur_stepper *stepper, recur_session *session, const int32_t *ids,
                           size_t count)
{
    double sum = 0;
    recur_session_reset(session);
    recur_stepper_feed(stepper, session, 1);
    const float *logits = recur_stepper_feed(stepper, session, 2);
    for (size_t i = 0; i < count; i++) {
        double total = 0;
        for (size_t v = 0; v < V; v++)
            total += exp((double)logits[v]);
        sum += (double)logits[ids[i]] - log(total);
        logits = recur_stepper_feed(stepper, session, ids[i]);
    }
    return sum;
}

/* The best of all, which end with `stop` where it is not 0. */
static struct made best_of_all(const recur_model *model, double penalty, int32_t stop)
{
    struct made best = {.size = 0};
    double most = -(double)INFINITY;
    recur_stepper *stepper;
    recur_session *session;
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_OK);
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    for (size_t number = 0; number < ALL; number++) {
        int32_t ids[COUNT];
        size_t count = 0, rest = number;
        bool ended = false;
        for (; count < COUNT && !ended; rest /= V - 1) {
            ids[count] = (int32_t)(rest % (V - 1)) + 1;
            ended = ids[count++] == stop;
        }
        double value =
            read_through(stepper, session, ids, count) / pow((5 + (double)count) / 6, penalty);
        if (!(value > most))
            continue;
        most = value;
        best.size = count - ended;
        for (size_t i = 0; i < best.size; i++)
            best.text[i] = letters[ids[i]];
    }
    recur_session_free(session);
    recur_stepper_free(stepper);
    return best;
}

static void expect(struct made made, struct made expected)
{
    assert_int_equal(made.size, expected.size);
    assert_memory_equal(made.text, expected.text, made.size);
}

static void a_wide_beam_finds_the_best_of_all(void **state)
{
    (void)state;
    static const double penalties[] = {0, 1, 5};
    size_t shorter = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        recur_model *model = make_model(seed);
        expect(search(model, ALL, 0, NULL), best_of_all(model, 0, 0));
        for (size_t i = 0; i < 3; i++) {
            struct made expected = best_of_all(model, penalties[i], 4);
            expect(search(model, ALL, penalties[i], "."), expected);
            shorter += expected.size < COUNT;
        }
        recur_model_free(model);
    }
    assert_true(shorter > 0); /* else nothing has stopped */
}

static void a_beam_of_one_is_greedy(void **state)
{
    (void)state;
    recur_sampler_config greedy = recur_sampler_config_default();
    recur_model *model = make_model(3);
    struct made made = {.size = 0};
    greedy.temperature = 0;
    assert_int_equal(recur_generate(model, "ab", 2, COUNT, &greedy, append, &made, NULL, NULL), 0);
    expect(search(model, 1, 0, NULL), made);
    recur_model_free(model);
}

static void stops_of_several_tokens_are_no_part_of_the_text(void **state)
{
    (void)state;
    recur_model *model = make_model(2);
    struct made all = search(model, 2, 0, NULL);
    char stop[3] = {all.text[1], all.text[2], 0};
    struct made made = search(model, 1, 0, stop), greedy = search(model, 1, 0, NULL);
    const char *found = NULL;
    for (size_t i = 0; i + 2 <= greedy.size && !found; i++)
        if (memcmp(greedy.text + i, stop, 2) == 0)
            found = greedy.text + i;
    assert_int_equal(made.size, found ? (size_t)(found - greedy.text) : COUNT);
    recur_model_free(model);
}

static void refuses(void **state)
{
    (void)state;
    recur_model *model = make_model(1);
    recur_beam_config config = recur_beam_config_default();
    struct made made = {.size = 0};
    recur_stepper *stepper;
    recur_error error;
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_OK);
    config.width = 0;
    assert_int_equal(recur_generate_beam(stepper, "", 0, 2, &config, append, &made, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "the width of a beam is 0, expected a number from 1 to 1024");
    config.width = 2;
    config.length_penalty = NAN;
    assert_int_equal(recur_generate_beam(stepper, "", 0, 2, &config, append, &made, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_generate_beam(stepper, "", 0, 0, NULL, append, &made, NULL, &error),
                     RECUR_OK);
    assert_int_equal(made.size, 0);
    recur_stepper_free(stepper);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_beam_finds_the_best_of_all),
        cmocka_unit_test(a_beam_of_one_is_greedy),
        cmocka_unit_test(stops_of_several_tokens_are_no_part_of_the_text),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
