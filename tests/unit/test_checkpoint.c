/* Runs that are cut off, written down and resumed, through the public interface. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "checkpoint_run.h"
#include "model_example.h"

enum { VOCABULARY = 12, TOKENS = 150 };

/* What makes runs differ in what they have to remember. */
struct variant {
    const char *name;
    enum recur_task task;
    enum recur_cell cell;
    enum recur_activation activation;
    enum recur_merge merge;
    bool bidirectional;
    float dropout, validation, momentum, lr; /* lr 0: 0.02 */
    size_t batch;                            /* 0: 4 */
    size_t updates;
    enum recur_sampling sampling;
    enum recur_optimizer optimizer;
    enum recur_schedule schedule;
    enum recur_precision precision;
    enum recur_average average;
    float weight_drop, input_dropout;
    double average_start, ar;
    size_t accumulate;
    size_t sampled_softmax;
};

static const struct variant variants[] = {
    {.name = "adam, cosine",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.3f,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .schedule = RECUR_SCHEDULE_COSINE},
    {.name = "sgd, plateau, held out",
     .cell = RECUR_CELL_GRU,
     .validation = 0.2f,
     .momentum = 0.9f,
     .lr = 3, /* too much: the loss rises at times, and the plateau's factor falls */
     .schedule = RECUR_SCHEDULE_PLATEAU},
    {.name = "sgd, a plateau that is never reached", /* since each epoch is better than the best */
     .cell = RECUR_CELL_GRU,
     .schedule = RECUR_SCHEDULE_PLATEAU},
    {.name = "random sampling, rmsprop",
     .cell = RECUR_CELL_GRU_RESET_BEFORE,
     .sampling = RECUR_SAMPLING_RANDOM,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_RMSPROP},
    {.name = "fill, both directions, adamw",
     .task = RECUR_TASK_FILL,
     .cell = RECUR_CELL_LSTM,
     .merge = RECUR_MERGE_SUM,
     .bidirectional = true,
     .dropout = 0.2f,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_ADAMW},
    {.name = "layer normalisation",
     .cell = RECUR_CELL_LN_LSTM,
     .dropout = 0.1f,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_ADAM},
    {.name = "sigmoid, whose empty lanes are not zero",
     .cell = RECUR_CELL_RNN,
     .activation = RECUR_ACTIVATION_SIGMOID},
    {.name = "wsd, by minibatches, which end within the last epoch",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.1f,
     .validation = 0.1f,
     .updates = 13,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .schedule = RECUR_SCHEDULE_WSD},
    {.name = "bf16",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.1f,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .precision = RECUR_PRECISION_BF16},
    {.name = "ema, locked dropout, weight drop",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.2f,
     .weight_drop = 0.3f,
     .average = RECUR_AVERAGE_EMA},
    {.name = "input dropout", .cell = RECUR_CELL_GRU, .input_dropout = 0.4f},
    {.name = "activation regularisation", .cell = RECUR_CELL_LSTM, .dropout = 0.2f, .ar = 2},
    {.name = "swa",
     .cell = RECUR_CELL_GRU,
     .validation = 0.1f,
     .average = RECUR_AVERAGE_SWA,
     .average_start = 0.4},
    {.name = "asgd, whose loss rises", /* so that the mean begins */
     .cell = RECUR_CELL_GRU,
     .lr = 3,
     .schedule = RECUR_SCHEDULE_PLATEAU,
     .validation = 0.2f,
     .momentum = 0.9f,
     .average = RECUR_AVERAGE_ASGD},
    /* Of the twelve minibatches of two sequences that an epoch has, five updates have two or one */
    {.name = "accumulate, cosine, dropout",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.2f,
     .schedule = RECUR_SCHEDULE_COSINE,
     .batch = 2,
     .accumulate = 3},
    {.name = "accumulate, random sampling, held out",
     .cell = RECUR_CELL_GRU,
     .validation = 0.1f,
     .sampling = RECUR_SAMPLING_RANDOM,
     .average = RECUR_AVERAGE_EMA,
     .batch = 2,
     .accumulate = 2},
    {.name = "sampled softmax",
     .cell = RECUR_CELL_GRU,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .sampled_softmax = 3},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static recur_corpus *make_corpus(uint64_t seed, size_t tokens)
{
    int32_t ids[TOKENS + 1];
    recur_corpus *corpus;
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

static void read_text(struct run *run)
{
    run->corpus = make_corpus(8, TOKENS);
}

static struct run begin(const struct variant *variant, size_t threads)
{
    const size_t hidden[] = {10, 7};
    recur_model_config model = recur_model_config_default();
    model.task = variant->task;
    model.cell = variant->cell;
    model.activation = variant->activation;
    model.merge = variant->merge;
    model.bidirectional = variant->bidirectional;
    model.layers = 2;
    model.hidden = hidden;
    model.vocabulary = VOCABULARY;
    model.dropout = variant->dropout;
    model.weight_drop = variant->weight_drop;
    model.input_dropout = (double)variant->input_dropout;
    model.embedding = variant->input_dropout > 0 ? 9 : 0;
    model.dropout_kind = variant->weight_drop > 0 ? RECUR_DROPOUT_LOCKED : RECUR_DROPOUT_STANDARD;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = variant->batch ? variant->batch : 4;
    config.steps = 6;
    config.epochs = EPOCHS;
    config.lr = variant->lr > 0 ? variant->lr : 0.02f;
    config.patience = 0;
    config.validation = variant->validation;
    config.momentum = variant->momentum;
    config.updates = variant->updates;
    config.ar = variant->ar;
    config.sampling = variant->sampling;
    config.optimizer = variant->optimizer;
    config.schedule = variant->schedule;
    config.precision = variant->precision;
    config.average = variant->average;
    if (variant->accumulate)
        config.accumulate = variant->accumulate;
    config.sampled_softmax = variant->sampled_softmax;
    if (variant->average_start > 0)
        config.average_start = variant->average_start;
    config.threads = threads;
    struct run run = {.read = read_text, .variant = variant};
    recur_error error;
    run.read(&run);
    if (recur_model_create(&model, NULL, &run.model, &error) != RECUR_OK ||
        recur_trainer_create(run.model, run.corpus, &config, &run.trainer, &error) != RECUR_OK)
        fail_msg("%s: %s", variant->name, error.message);
    return run;
}

static struct run begin_variant(const void *variant, size_t threads)
{
    return begin(variant, threads);
}

/* Cut before every single minibatch, resumed on one to four threads. */
static void resumed_runs_end_in_the_same_bits(void **state)
{
    for (size_t v = 0; v < VARIANTS; v++)
        cut_everywhere(*state, variants[v].name, begin_variant, &variants[v], variants[v].lr > 0);
}

/* A run in the middle of its second epoch, in the file "checkpoint". */
static const char *save_example_run(struct scratch *scratch)
{
    struct run run = begin(&variants[1], 1);
    recur_step step = {0};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(recur_trainer_step(run.trainer, &step, NULL), RECUR_OK);
        if (step.end_of_epoch)
            assert_int_equal(recur_trainer_end_epoch(run.trainer, NULL, NULL), RECUR_OK);
    }
    assert_int_equal(step.epoch, 2);
    assert_false(step.end_of_epoch);
    const char *path = scratch_path(scratch, "checkpoint");
    save(&run, path);
    end(&run);
    return path;
}

static enum recur_status resume(const char *path, const recur_corpus *corpus,
                                const recur_resume_config *config, recur_error *error)
{
    recur_checkpoint *checkpoint;
    enum recur_status status = recur_checkpoint_load(path, &checkpoint, error);
    if (status != RECUR_OK)
        return status;
    recur_model *model;
    recur_trainer *trainer;
    status = recur_checkpoint_resume(checkpoint, corpus, config, &model, &trainer, error);
    recur_checkpoint_free(checkpoint);
    if (status == RECUR_OK) {
        recur_trainer_free(trainer);
        recur_model_free(model);
    }
    return status;
}

/* The whole sentence, without the file's name that opens it. */
static void assert_refused(const char *path, enum recur_status wanted, const char *sentence)
{
    recur_corpus *corpus = make_corpus(8, TOKENS);
    recur_resume_config config = recur_resume_config_default();
    recur_error error = {0};
    enum recur_status status = resume(path, corpus, &config, &error);
    recur_corpus_free(corpus);
    const char *message = error.message;
    if (strncmp(message, path, strlen(path)) == 0)
        message += strlen(path) + 2;
    assert_string_equal(message, sentence);
    assert_int_equal(status, wanted);
    assert_int_equal(error.status, wanted);
}

/* One place of the metadata: `field` of the JSON under `key`, or all of it; `value` is JSON, NULL
 * takes the field away. */
struct edit {
    const char *key, *field, *value, *sentence;
    enum recur_status status;
};

static void apply(struct model_file *file, const struct edit *edit)
{
    const char *path[] = {edit->field, NULL}, *text = edit->value;
    char *edited = NULL;
    if (edit->field) {
        recur_json *json;
        text = metadata_of(file, edit->key);
        assert_int_equal(recur_json_parse(text, strlen(text), false, "", &json, NULL), RECUR_OK);
        edited = json_edit(json, path, edit->value);
        free(json);
        text = edited;
    }
    set_metadata(file, edit->key, text);
    free(edited);
}

#define TRAINING "recur.training"
#define PROGRESS "recur.progress"
#define FORMAT RECUR_ERROR_FORMAT

static void assert_edits_refused(void **state, const struct edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct model_file file = open_model(save_example_run(*state));
        apply(&file, &edits[i]);
        write_header(&file);
        assert_refused(file.path, edits[i].status, edits[i].sentence);
        close_model(&file);
    }
    scratch_files(*state, 1);
}

