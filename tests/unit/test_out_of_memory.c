/* Memory that runs out anywhere: each operation is tried again and again, its first allocation
 * failing, its second, ... until it gets through. It must say MEMORY each time, keep nothing, and
 * leave neither a half-written file nor another than was there. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap.h"
#include "model_example.h"
#include "recur/checkpoint.h"
#include "recur/convert.h"
#include "recur/evaluate.h"
#include "recur/features.h"
#include "recur/fill.h"
#include "recur/generate.h"
#include "recur/machine.h"
#include "recur/ngrams.h"
#include "recur/session.h"
#include "recur/store.h"
#include "sanitizers.h"

enum { THREADS = 2, VOCABULARY = 5, TOKENS = 60 };

/* From one allocation that fails to the next. Most are nothing to the threads. */
enum { STRIDE = THREAD_SANITIZER ? 4 : 1 };

/* What the operations work on; made while memory is there. */
struct world {
    struct scratch *scratch;
    char model[600], checkpoint[600], pytorch[600], onnx[600], scans[600], text[600]; /* to read */
    char output[600];                                                                 /* to write */
    char columns[600], tagging[600]; /* labelled words, a checkpoint of a run on them */
    recur_corpus *corpus;
    recur_labels *sentences;
    recur_model *language, *filling, *normalised;
};

/* Does it once and frees everything again. */
typedef enum recur_status operation(const struct world *world, recur_error *error);

#define TRY_ALL(call)                                                                              \
    do {                                                                                           \
        if (status == RECUR_OK)                                                                    \
            status = (call);                                                                       \
    } while (0)

static const size_t two_widths[] = {3, 3};

static enum recur_status make(enum recur_task task, recur_vocab *vocab, recur_model **model,
                              recur_error *error)
{
    recur_model_config config = recur_model_config_default();
    config.task = task;
    config.bidirectional = task == RECUR_TASK_FILL;
    config.layers = 2;
    config.hidden = two_widths;
    config.embedding = 2;
    config.vocabulary = VOCABULARY;
    return recur_model_create(&config, vocab, model, error);
}

/* Of a cell that ONNX has no operator for. */
static enum recur_status make_normalised(recur_model **model, recur_error *error)
{
    recur_model_config config = recur_model_config_default();
    config.cell = RECUR_CELL_LN_GRU;
    config.bidirectional = true;
    config.hidden = two_widths;
    config.vocabulary = VOCABULARY;
    return recur_model_create(&config, NULL, model, error);
}

static enum recur_status create_model(const struct world *world, recur_error *error)
{
    recur_model *model = NULL;
    enum recur_status status =
        make(RECUR_TASK_LM, recur_model_vocab(world->language), &model, error);
    recur_model_free(model);
    return status;
}

static enum recur_status load_model(const struct world *world, recur_error *error)
{
    recur_model *model = NULL;
    enum recur_status status = recur_model_load(world->model, &model, error);
    recur_model_free(model);
    return status;
}

static enum recur_status save_model(const struct world *world, recur_error *error)
{
    return recur_model_save(world->language, world->output, error);
}

static enum recur_status import(const char *path, recur_error *error)
{
    recur_model *model = NULL;
    enum recur_status status = recur_model_import(path, NULL, &model, NULL, error);
    recur_model_free(model);
    return status;
}

static enum recur_status import_pytorch(const struct world *world, recur_error *error)
{
    return import(world->pytorch, error);
}

static enum recur_status export_pytorch(const struct world *world, recur_error *error)
{
    return recur_model_export(world->language, RECUR_FORMAT_PYTORCH, world->output, error);
}

static enum recur_status import_onnx(const struct world *world, recur_error *error)
{
    return import(world->onnx, error);
}

static enum recur_status export_onnx(const struct world *world, recur_error *error)
{
    return recur_model_export(world->language, RECUR_FORMAT_ONNX, world->output, error);
}

static enum recur_status import_scans(const struct world *world, recur_error *error)
{
    return import(world->scans, error);
}

static enum recur_status export_scans(const struct world *world, recur_error *error)
{
    return recur_model_export(world->normalised, RECUR_FORMAT_ONNX, world->output, error);
}

