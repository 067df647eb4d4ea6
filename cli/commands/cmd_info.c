/* recur info: shows what a model file or a store holds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/info_machine.h"
#include "common/message.h"
#include "common/number_text.h"
#include "common/output.h"
#include "files/model_text.h"
#include "files/store.h"
#include "files/vocabulary.h"
#include "options/text_options.h"
#include "recur/fields.h"
#include "recur/trainer.h"

struct info_options {
    bool json, machine, check;
};

enum { SHOWN_EPOCHS = 10 };

/* The settings of a run that are shown first, in this order, and those that are shown elsewhere or
 * not at all. All others follow. */
static const char *const shown_first[] = {
    "optimizer", "lr",       "schedule", "momentum",   "weight_decay", "clip", "batch",
    "steps",     "sampling", "epochs",   "validation", "precision",    "seed",
};
static const char *const not_shown[] = {"beta1",  "beta2",    "alpha",   "epsilon",  "warmup",
                                        "factor", "lr_floor", "blanks",  "patience", "updates",
                                        "stable", "decay",    "threads", "device"};
#define LENGTH(list) (sizeof(list) / sizeof *(list))

static bool is_among(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i < count;
}

/* Is it a setting that is in neither list? */
static bool is_shown_last(const recur_field *field)
{
    const char *name = recur_field_name(field);
    return !is_among(shown_first, LENGTH(shown_first), name) &&
           !is_among(not_shown, LENGTH(not_shown), name);
}

static void put_field(recur_json_writer *json, const recur_field *field, const void *config)
{
    const char *name = recur_field_name(field);
    recur_value value = recur_field_get(field, config);
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: recur_json_put_bool(json, name, value.count); return;
    case RECUR_FIELD_COUNT: recur_json_put_u64(json, name, value.count); return;
    case RECUR_FIELD_NUMBER: recur_json_put_rounded(json, name, value.number, 7); return;
    case RECUR_FIELD_CHOICE: recur_json_put_text(json, name, value.name); return;
    case RECUR_FIELD_WIDTHS:
        recur_json_open(json, name, '[');
        for (size_t i = 0; i < value.count; i++)
            recur_json_put_u64(json, NULL, value.widths[i]);
        recur_json_close(json, ']');
        return;
    }
}

/* Leaves out the seed, which is among the run's settings. */
static void put_config(recur_json_writer *json, const recur_model_config *config)
{
    const recur_field *field;
    recur_json_open(json, "config", '{');
    for (size_t i = 0; (field = recur_model_field(i)); i++)
        if (recur_field_applies(field, config) && strcmp(recur_field_name(field), "seed") != 0)
            put_field(json, field, config);
    recur_json_close(json, '}');
}