static void impossible_training_is_refused(void **state)
{
    static const struct edit edits[] = {
        {TRAINING, NULL, NULL,
         "not a checkpoint: there is no run in it to resume, as it has no recur.training", FORMAT},
        {TRAINING, NULL, "{",
         "recur.training is not valid JSON at line 1, byte 2: expected a key in double quotes, got "
         "the end",
         FORMAT},
        {TRAINING, NULL, "[]", "recur.training is not an object", FORMAT},
        {TRAINING, "steps", NULL, "recur.training: steps is missing", FORMAT},
        {TRAINING, "steps", "\"six\"", "recur.training: steps is not an integer of at least 0",
         FORMAT},
        {TRAINING, "steps", "-6", "recur.training: steps is not an integer of at least 0", FORMAT},
        {TRAINING, "color", "1", "recur.training holds 23 fields, only 22 are known", FORMAT},
        {TRAINING, "lr", "\"fast\"", "recur.training: lr is not a number", FORMAT},
        {TRAINING, "lr", "-1",
         "recur.training: the learning rate must be above 0 and below inf, got -1", FORMAT},
        {TRAINING, "lr", "1e300",
         "recur.training: the learning rate must be above 0 and below inf, got inf", FORMAT},
        {TRAINING, "sampling", "\"sideways\"",
         "recur.training: sampling: unknown kind of sampling \"sideways\": expected sequential or "
         "random",
         FORMAT},
        {TRAINING, "optimizer", "3",
         "recur.training: optimizer: unknown optimizer \"\": expected sgd, adam, adamw or rmsprop",
         FORMAT},
        {TRAINING, "schedule", "\"\"",
         "recur.training: schedule: unknown schedule \"\": expected constant, cosine, plateau, wsd "
         "or onecycle",
         FORMAT},
        {TRAINING, "precision", NULL, "recur.training: precision is missing", FORMAT},
        {TRAINING, "precision", "\"f16\"",
         "recur.training: precision: unknown precision \"f16\": expected f32 or bf16", FORMAT},
        {TRAINING, "batch", "0",
         "recur.training: a minibatch needs at least 1 sequence and 1 step, got 0 x 6", FORMAT},
        {TRAINING, "batch", "4611686018427387904",
         "the text has 150 tokens, 120 of them to train on, but one minibatch of "
         "4611686018427387904 sequences x 6 steps needs 18446744073709551615; it takes a longer "
         "text, a smaller batch or fewer steps",
         RECUR_ERROR_DATA},
        {TRAINING, "batch", "3", "tensor training.h_l0 is (4, 10), expected (3, 10)", FORMAT},
        {TRAINING, "momentum", "0.0", "tensor training.first.linear.bias is no part of the model",
         FORMAT},
        {TRAINING, "optimizer", "\"adam\"", "tensor training.second.rnn.weight_ih_l0 is missing",
         FORMAT},
    };
    assert_edits_refused(state, edits, sizeof edits / sizeof *edits);
}

