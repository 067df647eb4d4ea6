/* A run that may be killed at any time. Started again, it goes on from its checkpoint and ends with
 * the same model, to the bit, as a run without interruption:
 *
 *     resume_run CHECKPOINT MODEL LOSSES [EPOCHS] */
#include <recur/recur.h>

#include <stdio.h>
#include <stdlib.h>

static enum recur_status begin(const recur_corpus *corpus, recur_vocab *vocab, size_t epochs,
                               recur_model **model, recur_trainer **trainer, recur_error *error)
{
    const size_t hidden[] = {32};
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    network.hidden = hidden;
    config.epochs = epochs;
    enum recur_status status = recur_model_create(&network, vocab, model, error);
    if (status == RECUR_OK)
        status = recur_trainer_create(*model, corpus, &config, trainer, error);
    return status;
}

static enum recur_status open_run(const char *path, const recur_corpus *corpus, recur_vocab *vocab,
                                  size_t epochs, recur_model **model, recur_trainer **trainer,
                                  recur_error *error)
{
    recur_checkpoint *checkpoint;
    enum recur_status status = recur_checkpoint_load(path, &checkpoint, error);
    if (status == RECUR_ERROR_FILE) /* there is no checkpoint yet */
        return begin(corpus, vocab, epochs, model, trainer, error);
    if (status != RECUR_OK)
        return status;
    recur_resume_config config = recur_resume_config_default();
    config.vocab = vocab; /* checks that it is still the run's */
    config.epochs = epochs;
    status = recur_checkpoint_resume(checkpoint, corpus, &config, model, trainer, error);
    recur_checkpoint_free(checkpoint);
    return status;
}

static enum recur_status train(recur_trainer *trainer, const char *path, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    size_t epochs = recur_trainer_get_config(trainer)->epochs;
    printf("%d of %zu epochs are done\n", (int)recur_trainer_epochs(trainer), epochs);
    while (status == RECUR_OK && recur_trainer_epochs(trainer) < epochs) {
        status = recur_trainer_epoch(trainer, NULL, error);
        if (status == RECUR_OK)
            status = recur_checkpoint_save(trainer, "", path, error);
    }
    if (status == RECUR_OK)
        status = recur_trainer_finish(trainer, error);
    return status;
}

/* Writes a line for each epoch, or for the last ones where there are many. */
static enum recur_status write_losses(const recur_model *model, const char *path,
                                      recur_error *error)
{
    char text[4000];
    size_t count, size = 0;
    const recur_epoch *epoch = recur_model_history(model, &count);
    for (size_t i = count > 100 ? count - 100 : 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d %.6f\n", (int)epoch[i].epoch,
                                 epoch[i].loss);
    return recur_file_write(path, text, size, error);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fputs("usage: resume_run CHECKPOINT MODEL LOSSES [EPOCHS]\n", stderr);
        return 2;
    }
    const char *path = argv[1], *output = argv[2], *losses = argv[3];
    if (recur_file_same(path, output) || recur_file_same(path, losses) ||
        recur_file_same(output, losses)) {
        fputs("resume_run: two of the three are one file\n", stderr);
        return 2;
    }
    recur_error error;
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    size_t size, epochs = argc > 4 ? strtoul(argv[4], NULL, 10) : 10;
    const char *story = recur_sample_text(&size);
    enum recur_status status =
        recur_corpus_build_memory(story, size, NULL, &corpus, &vocab, &error);
    if (status == RECUR_OK)
        status = open_run(path, corpus, vocab, epochs, &model, &trainer, &error);
    if (status == RECUR_OK)
        status = train(trainer, path, &error);
    if (status == RECUR_OK)
        status = recur_model_save(model, output, &error);
    if (status == RECUR_OK)
        status = write_losses(model, losses, &error);
    if (status != RECUR_OK)
        fprintf(stderr, "resume_run: %s\n", error.message);
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
    return status == RECUR_OK ? 0 : 1;
}
