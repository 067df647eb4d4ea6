/* recur_model_load, and the model that came of it, used for a token and written again. */
#include "fuzz.h"
#include "recur/model.h"
#include "recur/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_file file = fuzz_file_make(bytes, size);
    recur_model *model = NULL;
    recur_session *session = NULL;
    recur_stepper *stepper = NULL;
    recur_error error;
    ptrdiff_t before = fuzz_memory_begin();
    enum recur_status status = recur_model_load(file.path, &model, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        FUZZ_CHECK(recur_model_save(model, "/dev/null", &error) == RECUR_OK,
                   "what was read cannot be written: %s", error.message);
        if (recur_session_create(model, &session, &error) == RECUR_OK &&
            recur_stepper_create(model, 1, 1, &stepper, &error) == RECUR_OK)
            recur_stepper_feed(stepper, session, 1);
    }
    recur_stepper_free(stepper);
    recur_session_free(session);
    recur_model_free(model);
    fuzz_memory_end(before, size);
    fuzz_file_end(&file);
    return 0;
}