static void impossible_progress_is_refused(void **state)
{
    static const struct edit edits[] = {
        {"recur.note", NULL, NULL, "recur.note is missing", FORMAT},
        {PROGRESS, NULL, NULL, "recur.progress is missing", FORMAT},
        {PROGRESS, NULL, "7", "recur.progress is not an object", FORMAT},
        {PROGRESS, "epochs", NULL, "recur.progress: epochs is missing", FORMAT},
        {PROGRESS, "epochs", "1.5", "recur.progress: epochs is not an integer of at least 0",
         FORMAT},
        {PROGRESS, "epochs", "2", "recur.progress: the history has 1 of 2 finished epochs", FORMAT},
        {PROGRESS, "minibatch", "5", "recur.progress: minibatch 5 is beyond the 4 of epoch 2",
         FORMAT},
        {PROGRESS, "minibatch", "\"18446744073709551615\"",
         "recur.progress: minibatch 18446744073709551615 is beyond the 4 of epoch 2", FORMAT},
        {PROGRESS, "updates", "1",
         "recur.progress: the number of minibatches, 1, is not that of 1 epoch and 2 more", FORMAT},
        {PROGRESS, "updates", "60",
         "recur.progress: the number of minibatches, 60, is not that of 1 epoch and 2 more",
         FORMAT},
        {PROGRESS, "loss_sum", NULL, "recur.progress: the sum of losses cannot be nan", FORMAT},
        {PROGRESS, "norm_sum", "-1.0", "recur.progress: the sum of gradient norms cannot be -1",
         FORMAT},
        {PROGRESS, "seconds", "-1", "recur.progress: the number of seconds cannot be -1", FORMAT},
        {PROGRESS, "lr", NULL, "recur.progress: the learning rate cannot be nan", FORMAT},
        {PROGRESS, "plateau_factor", "1.5", "recur.progress: the plateau's factor cannot be 1.5",
         FORMAT},
        {PROGRESS, "plateau_best", NULL, "recur.progress: the plateau's lowest loss cannot be nan",
         FORMAT},
        {PROGRESS, "plateau_bad_epochs", "1",
         "recur.progress: the plateau has waited for 1 epoch, at most 0", FORMAT},
        {PROGRESS, "best_epoch", "2", "recur.progress: the best of 1 epoch cannot be number 2",
         FORMAT},
        {PROGRESS, "best_epoch", "0", "recur.progress: the best of 1 epoch cannot be number 0",
         FORMAT},
        {PROGRESS, "best_loss", NULL, "recur.progress: the best epoch's loss cannot be nan",
         FORMAT},
        {PROGRESS, "text_tokens", "151",
         "the text is not the one that the run began with: it has 150 tokens, expected 151",
         RECUR_ERROR_DATA},
        {PROGRESS, "text_fingerprint", "1",
         "the text is not the one that the run began with: it has as many tokens, 150, but others",
         RECUR_ERROR_DATA},
        {"recur.history", NULL, "[]", "recur.progress: the history has 0 of 1 finished epoch",
         FORMAT},
    };
    assert_edits_refused(state, edits, sizeof edits / sizeof *edits);
}

