/* For a build without protobuf-c. */
#include "io/foreign.h"

static const char sentence[] = "this build of recur has no ONNX: it was made without protobuf-c";

enum recur_status recur_onnx_read(const char *path, const recur_import_config *said,
                                  recur_model **model, recur_error *error)
{
    (void)path, (void)said, (void)model;
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s", sentence);
}

enum recur_status recur_onnx_write(const recur_model *model, const char *path, recur_error *error)
{
    (void)model, (void)path;
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s", sentence);
}
