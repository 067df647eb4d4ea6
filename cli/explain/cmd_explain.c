/* recur explain: the whole way of a text through a network, stage by stage, in numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/output.h"
#include "explain/explain.h"
#include "files/dataset.h"
#include "files/reading.h"
#include "options/text_options.h"

struct explain_options {
    struct text_options text;
    recur_model_config model;
    recur_trainer_config trainer;
    struct count_list hidden;
    uint64_t layers, embedding, batch, steps, seed, updates;
    const char *stage, *html;
    bool json;
};

/* A text in memory. */
struct source {
    enum explain_origin origin;
    const char *path;         /* of a file */
    struct grown_text loaded; /* what was read from it */
    const char *bytes;
    size_t size;
    bool cut;
    uint64_t invalid;
};

static enum recur_status load(void *user, const recur_token *tokens, size_t count,
                              recur_error *error)
{
    struct source *source = user;
    for (size_t i = 0; i < count; i++) {
        if (source->loaded.size + tokens[i].size > EXPLAIN_TEXT) {
            source->cut = true;
            return RECUR_STOP;
        }
        enum recur_status status =
            recur_grow_text(&source->loaded, tokens[i].bytes, tokens[i].size, "a text", error);
        if (status != RECUR_OK)
            return status;
    }
    return RECUR_OK;
}