static void assert_damage(const struct model_file *file, const char *sentence)
{
    write_header(file);
    assert_refused(file->path, FORMAT, sentence);
}

static uint64_t item_of(const recur_json *list, size_t index)
{
    const recur_json *item = recur_json_first(list);
    if (index >= list->size)
        return 0;
    while (index-- > 0)
        item = recur_json_next(item);
    return item->magnitude;
}

/* Under another name, in another shape, with a number that is none. */
static void damage(struct model_file *file, const char *name)
{
    char sentence[300], shape[100];
    const recur_json *entry = recur_json_member(file->json, name);
    uint64_t rows = item_of(recur_json_member(entry, "shape"), 0);
    uint64_t columns = item_of(recur_json_member(entry, "shape"), 1);
    uint64_t begin = item_of(recur_json_member(entry, "data_offsets"), 0);

    char *at = strstr(file->header, name);
    assert_non_null(at);
    at[strlen("training.")] ^= 1;
    snprintf(sentence, sizeof sentence, "tensor %.100s is missing", name);
    assert_damage(file, sentence);
    reset_header(file);

    snprintf(shape, sizeof shape, "[1,%llu]", (unsigned long long)(rows * (columns ? columns : 1)));
    edit_header(file, name, "shape", shape);
    if (columns)
        snprintf(sentence, sizeof sentence, "tensor %.100s is (1, %llu), expected (%llu, %llu)",
                 name, (unsigned long long)(rows * columns), (unsigned long long)rows,
                 (unsigned long long)columns);
    else
        snprintf(sentence, sizeof sentence, "tensor %.100s is (1, %llu), expected (%llu)", name,
                 (unsigned long long)rows, (unsigned long long)rows);
    assert_damage(file, sentence);
    reset_header(file);

    const float nan = NAN;
    float good;
    unsigned char *number = file->data + begin + sizeof nan;
    memcpy(&good, number, sizeof good);
    memcpy(number, &nan, sizeof nan);
    snprintf(sentence, sizeof sentence, "tensor %.100s holds a number that is not finite: nan at 1",
             name);
    assert_damage(file, sentence);
    memcpy(number, &good, sizeof good);
}

