/* What recur train chooses for a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/recipe.h"

/* A larger text gets no smaller network, no larger rate and no more epochs. */
static void larger_texts(void **state)
{
    (void)state;
    struct recipe last = recur_recipe(1, 0);
    for (double tokens = 10; tokens < 1e11; tokens *= 3) {
        struct recipe recipe = recur_recipe(tokens, 0);
        assert_true(recipe.width >= last.width && recipe.widest >= last.widest);
        assert_true(recipe.widest >= recipe.width && recipe.deepest >= recipe.layers);
        assert_true(recipe.lr <= last.lr && recipe.epochs <= last.epochs);
        assert_true(recipe.batch >= last.batch && recipe.tokens >= tokens);
        last = recipe;
    }
}

/* Sizes grow, and so does what they need. */
static void networks(void **state)
{
    (void)state;
    const struct network_size *size, *last = recur_network_size(0);
    const struct recipe recipe = recur_recipe(1e6, 66);
    for (size_t i = 1; (size = recur_network_size(i)); i++) {
        assert_true(size->width >= last->width && size->layers >= last->layers);
        assert_true(recur_recipe_lr(&recipe, size) <= recur_recipe_lr(&recipe, last));
        last = size;
    }
    assert_true(recur_recipe_affords(7e5, 3e6, 1e6));
    assert_false(recur_recipe_affords(1.2e6, 2e6, 1e6));
    assert_true(recur_recipe_affords(3.3e6, 6.5e6, 1e6));
    assert_false(recur_recipe_affords(3.3e6, 6.5e6, 1e8));
}

static void dropout(void **state)
{
    (void)state;
    const struct recipe recipe = recur_recipe(1e6, 66);
    double last = 0;
    for (double epochs = 0.1; epochs < 40; epochs *= 1.5) {
        double rate = recur_recipe_dropout(&recipe, epochs, 1);
        assert_true(rate >= last && rate <= 0.5);
        assert_true(recur_recipe_dropout(&recipe, epochs, 2) >= rate);
        last = rate;
    }
    assert_true(recur_recipe_dropout(&recipe, 1, 2) == 0);
}

static void weight_drop(void **state)
{
    (void)state;
    const struct recipe recipe = recur_recipe(1e6, 66), plain = recur_recipe_plain(recipe);
    double last = 0;
    for (double epochs = 0.1; epochs < 40; epochs *= 1.5) {
        double rate = recur_recipe_weight_drop(&recipe, epochs, 4);
        assert_true(rate >= last && rate <= 0.5);
        assert_true(recur_recipe_weight_drop(&recipe, epochs, 8) >= rate);
        assert_true(recur_recipe_weight_drop(&plain, epochs, 4) == 0);
        last = rate;
    }
    assert_true(recur_recipe_weight_drop(&recipe, 6, 0.3) == 0 && last > 0.2);
    assert_true(recur_recipe(1.6e5, 80).average);
    assert_false(recur_recipe_plain(recur_recipe(1.6e5, 80)).average);
}

/* Activation regularisation goes with weight drop, where it was measured. */
static void activations(void **state)
{
    (void)state;
    const struct recipe small = recur_recipe(1.5e4, 51), plain = recur_recipe_plain(small),
                        onward = recur_recipe_onward(small, false), large = recur_recipe(1e6, 66);
    assert_true(recur_recipe_ar(&small, 0.3) == 2 && recur_recipe_ar(&small, 0) == 0);
    assert_true(recur_recipe_ar(&plain, 0.3) == 0 && recur_recipe_ar(&onward, 0.3) == 0);
    assert_true(recur_recipe_ar(&large, 0.3) == 0);
}

/* A softmax over half of the vocabulary at most is sampled, and not on a GPU or going on. */
static void samples(void **state)
{
    (void)state;
    for (size_t vocabulary = 10; vocabulary < 1000000; vocabulary *= 2) {
        const struct recipe recipe = recur_recipe(4e4, vocabulary);
        assert_true(recipe.sampled <= vocabulary / 2);
        assert_true(recur_recipe_plain(recipe).sampled == 0);
        assert_true(recur_recipe_onward(recipe, false).sampled == 0);
        assert_int_equal(recipe.sampled > 0, vocabulary >= 2000);
        const struct recipe often = recur_recipe(1e9, vocabulary);
        assert_true(often.sampled <= vocabulary / 2);
        assert_int_equal(often.sampled > 0, vocabulary >= 8000);
    }
}

/* What is held out takes a sixtieth of the run to read, where 20000 tokens do not take less; never
 * much more than a twentieth, whatever the softmax costs, where that leaves enough to judge by. */
