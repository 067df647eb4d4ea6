#include "common/output.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/message.h"
#include "recur/file.h"

void recur_json_put_rounded(recur_json_writer *json, const char *key, double value, int digits)
{
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, value);
    recur_json_put_number(json, key, isfinite(value) ? strtod(text, NULL) : value, 12);
}

void recur_json_put_scores(recur_json_writer *json, const recur_scores *scores, const char *prefix)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"accuracy", scores->accuracy},
                   {"precision", scores->precision},
                   {"recall", scores->recall},
                   {"f1", scores->f1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", prefix, numbers[i].name);
        recur_json_put_rounded(json, name, numbers[i].value, 12);
    }
}

void recur_json_put_epoch(recur_json_writer *json, const recur_epoch *epoch)
{
    recur_json_put_u64(json, "epoch", epoch->epoch);
    recur_json_put_rounded(json, "loss", epoch->loss, 12);
    recur_json_put_rounded(json, "perplexity", exp(epoch->loss), 12);
    recur_json_put_rounded(json, "valid_loss", epoch->valid_loss, 12);
    recur_json_put_rounded(json, "valid_perplexity", exp(epoch->valid_loss), 12);
    recur_json_put_rounded(json, "tokens_per_second", epoch->tokens_per_second, 7);
    recur_json_put_rounded(json, "gradient_norm", epoch->gradient_norm, 7);
    /* The rate comes from a float: more digits would be noise. */
    recur_json_put_rounded(json, "lr", epoch->lr, 7);
    recur_json_put_rounded(json, "seconds", epoch->seconds, 6);
    const recur_scores scores = {.accuracy = epoch->valid_accuracy,
                                 .precision = epoch->valid_precision,
                                 .recall = epoch->valid_recall,
                                 .f1 = epoch->valid_f1};
    if (isfinite(scores.accuracy))
        recur_json_put_scores(json, &scores, "valid_");
}

int recur_json_print(const struct command *command, recur_json_writer *json)
{
    recur_error error;
    bool written = recur_json_check(json, "the JSON", &error) == RECUR_OK;
    if (written)
        puts(json->text);
    recur_json_writer_free(json);
    return written ? 0 : recur_library_failure(command, &error);
}

/* How many of the model's parameters a file of the format has. */
static size_t count_held(const recur_model *model, enum recur_format format)
{
    size_t count = 0;
    if (!recur_format_describe(format)->layers_alone)
        return recur_model_parameters(model);
    for (size_t t = 0; t < recur_model_tensors(model); t++) {
        recur_tensor_info tensor = recur_model_tensor(model, t);
        if (strncmp(tensor.name, "rnn.", 4) == 0)
            count += tensor.shape[0] * tensor.shape[1];
    }
    return count;
}

static void print_input(FILE *stream, const recur_model_config *config)
{
    if (config->inputs > 0)
        fprintf(stream, ", reads %zu number%s", config->inputs, recur_plural(config->inputs));
    else if (config->embedding > 0)
        fprintf(stream, ", embedding %zu", config->embedding);
    else if (!recur_task_serves(config->task, RECUR_USE_LABEL_WORDS))
        fputs(", one-hot input", stream);
}

/* Prints the precision of weights. Only recur's own files have weights of fewer bits; other formats
 * have floats with the same values. */
static void print_quantization(FILE *stream, const recur_model *model, enum recur_format format)
{
    enum recur_quantization quantization = recur_model_quantization(model);
    if (quantization != RECUR_QUANTIZATION_NONE)
        fprintf(stream, ", %s %s",
                recur_format_describe(format)->quantization ? "quantised to"
                                                            : "floats that were rounded to",
                recur_quantization_name(quantization));
}

struct device_text recur_device_text(const recur_model *model)
{
    struct device_text text = {"cpu"};
    recur_device_use use = recur_model_device(model);
    if (use.device != RECUR_DEVICE_CPU)
        snprintf(text.text, sizeof text.text, "cuda %d.%d", use.info.capability_major,
                 use.info.capability_minor);
    return text;
}