static enum recur_status build_corpus_of(const struct world *world, enum recur_tokens tokens,
                                         recur_error *error)
{
    const char *path = world->text;
    recur_corpus_config config = recur_corpus_config_default();
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_text_config cutting = recur_text_config_default();
    cutting.tokens = tokens;
    config.text = &cutting;
    enum recur_status status = recur_corpus_build(&path, 1, &config, &corpus, &vocab, error);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return status;
}

static enum recur_status build_corpus(const struct world *world, recur_error *error)
{
    return build_corpus_of(world, RECUR_TOKENS_CHAR, error);
}

/* Opens a store that has the text's tokens, or fails. */
static enum recur_status open_store(const char *folder, recur_error *error)
{
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    enum recur_status status = recur_store_open(folder, NULL, &corpus, &vocab, error);
    if (status == RECUR_OK && recur_corpus_size(corpus) != 9)
        status = RECUR_ERROR_DATA;
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return status;
}

/* A store whose making fails is made by the next call, which has memory, out of what is there. */
static enum recur_status make_store(const struct world *world, recur_error *error)
{
    static const char *const names[] = {"store.json", "vocabulary.json", "numbers",
                                        "work.json",  "00000.ids",       "00000.raw"};
    const char *path = world->text;
    char folder[620], file[700];
    recur_store_config config = recur_store_config_default();
    recur_text_config cutting = recur_text_config_default();
    cutting.tokens = RECUR_TOKENS_WORD;
    config.text = &cutting;
    config.shard_ids = 65536;
    snprintf(folder, sizeof folder, "%s.store", world->text);
    enum recur_status status = recur_store_make(&path, 1, &config, folder, error), again = status;
    if (status == RECUR_ERROR_MEMORY && recur_store_make(&path, 1, &config, folder, NULL))
        status = RECUR_ERROR_DATA;
    again = open_store(folder, again == RECUR_OK ? error : NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    rmdir(folder);
    return status == RECUR_OK || again != RECUR_OK ? again : status;
}

static enum recur_status build_corpus_of_words(const struct world *world, recur_error *error)
{
    return build_corpus_of(world, RECUR_TOKENS_WORD, error);
}

static enum recur_status encode(const struct world *world, recur_error *error)
{
    const char *path = world->text;
    recur_corpus *corpus = NULL;
    enum recur_status status =
        recur_corpus_encode(&path, 1, recur_model_vocab(world->language), 0, &corpus, error);
    recur_corpus_free(corpus);
    return status;
}

static enum recur_status count_ngrams(const struct world *world, recur_error *error)
{
    recur_ngrams *ngrams = NULL;
    enum recur_status status = recur_ngrams_count(world->corpus, 3, 5, &ngrams, error);
    recur_ngrams_free(ngrams);
    return status;
}

static recur_trainer_config training(void)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 2;
    config.steps = 3;
    config.epochs = 5;
    config.validation = 0.2F;
    config.threads = THREADS;
    return config;
}

static enum recur_status train(const struct world *world, recur_error *error)
{
    const recur_trainer_config config = training();
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    enum recur_status status = make(RECUR_TASK_LM, NULL, &model, error);
    TRY_ALL(recur_trainer_create(model, world->corpus, &config, &trainer, error));
    TRY_ALL(recur_trainer_epoch(trainer, NULL, error));
    TRY_ALL(recur_trainer_finish(trainer, error));
    recur_trainer_free(trainer);
    recur_model_free(model);
    return status;
}

static enum recur_status save_checkpoint(const struct world *world, recur_error *error)
{
    const recur_trainer_config config = training();
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    enum recur_status status = make(RECUR_TASK_LM, NULL, &model, error);
    TRY_ALL(recur_trainer_create(model, world->corpus, &config, &trainer, error));
    TRY_ALL(recur_trainer_step(trainer, NULL, error));
    TRY_ALL(recur_checkpoint_save(trainer, "a note", world->output, error));
    recur_trainer_free(trainer);
    recur_model_free(model);
    return status;
}

