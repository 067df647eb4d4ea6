/* recur features: what a recurrent layer makes of each token of a text, as an array in a file. */
#include <stdio.h>
#include <string.h>

#include "dataset.h"
#include "message.h"
#include "output.h"
#include "recur/features.h"
#include "text_options.h"

struct features_options {
    const char *model, *output;
    uint64_t layer, threads;
};

static int check(const struct command *command, const struct features_options *options,
                 const char *text)
{
    if (!options->output)
        return recur_usage_error(command, "--output is missing: a file that ends in .npy or "
                                          ".safetensors");
    if (strcmp(options->model, "-") == 0 && strcmp(text, "-") == 0)
        return recur_usage_error(command, "the model and the text cannot both be standard input");
    if (recur_same_file(options->output, text) || recur_same_file(options->output, options->model))
        return recur_usage_error(command, "--output would overwrite %s",
                                 recur_same_file(options->output, text) ? text : options->model);
    return recur_output_check(command, "output", options->output) ? 0 : STATUS_FAILURE;
}

static int write_features(const struct command *command, const struct features_options *options,
                          const recur_model *model, const char *path)
{
    recur_error error;
    recur_corpus *corpus;
    recur_vocab *vocab = recur_model_vocab(model);
    size_t layers = recur_model_get_config(model)->layers;
    size_t layer = (size_t)(options->layer ? options->layer : layers) - 1;
    if (!vocab)
        return recur_failure(command, "%s has no vocabulary, so it cannot read text",
                             recur_text_name(options->model));
    if (recur_corpus_encode(&path, 1, vocab, 0, &corpus, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_warn_invalid(command, recur_text_name(path), recur_corpus_stats(corpus));
    enum recur_status status = recur_features_save(model, corpus, layer, (size_t)options->threads,
                                                   options->output, &error);
    if (status == RECUR_OK)
        fprintf(stderr, "%zu tokens x %zu numbers of layer %zu in %s\n", recur_corpus_size(corpus),
                recur_features_width(model, layer), layer + 1, options->output);
    recur_corpus_free(corpus);
    return status == RECUR_OK ? 0 : recur_library_failure(command, &error);
}

static int features(const struct command *command, int argc, char **argv)
{
    struct features_options options = {0};
    struct arguments arguments;
    recur_error error;
    recur_model *model;
    char dataset[DATASET_PATH_ROOM];
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    status = check(command, &options, arguments.operands[0]);
    if (status != 0)
        return status;
    if (recur_model_load(options.model, &model, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    const char *path = recur_dataset_resolve(command, arguments.operands[0], dataset);
    status = path ? write_features(command, &options, model, path) : STATUS_FAILURE;
    recur_model_free(model);
    return status;
}

#define AT(field) offsetof(struct features_options, field)

static const struct option_spec options[] = {
    {OPTION_FILE, 'm', "model", "MODEL", AT(model), .standard = "model.safetensors",
     .help = "the model's file, - for standard input"},
    {OPTION_FILE, 'o', "output", "FILE", AT(output),
     .help = "where the array (tokens, numbers) goes: .npy for NumPy, .safetensors for the tensor "
             "\"features\"; needed"},
    {OPTION_COUNT, 0, "layer", "N", AT(layer), .least = 1, .most = OPTION_LIST_MOST,
     .shown = "the last", .help = "which recurrent layer, from 1, the lowest, up"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "threads to compute with; the result is the same with any number"},
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