static void put_tensors(recur_json_writer *json, const recur_model *model)
{
    recur_json_open(json, "tensors", '[');
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        recur_json_open(json, NULL, '{');
        recur_json_put_text(json, "name", tensor.name);
        recur_json_open(json, "shape", '[');
        for (size_t d = 0; d < tensor.rank; d++)
            recur_json_put_u64(json, NULL, tensor.shape[d]);
        recur_json_close(json, ']');
        recur_json_put_u64(json, "count", tensor.shape[0] * tensor.shape[1]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_history(recur_json_writer *json, const recur_model *model)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    recur_json_open(json, "history", '[');
    for (size_t i = 0; i < count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_epoch(json, &history[i]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_settings(recur_json_writer *json, const recur_trainer_config *settings)
{
    const recur_field *field;
    for (size_t i = 0; i < LENGTH(shown_first); i++)
        put_field(json, recur_field_find(recur_trainer_field, shown_first[i]), settings);
    for (size_t i = 0; (field = recur_trainer_field(i)); i++)
        if (is_shown_last(field))
            put_field(json, field, settings);
}

/* What the model went on from, the last one first; nothing where it began anew. */
static void put_ancestors(recur_json_writer *json, const recur_origin *origin)
{
    if (!origin->ancestor_count)
        return;
    recur_json_open(json, "ancestors", '[');
    for (size_t i = 0; i < origin->ancestor_count; i++) {
        const recur_ancestor *ancestor = &origin->ancestors[i];
        recur_json_open(json, NULL, '{');
        if (ancestor->text)
            recur_json_put_text(json, "text", ancestor->text);
        if (ancestor->command)
            recur_json_put_text(json, "command", ancestor->command);
        recur_json_put_u64(json, "train_tokens", ancestor->train_tokens);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_origin(recur_json_writer *json, const recur_origin *origin)
{
    if (!origin) {
        recur_json_put_null(json, "origin");
        return;
    }
    recur_json_open(json, "origin", '{');
    if (origin->text)
        recur_json_put_text(json, "text", origin->text);
    if (origin->command)
        recur_json_put_text(json, "command", origin->command);
    put_ancestors(json, origin);
    if (origin->settings) {
        recur_json_put_u64(json, "kept_epoch", origin->kept_epoch);
        recur_json_put_u64(json, "train_tokens", origin->train_tokens);
        recur_json_put_u64(json, "valid_tokens", origin->valid_tokens);
        put_settings(json, origin->settings);
    }
    recur_json_close(json, '}');
}

static int print_json(const struct command *command, const recur_model *model)
{
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    put_config(&json, recur_model_get_config(model));
    recur_json_put_u64(&json, "parameters", recur_model_parameters(model));
    put_tensors(&json, model);
    recur_put_vocab(&json, recur_model_vocab(model));
    put_origin(&json, recur_model_origin(model));
    put_history(&json, model);
    if (recur_model_labels(model)) /* the first is no label that the model predicts */
        recur_put_entries(&json, "labels", recur_model_labels(model), 1);
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
}

static void show_shape(recur_tensor_info tensor, char text[48])
{
    if (tensor.rank == 2)
        snprintf(text, 48, "(%zu, %zu)", tensor.shape[0], tensor.shape[1]);
    else
        snprintf(text, 48, "(%zu)", tensor.shape[0]);
}

static int wider(int width, const char *text)
{
    int length = (int)strlen(text);
    return length > width ? length : width;
}

/* Prints columns that are as wide as their widest cell. */
static void print_tensors(const recur_model *model)
{
    int name = 28, shape = 16;
    char text[48];
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        show_shape(recur_model_tensor(model, i), text);
        name = wider(name, recur_model_tensor(model, i).name);
        shape = wider(shape, text);
    }
    printf("\n%-*s %-*s %10s\n", name, "tensor", shape, "shape", "count");
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        show_shape(tensor, text);
        printf("%-*s %-*s %10zu\n", name, tensor.name, shape, text,
               tensor.shape[0] * tensor.shape[1]);
    }
}

static void print_labels(const recur_vocab *vocab)
{
    if (!vocab)
        return;
    printf("\nlabels: %zu\n", recur_vocab_size(vocab) - 1);
    recur_print_entries(vocab, 1);
}

/* The epoch whose parameters the model has; 0 where it is unknown. */
static uint64_t kept_epoch(const recur_model *model)
{
    const recur_origin *origin = recur_model_origin(model);
    return origin ? origin->kept_epoch : 0;
}

static void print_number(double value, int width, int digits)
{
    if (isfinite(value))
        printf(" %*.*f", width, digits, value);
    else
        printf(" %*s", width, "-");
}

static void print_epoch(const recur_epoch *epoch, bool labels, bool kept)
{
    printf("%8llu", (unsigned long long)epoch->epoch);
    print_number(epoch->loss, 10, 4);
    if (!labels)
        print_number(exp(epoch->loss), 12, 3);
    print_number(epoch->valid_loss, 12, 4);
    print_number(labels ? epoch->valid_accuracy : exp(epoch->valid_loss), 16, labels ? 4 : 3);
    if (labels)
        print_number(epoch->valid_f1, 12, 4);
    puts(kept ? "  kept" : "");
}

/* Prints all epochs of a short history, or evenly chosen ones of a long one, always with the last
 * and the kept one. */
static void print_history(const recur_model *model)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    uint64_t kept = kept_epoch(model);
    bool labels = recur_model_labels(model) != NULL;
    printf("\nhistory: %zu epoch%s\n", count, recur_plural(count));
    if (count == 0)
        return;
    if (labels)
        printf("%8s %10s %12s %16s %12s\n", "epoch", "loss", "valid loss", "valid accuracy",
               "valid F1");
    else
        printf("%8s %10s %12s %12s %16s\n", "epoch", "loss", "perplexity", "valid loss",
               "valid perplexity");
    size_t lines = count < SHOWN_EPOCHS ? count : SHOWN_EPOCHS;
    for (size_t i = 0, next = 1; i < count; i++) {
        bool due = i == next * count / lines - 1;
        next += due;
        if (due || history[i].epoch == kept)
            print_epoch(&history[i], labels, history[i].epoch == kept);
    }
}

/* Prints words from a file, escaped so that they cannot control the terminal; words of any length
 * are printed, up to a limit. */
static void print_words(const char *text)
{
    enum { PIECE = 100, MOST = 8000 };
    size_t size = strlen(text), at = 0;
    while (at < size && at < MOST) {
        size_t end = at + PIECE < size ? at + PIECE : size;
        while (end < size && end > at + 1 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--; /* so that no character is cut */
        fputs(recur_show(text + at, end - at, SIZE_MAX, NULL).text, stdout);
        at = end;
    }
    puts(at < size ? "\u2026" : "");
}

static void print_value(const recur_field *field, recur_value value)
{
    if (value.name)
        printf(", %s %s", recur_field_name(field), value.name);
    else
        printf(", %s %g", recur_field_name(field), value.number);
}

static bool is_default(const recur_field *field, recur_value value)
{
    recur_value standard = recur_field_get(field, NULL);
    return value.count == standard.count && value.number == standard.number;
}

/* Prints settings that are in neither list and differ from their defaults. */
static void print_last(const recur_trainer_config *settings)
{
    const recur_field *field;
    for (size_t i = 0; (field = recur_trainer_field(i)); i++) {
        recur_value value = recur_field_get(field, settings);
        if (is_shown_last(field) && !is_default(field, value))
            print_value(field, value);
    }
}

static void print_settings(const recur_trainer_config *settings, const recur_model *model)
{
    printf("settings  %s, lr %g", recur_optimizer_name(settings->optimizer), (double)settings->lr);
    if (settings->schedule != RECUR_SCHEDULE_CONSTANT)
        printf(" (%s)", recur_schedule_name(settings->schedule));
    const recur_model_config *config = recur_model_get_config(model);
    printf(", dropout %g", (double)config->dropout);
    if (config->dropout_kind == RECUR_DROPOUT_LOCKED)
        fputs(" (locked)", stdout);
    if (config->input_dropout > 0)
        printf(", input dropout %g", config->input_dropout);
    if (config->weight_drop > 0)
        printf(", weight drop %g", (double)config->weight_drop);
    printf(", clip %g, batch %zu", (double)settings->clip, settings->batch);
    enum recur_task task = config->task;
    if (!recur_task_serves(task, RECUR_USE_LABEL_WORDS) &&
        !recur_task_serves(task, RECUR_USE_LABEL_TEXTS))
        printf(", steps %zu, %s", settings->steps, recur_sampling_name(settings->sampling));
    if (settings->precision != RECUR_PRECISION_F32)
        printf(", %s", recur_precision_name(settings->precision));
    print_last(settings);
    printf(", seed %llu\n", (unsigned long long)settings->seed);
}

static void print_kept(const recur_model *model, const recur_origin *origin)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    if (!origin->kept_epoch)
        return;
    printf("kept      epoch %llu of %zu", (unsigned long long)origin->kept_epoch, count);
    for (size_t i = 0; i < count; i++) {
        if (history[i].epoch != origin->kept_epoch)
            continue;
        bool valid = isfinite(history[i].valid_loss);
        if (recur_model_labels(model) && isfinite(history[i].valid_accuracy))
            printf(", accuracy %.4f on what was held out", history[i].valid_accuracy);
        else if (!recur_model_labels(model))
            printf(", perplexity %s %s",
                   recur_perplexity(valid ? history[i].valid_loss : history[i].loss).text,
                   valid ? "on what was held out" : "in training");
    }
    putchar('\n');
}

/* Prints the origin that the model's file states. */
static void print_origin(const recur_model *model)
{
    const recur_origin *origin = recur_model_origin(model);
    if (!origin)
        return;
    putchar('\n');
    if (origin->text) {
        fputs("text      ", stdout);
        print_words(origin->text);
    }
    if (origin->settings)
        printf("tokens    %llu trained on, %llu held out\n",
               (unsigned long long)origin->train_tokens, (unsigned long long)origin->valid_tokens);
    print_kept(model, origin);
    if (origin->settings)
        print_settings(origin->settings, model);
    if (origin->command) {
        fputs("command   ", stdout);
        print_words(origin->command);
    }
    for (size_t i = 0; i < origin->ancestor_count; i++) {
        const recur_ancestor *ancestor = &origin->ancestors[i];
        const char *words = ancestor->command ? ancestor->command : ancestor->text;
        fputs("ancestor  ", stdout);
        print_words(words ? words : "from a model that does not say how it was trained");
    }
}

/* Shows a store; with `check` after reading all of it. */
static int show_store(const struct command *command, const char *folder,
                      const struct info_options *options)
{
    int status = options->check ? recur_check_store(command, folder, 0) : 0;
    return status ? status : recur_print_store(command, folder, options->json);
}

static int info(const struct command *command, int argc, char **argv)
{
    struct info_options options = {0};
    struct arguments arguments;
    recur_model *model;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (options.machine && arguments.count > 0)
        return recur_usage_error(command, "either --machine or a model, not both");
    if (options.machine)
        return recur_info_machine(command, options.json);
    const char *path = arguments.count ? arguments.operands[0] : STANDARD_MODEL;
    if (recur_store_is(path))
        return show_store(command, path, &options);
    if (options.check)
        return recur_usage_error(command, "--check is for stores");
    status = recur_load_model(command, path, NULL, NULL, &model);
    if (status)
        return status;
    if (options.json) {
        status = print_json(command, model);
    } else {
        printf("%s: ", recur_path(path).text);
        recur_print_model(stdout, model, RECUR_FORMAT_RECUR);
        print_origin(model);
        print_tensors(model);
        recur_print_vocab(recur_model_vocab(model));
        print_labels(recur_model_labels(model));
        print_history(model);
        status = 0;
    }
    recur_model_free(model);
    return status;
}

static const struct option_spec options[] = {
    {OPTION_FLAG, 0, "json", NULL, offsetof(struct info_options, json),
     .help =
         "one JSON object: config, parameters, tensors, vocabulary, origin, history, of a model "
         "that labels also labels; of a store tokens, unknown, id_bytes, shards, shard_ids, text, "
         "vocabulary; of the machine processor, isa, threads, device"},
    {OPTION_FLAG, 0, "machine", NULL, offsetof(struct info_options, machine),
     .help = "in place of a model what computes on this machine: the processor, its instruction "
             "set, the threads, the GPU, if there is one"},
    {OPTION_FLAG, 0, "check", NULL, offsetof(struct info_options, check),
     .help = "of a store: read all of it and compare the checksums"},
    {.help = NULL},
};

const struct command recur_command_info = {
    .name = "info",
    .summary = "show what a model file or a store holds",
    .operands = "[MODEL|STORE]",
    .about =
        "Shows a model's configuration, where it says it comes from (the text, the epoch that "
        "was kept, the settings, the command), its parameters, its vocabulary and the history "
        "of its training. MODEL is a file or - for standard input, by default "
        "model.safetensors.\n\nOf a STORE, a folder that recur tokenize has made, it shows how "
        "many tokens and shards there are, what text they are of, and the vocabulary.",
    .examples = "  recur info model.safetensors\n  recur info --check store\n"
                "  recur info --machine\n",
    .options = options,
    .most = 1,
    .run = info,
};
