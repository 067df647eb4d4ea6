/* Trains a model of characters on a text and saves it:
 *
 *     train_text MODEL [EPOCHS [TEXT ...]]
 *
 * Without a text it uses the story that is built into the library. */
#include <recur/recur.h>

#include <stdio.h>
#include <stdlib.h>

/* Reads the text as ids, and makes the dictionary of it. */
static enum recur_status read_text(const char *const *paths, size_t count, recur_corpus **corpus,
                                   recur_vocab **vocab, recur_error *error)
{
    recur_text_config text = recur_text_config_default();
    recur_corpus_config config = recur_corpus_config_default();
    text.tokens = RECUR_TOKENS_CHAR;
    config.text = &text;
    if (count > 0)
        return recur_corpus_build(paths, count, &config, corpus, vocab, error);

    size_t size;
    const char *story = recur_sample_text(&size);
    return recur_corpus_build_memory(story, size, &config, corpus, vocab, error);
}

/* Trains, and prints the progress after every epoch. */
static enum recur_status train(recur_model *model, const recur_corpus *corpus, size_t epochs,
                               recur_error *error)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_trainer *trainer;
    config.epochs = epochs;
    config.batch = 16;
    config.lr = 0.005F;
    config.schedule = RECUR_SCHEDULE_COSINE;
    enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
    if (status != RECUR_OK)
        return status;
    for (size_t e = 0; e < config.epochs && status == RECUR_OK; e++) {
        recur_epoch epoch;
        status = recur_trainer_epoch(trainer, &epoch, error);
        if (status == RECUR_OK)
            printf("epoch %zu: %.2f nats per token, %.2f on held-out text\n", e + 1, epoch.loss,
                   epoch.valid_loss);
    }
    if (status == RECUR_OK)
        status = recur_trainer_finish(trainer, error); /* keeps the best epoch */
    recur_trainer_free(trainer);
    return status;
}

static enum recur_status evaluate(const recur_model *model, const recur_corpus *corpus,
                                  recur_error *error)
{
    recur_evaluation evaluation;
    enum recur_status status = recur_evaluate(model, corpus, 0, 0, 0, &evaluation, error);
    if (status == RECUR_OK)
        printf("%llu tokens: perplexity %.1f, %.0f %% of them guessed\n",
               (unsigned long long)evaluation.tokens, evaluation.perplexity,
               100 * evaluation.accuracy);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: train_text MODEL [EPOCHS [TEXT ...]]\n", stderr);
        return 2;
    }
    const char *const *paths = (const char *const *)argv + 3;
    recur_error error;
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_model *model = NULL;
    recur_model_config config = recur_model_config_default();
    const size_t hidden[] = {128};
    config.cell = RECUR_CELL_GRU;
    config.hidden = hidden;
    enum recur_status status =
        read_text(paths, argc > 3 ? (size_t)argc - 3 : 0, &corpus, &vocab, &error);
    if (status == RECUR_OK)
        status = recur_model_create(&config, vocab, &model, &error);
    if (status == RECUR_OK)
        status = train(model, corpus, argc > 2 ? strtoul(argv[2], NULL, 10) : 20, &error);
    if (status == RECUR_OK)
        status = evaluate(model, corpus, &error);
    if (status == RECUR_OK)
        status = recur_model_save(model, argv[1], &error);
    if (status != RECUR_OK)
        fprintf(stderr, "train_text: %s\n", error.message);
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
    return status == RECUR_OK ? 0 : 1;
}
