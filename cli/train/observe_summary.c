/* Describes a run before it begins: its text, its model, and how it is trained. */
#include <math.h>
#include <stdio.h>

#include "common/message.h"
#include "common/number_text.h"
#include "common/output.h"
#include "files/vocabulary.h"
#include "recur/machine.h"
#include "train/observer.h"
#include "train/run.h"

static void print_labels(const struct run *run)
{
    bool tags = recur_task_serves(recur_labels_task(run->train), RECUR_USE_LABEL_WORDS);
    size_t held_out = run->valid ? recur_labels_count(run->valid) : 0;
    size_t count = recur_labels_count(run->train) + held_out;
    size_t tokens = recur_run_tokens(run);
    size_t labels = recur_model_get_config(run->model)->labels;
    const char *sequence = tags ? "sentence" : "text";
    fprintf(stderr, "text   %s: %zu %s%s of %zu %s%s, %zu in the vocabulary, %zu label%s",
            run->given_name.text, count, sequence, recur_plural(count), tokens,
            tags ? "word" : "token", recur_plural(tokens), recur_vocab_size(run->vocab), labels,
            recur_plural(labels));
    if (held_out)
        fprintf(stderr, ", %zu %s%s held out", held_out, sequence, recur_plural(held_out));
    if (recur_labels_layout(run->train) == RECUR_LAYOUT_CONLLU)
        fputs(", CoNLL-U", stderr);
}

/* Says so where the text took much of the time. */
static void print_reading(const struct run *run)
{
    double took = run->fit.text, time = run->options.time;
    if (!(run->fit.end > 0) || took < 0.2 * time)
        return;
    fprintf(stderr, "time   reading the text took %.*f of %g seconds%s\n", took < 10 ? 1 : 0, took,
            time,
            run->options.labels || run->from || run->texts.count == 0 || recur_run_reads_store(run)
                ? ""
                : "; recur tokenize makes a store of it, which is read at once");
}

/* What the run goes on from, and how good that is before it learns. */
static void print_ancestor(const struct run *run)
{
    double before = run->loss_before;
    fprintf(stderr, "from   %s: %zu of %zu parameters, %zu new token%s",
            recur_path(run->options.init_from).text, run->inherited,
            recur_model_parameters(run->model), run->new_tokens, recur_plural(run->new_tokens));
    if (isfinite(before) && run->options.labels)
        fprintf(stderr, "; before: accuracy %.4f", run->accuracy_before);
    else if (isfinite(before))
        fprintf(stderr, "; before: perplexity %s", recur_perplexity(before).text);
    fputc('\n', stderr);
}

static int begin(struct run *run, void *state)
{
    (void)state;
    const char *isa = "";
    recur_machine_isa(&isa, NULL);
    if (run->options.labels) {
        print_labels(run);
    } else {
        size_t tokens = recur_run_tokens(run);
        fprintf(stderr, "text   %s: %zu token%s (%s), %zu in the vocabulary", run->given_name.text,
                tokens, recur_plural(tokens), recur_tokens_text(run->vocab).text,
                recur_vocab_size(run->vocab));
    }
    if (!run->options.labels && recur_trainer_valid_tokens(run->trainer) > 0)
        fprintf(stderr, ", %zu held out", recur_trainer_valid_tokens(run->trainer));
    fputs("\nmodel  ", stderr);
    recur_print_model(stderr, run->model, RECUR_FORMAT_RECUR);
    if (run->from && !run->options.out.resume)
        print_ancestor(run);
    unsigned long long done = recur_trainer_epochs(run->trainer);
    if (run->options.out.resume)
        fprintf(stderr, "resume %s: %llu epoch%s done\n", recur_path(run->options.out.resume).text,
                done, recur_plural(done));
    recur_device_use use = recur_model_device(run->model);
    size_t length = run->config.updates ? run->config.updates : run->config.epochs;
    fprintf(stderr, "run    %s%zu %s%s, %s, ", run->fit.end > 0 ? "about " : "", length,
            run->config.updates ? "minibatch" : "epoch",
            length == 1           ? ""
            : run->config.updates ? "es"
                                  : "s",
            recur_optimizer_name(run->config.optimizer));
    if (run->config.sampled_softmax)
        fprintf(stderr, "softmax over %zu sampled tokens, ", run->config.sampled_softmax);
    if (use.device != RECUR_DEVICE_CPU)
        fprintf(stderr, "%s (%s), ", use.info.name, recur_device_text(run->model).text);
    fprintf(stderr, "%zu thread%s, %s\n", recur_trainer_threads(run->trainer),
            recur_plural(recur_trainer_threads(run->trainer)), isa);
    if (run->choices) {
        fputs("chose ", stderr);
        for (size_t i = 0; i < run->choices; i++)
            fprintf(stderr, " --%s%s%s", run->choice[i].name, *run->choice[i].value ? " " : "",
                    run->choice[i].value); /* a flag has none */
        fprintf(stderr, ": %s\n", run->why);
    }
    print_reading(run);
    if (*use.why)
        fprintf(stderr, "device cpu: %s\n", use.why);
    return 0;
}

const struct observer recur_observe_summary = {
    .loud = true,
    .at = {[MOMENT_BEGIN] = begin},
};
