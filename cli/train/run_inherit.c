/* --init-from: the model that a run goes on from. */
#include <math.h>
#include <string.h>

#include "common/message.h"
#include "common/progress.h"
#include "recur/convert.h"
#include "recur/evaluate.h"
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

/* How many tokens of the text, of labelled texts of those that are learnt, the other model lacks.
 */
static size_t count_unknown(const struct run *run)
{
    const recur_vocab *vocab = recur_model_vocab(run->model), *from = recur_model_vocab(run->from);
    uint64_t known = 0;
    if (!run->options.labels)
        return recur_corpus_unknown(run->corpus);
    for (int32_t id = 1; (size_t)id < recur_vocab_size(from); id++)
        known += recur_vocab_count(vocab, id) - recur_vocab_count(from, id);
    return recur_labels_tokens(run->train) - (size_t)known;
}

/* Warns where more than a twentieth of the text is read as <unk> and need not be. */
static void warn_unknown(const struct run *run)
{
    enum { FEW = 20 };
    if (strcmp(run->options.vocabulary, "keep") != 0 || recur_run_reads_store(run))
        return;
    size_t unknown = count_unknown(run);
    size_t tokens =
        run->options.labels ? recur_labels_tokens(run->train) : recur_corpus_size(run->corpus);
    if (unknown > tokens / FEW)
        recur_warning(run->command,
                      "%s: %zu of %zu tokens are unknown to the model that the run goes on from, "
                      "and read as <unk>: --vocabulary grow adds them",
                      run->given_name.text, unknown, tokens);
}

/* Does the run's model do what the other one did? A label that is new it cannot know. */
static bool is_continued(const struct run *run)
{
    return recur_model_get_config(run->model)->task == recur_model_get_config(run->from)->task &&
           (!run->options.labels || run->inherited == recur_model_parameters(run->model));
}

/* Measures the model on what is held out, as the end of an epoch does. */
static enum recur_status measure(struct run *run, recur_error *error)
{
    recur_score_table *table;
    recur_evaluation evaluation;
    size_t held_out = recur_trainer_valid_tokens(run->trainer), threads = run->config.threads;
    enum recur_status status = RECUR_OK;
    if (run->options.labels && run->valid) {
        status = recur_score(run->model, run->valid, threads, &table, error);
        if (status != RECUR_OK)
            return status;
        run->loss_before = recur_score_table_scores(table)->loss;
        run->accuracy_before = recur_score_table_scores(table)->accuracy;
        recur_score_table_free(table);
    } else if (!run->options.labels && held_out) {
        status = recur_evaluate(run->model, run->corpus, recur_corpus_size(run->corpus) - held_out,
                                held_out, threads, &evaluation, error);
        if (status == RECUR_OK)
            run->loss_before = evaluation.loss;
    }
    return status;
}

int recur_run_compare(struct run *run)
{
    recur_error error;
    run->loss_before = run->accuracy_before = NAN;
    if (!run->from || run->resumed || run->ranks.rank > 0)
        return 0;
    warn_unknown(run);
    if (!is_continued(run) || run->options.out.quiet || run->ranks.all)
        return 0; /* several processes share a validation */
    enum recur_status status = measure(run, &error);
    return status == RECUR_OK || status == RECUR_ERROR_DIVERGED
               ? 0
               : recur_library_failure(run->command, &error);
}

bool recur_run_gained_nothing(const struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run);
    return best && best->valid_loss >= run->loss_before; /* false where either is NaN */
}
