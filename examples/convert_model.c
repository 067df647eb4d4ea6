/* Makes a model of recur's own, and a file for ONNX runtimes, of what PyTorch or another program
 * wrote:
 *
 *     convert_model IN MODEL ONNX */
#include <recur/recur.h>

#include <stdio.h>

static enum recur_status convert(const char *in, const char *out, const char *onnx,
                                 recur_error *error)
{
    const enum recur_activation tanh = RECUR_ACTIVATION_TANH;
    recur_model *model = NULL;
    bool fresh_head = false;
    recur_import_config config = recur_import_config_default();
    enum recur_status status = recur_model_import(in, &config, &model, &fresh_head, error);
    if (status == RECUR_ERROR_ARGUMENT) { /* an RNN's file does not say which activation it has */
        config.activation = &tanh;
        status = recur_model_import(in, &config, &model, &fresh_head, error);
    }
    if (status == RECUR_OK)
        status = recur_model_export(model, RECUR_FORMAT_RECUR, out, error);
    if (status == RECUR_OK)
        status = recur_model_export(model, RECUR_FORMAT_ONNX, onnx, error);
    if (status == RECUR_OK && fresh_head)
        puts("the file has no output layer: the model's is untrained");
    recur_model_free(model);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: convert_model IN MODEL ONNX\n", stderr);
        return 2;
    }
    recur_error error;
    if (convert(argv[1], argv[2], argv[3], &error) != RECUR_OK) {
        fprintf(stderr, "convert_model: %s\n", error.message);
        return 1;
    }
    return 0;
}
