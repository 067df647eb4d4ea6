#include "explain/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/parts.h"
#include "explain/stages.h"
#include "recur/sample_text.h"

enum recur_status explain_fail(recur_error *error, enum recur_status status, const char *format,
                               ...)
{
    va_list values;
    va_start(values, format);
    if (error) {
        error->status = status;
        vsnprintf(error->message, sizeof error->message, format, values);
    }
    va_end(values);
    return status;
}

enum recur_status explain_take(size_t count, size_t size, void *block, recur_error *error)
{
    void *made = recur_try(count, size);
    if (!made)
        return explain_fail(error, RECUR_ERROR_MEMORY, "out of memory for an explanation");
    memcpy(block, &made, sizeof made);
    return RECUR_OK;
}

struct explain_settings explain_settings_default(void)
{
    struct explain_settings settings = {.model = recur_model_config_default(),
                                        .trainer = recur_trainer_config_default(),
                                        .updates = EXPLAIN_UPDATES_STANDARD};
    settings.model.cell = RECUR_CELL_RNN;
    settings.trainer.batch = settings.trainer.steps = 0;
    settings.trainer.optimizer = RECUR_OPTIMIZER_SGD;
    settings.trainer.lr = 1;
    settings.trainer.device = RECUR_DEVICE_CPU;
    settings.trainer.threads = 1;
    return settings;
}

const char *explain_story(size_t *size)
{
    const char *story = recur_sample_text(NULL), *paragraph = strstr(story, "\n\n");
    const char *sentence = paragraph ? paragraph + 2 : story; /* a title stands before it */
    *size = strcspn(sentence, ".\n") + 1;
    return sentence;
}

enum recur_status explain_make(struct explain *explain, const struct explain_settings *settings,
                               const char *bytes, size_t size, recur_error *error)
{
    if (!explain_knows_cell(settings->model.cell))
        return explain_fail(error, RECUR_ERROR_UNSUPPORTED, "the cell %s is not explained",
                            recur_cell_name(settings->model.cell));
    explain->settings = *settings;
    explain->L = settings->model.layers;
    TRY(explain_make_text(explain, bytes, size, error));
    TRY(explain_make_passes(explain, error));
    return explain_make_training(explain, error);
}

void explain_free(struct explain *explain)
{
    for (size_t i = 0; i < EXPLAIN_SAMPLINGS; i++) {
        free(explain->batches[i].x);
        free(explain->batches[i].y);
        free(explain->batches[i].position);
    }
    for (size_t i = 0; i < explain->tensors; i++) {
        free(explain->tensor[i].before);
        free(explain->tensor[i].gradient);
        free(explain->tensor[i].after);
    }
    for (size_t i = 0; i < EXPLAIN_LAYERS; i++) {
        free(explain->all[i].h);
        free(explain->all[i].c);
        free(explain->last[i].h);
        free(explain->last[i].c);
    }
    free(explain->tensor);
    free(explain->h);
    free(explain->c);
    free(explain->output);
    free(explain->logits);
    free(explain->probability);
    free(explain->trace.recurrent);
    free(explain->trace.sum);
    free(explain->trace.gate);
    free(explain->losses);
    free(explain->continued[0].bytes);
    free(explain->continued[1].bytes);
    recur_model_free(explain->model);
    recur_corpus_free(explain->corpus);
    recur_vocab_free(explain->vocab);
    *explain = (struct explain){.name = NULL};
}