/* Reads a file as far as it is shown. What may have no end is read no further either. */
static int load_file(const struct command *command, const recur_text_config *text,
                     struct source *source)
{
    recur_error error;
    recur_text_config config = *text;
    recur_text_stats stats;
    config.clean = RECUR_CLEAN_NONE;
    if (!recur_tokens_as_they_stand(config.tokens))
        config.tokens = RECUR_TOKENS_CHAR;
    if (recur_text_read(source->path, &config, load, source, &stats, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    source->bytes = source->loaded.size ? source->loaded.bytes : "";
    source->size = source->loaded.size;
    source->invalid = stats.invalid;
    recur_warn_read(command, recur_path(source->path).text, config.encoding, source->invalid, 0);
    return 0;
}

/* Was a word meant to be a file's name? A sentence is never one word with an ending. */
static bool looks_like_a_file(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *dot = strrchr(word, '.');
    size_t ending = dot ? strlen(dot + 1) : 0;
    if (strpbrk(word, " \t\n"))
        return false;
    return (dot && dot > word && ending >= 1 && ending <= 5 &&
            strspn(dot + 1, letters) == ending) ||
           *word == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0;
}

static int open_source(const struct command *command, const char *operand,
                       const recur_text_config *text, struct dataset_paths *datasets,
                       struct source *source)
{
    if (!operand) {
        source->bytes = explain_story(&source->size);
        return 0;
    }
    bool file = strcmp(operand, "-") == 0 || access(operand, F_OK) == 0;
    if (!file && !recur_dataset_named(operand)) {
        if (looks_like_a_file(operand))
            return recur_failure(command,
                                 "there is no file %s; a sentence of one word needs a space",
                                 recur_path(operand).text);
        source->origin = EXPLAIN_SENTENCE;
        source->bytes = operand;
        source->size = strlen(operand);
        source->cut = source->size > EXPLAIN_TEXT;
        return 0;
    }
    source->origin = strcmp(operand, "-") == 0 ? EXPLAIN_STREAM : EXPLAIN_FILE;
    source->path = recur_dataset_resolve(command, operand, datasets);
    return source->path ? load_file(command, text, source) : STATUS_FAILURE;
}

static int write_page(const struct command *command, const char *path,
                      const struct explain *explain)
{
    recur_error error;
    struct grown_text page = {0};
    int status = 0;
    if (explain_html(&page, explain, &error) != RECUR_OK)
        status = recur_library_failure(command, &error);
    else if (!recur_write_file(command, path, page.bytes, page.size))
        status = STATUS_FAILURE;
    else if (strcmp(path, "-") != 0)
        fprintf(stderr, "the page is in %s\n", recur_output_name(path).text);
    free(page.bytes);
    return status;
}

static int show(const struct command *command, const struct explain_options *options,
                const struct explain *explain)
{
    if (explain->origin == EXPLAIN_SENTENCE)
        recur_warn_read(command, "the text", "UTF-8", explain->stats.invalid, 0);
    if (options->json) {
        recur_json_writer json = RECUR_JSON_SHOWN;
        explain_put(&json, explain);
        return recur_json_print(command, &json);
    }
    if (options->html)
        return write_page(command, options->html, explain);
    explain_print(explain, options->stage);
    return 0;
}

static int present(const struct command *command, const struct explain_options *options,
                   const struct explain_settings *settings, const struct source *source)
{
    recur_error error;
    struct explain *explain = recur_need(command, 1, sizeof *explain, "an explanation");
    recur_printable name = recur_path(source->path ? source->path : "");
    explain->origin = source->origin;
    explain->name = source->path ? name.text : NULL;
    explain->cut = source->cut;
    int status = explain_make(explain, settings, source->bytes, source->size, &error) == RECUR_OK
                     ? show(command, options, explain)
                     : recur_library_failure(command, &error);
    explain_free(explain);
    free(explain);
    return status;
}

/* Fills in what the library's configurations take from other options. */
static int complete(const struct command *command, struct explain_options *options,
                    bool layers_given, struct explain_settings *settings)
{
    struct count_list *hidden = &options->hidden;
    if (layers_given && hidden->count > 1 && hidden->count != options->layers)
        return recur_usage_error(command,
                                 "--layers %llu does not go with the %zu widths of "
                                 "--hidden",
                                 (unsigned long long)options->layers, hidden->count);
    if (hidden->count > EXPLAIN_LAYERS)
        return recur_usage_error(command, "--hidden has %zu widths; at most %d layers are shown",
                                 hidden->count, EXPLAIN_LAYERS);
    if (hidden->count == 1)
        for (; hidden->count < options->layers; hidden->count++)
            hidden->items[hidden->count] = hidden->items[0];
    options->model.hidden = hidden->items;
    options->model.layers = hidden->count;
    options->model.embedding = (size_t)options->embedding;
    options->model.seed = options->trainer.seed = options->seed;
    options->trainer.batch = (size_t)options->batch;
    options->trainer.steps = (size_t)options->steps;
    settings->model = options->model;
    settings->trainer = options->trainer;
    settings->updates = (size_t)options->updates;
    return 0;
}

static int explain(const struct command *command, int argc, char **argv)
{
    struct explain_settings settings = explain_settings_default();
    struct explain_options options = {.model = settings.model, .trainer = settings.trainer};
    struct arguments arguments;
    struct dataset_paths datasets;
    struct text_config text;
    struct source source = {.path = NULL};
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if ((options.json || options.html) && options.stage)
        return recur_usage_error(command,
                                 "%s has all stages, so it cannot be combined with "
                                 "--stage",
                                 options.json ? "--json" : "--html");
    if (options.json && options.html)
        return recur_usage_error(command, "--json cannot be combined with --html");
    if (options.html &&
        (status = recur_output_check(command, "html", options.html, OUTPUT_ALONE)) != 0)
        return status;
    status =
        complete(command, &options, recur_option_given(command, &arguments, "layers"), &settings);
    if (status != 0)
        return status;
    recur_text_options_config(&options.text, &text);
    settings.corpus = &text.corpus;
    status = open_source(command, arguments.count ? arguments.operands[0] : NULL, &text.text,
                         &datasets, &source);
    if (status == 0 && options.html && source.path && recur_overwrites(options.html, source.path))
        status =
            recur_usage_error(command, "--html would overwrite %s", recur_path(source.path).text);
    if (status == 0)
        status = present(command, &options, &settings, &source);
    free(source.loaded.bytes);
    return status;
}

#define AT(field) offsetof(struct explain_options, field)
#define SETTING(config, list, ...)                                                                 \
    {                                                                                              \
        .kind = OPTION_FIELD, .at = AT(config), .fields = (list), .help = "", .name = __VA_ARGS__  \
    }

static const struct option_spec options[] = {
    {OPTION_CHOICE, 0, "stage", "NAME", AT(stage), .choice = explain_stage_name, .shown = "all",
     .help = "only this stage"},
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "everything as one JSON object: settings, stages, text, dictionary, minibatches, "
             "network, forward, step, backward, training, prediction"},
    {OPTION_FILE, 0, "html", "FILE", AT(html),
     .help = "a page to look at instead, in English and Chinese, which needs no other file; - for "
             "standard output"},
    {OPTION_HEADING, .help = "Text"},
    TEXT_OPTION_ROWS(struct explain_options),
    {OPTION_HEADING, .help = "Network"},
    SETTING(model, recur_model_field, "cell", .shown = "rnn"),
    SETTING(model, recur_model_field, "activation"),
    {OPTION_COUNTS, 0, "hidden", "N[,N...]", AT(hidden), .least = 1, .most = EXPLAIN_HIDDEN,
     .standard = "16", .help = "width of each layer, from the input up"},
    {OPTION_COUNT, 0, "layers", "N", AT(layers), .least = 1, .most = EXPLAIN_LAYERS,
     .standard = "1", .help = "N layers of one width"},
    {OPTION_COUNT, 0, "embed", "N", AT(embedding), .most = EXPLAIN_HIDDEN, .standard = "0",
     .help = "embedding width; 0 feeds one-hot vectors"},
    SETTING(model, recur_model_field, "biases"),
    SETTING(model, recur_model_field, "init"),
    {OPTION_HEADING, .help = "Training"},
    {OPTION_COUNT, 0, "batch", "N", AT(batch), .least = 1, .most = EXPLAIN_BATCH,
     .shown = "2, of a very short text 1", .help = "sequences in a minibatch"},
    {OPTION_COUNT, 0, "steps", "N", AT(steps), .least = 1, .most = EXPLAIN_STEPS,
     .shown = "8, of words 5, of a short text fewer", .help = "time steps of a sequence"},
    SETTING(trainer, recur_trainer_field, "sampling"),
    SETTING(trainer, recur_trainer_field, "optimizer", .shown = "sgd"),
    SETTING(trainer, recur_trainer_field, "lr", .shown = "1"),
    SETTING(trainer, recur_trainer_field, "clip"),
    {OPTION_COUNT, 0, "seed", "N", AT(seed), .most = UINT64_MAX, .standard = "1",
     .help = "of the first parameters and the order of the data"},
    {OPTION_COUNT, 0, "updates", "N", AT(updates), .most = EXPLAIN_UPDATES, .standard = "500",
     .help = "of the stage training: how many minibatches are learned from"},
    {.help = NULL},
};

const struct command recur_command_explain = {
    .name = "explain",
    .summary = "show in numbers how a network learns a text",
    .operands = "[TEXT]",
    .about = "Takes a text through all stages of the tutorial and prints the numbers of each, with "
             "its equation and the source file that computes it: lines, tokens, dictionary, ids, "
             "one-hot vectors, minibatches, a small network, one time step, states, logits, loss, "
             "gradients back through time, clipping, an update, training, prediction.\n\nTEXT is a "
             "sentence; or a file, if there is one of that name, - for standard input, or a "
             "dataset's name. Without it: a sentence of the built-in story.",
    .examples = "  recur explain\n"
                "  recur explain \"the cat sat on the mat and the cat sat\" --tokens word\n"
                "  recur explain --cell lstm --stage step\n"
                "  recur explain --html page.html \"the cat sat on the mat and the cat sat\"\n"
                "  recur explain --steps 32 --stage gradients time_machine\n",
    .options = options,
    .most = 1,
    .takes_text = true,
    .run = explain,
};
