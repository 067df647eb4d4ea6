/* recur_checkpoint_load, and the run that came of it taken up on the seeds' text for a step. */
#include "fuzz.h"
#include "recur/checkpoint.h"
#include "seed_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_file file = fuzz_file_make(bytes, size);
    recur_corpus *corpus = seed_corpus();
    recur_checkpoint *checkpoint = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_error error;
    ptrdiff_t before = fuzz_memory_begin();
    enum recur_status status = recur_checkpoint_load(file.path, &checkpoint, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        recur_resume_config config = recur_resume_config_default();
        config.threads = 1;
        status = recur_checkpoint_resume(checkpoint, corpus, &config, &model, &trainer, &error);
        fuzz_check_error(status, &error);
    }
    if (status == RECUR_OK)
        recur_trainer_step(trainer, NULL, &error); /* the epoch may be over */
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_checkpoint_free(checkpoint);
    fuzz_memory_end(before, size);
    recur_corpus_free(corpus);
    fuzz_file_end(&file);
    return 0;
}