static void damaged_tensors_are_refused(void **state)
{
    enum { MOST = 64 };
    char names[MOST][100], entry[100];
    size_t count = 0;
    struct model_file file = open_model(save_example_run(*state));
    const recur_json *key = recur_json_first(file.json);
    for (size_t i = 0; i < file.json->size; i++, key = recur_json_next(key + 1)) {
        assert_in_range(count, 0, MOST - 1);
        if (strncmp(key->text, RECUR_TRAINING_PREFIX, strlen(RECUR_TRAINING_PREFIX)) == 0)
            snprintf(names[count++], sizeof *names, "%s", key->text);
    }
    assert_int_equal(count, 2 * 10 + 2); /* moments and best of ten parameters, two states */
    for (size_t i = 0; i < count; i++)
        damage(&file, names[i]);
    snprintf(entry, sizeof entry, "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[%zu,%zu]}",
             file.size, file.size);
    edit_header(&file, "training.more", NULL, entry);
    assert_damage(&file, "tensor training.more is no part of the model");
    close_model(&file);
    scratch_files(*state, 1);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
    const char *path = save_example_run(*state);
    recur_corpus *corpus = make_corpus(8, TOKENS);
    recur_resume_config config = recur_resume_config_default();
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t end_at = 0; end_at < size; end_at += 1 + end_at % 11) {
        recur_error error = {0};
        scratch_write(path, bytes, end_at);
        assert_int_equal(resume(path, corpus, &config, &error), FORMAT);
        assert_true(strlen(error.message) > 0);
    }
    free(bytes);
    recur_corpus_free(corpus);
    scratch_files(*state, 1);
}

