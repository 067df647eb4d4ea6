/* The fuzz targets that import a model try each thing that a caller may say of it. */
#ifndef RECUR_TESTS_IMPORTS_H
#define RECUR_TESTS_IMPORTS_H

#include <string.h>

#include "fuzz.h"
#include "recur/convert.h"

typedef enum recur_status import_fn(const char *path, const recur_import_config *config,
                                    recur_model **model, recur_error *error);

static inline void fuzz_import(import_fn *import, const uint8_t *bytes, size_t size)
{
    const enum recur_cell cell = RECUR_CELL_GRU_RESET_BEFORE;
    const enum recur_activation activation = RECUR_ACTIVATION_RELU;
    recur_import_config said[5];
    for (size_t i = 0; i < 5; i++)
        said[i] = recur_import_config_default();
    said[1].cell = &cell;
    said[2].activation = &activation;
    said[3].inputs = 3;
    said[4].inputs = 1;
    struct fuzz_file file = fuzz_file_make(bytes, size);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        recur_model *model = NULL;
        recur_error error;
        ptrdiff_t before = fuzz_memory_begin();
        enum recur_status status = import(file.path, &said[i], &model, &error);
        fuzz_check_error(status, &error);
        FUZZ_CHECK(status == RECUR_OK || strncmp(error.message, "a recur_", 8) != 0,
                   "nothing was read: %s", error.message);
        if (status == RECUR_OK)
            FUZZ_CHECK(recur_model_save(model, "/dev/null", &error) == RECUR_OK,
                       "what was read cannot be written: %s", error.message);
        recur_model_free(model);
        fuzz_memory_end(before, size);
        if (status != RECUR_OK && status != RECUR_ERROR_ARGUMENT) /* whatever is said */
            break;
    }
    fuzz_file_end(&file);
}

#endif
