/* ONNX files: what recur_model_import does with a path that ends in .onnx. */
#include "imports.h"
#include "io/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_import(recur_onnx_read, bytes, size);
    return 0;
}