static enum recur_status resume(const struct world *world, recur_error *error)
{
    recur_checkpoint *checkpoint = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_resume_config config = recur_resume_config_default();
    config.threads = THREADS;
    enum recur_status status = recur_checkpoint_load(world->checkpoint, &checkpoint, error);
    TRY_ALL(recur_checkpoint_resume(checkpoint, world->corpus, &config, &model, &trainer, error));
    TRY_ALL(recur_trainer_step(trainer, NULL, error));
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_checkpoint_free(checkpoint);
    return status;
}

static enum recur_status read_labels_for(const struct world *world, enum recur_task task,
                                         recur_vocab *known, recur_error *error)
{
    const char *path = world->columns;
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels = NULL, *rest = NULL;
    recur_doubt doubt[RECUR_DOUBTS];
    size_t doubts;
    config.task = task;
    config.unlabelled = task == RECUR_TASK_CLASSIFY || known;
    config.known_words = config.known_labels = known;
    enum recur_status status = recur_labels_read(&path, 1, &config, &labels, error);
    TRY_ALL(recur_labels_doubts(labels, doubt, &doubts, error));
    TRY_ALL(recur_labels_split(labels, 0.4, 1, &rest, error));
    recur_labels_free(rest);
    recur_labels_free(labels);
    return status;
}

static enum recur_status read_columns(const struct world *world, recur_error *error)
{
    return read_labels_for(world, RECUR_TASK_TAG, NULL, error);
}

static enum recur_status read_sentences(const struct world *world, recur_error *error)
{
    return read_labels_for(world, RECUR_TASK_TAG, recur_model_vocab(world->language), error);
}

static enum recur_status read_lines(const struct world *world, recur_error *error)
{
    return read_labels_for(world, RECUR_TASK_CLASSIFY, NULL, error);
}

/* The scores of the held-out words, here those of training, are part of the epoch. */
static enum recur_status train_labels(const struct world *world, recur_error *error)
{
    const recur_trainer_config config = training();
    recur_model_config shape = recur_model_config_default();
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    shape.hidden = two_widths;
    shape.bidirectional = true;
    shape.embedding = shape.character_embedding = shape.character_hidden = 2;
    shape.decoder = RECUR_DECODER_CRF;
    enum recur_status status =
        recur_model_create_labels(&shape, world->sentences, NULL, &model, error);
    TRY_ALL(recur_trainer_create_labels(model, world->sentences, world->sentences, &config,
                                        &trainer, error));
    TRY_ALL(recur_trainer_epoch(trainer, NULL, error));
    TRY_ALL(recur_checkpoint_save(trainer, "a note", world->output, error));
    recur_trainer_free(trainer);
    recur_model_free(model);
    return status;
}

static enum recur_status resume_labels(const struct world *world, recur_error *error)
{
    recur_checkpoint *checkpoint = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_resume_config config = recur_resume_config_default();
    config.threads = THREADS;
    enum recur_status status = recur_checkpoint_load(world->tagging, &checkpoint, error);
    TRY_ALL(recur_checkpoint_resume_labels(checkpoint, world->sentences, world->sentences, &config,
                                           &model, &trainer, error));
    TRY_ALL(recur_trainer_step(trainer, NULL, error));
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_checkpoint_free(checkpoint);
    return status;
}

static enum recur_status use_session(const struct world *world, recur_error *error)
{
    const recur_sampler_config config = recur_sampler_config_default();
    recur_session *session = NULL;
    recur_stepper *stepper = NULL;
    recur_sampler *sampler = NULL;
    enum recur_status status = recur_session_create(world->language, &session, error);
    TRY_ALL(recur_stepper_create(world->language, 1, 1, &stepper, error));
    TRY_ALL(recur_sampler_create(&config, VOCABULARY, 1, &sampler, error));
    if (status == RECUR_OK)
        recur_sample(sampler, recur_stepper_feed(stepper, session, 1));
    recur_sampler_free(sampler);
    recur_stepper_free(stepper);
    recur_session_free(session);
    return status;
}

