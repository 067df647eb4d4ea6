#include "files/model_text.h"

#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output.h"
#include "files/reading.h"

int recur_load_model(const struct command *command, const char *path, const char *input,
                     const char *what, recur_model **model)
{
    recur_error error;
    if (input && strcmp(path, "-") == 0 && strcmp(input, "-") == 0)
        return recur_usage_error(command, "the model and the %s cannot both be standard input",
                                 what);
    if (recur_model_load(path, model, &error) == RECUR_OK)
        return 0;
    if (strcmp(path, STANDARD_MODEL) == 0 && access(path, F_OK) != 0)
        return recur_failure(command, "%s; recur train makes one", error.message);
    return recur_library_failure(command, &error);
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
    recur_text_config file = recur_text_config_default();
    recur_corpus_config reading = recur_corpus_config_default();
    file.encoding = encoding;
    reading.text = &file;
    if (recur_corpus_encode_files(&opened->path, 1, vocab, &reading, &opened->corpus, &error) !=
        RECUR_OK)
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
