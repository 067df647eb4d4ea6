/* recur_checkpoint_load, and the run that came of it taken up for a step: on the seeds' text, or,
 * where the file speaks of such a task, on the seeds' labelled texts. */
#define _GNU_SOURCE /* memmem */
#include <string.h>

#include "fuzz.h"
#include "recur/checkpoint.h"
#include "seed_run.h"

/* What a run of the file may be of: any guess will do, for a wrong one has to be refused. */
static enum recur_task guess(const uint8_t *bytes, size_t size)
{
    static const enum recur_task tasks[] = {RECUR_TASK_TAG, RECUR_TASK_CLASSIFY};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        const char *name = recur_task_name(tasks[i]);
        if (memmem(bytes, size, name, strlen(name)))
            return tasks[i];
    }
    return RECUR_TASK_LM;
}

static enum recur_status resume(const struct seed_data *data, recur_checkpoint *checkpoint,
                                recur_model **model, recur_trainer **trainer, recur_error *error)
{
    recur_resume_config config = recur_resume_config_default();
    config.threads = 1;
    if (data->corpus)
        return recur_checkpoint_resume(checkpoint, data->corpus, &config, model, trainer, error);
    return recur_checkpoint_resume_labels(checkpoint, data->train, data->valid, &config, model,
                                          trainer, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_file file = fuzz_file_make(bytes, size);
    struct seed_data data = seed_data_make(guess(bytes, size));
    recur_checkpoint *checkpoint = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_error error;
    ptrdiff_t before = fuzz_memory_begin();
    enum recur_status status = recur_checkpoint_load(file.path, &checkpoint, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        status = resume(&data, checkpoint, &model, &trainer, &error);
        fuzz_check_error(status, &error);
    }
    if (status == RECUR_OK) {
        recur_trainer_step(trainer, NULL, &error); /* the epoch may be over */
        fuzz_check_error(recur_trainer_end_epoch(trainer, NULL, &error), &error);
    }
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_checkpoint_free(checkpoint);
    fuzz_memory_end(before, size);
    seed_data_free(&data);
    fuzz_file_end(&file);
    return 0;
}