static enum recur_status take_text(void *user, const char *text, size_t size, recur_error *error)
{
    (void)user;
    (void)text;
    (void)size;
    (void)error;
    return RECUR_OK;
}

static enum recur_status generate(const struct world *world, recur_error *error)
{
    return recur_generate(world->language, "\"", 1, 5, NULL, take_text, NULL, NULL, error);
}

static enum recur_status measure_peak(const struct world *world, recur_error *error)
{
    double rate;
    recur_gauge *gauge = NULL;
    (void)world;
    enum recur_status status = recur_gauge_create_peak(RECUR_PEAK_BF16, 2, &gauge, error);
    if (status == RECUR_OK)
        status = recur_gauge_measure(gauge, 1e-6, &rate, error);
    recur_gauge_free(gauge);
    return status;
}

static enum recur_status measure_reading(const struct world *world, recur_error *error)
{
    double rate;
    recur_gauge *gauge = NULL;
    (void)world;
    enum recur_status status = recur_gauge_create_reading(8192, 2, &gauge, error);
    if (status == RECUR_OK)
        status = recur_gauge_measure(gauge, 1e-6, &rate, error);
    recur_gauge_free(gauge);
    return status;
}

static enum recur_status take_filling(void *user, const recur_filling *filling, recur_error *error)
{
    (void)user;
    (void)filling;
    (void)error;
    return RECUR_OK;
}

static enum recur_status fill(const struct world *world, recur_error *error)
{
    recur_fill_config config = recur_fill_config_default();
    recur_filler *filler = NULL;
    config.alternatives = 2;
    enum recur_status status = recur_filler_create(world->filling, &config, &filler, error);
    TRY_ALL(recur_fill(filler, "\"_\"_", 4, take_filling, NULL, error));
    recur_filler_free(filler);
    return status;
}

static enum recur_status evaluate(const struct world *world, recur_error *error)
{
    recur_evaluation evaluation;
    return recur_evaluate(world->language, world->corpus, 0, TOKENS, THREADS, &evaluation, error);
}

static enum recur_status save_features(const struct world *world, recur_error *error)
{
    return recur_features_save(world->language, world->corpus, 0, THREADS, world->output, error);
}

static const struct {
    const char *name;
    operation *run;
} operations[] = {
    {"recur_model_create", create_model},
    {"recur_model_load", load_model},
    {"recur_model_save", save_model},
    {"recur_model_import, PyTorch", import_pytorch},
    {"recur_model_export, PyTorch", export_pytorch},
    {"recur_store_make", make_store},
    {"recur_corpus_build", build_corpus},
    {"recur_corpus_build, words", build_corpus_of_words},
    {"recur_corpus_encode", encode},
    {"recur_ngrams_count", count_ngrams},
    {"recur_trainer_create", train},
    {"recur_checkpoint_save", save_checkpoint},
    {"recur_checkpoint_resume", resume},
    {"recur_labels_read, columns", read_columns},
    {"recur_labels_read, sentences", read_sentences},
    {"recur_labels_read, lines", read_lines},
    {"recur_trainer_create_labels", train_labels},
    {"recur_checkpoint_resume_labels", resume_labels},
    {"recur_session_create", use_session},
    {"recur_generate", generate},
    {"recur_gauge_create_peak", measure_peak},
    {"recur_gauge_create_reading", measure_reading},
    {"recur_fill", fill},
    {"recur_evaluate", evaluate},
    {"recur_features_save", save_features},
    {"recur_model_import, ONNX", import_onnx},
    {"recur_model_export, ONNX", export_onnx},
    {"recur_model_import, ONNX of scans", import_scans},
    {"recur_model_export, ONNX of scans", export_scans},
};

static void must(enum recur_status status, const recur_error *error)
{
    if (status != RECUR_OK)
        fail_msg("%s", error->message);
}

static void locate(struct world *world, char place[600], const char *name)
{
    snprintf(place, 600, "%s", scratch_path(world->scratch, name));
}

