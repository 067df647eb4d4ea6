/* Chooses the prefixes that a run continues, and how the continuations are drawn. */
#include <string.h>

#include "common/message.h"
#include "train/run.h"

/* Continuations are drawn at random. Those of presets are the most probable, as in the book. */
#define SAMPLE_TEMPERATURE 0.8F

int recur_run_choose_prefixes(struct run *run)
{
    struct text_list *predict = &run->options.out.predict;
    struct prefix_check check = {.vocab = run->vocab};
    recur_error error;
    if (predict->count == 0 &&
        recur_task_serves(recur_train_task(&run->options), RECUR_USE_CONTINUE)) {
        if (recur_first_words(run->corpus, run->vocab, run->first_words, &error) != RECUR_OK)
            return recur_library_failure(run->command, &error);
        if (*run->first_words)
            predict->items[predict->count++] = run->first_words;
        return 0;
    }
    for (size_t i = 0; run->options.predict_given && i < predict->count; i++)
        if (recur_prefix_check(&check, predict->items[i], strlen(predict->items[i]), &error) !=
            RECUR_OK)
            return recur_library_failure(run->command, &error);
    recur_prefix_warn(run->command, "--predict", &check);
    return 0;
}

enum recur_status recur_run_continue(const struct run *run, size_t index, uint64_t epoch,
                                     size_t minibatch, char **text, size_t *size,
                                     recur_error *error)
{
    recur_sampler_config sampling = recur_sampler_config_default();
    sampling.temperature = run->options.preset ? 0 : SAMPLE_TEMPERATURE;
    sampling.seed = run->options.seed + (epoch << 32) + minibatch;
    return recur_continuation(run->model, run->options.out.predict.items[index], &sampling, text,
                              size, error);
}
