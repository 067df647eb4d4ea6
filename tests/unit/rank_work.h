/* Runs that ranks do together, each a thread of this program; the last one is alone. */
#ifndef TESTS_UNIT_RANK_WORK_H
#define TESTS_UNIT_RANK_WORK_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nn/model_object.h"
#include "rank_threads.h"
#include "recur/checkpoint.h"
#include "recur/labels.h"
#include "recur/predict.h"
#include "recur/sample_text.h"
#include "recur/trainer.h"
#include "tensor_named.h"
#include "train/trainer_object.h"

enum { MOST = 3000000, BATCH = 12, STEPS = 6, EPOCHS = 2, HIDDEN = 24 };

struct rank;

/* One run, which each rank does. */
struct work {
    recur_trainer_config config;
    recur_model_config model;
    size_t most;            /* ranks that same_bits tries */
    size_t tokens;          /* of the text */
    enum recur_tokens cut;  /* what they are */
    size_t differs;         /* this rank, from 1, has a text of its own, or scores other labels */
    size_t stops;           /* this rank, from 1, does nothing after its first minibatch */
    size_t asks;            /* this rank, from 1, asks all to stop after its first minibatch */
    bool moves;             /* messages move without waiting */
    size_t threads;         /* more than one of the first rank */
    enum recur_task labels; /* tag or classify: the ranks learn labels; lm: a text */
    size_t sequences;       /* of labels */
    bool spoils;            /* the last word of the labels has no number before it is scored */
    const char *save;       /* a checkpoint is written here after `after` minibatches; NULL: none */
    const char *resume;     /* the run goes on from this checkpoint */
    size_t after;
    /* Each rank calls it before an epoch ends and afterwards; may be NULL. */
    void (*at_end)(const struct rank *rank, bool before);
};

struct rank {
    const struct work *work;
    recur_ranks ranks;
    struct mailbox mailbox;
    size_t steps;          /* that it did */
    recur_device_info gpu; /* that it was trained on */
    enum recur_status status;
    recur_error error;
    float parameters[MOST];
    double loss, valid_loss, valid_accuracy;
    recur_scores scores; /* of all labels, by the model that was learnt */
    size_t span;
};

static enum recur_status make_corpus(const struct rank *rank, recur_corpus **corpus,
                                     recur_vocab **vocab)
{
    size_t size;
    const char *story = recur_sample_text(&size);
    recur_corpus_config config = recur_corpus_config_default();
    recur_text_config text = recur_text_config_default();
    text.tokens = rank->work->cut;
    config.text = &text;
    config.max_tokens = rank->work->tokens - (rank->work->differs == rank->ranks.rank + 1);
    return recur_corpus_build_memory(story, size, &config, corpus, vocab, NULL);
}

/* Sentences or texts, with more different words than a minibatch reads. */
static enum recur_status make_labels(const struct rank *rank, recur_labels **labels)
{
    char text[12000];
    size_t used = 0;
    unsigned x = 7;
    recur_labels_config config = recur_labels_config_default();
    config.task = rank->work->labels;
    for (unsigned i = 0; i < rank->work->sequences; i++) {
        unsigned length = 1 + (i * 5 + i / 3) % 9;
        if (config.task == RECUR_TASK_CLASSIFY)
            used += (size_t)sprintf(text + used, "%c\t", "xyz"[length % 3]);
        for (unsigned t = 0; t < length; t++) {
            x = x * 69069 + 1;
            used += (size_t)sprintf(text + used, "w%u%s", x >> 16 & 255,
                                    config.task == RECUR_TASK_TAG ? "" : " ");
            if (config.task == RECUR_TASK_TAG)
                used += (size_t)sprintf(text + used, " %c\n", "xyz"[(x >> 16) % 3]);
        }
        text[used++] = '\n';
    }
    return recur_labels_read_memory(text, used, &config, labels, NULL);
}

static enum recur_status run(struct rank *rank, recur_trainer *trainer)
{
    const struct work *work = rank->work;
    while (!recur_trainer_over(trainer) && !recur_trainer_stop_asked(trainer)) {
        recur_step step;
        recur_epoch epoch;
        RECUR_TRY(recur_trainer_step(trainer, &step, &rank->error));
        rank->steps++;
        if (work->stops == rank->ranks.rank + 1)
            return RECUR_OK;
        if (work->asks == rank->ranks.rank + 1)
            recur_trainer_ask_stop(trainer);
        if (work->save && rank->steps == work->after)
            RECUR_TRY(recur_checkpoint_save(trainer, "{}", work->save, &rank->error));
        if (step.end_of_epoch) {
            if (work->at_end)
                work->at_end(rank, true);
            enum recur_status status = recur_trainer_end_epoch(trainer, &epoch, &rank->error);
            if (work->at_end)
                work->at_end(rank, false);
            RECUR_TRY(status);
            rank->loss = epoch.loss;
            rank->valid_loss = epoch.valid_loss;
            rank->valid_accuracy = epoch.valid_accuracy;
        }
    }
    return RECUR_OK;
}