static void make_world(struct world *world)
{
    const char text[] = "the time traveller\n\xe4\xbd\xa0 \"for so it will be\"\n";
    const char columns[] = "The DT O\n\xff NN B\n\nthe DT O\ntraveller NN B\n\nthe DT B\n";
    recur_labels_config tags = recur_labels_config_default();
    recur_error error;
    recur_vocab *vocab = make_vocab(RECUR_TOKENS_CHAR);
    int32_t ids[TOKENS];
    for (size_t i = 0; i < TOKENS; i++)
        ids[i] = (int32_t)(i * i % VOCABULARY);
    locate(world, world->model, "model.safetensors");
    locate(world, world->checkpoint, "checkpoint.safetensors");
    locate(world, world->pytorch, "pytorch.safetensors");
    locate(world, world->onnx, "model.onnx");
    locate(world, world->scans, "scans.onnx");
    locate(world, world->text, "text");
    locate(world, world->output, "output.onnx");
    locate(world, world->columns, "columns");
    locate(world, world->tagging, "tagging.safetensors");
    tags.task = RECUR_TASK_TAG;
    scratch_write(world->text, text, sizeof text - 1);
    scratch_write(world->columns, columns, sizeof columns - 1);
    must(recur_corpus_from_ids(ids, TOKENS, VOCABULARY, &world->corpus, &error), &error);
    must(make(RECUR_TASK_LM, vocab, &world->language, &error), &error);
    must(make(RECUR_TASK_FILL, vocab, &world->filling, &error), &error);
    recur_vocab_free(vocab);
    must(recur_model_save(world->language, world->model, &error), &error);
    must(recur_model_export(world->language, RECUR_FORMAT_PYTORCH, world->pytorch, &error), &error);
    if (recur_model_export(world->language, RECUR_FORMAT_ONNX, world->onnx, &error) != RECUR_OK)
        *world->onnx = '\0'; /* a build without ONNX */
    must(make_normalised(&world->normalised, &error), &error);
    if (*world->onnx)
        must(recur_model_export(world->normalised, RECUR_FORMAT_ONNX, world->scans, &error),
             &error);
    snprintf(world->output, sizeof world->output, "%s", world->checkpoint);
    must(save_checkpoint(world, &error), &error);
    must(recur_labels_read_memory(columns, sizeof columns - 1, &tags, &world->sentences, &error),
         &error);
    snprintf(world->output, sizeof world->output, "%s", world->tagging);
    must(train_labels(world, &error), &error);
    locate(world, world->output, "output.npy");
}

static void end_world(struct world *world)
{
    scratch_files(world->scratch, 1);
    recur_corpus_free(world->corpus);
    recur_labels_free(world->sentences);
    recur_model_free(world->language);
    recur_model_free(world->filling);
    recur_model_free(world->normalised);
}

/* One operation from its first allocation to the one that it does without. */
static void exhaust(const struct world *world, const char *name, operation *run)
{
    const char old[] = "an old file";
    scratch_write(world->output, old, sizeof old - 1);
    size_t files = scratch_files(world->scratch, 0);
    ptrdiff_t before = heap_live();
    bool failed = true;
    for (size_t n = 1; failed; n += STRIDE) {
        recur_error error = {0};
        heap_fail(n);
        enum recur_status status = run(world, &error);
        failed = heap_fail(0);
        if (status != RECUR_OK && (status != RECUR_ERROR_MEMORY || !failed))
            fail_msg("%s, allocation %zu: status %d, %s", name, n, (int)status, error.message);
        if (heap_live() != before)
            fail_msg("%s, allocation %zu: keeps %td bytes", name, n, heap_live() - before);
        if (scratch_files(world->scratch, 0) != files)
            fail_msg("%s, allocation %zu: leaves a file", name, n);
        if (status != RECUR_OK)
            scratch_assert_holds(world->output, old);
        else
            scratch_write(world->output, old, sizeof old - 1);
    }
}

static void every_allocation_may_fail(void **state)
{
    struct world world = {.scratch = *state};
    make_world(&world);
    size_t count = sizeof operations / sizeof *operations - (*world.onnx ? 0 : 4);
    for (size_t i = 0; i < count; i++) {
        exhaust(&world, operations[i].name, operations[i].run);
    }
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
