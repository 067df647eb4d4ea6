/* Runs on labelled texts that are cut off, written down and resumed, through the public interface.
 */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoint_run.h"

/* What makes runs differ in what they have to remember. */
struct variant {
    const char *name;
    enum recur_task task;
    enum recur_cell cell;
    enum recur_decoder decoder;
    enum recur_pool pool;
    bool bidirectional;
    size_t embedding, characters; /* widths; 0: none */
    float dropout, momentum, lr;  /* lr 0: 0.02 */
    double validation;
    enum recur_optimizer optimizer;
    enum recur_schedule schedule;
    enum recur_precision precision;
    size_t accumulate, blocks;
};

static const struct variant variants[] = {
    {.name = "tag, characters, crf, adam, cosine",
     .task = RECUR_TASK_TAG,
     .cell = RECUR_CELL_LSTM,
     .decoder = RECUR_DECODER_CRF,
     .bidirectional = true,
     .embedding = 5,
     .characters = 4,
     .dropout = 0.3f,
     .validation = 0.2,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .schedule = RECUR_SCHEDULE_COSINE},
    {.name = "tag, softmax, sgd, plateau, nothing held out",
     .task = RECUR_TASK_TAG,
     .cell = RECUR_CELL_GRU,
     .embedding = 5,
     .momentum = 0.9f,
     .lr = 5, /* too much: the loss rises at times, and the plateau's factor falls */
     .schedule = RECUR_SCHEDULE_PLATEAU},
    {.name = "classify, last states, adamw",
     .task = RECUR_TASK_CLASSIFY,
     .cell = RECUR_CELL_GRU,
     .bidirectional = true,
     .dropout = 0.3f,
     .validation = 0.2,
     .optimizer = RECUR_OPTIMIZER_ADAMW},
    {.name = "classify, mean, rmsprop, bf16",
     .task = RECUR_TASK_CLASSIFY,
     .cell = RECUR_CELL_LSTM,
     .pool = RECUR_POOL_MEAN,
     .embedding = 4,
     .dropout = 0.3f,
     .validation = 0.1,
     .optimizer = RECUR_OPTIMIZER_RMSPROP,
     .precision = RECUR_PRECISION_BF16},
    {.name = "tag, characters, crf, accumulate",
     .task = RECUR_TASK_TAG,
     .cell = RECUR_CELL_GRU,
     .decoder = RECUR_DECODER_CRF,
     .bidirectional = true,
     .embedding = 5,
     .characters = 4,
     .dropout = 0.2f,
     .accumulate = 2},
    {.name = "classify, blocks, accumulate",
     .task = RECUR_TASK_CLASSIFY,
     .cell = RECUR_CELL_LSTM,
     .embedding = 4,
     .dropout = 0.3f,
     .validation = 0.1,
     .accumulate = 2,
     .blocks = 2},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* Sentences or texts of one to nine words, whose labels follow from the words; some stand once. */
static recur_labels *make_labels(enum recur_task task, unsigned lines)
{
    static const char *const words[] = {"pa",  "Po", "ki", "KO", "lu",
                                        "to1", "sa", "du", "ne", "ro"};
    char text[8000];
    size_t used = 0;
    unsigned x = 7;
    for (unsigned i = 0; i < lines; i++) {
        unsigned length = 1 + (i * 5 + i / 3) % 9;
        if (task == RECUR_TASK_CLASSIFY)
            used += (size_t)sprintf(text + used, "%c\t", "xyz"[length % 3]);
        for (unsigned t = 0; t < length; t++) {
            x = x * 69069 + 1;
            const char *word = words[x >> 16 & 7];
            if (task == RECUR_TASK_TAG)
                used +=
                    (size_t)sprintf(text + used, "%s%u %c\n", word, t ? 0 : i, "xyz"[*word % 3]);
            else
                used += (size_t)sprintf(text + used, "%s ", word);
        }
        text[used++] = '\n';
    }
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels;
    recur_error error;
    config.task = task;
    if (recur_labels_read_memory(text, used, &config, &labels, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return labels;
}

static void read_labels(struct run *run)
{
    const struct variant *variant = run->variant;
    run->train = make_labels(variant->task, 40);
    assert_int_equal(recur_labels_split(run->train, variant->validation, 3, &run->valid, NULL),
                     RECUR_OK);
}

static struct run begin(const void *which, size_t threads)
{
    const struct variant *variant = which;
    const size_t hidden[] = {10, 7};
    recur_model_config model = recur_model_config_default();
    model.cell = variant->cell;
    model.decoder = variant->decoder;
    model.pool = variant->pool;
    model.bidirectional = variant->bidirectional;
    model.layers = 2;
    model.hidden = hidden;
    model.embedding = variant->embedding;
    model.character_hidden = variant->characters;
    model.character_embedding = 3;
    model.dropout = variant->dropout;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = variant->accumulate ? 4 : 8;
    config.epochs = EPOCHS;
    config.lr = variant->lr > 0 ? variant->lr : 0.02f;
    config.patience = 0;
    config.momentum = variant->momentum;
    config.optimizer = variant->optimizer;
    config.schedule = variant->schedule;
    config.precision = variant->precision;
    config.blocks = variant->blocks;
    if (variant->accumulate)
        config.accumulate = variant->accumulate;
    config.threads = threads;
    struct run run = {.read = read_labels, .variant = variant};
    recur_error error;
    run.read(&run);
    if (recur_model_create_labels(&model, run.train, NULL, &run.model, &error) != RECUR_OK ||
        recur_trainer_create_labels(run.model, run.train, run.valid, &config, &run.trainer,
                                    &error) != RECUR_OK)
        fail_msg("%s: %s", variant->name, error.message);
    return run;
}

static void resumed_runs_end_in_the_same_bits(void **state)
{
    for (size_t v = 0; v < VARIANTS; v++)
        cut_everywhere(*state, variants[v].name, begin, &variants[v], variants[v].lr > 0);
}

/* The scores of each epoch, and the speed over the minibatches before and after the cut, too. */
static void epochs_say_what_they_would_have_said(void **state)
{
    struct scratch *scratch = *state;
    struct run run = begin(&variants[0], 1), alone = begin(&variants[0], 1);
    const char *path = scratch_path(scratch, "checkpoint");
    recur_epoch epoch, other;
    for (int i = 0; i < 2; i++)
        assert_int_equal(recur_trainer_epoch(alone.trainer, &other, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_epoch(run.trainer, &epoch, NULL), RECUR_OK);
    assert_true(epoch.valid_accuracy >= 0 && epoch.valid_accuracy <= 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(recur_trainer_step(run.trainer, NULL, NULL), RECUR_OK);
    save(&run, path);
    reopen(&run, path, 1);
    size_t count;
    const recur_epoch *history = recur_model_history(run.model, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(history, &epoch, offsetof(recur_epoch, valid_f1));
    size_t tokens = recur_trainer_train_tokens(run.trainer);
    assert_int_equal(recur_trainer_epoch(run.trainer, &epoch, NULL), RECUR_OK);
    double trained = epoch.tokens_per_second * epoch.seconds;
    assert_true(fabs(trained - (double)tokens) < 1e-6); /* a quotient was rounded */
    assert_true(epoch.loss == other.loss && epoch.valid_loss == other.valid_loss &&
                epoch.valid_accuracy == other.valid_accuracy);
    end(&run);
    end(&alone);
    scratch_files(scratch, 1);
}

static void assert_refused(const char *path, recur_labels *train, recur_labels *valid,
                           const char *sentence)
{
    struct run run = {.train = train, .valid = valid};
    recur_error error = {0};
    assert_int_equal(resume_run(&run, path, NULL, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, sentence);
}

static recur_labels *with_line(enum recur_task task, const char *line)
{
    char text[200];
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels;
    config.task = task;
    snprintf(text, sizeof text, "%s\n\ne y\nf x\n\ng z\n", line);
    assert_int_equal(recur_labels_read_memory(text, strlen(text), &config, &labels, NULL),
                     RECUR_OK);
    return labels;
}

#define OTHERS "the labelled texts are not those that the run began with: "

static void other_data_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct run run = {0};
    const char *path = scratch_path(scratch, "checkpoint");
    run.train = with_line(RECUR_TASK_TAG, "a x\nb y");
    run.valid = with_line(RECUR_TASK_TAG, "c x\nd y");
    assert_int_equal(recur_model_create_labels(NULL, run.train, NULL, &run.model, NULL), RECUR_OK);
    assert_int_equal(
        recur_trainer_create_labels(run.model, run.train, run.valid, NULL, &run.trainer, NULL),
        RECUR_OK);
    save(&run, path);
    static const char *const lines[] = {
        "a x\nB y",   /* another token */
        "a x\nb x",   /* another label */
        "a x\nb q",   /* a label that the model lacks */
        "a x\n\nb y", /* another end of a sentence */
        "b y\na x",   /* another order */
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        recur_labels *other = with_line(RECUR_TASK_TAG, lines[i]);
        const char *sentence = OTHERS "they have as many tokens, 10, but others, or other labels";
        assert_refused(path, other, run.valid, sentence);
        assert_refused(path, run.train, other, sentence);
        recur_labels_free(other);
    }
    assert_refused(path, run.valid, run.train,
                   OTHERS "they have as many tokens, 10, but others, or other labels");
    assert_refused(path, run.train, NULL, OTHERS "they have 5 tokens, expected 10");
    recur_labels *texts = make_labels(RECUR_TASK_CLASSIFY, 10);
    assert_refused(path, texts, NULL,
                   "the run is of the task tag, the labelled texts are for the task classify");
    recur_labels_free(texts);
    end(&run);
    scratch_files(scratch, 1);
}

/* A run on a text does not go on with labels, nor one on labels with a text. */
static void the_kind_of_data_cannot_change(void **state)
{
    struct scratch *scratch = *state;
    const int32_t ids[] = {1, 2, 1, 2, 1, 2, 1, 2};
    const size_t hidden = 2;
    struct run text = {0}, run = begin(&variants[2], 1), mixed = {0};
    const char *path = scratch_path(scratch, "checkpoint");
    recur_error error;
    recur_model_config model = recur_model_config_default();
    model.hidden = &hidden;
    model.vocabulary = 3;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = config.steps = 2;
    config.validation = 0;
    assert_int_equal(recur_corpus_from_ids(ids, 8, 3, &text.corpus, NULL), RECUR_OK);
    assert_int_equal(recur_model_create(&model, NULL, &text.model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(text.model, text.corpus, &config, &text.trainer, NULL),
                     RECUR_OK);
    save(&text, path);
    assert_refused(path, run.train, run.valid,
                   "the run is of the task lm, the labelled texts are for the task classify");
    save(&run, path);
    mixed.corpus = text.corpus;
    assert_int_equal(resume_run(&mixed, path, NULL, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "the run is of the task classify: it goes on with labelled "
                                       "texts, not with a text");
    end(&run);
    end(&text);
    scratch_files(scratch, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_runs_end_in_the_same_bits),
        cmocka_unit_test(epochs_say_what_they_would_have_said),
        cmocka_unit_test(other_data_is_refused),
        cmocka_unit_test(the_kind_of_data_cannot_change),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