void recur_print_model(FILE *stream, const recur_model *model, enum recur_format format)
{
    const recur_model_config *config = recur_model_get_config(model);
    const recur_format_info *info = recur_format_describe(format);
    size_t held = count_held(model, format);
    fputs(recur_cell_name(config->cell), stream);
    if (config->cell == RECUR_CELL_RNN)
        fprintf(stream, " %s", recur_activation_name(config->activation));
    for (size_t i = 0; i < config->layers; i++)
        fprintf(stream, "%s%zu", i ? "," : " ", config->hidden[i]);
    if (recur_task_serves(config->task, RECUR_USE_FILL))
        fputs(", fills blanks", stream);
    if (recur_task_serves(config->task, RECUR_USE_LABEL_WORDS))
        fprintf(stream, ", tags words with %zu label%s (%s)", config->labels,
                recur_plural(config->labels), recur_decoder_name(config->decoder));
    if (recur_task_serves(config->task, RECUR_USE_LABEL_TEXTS))
        fprintf(stream, ", classifies texts with %zu label%s (pool %s)", config->labels,
                recur_plural(config->labels), recur_pool_name(config->pool));
    if (config->bidirectional)
        fprintf(stream, ", both directions (%s)", recur_merge_name(config->merge));
    if (!info->layers_alone)
        print_input(stream, config);
    print_quantization(stream, model, format);
    if (config->characters > 0)
        fprintf(stream, ", characters %zu into %zu", config->character_embedding,
                config->character_hidden);
    if (config->dropout > 0 && info->settings)
        fprintf(stream, ", dropout %g%s", (double)config->dropout,
                config->dropout_kind == RECUR_DROPOUT_LOCKED ? " (locked)" : "");
    if (config->input_dropout > 0 && info->settings)
        fprintf(stream, ", input dropout %g", config->input_dropout);
    if (config->weight_drop > 0 && info->settings)
        fprintf(stream, ", weight drop %g", (double)config->weight_drop);
    fputs(", ", stream);
    if (held < recur_model_parameters(model))
        fprintf(stream, "%zu of the model's ", held);
    fprintf(stream, "%zu parameters\n", recur_model_parameters(model));
}

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

int recur_output_check(const struct command *command, const char *option, const char *path,
                       enum output_kind kind)
{
    recur_error error;
    const char *dashes = option ? "--" : "", *name = option ? option : "OUT";
    if (is_standard(path) && kind == OUTPUT_BESIDE)
        return recur_usage_error(command,
                                 "%s%s: other results go to standard output; give the name of a "
                                 "file",
                                 dashes, name);
    if (is_standard(path) && isatty(STDOUT_FILENO) == 1)
        return recur_usage_error(command,
                                 "%s%s: standard output is a terminal, which cannot show such a "
                                 "file; send it to a file or a pipe",
                                 dashes, name);
    if (recur_file_can_write(path, &error) == RECUR_OK)
        return 0;
    return option ? recur_failure(command, "--%s: %s", option, error.message)
                  : recur_failure(command, "%s", error.message);
}

recur_printable recur_output_name(const char *path)
{
    return recur_path(is_standard(path) ? "standard output" : path);
}

bool recur_ends_in(const char *text, const char *ending)
{
    size_t length = strlen(text), size = strlen(ending);
    return length > size && strcasecmp(text + length - size, ending) == 0;
}

bool recur_model_name_check(const struct command *command, const char *path,
                            enum recur_format format)
{
    static const char *const others[] = {".pt",    ".pth",  ".ckpt", ".pkl",   ".pickle",
                                         ".h5",    ".hdf5", ".npz",  ".npy",   ".gguf",
                                         ".keras", ".t7",   ".pb",   ".tflite"};
    const recur_format_info *info = recur_format_describe(format), *other;
    const char *ending = NULL;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ending = recur_ends_in(path, others[i]) ? others[i] : ending;
    for (unsigned i = 0; (other = recur_format_describe((enum recur_format)i)); i++)
        if (strcmp(other->extension, info->extension) != 0 && recur_ends_in(path, other->extension))
            ending = other->extension;
    if (!ending)
        return true;
    int stem = (int)(strlen(path) - strlen(ending));
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%.*s%s", stem, path, info->extension);
    recur_usage_error(command, "%s would hold %s, not what its name says; name it %s%s",
                      recur_path(path).text, info->file, recur_path(name).text,
                      strcmp(info->extension, ".safetensors") == 0
                          ? ", which safetensors.torch.load_file reads in Python"
                          : "");
    return false;
}

bool recur_overwrites(const char *output, const char *input)
{
    return recur_file_same(is_standard(output) ? "/dev/stdout" : output,
                           is_standard(input) ? "/dev/stdin" : input);
}

bool recur_write_file(const struct command *command, const char *path, const void *bytes,
                      size_t size)
{
    recur_error error;
    if (recur_file_write(path, bytes, size, &error) == RECUR_OK)
        return true;
    recur_failure(command, "%s", error.message);
    return false;
}