static void held_out(void **state)
{
    (void)state;
    for (double reading = 0.1; reading < 100; reading *= 1.7)
        for (double seen = 1000; seen < 1e9; seen *= 3) {
            double tokens = recur_recipe_held_out(seen, reading);
            assert_true(tokens >= 2000 && tokens * reading >= seen / 60.001);
            assert_true(tokens <= 20000 || tokens * reading <= seen / 59.999);
            assert_true(tokens <= 2000 || tokens * reading <= seen / 19.999);
        }
    assert_true(recur_recipe_held_out(1.2e6, 1.0 / 3) == 60000);
    assert_true(recur_recipe_held_out(3e5, 1.0 / 3) == 20000);
}

/* Words that are met a few times each are learnt by heart in the first epoch; in a large text they
 * are not. */
static void words(void **state)
{
    (void)state;
    const struct recipe few = recur_recipe(4e4, 5000), many = recur_recipe(1e8, 50000);
    assert_true(few.tied && few.fixed && few.average && many.tied && !many.fixed);
    assert_true(recur_recipe_weight_drop(&few, 1, 1) > 0.2);
    const struct recipe dropped = recur_recipe_drop_inputs(few);
    assert_true(dropped.input_dropout > 0.4 && recur_recipe_dropout(&dropped, 1, 1) < 0.5);
    assert_true(dropped.epochs > few.epochs && dropped.most > few.most);
    const struct recipe others[] = {recur_recipe(5e3, 1000), recur_recipe(4e4, 66), many};
    for (size_t i = 0; i < 3; i++)
        assert_false(recur_recipe_drop_inputs(others[i]).input_dropout > 0);
    assert_false(few.input_dropout > 0 || recur_recipe_fill(few).input_dropout > 0);
    assert_false(recur_recipe_plain(few).input_dropout > 0);
    assert_false(recur_recipe_onward(few, false).input_dropout > 0);
    assert_true(recur_recipe_dropout(&few, 1, 1) >= 0.5);
    assert_true(recur_recipe_weight_drop(&many, 1, 1) == 0);
    assert_true(recur_recipe_dropout(&many, 1, 1) == 0);
    const struct recipe once = recur_recipe(1.5e6, 50000);
    assert_true(!once.fixed && recur_recipe_dropout(&once, 1, 1) == 0 && once.most <= 6);
    assert_false(recur_recipe(1.5e4, 51).fixed || recur_recipe(1e6, 66).tied);
}

static void going_on_takes_a_smaller_rate_and_fewer_epochs(void **state)
{
    (void)state;
    for (double tokens = 1000; tokens < 1e9; tokens *= 10) {
        const struct recipe fresh = recur_recipe(tokens, 66);
        const struct recipe onward = recur_recipe_onward(fresh, false);
        assert_true(onward.lr < fresh.lr && onward.lr > 0);
        assert_true(onward.most <= fresh.most && onward.epochs <= onward.most);
        assert_true(tokens < 5e4 ? onward.weight_drop > 0 : onward.most < 6);
        assert_true(recur_recipe_onward(fresh, true).most < 6);
        assert_int_equal(onward.batch, fresh.batch);
    }
}

/* What fills blanks has less dropped, except of small texts. */
static void filling(void **state)
{
    (void)state;
    for (double tokens = 1000; tokens < 1e9; tokens *= 10) {
        const struct recipe reads = recur_recipe(tokens, 66), fills = recur_recipe_fill(reads);
        bool small = tokens < 5e4;
        assert_true(fills.blanks > 0 && !(reads.blanks > 0));
        for (double epochs = 1; epochs < 50; epochs *= 2) {
            double drop = recur_recipe_weight_drop(&fills, epochs, 8);
            double usual = recur_recipe_weight_drop(&reads, epochs, 8);
            assert_true(small ? drop >= usual && drop <= usual : drop <= usual);
            assert_true(small || epochs < 4 || epochs > 31 || drop < usual);
            assert_true(small || recur_recipe_dropout(&fills, epochs, 1) <= 0.3);
        }
    }
    const struct recipe words = recur_recipe(4e4, 5000), fills = recur_recipe_fill(words);
    assert_true(fills.dropout >= words.dropout && fills.weight_drop >= words.weight_drop);
}

/* Layer normalisation is for larger texts of characters that nobody has begun with. */
static void normalised(void **state)
{
    (void)state;
    assert_false(recur_recipe(1.6e5, 66).normalised);
    assert_true(recur_recipe(1e6, 66).normalised && recur_recipe(1e9, 256).normalised);
    assert_false(recur_recipe(1e6, 5000).normalised || recur_recipe(1e6, 0).normalised);
    const struct recipe recipe = recur_recipe(1e6, 66);
    assert_false(recur_recipe_onward(recipe, false).normalised);
    assert_false(recur_recipe_plain(recipe).normalised);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(larger_texts),
        cmocka_unit_test(networks),
        cmocka_unit_test(dropout),
        cmocka_unit_test(weight_drop),
        cmocka_unit_test(activations),
        cmocka_unit_test(samples),
        cmocka_unit_test(held_out),
        cmocka_unit_test(words),
        cmocka_unit_test(going_on_takes_a_smaller_rate_and_fewer_epochs),
        cmocka_unit_test(filling),
        cmocka_unit_test(normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
