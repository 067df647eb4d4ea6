/* Prints the result on stdout: how good the kept model is, and how it continues the prefixes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/message.h"
#include "common/number_text.h"
#include "common/output.h"
#include "common/quote.h"
#include "common/text_out.h"
#include "train/observer.h"
#include "train/run.h"

/* The device as the book writes it. */
static const char *device_word(const struct run *run)
{
    return recur_model_device(run->model).device == RECUR_DEVICE_CPU ? "cpu" : "cuda:0";
}

/* Prints the line on stdout about the kept model. Presets print the book's line, with the
 * perplexity in training. */
static void print_perplexity(const struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run), *kept = best ? best : &run->epoch;
    double speed = run->epoch.tokens_per_second;
    const char *device = device_word(run);
    bool validated = isfinite(kept->valid_loss);
    if (run->options.preset)
        printf("perplexity %.1f, %.1f tokens/sec on %s\n", exp(kept->loss), speed, device);
    else
        printf("perplexity %s, %.1f tokens/sec on %s (%s text, epoch %llu)\n",
               recur_perplexity(validated ? kept->valid_loss : kept->loss).text, speed, device,
               validated ? "held-out" : "training", (unsigned long long)kept->epoch);
}

/* Scores the kept model on the held-out data or, without any, on the data that it learnt from, by
 * all ranks. The others wait for rank 0 without a limit, as it has written the model before. */
static enum recur_status score(const struct run *run, recur_score_table **table, recur_error *error)
{
    const recur_labels *data = run->valid ? run->valid : run->train;
    const struct ranks *ranks = &run->ranks;
    double patience = ranks->rank > 0 ? (double)INFINITY : (double)ranks->seconds;
    if (!ranks->all)
        return recur_score(run->model, data, run->config.threads, table, error);
    return recur_score_ranks(ranks->all, run->model, data, RECUR_SCHEME_AUTO, run->config.threads,
                             patience, table, error);
}

/* Prints how well the kept model labels. */
static int print_scores(struct run *run)
{
    recur_score_table *table;
    recur_error error;
    if (score(run, &table, &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    const recur_scores *scores = &run->scores;
    run->scores = *recur_score_table_scores(table);
    recur_score_table_free(table);
    printf("accuracy %.4f", scores->accuracy);
    if (isfinite(scores->f1))
        printf(", f1 %.4f", scores->f1);
    printf(" on %s data, %.1f tokens/sec on %s\n", run->valid ? "held-out" : "training",
           run->epoch.tokens_per_second, device_word(run));
    return 0;
}

/* Prints the continuations and collects them. */
static int print_predictions(struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run);
    uint64_t epoch = best ? best->epoch : run->epoch.epoch;
    size_t minibatch = recur_run_ends_in_part(run) ? run->step.minibatch : 0;
    for (size_t i = 0; i < run->options.out.predict.count; i++) {
        recur_error error;
        char *text;
        size_t size;
        if (recur_run_continue(run, i, epoch, minibatch, &text, &size, &error) != RECUR_OK)
            return recur_library_failure(run->command, &error);
        recur_text_line(stdout, text, size);
        recur_token all = {text, size};
        recur_json_put_token(&run->predictions, NULL, all);
        free(text);
    }
    return 0;
}

static int end(struct run *run, void *state)
{
    (void)state;
    int status = 0;
    if (run->options.labels)
        status = print_scores(run);
    else
        print_perplexity(run);
    if (status != 0 || run->ranks.rank > 0)
        return status;
    recur_json_open(&run->predictions, NULL, '[');
    status = print_predictions(run);
    recur_json_close(&run->predictions, ']');
    fflush(stdout);
    return status;
}

static int close_result(struct run *run, void *state)
{
    (void)state;
    recur_json_writer_free(&run->predictions);
    return 0;
}

const struct observer recur_observe_result = {
    .all_ranks = true, /* each scores some of the labels */
    .at = {[MOMENT_END] = end, [MOMENT_CLOSE] = close_result},
};