/* What a rank learns from. */
struct data {
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_labels *labels, *valid;
};

static enum recur_status make_data(const struct rank *rank, struct data *data)
{
    if (rank->work->labels == RECUR_TASK_LM)
        return make_corpus(rank, &data->corpus, &data->vocab);
    RECUR_TRY(make_labels(rank, &data->labels));
    return recur_labels_split(data->labels, 0.2, 3, &data->valid, NULL);
}

static enum recur_status resume(struct rank *rank, const struct data *data,
                                const recur_resume_config *config, recur_model **model,
                                recur_trainer **trainer)
{
    recur_checkpoint *checkpoint;
    RECUR_TRY(recur_checkpoint_load(rank->work->resume, &checkpoint, &rank->error));
    enum recur_status status =
        data->corpus ? recur_checkpoint_resume(checkpoint, data->corpus, config, model, trainer,
                                               &rank->error)
                     : recur_checkpoint_resume_labels(checkpoint, data->labels, data->valid, config,
                                                      model, trainer, &rank->error);
    recur_checkpoint_free(checkpoint);
    return status;
}

static enum recur_status create(struct rank *rank, const struct data *data, recur_model **model,
                                recur_trainer **trainer)
{
    recur_resume_config resumes = recur_resume_config_default();
    recur_trainer_config config = rank->work->config;
    recur_error *error = &rank->error;
    config.ranks = resumes.ranks = rank->ranks.count ? &rank->ranks : NULL;
    config.threads = resumes.threads = 1 + (rank->work->threads + rank->ranks.rank) % 2;
    if (rank->work->resume)
        return resume(rank, data, &resumes, model, trainer);
    if (data->corpus) {
        RECUR_TRY(recur_model_create(&rank->work->model, data->vocab, model, error));
        return recur_trainer_create(*model, data->corpus, &config, trainer, error);
    }
    RECUR_TRY(recur_model_create_labels(&rank->work->model, data->labels, NULL, model, error));
    return recur_trainer_create_labels(*model, data->labels, data->valid, &config, trainer, error);
}

/* Makes the model's row of the last word NaN. */
static void spoil(recur_model *model, const recur_labels *data)
{
    static float table[MOST];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t index = tensor_named(model, "embedding.weight"), last = recur_labels_count(data) - 1;
    recur_token word = recur_labels_line(data, last, recur_labels_length(data, last) - 1);
    word.size = strcspn(word.bytes, " ");
    size_t id = (size_t)recur_vocab_id(recur_model_vocab(model), word);
    pthread_mutex_lock(&lock);
    recur_model_get_tensor(model, index, table);
    table[id * recur_model_tensor(model, index).shape[1]] = NAN;
    recur_model_set_tensor(model, index, table);
    pthread_mutex_unlock(&lock);
}

/* Scores all labels, on all ranks. */
static enum recur_status score(struct rank *rank, const struct data *data, recur_model *model)
{
    const struct work *work = rank->work;
    const recur_ranks *ranks = &rank->ranks;
    const recur_labels *labels = data->labels;
    size_t threads = 1 + ranks->rank % 2;
    recur_score_table *table;
    if (work->spoils)
        spoil(model, labels);
    if (work->differs)
        labels = work->differs == ranks->rank + 1 ? data->valid : labels;
    if (ranks->count)
        RECUR_TRY(recur_score_ranks(ranks, model, labels, RECUR_SCHEME_AUTO, threads, 20, &table,
                                    &rank->error));
    else
        RECUR_TRY(recur_score(model, labels, threads, &table, &rank->error));
    rank->scores = *recur_score_table_scores(table);
    recur_score_table_free(table);
    return RECUR_OK;
}

static void *be_a_rank(void *argument)
{
    struct rank *rank = argument;
    struct data data = {.corpus = NULL};
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    rank->status = make_data(rank, &data);
    if (rank->status == RECUR_OK)
        rank->status = create(rank, &data, &model, &trainer);
    if (rank->status == RECUR_OK) {
        rank->gpu = recur_model_device(model).info;
        rank->status = run(rank, trainer);
    }
    if (rank->status == RECUR_OK && data.labels)
        rank->status = score(rank, &data, model);
    if (rank->status == RECUR_OK) {
        size_t span = model->network.params.span;
        recur_model_sync_all(model);
        rank->span = span < MOST ? span : 0;
        memcpy(rank->parameters, model->parameters, rank->span * sizeof(float));
    }
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_vocab_free(data.vocab);
    recur_corpus_free(data.corpus);
    recur_labels_free(data.labels);
    recur_labels_free(data.valid);
    return NULL;
}

