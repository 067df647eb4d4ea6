/* Makes a store of ids of texts, opens it, and trains a small model on it:
 *
 *     keep_store FOLDER TEXT... */
#include <recur/recur.h>

#include <stdio.h>

/* Makes the store and opens it. */
static enum recur_status keep(const char *const *paths, size_t count, const char *folder,
                              const recur_text_config *text, recur_corpus **corpus,
                              recur_vocab **vocab, recur_error *error)
{
    recur_store_config config = recur_store_config_default();
    config.text = text;
    enum recur_status status = recur_store_make(paths, count, &config, folder, error);
    if (status == RECUR_OK)
        status = recur_store_open(folder, NULL, corpus, vocab, error);
    return status;
}

/* Trains for one epoch. The corpus serves as one in memory does. */
static enum recur_status train(const recur_corpus *corpus, recur_vocab *vocab, recur_error *error)
{
    size_t hidden = 16;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_epoch epoch;
    recur_model_config network = recur_model_config_default();
    recur_trainer_config run = recur_trainer_config_default();
    network.vocabulary = recur_vocab_size(vocab);
    network.hidden = &hidden;
    network.layers = 1;
    run.batch = 2;
    run.steps = 4;
    run.validation = 0;
    enum recur_status status = recur_model_create(&network, vocab, &model, error);
    if (status == RECUR_OK)
        status = recur_trainer_create(model, corpus, &run, &trainer, error);
    if (status == RECUR_OK)
        status = recur_trainer_epoch(trainer, &epoch, error);
    if (status == RECUR_OK)
        printf("loss %.2f after an epoch\n", epoch.loss);
    recur_trainer_free(trainer);
    recur_model_free(model);
    return status;
}

int main(int argc, char **argv)
{
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_error error;
    recur_text_config text = recur_text_config_default();
    if (argc < 3) {
        fputs("usage: keep_store FOLDER TEXT...\n", stderr);
        return 2;
    }
    text.tokens = RECUR_TOKENS_WORD;
    enum recur_status status = keep((const char *const *)argv + 2, (size_t)argc - 2, argv[1], &text,
                                    &corpus, &vocab, &error);
    if (status == RECUR_OK) {
        printf("%zu ids, a vocabulary of %zu\n", recur_corpus_size(corpus),
               recur_vocab_size(vocab));
        status = train(corpus, vocab, &error);
    }
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    if (status != RECUR_OK)
        fprintf(stderr, "keep_store: %s\n", error.message);
    return status == RECUR_OK ? 0 : 1;
}
