/* recur_model_import of safetensors: PyTorch's state_dicts, the book's networks from scratch. */
#include "imports.h"

static enum recur_status import(const char *path, const recur_import_config *config,
                                recur_model **model, recur_error *error)
{
    return recur_model_import(path, config, model, NULL, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_import(import, bytes, size);
    return 0;
}
