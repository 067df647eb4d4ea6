/* --init-from: the model that a run goes on from. */
#include <string.h>

#include "common/message.h"
#include "common/progress.h"
#include "recur/convert.h"
#include "train/run.h"

/* Can a run go on from the model? Prints why not. */
static int check(const struct run *run, const char *path)
{
    recur_printable name = recur_path(path);
    enum recur_quantization quantization = recur_model_quantization(run->from);
    if (quantization != RECUR_QUANTIZATION_NONE)
        return recur_failure(
            run->command,
            "--init-from: %s is quantised to %s and is not trained any more; go on "
            "from the model that it was made of",
            name.text, recur_quantization_name(quantization));
    if (recur_model_get_config(run->from)->inputs)
        return recur_failure(run->command,
                             "--init-from: %s reads numbers and no tokens: a program trains it "
                             "(recur/stack.h)",
                             name.text);
    if (!recur_model_vocab(run->from))
        return recur_failure(run->command,
                             "--init-from: %s has no vocabulary, so what its ids mean is not "
                             "known; recur convert --vocab FILE gives it one",
                             name.text);
    return 0;
}

int recur_run_open_ancestor(struct run *run)
{
    const char *path = run->options.init_from;
    recur_error error;
    if (!path || run->from)
        return 0;
    if (!run->options.out.quiet)
        recur_progress_files("reading", &path, 1);
    enum recur_status status = recur_model_import(path, NULL, &run->from, NULL, &error);
    recur_progress_end();
    if (status != RECUR_OK)
        return recur_library_failure(run->command, &error);
    int failed = check(run, path);
    return failed
               ? failed
               : recur_train_options_inherit(run->command, &run->options, &run->texts, run->from);
}

void recur_run_ancestral_text(const struct run *run, struct text_config *config)
{
    if (!run->from)
        return;
    config->vocab.base = recur_model_vocab(run->from);
    if (strcmp(run->options.vocabulary, "keep") == 0)
        config->vocab.min_count = UINT64_MAX;
}

enum recur_status recur_run_inherit(struct run *run, recur_error *error)
{
    if (!run->from)
        return RECUR_OK;
    size_t grown = recur_vocab_size(recur_model_vocab(run->model)) -
                   recur_vocab_size(recur_model_vocab(run->from));
    run->new_tokens = grown;
    enum recur_status status = recur_model_inherit(run->model, run->from, &run->inherited, error);
    if (status == RECUR_OK && grown && run->config.freeze)
        recur_warning(run->command,
                      "--freeze leaves the rows of %zu new token%s as they were drawn: "
                      "--vocabulary keep reads such tokens as <unk>",
                      grown, recur_plural(grown));
    return status;
}
