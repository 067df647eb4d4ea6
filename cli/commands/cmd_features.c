/* recur features: writes the states of a recurrent layer for each token of a text to a file, as an
 * array. */
#include <stdio.h>

#include "common/message.h"
#include "common/output.h"
#include "common/progress.h"
#include "files/model_text.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/features.h"

struct features_options {
    const char *model, *output, *encoding, *device;
    uint64_t layer, threads;
};

static int write_features(const struct command *command, const struct features_options *options,
                          const struct model_text *opened)
{
    recur_error error;
    size_t layers = recur_model_get_config(opened->model)->layers;
    size_t layer = (size_t)(options->layer ? options->layer : layers) - 1;
    recur_progress_count("computing", "tokens");
    enum recur_status saved = recur_features_save(
        opened->model, opened->corpus, layer, (size_t)options->threads, options->output, &error);
    recur_progress_end();
    if (saved != RECUR_OK)
        return recur_library_failure(command, &error);
    size_t tokens = recur_corpus_size(opened->corpus);
    size_t width = recur_features_width(opened->model, layer);
    fprintf(stderr, "%zu token%s x %zu number%s of layer %zu in %s\n", tokens, recur_plural(tokens),
            width, recur_plural(width), layer + 1, recur_output_name(options->output).text);
    return 0;
}

static int features(const struct command *command, int argc, char **argv)
{
    struct features_options options = {0};
    struct arguments arguments;
    struct model_text opened;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (!options.output)
        return recur_usage_error(command, "--output is missing: a file that ends in .npy or "
                                          ".safetensors");
    status = recur_output_check(command, "output", options.output, OUTPUT_ALONE);
    if (status != 0)
        return status;
    status = recur_model_text_open(command, options.model, arguments.operands[0], options.encoding,
                                   options.output, &opened);
    if (status == 0)
        status = recur_choose_device(command, opened.model, NULL, options.device, 0);
    if (status == 0)
        status = write_features(command, &options, &opened);
    recur_model_text_free(&opened);
    return status;
}

#define AT(field) offsetof(struct features_options, field)

static const struct option_spec options[] = {
    MODEL_ROW(struct features_options, model),
    {OPTION_FILE, 'o', "output", "FILE", AT(output),
     .help = "where the array (tokens, numbers) goes: .npy for NumPy, .safetensors for the tensor "
             "\"features\", - for standard output, as NumPy's; needed"},
    {OPTION_COUNT, 0, "layer", "N", AT(layer), .least = 1, .most = OPTION_LIST_MOST,
     .shown = "the last", .help = "which recurrent layer, from 1, the lowest, up"},
    THREADS_ROW(struct features_options, threads),
    DEVICE_ROW(struct features_options, device),
    ENCODING_ROW(struct features_options, encoding),
    {.help = NULL},
};

const struct command recur_command_features = {
    .name = "features",
    .summary = "write a layer's outputs for each token of a text",
    .operands = "TEXT",
    .about = "Writes what a recurrent layer makes of each token of a text (a file, - for standard "
             "input, or a dataset's name): a row of H numbers, its state after the token, and of a "
             "bidirectional model H more, the backward direction's state. A bidirectional model "
             "reads the text in windows with at least 64 tokens on either side of each.",
    .examples = "  recur features -m model.safetensors book.txt -o book.npy\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = features,
};