static void another_text_vocabulary_or_length_is_refused(void **state)
{
    const char *path = save_example_run(*state);
    recur_corpus *corpus = make_corpus(8, TOKENS), *longer = make_corpus(8, TOKENS + 1);
    recur_corpus *other = make_corpus(9, TOKENS);
    recur_resume_config config = recur_resume_config_default();
    recur_error error;
    assert_int_equal(resume(path, longer, &config, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "the text is not the one that the run began with: it has "
                                       "151 tokens, expected 150");
    assert_int_equal(resume(path, other, &config, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "the text is not the one that the run began with: it has as "
                                       "many tokens, 150, but others");
    config.epochs = 1;
    assert_int_equal(resume(path, corpus, &config, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the run is in epoch 2 already, it cannot end with epoch 1");
    config.epochs = 2;
    assert_int_equal(resume(path, corpus, &config, &error), RECUR_OK);
    recur_corpus_free(corpus);
    recur_corpus_free(longer);
    recur_corpus_free(other);
    scratch_files(*state, 1);
}

/* As a model it is the one that was being trained, with its history. */
static void a_checkpoint_is_a_model_file(void **state)
{
    struct scratch *scratch = *state;
    struct run run = begin(&variants[0], 1);
    char path[600];
    snprintf(path, sizeof path, "%s/checkpoint", scratch->folder);
    recur_epoch epoch;
    assert_int_equal(recur_trainer_epoch(run.trainer, &epoch, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_step(run.trainer, NULL, NULL), RECUR_OK);
    save(&run, path);
    recur_model *model;
    recur_error error;
    if (recur_model_load(path, &model, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    size_t count, size, same;
    const recur_epoch *history = recur_model_history(model, &count);
    assert_int_equal(count, 1);
    assert_true(history->loss == epoch.loss && history->seconds == epoch.seconds &&
                history->tokens_per_second == epoch.tokens_per_second);
    const char *first = scratch_path(scratch, "first");
    assert_int_equal(recur_model_save(run.model, first, NULL), RECUR_OK);
    unsigned char *wanted = scratch_read(first, &size);
    assert_int_equal(recur_model_save(model, first, NULL), RECUR_OK);
    unsigned char *got = scratch_read(first, &same);
    assert_int_equal(same, size);
    assert_memory_equal(got, wanted, size);
    free(wanted);
    free(got);
    recur_model_free(model);
    end(&run);
    scratch_files(scratch, 1);
}

static void what_cannot_be_written_leaves_the_old_file(void **state)
{
    struct scratch *scratch = *state;
    struct run run = begin(&variants[1], 1);
    const char *path = scratch_path(scratch, "checkpoint");
    recur_error error;
    scratch_write(path, "old", 3);
    assert_int_equal(recur_checkpoint_save(run.trainer, "\xff", path, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the note of a checkpoint must be UTF-8, this one is not");
    assert_int_equal(recur_checkpoint_save(run.trainer, "", "/missing/checkpoint", &error),
                     RECUR_ERROR_FILE);
    assert_int_equal(recur_trainer_epoch(run.trainer, NULL, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_finish(run.trainer, NULL), RECUR_OK);
    assert_int_equal(recur_checkpoint_save(run.trainer, "", path, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the run has ended, and the parameters that it would go on "
                                       "with are gone");
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 1), 1);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_runs_end_in_the_same_bits),
        cmocka_unit_test(impossible_training_is_refused),
        cmocka_unit_test(impossible_progress_is_refused),
        cmocka_unit_test(damaged_tensors_are_refused),
        cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
        cmocka_unit_test(another_text_vocabulary_or_length_is_refused),
        cmocka_unit_test(a_checkpoint_is_a_model_file),
        cmocka_unit_test(what_cannot_be_written_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
