#include "files/model_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output.h"
#include "common/progress.h"
#include "files/reading.h"
#include "files/store.h"
#include "files/vocabulary.h"

int recur_load_model(const struct command *command, const char *path, const char *input,
                     const char *what, recur_model **model)
{
    recur_error error;
    if (input && strcmp(path, "-") == 0 && strcmp(input, "-") == 0)
        return recur_usage_error(command, "the model and the %s cannot both be standard input",
                                 what);
    recur_progress_files("reading", &path, 1);
    enum recur_status status = recur_model_load(path, model, &error);
    recur_progress_end();
    if (status == RECUR_OK) {
        recur_model_watch(*model, recur_progress_at, NULL);
        return 0;
    }
    if (strcmp(path, STANDARD_MODEL) == 0 && access(path, F_OK) != 0)
        return recur_failure(command, "%s; recur train makes one", error.message);
    return recur_library_failure(command, &error);
}

int recur_ensemble_load(const struct command *command, const char *const *paths, size_t count,
                        const char *input, const char *what, struct ensemble *models)
{
    static const char *const standard[] = {STANDARD_MODEL};
    *models = (struct ensemble){.count = 0};
    paths = count ? paths : standard;
    for (size_t m = 0; m < (count ? count : 1); m++) {
        if (!*paths[m])
            return recur_usage_error(command, "--model must be a file's name, got \"\"");
        int status = recur_load_model(command, paths[m], input, what, &models->model[m]);
        if (status != 0)
            return status;
        models->count++;
        if (m > 0 && !recur_same_vocab(recur_model_vocab(models->model[0]),
                                       recur_model_vocab(models->model[m])))
            return recur_failure(command,
                                 "%s has another vocabulary than %s: only models of the same "
                                 "tokens predict together",
                                 recur_path(paths[m]).text, recur_path(paths[0]).text);
    }
    return 0;
}

void recur_ensemble_free(struct ensemble *models)
{
    for (size_t m = 0; m < models->count; m++)
        recur_model_free(models->model[m]);
}

int recur_choose_device(const struct command *command, recur_model *model, const char *name,
                        const char *device, size_t number)
{
    recur_error error;
    enum recur_device chosen;
    bool good = recur_device_parse(device, &chosen, &error) == RECUR_OK &&
                recur_model_set_gpu(model, chosen, number, &error) == RECUR_OK;
    if (!good)
        return name ? recur_failure(command, "%s: %s", recur_word(name).text, error.message)
                    : recur_library_failure(command, &error);
    const char *why = recur_model_device(model).why;
    if (*why)
        fprintf(stderr, "%s%s cpu: %s\n", name ? recur_word(name).text : "device", name ? ":" : "",
                why);
    return 0;
}

static int check_output(const struct command *command, const char *output, const char *model,
                        const char *text)
{
    if (!output || (!recur_overwrites(output, text) && !recur_overwrites(output, model)))
        return 0;
    const char *lost = recur_overwrites(output, text) ? text : model;
    return recur_usage_error(command, "--output would overwrite %s", recur_path(lost).text);
}

int recur_model_text_open(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened)
{
    *opened = (struct model_text){.model = NULL};
    int status = recur_load_model(command, model, text, "text", &opened->model);
    return status ? status : recur_model_text_read(command, model, text, encoding, output, opened);
}

/* Opens a store in place of a text. */
static int read_store(const struct command *command, const char *model, const char *encoding,
                      struct model_text *opened)
{
    recur_vocab *vocab;
    if (encoding)
        return recur_usage_error(command, "--encoding is for texts, and %s is a store of ids",
                                 recur_path(opened->path).text);
    int status = recur_open_store(command, opened->path, 0, &opened->corpus, &vocab);
    if (status != 0)
        return status;
    bool same = recur_same_vocab(vocab, recur_model_vocab(opened->model));
    recur_vocab_free(vocab);
    if (!same)
        return recur_failure(command,
                             "the store %s has another vocabulary than the model; recur tokenize "
                             "--vocab %s makes one with the model's",
                             recur_path(opened->path).text, recur_path(model).text);
    status = recur_check_store(command, opened->path, 0);
    if (status != 0)
        return status;
    recur_warn_unknown(command, recur_path(opened->path).text, recur_corpus_unknown(opened->corpus),
                       recur_corpus_size(opened->corpus));
    return 0;
}

int recur_model_text_read(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened)
{
    recur_error error;
    if (recur_model_labels(opened->model))
        return recur_failure(
            command,
            "the model labels %s and predicts no tokens: recur predict puts it "
            "to use",
            recur_task_serves(recur_model_get_config(opened->model)->task, RECUR_USE_LABEL_WORDS)
                ? "words"
                : "texts");
    recur_vocab *vocab = recur_model_vocab(opened->model);
    if (!vocab)
        return recur_failure(command, "%s has no vocabulary, so it cannot read text",
                             recur_path(model).text);
    opened->path = recur_dataset_resolve(command, text, &opened->datasets);
    if (!opened->path)
        return STATUS_FAILURE;
    int status = check_output(command, output, model, opened->path);
    if (status != 0)
        return status;
    if (recur_store_is(opened->path))
        return read_store(command, model, encoding, opened);
    recur_text_config file = recur_text_config_default();
    recur_corpus_config reading = recur_corpus_config_default();
    file.encoding = encoding;
    reading.text = &file;
    recur_progress_files("reading", &opened->path, 1);
    enum recur_status read =
        recur_corpus_encode_files(&opened->path, 1, vocab, &reading, &opened->corpus, &error);
    recur_progress_end();
    if (read != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_warn_read(command, recur_path(opened->path).text, encoding,
                    recur_corpus_stats(opened->corpus)->invalid,
                    recur_corpus_marks(opened->corpus));
    recur_warn_unknown(command, recur_path(opened->path).text, recur_corpus_unknown(opened->corpus),
                       recur_corpus_size(opened->corpus));
    return 0;
}

void recur_model_text_free(struct model_text *opened)
{
    recur_corpus_free(opened->corpus);
    recur_model_free(opened->model);
}
