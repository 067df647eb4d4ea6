/* Converts a model that PyTorch or another program wrote, to a model file of recur's and to a file
 * for ONNX runtimes:
 *
 *     convert_model IN MODEL ONNX [ACTIVATION]
 *
 * The file of an RNN does not say which activation it has, tanh or relu. */
#include <recur/recur.h>

#include <stdio.h>

static enum recur_status convert(const char *in, const char *out, const char *onnx,
                                 const enum recur_activation *activation, recur_error *error)
{
    recur_model *model = NULL;
    bool fresh_head = false;
    recur_import_config config = recur_import_config_default();
    config.activation = activation; /* NULL where the file says it */
    enum recur_status status = recur_model_import(in, &config, &model, &fresh_head, error);
    if (status == RECUR_OK)
        status = recur_model_export(model, RECUR_FORMAT_RECUR, out, error);
    if (status == RECUR_OK)
        status = recur_model_export(model, RECUR_FORMAT_ONNX, onnx, error);
    recur_model_free(model);
    if (status == RECUR_OK && fresh_head)
        puts("the file has no output layer: the model's is untrained");
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fputs("usage: convert_model IN MODEL ONNX [ACTIVATION]\n", stderr);
        return 2;
    }
    recur_error error;
    enum recur_activation activation;
    bool given = argc > 4;
    if ((given && recur_activation_parse(argv[4], &activation, &error) != RECUR_OK) ||
        convert(argv[1], argv[2], argv[3], given ? &activation : NULL, &error) != RECUR_OK) {
        fprintf(stderr, "convert_model: %s\n", error.message);
        return 1;
    }
    return 0;
}