static struct rank rank[RANKS + 1]; /* the last one is alone */

/* Does the work on so many ranks; 0: without a communicator. */
static void work_on(const struct work *work, size_t count)
{
    pthread_t thread[RANKS];
    memset(post.line, 0, sizeof post.line);
    struct rank *first = count ? rank : &rank[RANKS];
    post.ranks = count ? count : 1;
    pthread_barrier_init(&post.all, NULL, (unsigned)post.ranks);
    for (size_t r = 0; r < (count ? count : 1); r++) {
        first[r] = (struct rank){.work = work, .mailbox = {.rank = r}};
        if (count)
            first[r].ranks = (recur_ranks){.size = sizeof(recur_ranks),
                                           .rank = r,
                                           .count = count,
                                           .user = &first[r].mailbox,
                                           .send = send_bytes,
                                           .receive = receive_bytes,
                                           .wait = wait_for_all,
                                           .progress = work->moves ? progress : NULL,
                                           .sum = work->config.reduce ? sum : NULL,
                                           .here = r};
        assert_int_equal(pthread_create(&thread[r], NULL, be_a_rank, &first[r]), 0);
    }
    for (size_t r = 0; r < (count ? count : 1); r++)
        pthread_join(thread[r], NULL);
    pthread_barrier_destroy(&post.all);
}

static struct work work_of(void)
{
    static const size_t hidden[] = {HIDDEN, HIDDEN};
    struct work work = {.config = recur_trainer_config_default(),
                        .model = recur_model_config_default()};
    work.model.hidden = hidden;
    work.model.layers = 1;
    work.model.embedding = 8;
    work.most = RANKS;
    work.tokens = 600;
    work.cut = RECUR_TOKENS_WORD;
    work.sequences = 50;
    work.config.batch = BATCH;
    work.config.steps = STEPS;
    work.config.epochs = EPOCHS;
    work.config.blocks = 6; /* no power of two, and three ranks cannot cut it where the tree does */
    work.config.rank_seconds = 20;
    return work;
}

/* All ranks of 1, 2, 3 and so on have what one without a communicator has. */
static inline void same_bits(const struct work *work)
{
    const struct rank *alone = &rank[RANKS];
    work_on(work, 0);
    assert_int_equal(alone->status, RECUR_OK);
    assert_true(alone->span > 0);
    for (size_t count = 1; count <= work->most; count++) {
        work_on(work, count);
        for (size_t r = 0; r < count; r++) {
            assert_string_equal(rank[r].error.message, "");
            assert_int_equal(rank[r].status, RECUR_OK);
            assert_int_equal(rank[r].steps, alone->steps);
            assert_memory_equal(rank[r].parameters, alone->parameters, alone->span * sizeof(float));
            assert_memory_equal(&rank[r].loss, &alone->loss, sizeof alone->loss);
            assert_memory_equal(&rank[r].valid_loss, &alone->valid_loss, sizeof alone->valid_loss);
            assert_memory_equal(&rank[r].scores.loss, &alone->scores.loss, sizeof(double));
            assert_true(!work->labels || rank[r].valid_accuracy == alone->valid_accuracy);
            assert_true(!work->labels || rank[r].scores.f1 == alone->scores.f1 ||
                        isnan(alone->scores.f1));
            assert_int_equal(rank[r].scores.labels, alone->scores.labels);
        }
    }
}

/* Rank 0 has given up the rank of that number, which it names, after a second. */
static inline void assert_given_up(size_t silent)
{
    char sentence[200];
    snprintf(
        sentence, sizeof sentence,
        "rank %zu has not answered rank 0 for 1 seconds: it hangs, was stopped, or its machine "
        "cannot be reached",
        silent);
    assert_int_equal(rank[0].status, RECUR_ERROR_FILE);
    assert_string_equal(rank[0].error.message, sentence);
}

/* All of so many ranks have the same numbers. */
static inline void assert_together(size_t count)
{
    for (size_t r = 0; r < count; r++) {
        assert_string_equal(rank[r].error.message, "");
        assert_int_equal(rank[r].status, RECUR_OK);
        assert_memory_equal(rank[r].parameters, rank[0].parameters, rank[0].span * sizeof(float));
        assert_memory_equal(&rank[r].loss, &rank[0].loss, sizeof rank[0].loss);
        assert_memory_equal(&rank[r].valid_loss, &rank[0].valid_loss, sizeof rank[0].loss);
    }
}

#endif
