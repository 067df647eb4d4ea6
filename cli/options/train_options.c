#include "options/train_options.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"
#include "recur/fields.h"

#define AT(field) offsetof(struct train_options, field)

const struct option_spec recur_train_option_rows[] = {
    {OPTION_HEADING, .help = "Text"},
    {OPTION_CHOICE, 0, "preset", "NAME", AT(preset),
     .choices = "d2l-rnn-scratch|d2l-rnn|d2l-gru|d2l-lstm|d2l-deep-lstm", .shown = "none",
     .help = "one of the D2L tutorial's runs on time_machine; options given besides override its "
             "settings"},
    {OPTION_CHOICE, 0, "task", "NAME", AT(task), .choices = "lm|fill|tag|classify",
     .standard = "lm",
     .help = "what to learn: lm, a language model, which goes on with a text; fill, each token "
             "from those around it; tag, a label for each word; classify, a label for each text. "
             "The names"},
    TEXT_OPTION_ROWS(struct train_options),
    {OPTION_COUNT, 0, "max-tokens", "N", AT(max_tokens), .least = 1, .most = INT64_MAX,
     .shown = "all",
     .help = "use the text's first N tokens; the vocabulary is that of the whole text, but a pipe "
             "or a device, which may have no end, is read so far and no further"},
    LABEL_OPTION_ROWS(struct train_options, ""),

    {OPTION_HEADING, .help = "Model"},
    {OPTION_CHOICE, 0, "cell", "KIND", AT(cell), .choices = "rnn|gru|gru-reset-before|lstm",
     .standard = "lstm", .help = "the recurrent cell"},
    {OPTION_CHOICE, 0, "activation", "KIND", AT(activation), .choices = "tanh|relu|sigmoid",
     .standard = "tanh", .help = "of the cell rnn"},
    {OPTION_COUNTS, 0, "hidden", "N[,N...]", AT(hidden), .least = 1, .most = 65536,
     .standard = "256", .help = "width of each layer, from the input up"},
    {OPTION_COUNT, 0, "layers", "N", AT(layers), .least = 1, .most = OPTION_LIST_MOST,
     .standard = "1", .help = "N layers of one width"},
    {OPTION_FLAG, 0, "bidirectional", NULL, AT(bidirectional),
     .help = "read the text from its end as well; not with --task lm"},
    {OPTION_CHOICE, 0, "merge", "KIND", AT(merge), .choices = "concat|sum", .standard = "concat",
     .help = "what the two directions' outputs become: side by side, or their sum"},
    {OPTION_COUNT, 0, "embed", "N", AT(embedding), .most = 65536,
     .shown = "0 for vocabularies up to 512, else the first hidden width; of words to tag 100",
     .help = "embedding width; 0 feeds one-hot vectors"},
    {OPTION_COUNT, 0, "biases", "N", AT(biases), .least = 1, .most = 2, .standard = "2",
     .help = "bias vectors of a cell: 2 as PyTorch, 1 as the book from scratch"},
    {OPTION_CHOICE, 0, "init", "KIND", AT(init), .choices = "uniform|normal", .standard = "uniform",
     .help = "first parameters, within 1/sqrt(H) as PyTorch or 0.01 x N(0,1) with zero biases as "
             "the book"},
    {OPTION_NUMBER, 0, "dropout", "X", AT(dropout), .high = 1, .below_high = true, .standard = "0",
     .help = "share of outputs that is dropped while training, between layers and before the head"},

    {OPTION_CHOICE, 0, "pool", "KIND", AT(pool), .choices = "final|mean|max", .standard = "final",
     .help = "of the task classify: which states of a text the label is chosen by, the last of "
             "each direction, or the mean or the greatest of all"},
    {OPTION_FLAG, 0, "crf", NULL, AT(crf),
     .help = "of the task tag: choose the labels of a sentence together, by a conditional random "
             "field"},
    {OPTION_COUNT, 0, "char-embed", "N", AT(char_embedding), .least = 1, .most = 4096,
     .standard = "25", .help = "of the task tag: embedding width of a word's characters"},
    {OPTION_COUNT, 0, "char-hidden", "N", AT(char_hidden), .most = 4096, .standard = "25",
     .help = "of the task tag: width of each direction of the layer that reads a word's "
             "characters; 0: there is none"},
    {OPTION_NUMBER, 0, "blanks", "X", AT(blanks), .high = 1, .below_high = true, .standard = "0.1",
     .help = "of the task fill: share of the tokens that are blank for the others while training, "
             "so that the model learns to step over blanks"},

    {OPTION_HEADING, .help = "Training"},
    {OPTION_COUNT, 0, "batch", "N", AT(batch), .least = 1, .most = 1000000, .standard = "32",
     .help = "sequences in a minibatch; of the tasks tag and classify sentences or texts"},
    {OPTION_COUNT, 0, "steps", "N", AT(steps), .least = 1, .most = 1000000, .standard = "35",
     .help = "time steps of a sequence, after which the gradient is cut"},
    {OPTION_CHOICE, 0, "sampling", "KIND", AT(sampling), .choices = "sequential|random",
     .standard = "sequential",
     .help = "sequential carries the state from minibatch to minibatch, random resets it"},
    {OPTION_CHOICE, 0, "optimizer", "KIND", AT(optimizer), .choices = "sgd|adam|adamw|rmsprop",
     .standard = "adam", .help = "how gradients become steps"},
    {OPTION_NUMBER, 0, "momentum", "X", AT(momentum), .high = 1, .below_high = true,
     .standard = "0", .help = "of sgd and rmsprop"},
    {OPTION_NUMBER, 0, "weight-decay", "X", AT(weight_decay), .high = INFINITY,
     .shown = "0.01 with adamw, else 0", .help = "pull of the parameters towards zero"},
    {OPTION_NUMBER, 0, "lr", "X", AT(lr), .above_low = true, .high = INFINITY, .standard = "0.002",
     .help = "learning rate"},
    {OPTION_NUMBER, 0, "clip", "X", AT(clip), .high = INFINITY, .standard = "1",
     .help = "largest global norm of the gradient; 0: any"},
    {OPTION_CHOICE, 0, "schedule", "KIND", AT(schedule), .choices = "constant|cosine|plateau",
     .standard = "constant",
     .help = "course of the learning rate; plateau lowers it when the loss stops falling"},
    {OPTION_NUMBER, 0, "warmup", "X", AT(warmup), .high = 1, .below_high = true, .standard = "0.05",
     .help = "share of the run in which cosine rises to --lr"},
    {OPTION_NUMBER, 0, "lr-floor", "X", AT(lr_floor), .high = 1, .standard = "0.1",
     .help = "share of --lr at which cosine ends"},
    {OPTION_COUNT, 0, "patience", "N", AT(patience), .least = 1, .most = 1000000, .standard = "2",
     .help = "epochs that plateau waits for a lower loss"},
    {OPTION_NUMBER, 0, "lr-factor", "X", AT(lr_factor), .above_low = true, .high = 1,
     .below_high = true, .standard = "0.5", .help = "what plateau multiplies the rate by"},
    {OPTION_COUNT, 0, "epochs", "N", AT(epochs), .least = 1, .most = 1000000000,
     .shown = "as many as see 10 million tokens, at least 1, at most 60",
     .help = "passes over the text"},
    {OPTION_NUMBER, 0, "validation", "X", AT(validation), .high = 0.9, .standard = "0.1",
     .shown = "0.1; presets 0",
     .help = "share of the text's end, or of labelled texts any, held out to validate with; the "
             "epoch that does best there is what is kept"},
    {OPTION_COUNT, 0, "seed", "N", AT(seed), .most = UINT64_MAX, .standard = "1",
     .help = "of the first parameters, the order of the data and dropout"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "the model is the same to the bit with any number"},
    {OPTION_CHOICE, 0, "device", "NAME", AT(device), .choices = "auto|cpu|cuda", .standard = "auto",
     .help = "where to compute, in this version the cpu, of"},
    {OPTION_CHOICE, 0, "precision", "KIND", AT(precision), .choices = "f32|bf16", .standard = "f32",
     .help = "of what is multiplied: bf16 is faster where the processor multiplies it fast, slower "
             "elsewhere; the model is f32 either way"},

    {OPTION_HEADING, .help = "Output"},
    {OPTION_FILE, 'o', "output", "FILE", AT(output), .standard = STANDARD_MODEL,
     .help = "where the model goes"},
    {OPTION_COUNT, 0, "checkpoint-every", "N", AT(checkpoint_every), .least = 1, .most = 1000000000,
     .shown = "never",
     .help = "write the whole run to a file beside the model, model.checkpoint.safetensors beside "
             "model.safetensors, every N minibatches and at the end, for --resume"},
    {OPTION_FILE, 0, "resume", "FILE", AT(resume), .shown = "none",
     .help = "go on with the run in a checkpoint, with its text and its options, to the same bits "
             "as if it had never stopped"},
    {OPTION_TEXTS, 0, "predict", "TEXT", AT(predict),
     .shown = "the text's first words; presets \"time traveller\" and \"traveller\"",
     .help = "a prefix to continue by 50 tokens, repeatable"},
    {OPTION_COUNT, 0, "predict-every", "N", AT(predict_every), .most = 1000000000,
     .shown = "by time, the first within 15 seconds; presets 10",
     .help = "epochs between continuations while training; 0: only at the end"},
    {OPTION_FILE, 0, "log", "FILE", AT(log), .shown = "none",
     .help = "JSON Lines, an object for each epoch"},
    {OPTION_FILE, 0, "report", "FILE", AT(report), .shown = "none",
     .help = "one JSON object at the end"},
    {OPTION_FILE, 0, "plot", "FILE", AT(plot), .shown = "none",
     .help = "the curves as a picture, .svg or .png"},
    {OPTION_FLAG, 0, "quiet", NULL, AT(quiet), .help = "no progress on standard error"},
    {.help = NULL},
};
static_assert(sizeof recur_train_option_rows / sizeof *recur_train_option_rows <= OPTION_ROWS,
              "a place in an option_set for each row");

struct preset {
    const char *name, *cell, *hidden, *layers, *init, *biases, *lr;
};

static const struct preset presets[] = {
    {"d2l-rnn-scratch", "rnn", "512", "1", "normal", "1", "1"},
    {"d2l-rnn", "rnn", "256", "1", "uniform", "2", "1"},
    {"d2l-gru", "gru", "256", "1", "uniform", "2", "1"},
    {"d2l-lstm", "lstm", "256", "1", "uniform", "2", "1"},
    {"d2l-deep-lstm", "lstm", "256", "2", "uniform", "2", "2"},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const char *recur_preset_name(size_t index)
{
    return index < PRESETS ? presets[index].name : NULL;
}

/* What tasks are good for, and so which options go with them. */
enum {
    CONTINUES = 1 << RECUR_USE_CONTINUE,
    FILLS = 1 << RECUR_USE_FILL,
    LABELS_WORDS = 1 << RECUR_USE_LABEL_WORDS,
    LABELS_TEXTS = 1 << RECUR_USE_LABEL_TEXTS,
    PREDICTS_TOKENS = CONTINUES | FILLS,
    LABELS = LABELS_WORDS | LABELS_TEXTS,
    USES = RECUR_USE_LABEL_TEXTS + 1,
};

/* Whether the task serves one of these uses. */
static bool serves(enum recur_task task, unsigned uses)
{
    for (unsigned use = 0; use < USES; use++)
        if (uses >> use & 1 && recur_task_serves(task, (enum recur_use)use))
            return true;
    return false;
}

enum recur_task recur_train_task(const struct train_options *options)
{
    enum recur_task task = recur_model_config_default().task;
    /* The option table let only the names pass that the library knows. */
    recur_task_parse(options->task, &task, NULL);
    return task;
}

static void apply_preset(const struct command *command, struct train_options *options,
                         struct arguments *arguments)
{
    const struct preset *p = presets;
    while (strcmp(p->name, options->preset) != 0)
        p++;
    const char *const settings[][2] = {
        {"cell", p->cell},    {"hidden", p->hidden},   {"layers", p->layers},
        {"init", p->init},    {"biases", p->biases},   {"lr", p->lr},
        {"clean", "letters"}, {"tokens", "char"},      {"max-tokens", "10000"},
        {"batch", "32"},      {"steps", "35"},         {"sampling", "sequential"},
        {"optimizer", "sgd"}, {"clip", "1"},           {"epochs", "500"},
        {"validation", "0"},  {"predict-every", "10"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        recur_option_preset(command, arguments, settings[i][0], settings[i][1], options);
    if (options->predict.count == 0 && serves(recur_train_task(options), CONTINUES))
        options->predict = (struct text_list){{"time traveller", "traveller"}, 2};
}

static bool spread_layers(const struct command *command, struct train_options *options,
                          bool layers_given)
{
    struct count_list *hidden = &options->hidden;
    if (layers_given && hidden->count > 1 && hidden->count != options->layers) {
        recur_usage_error(command, "--layers %llu does not go with the %zu widths of --hidden",
                          (unsigned long long)options->layers, hidden->count);
        return false;
    }
    if (hidden->count == 1)
        for (; hidden->count < options->layers; hidden->count++)
            hidden->items[hidden->count] = hidden->items[0];
    return true;
}

/* An option that only works with tasks of certain uses, or with certain values of another. */
struct dependency {
    const char *option;
    unsigned uses; /* of the task; 0: what follows counts */
    const char *other;
    size_t at;             /* of the other's value */
    const char *wanted[2]; /* NULL: no more */
};

enum { WANTED_MOST = 16 };

/* The names of the tasks that serve one of these uses; returns how many. */
static size_t list_tasks(unsigned uses, const char **names)
{
    const recur_field *tasks = recur_field_find(recur_model_field, "task");
    const char *name;
    size_t count = 0;
    for (size_t i = 0; (name = recur_field_choice(tasks, i)) && count < WANTED_MOST; i++)
        if (serves((enum recur_task)i, uses))
            names[count++] = name;
    return count;
}

struct joined {
    char text[128];
};

/* "a", "a or b", "a, b or c". */
static struct joined join(const char *const *names, size_t count)
{
    struct joined joined = {""};
    size_t at = 0;
    for (size_t i = 0; i < count && at < sizeof joined.text; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        at +=
            (size_t)snprintf(joined.text + at, sizeof joined.text - at, "%s%s", between, names[i]);
    }
    return joined;
}

/* Whether the option has what it needs, if it was given. Says what is wrong. */
static bool fits(const struct command *command, const struct train_options *options,
                 const struct arguments *given, const struct dependency *d)
{
    const char *tasks[WANTED_MOST], *const *wanted = d->uses ? tasks : d->wanted;
    size_t at = d->uses ? AT(task) : d->at;
    const char *value = *(const char *const *)(const void *)((const char *)options + at);
    size_t count = d->uses ? list_tasks(d->uses, tasks) : 0;
    while (!d->uses && count < 2 && d->wanted[count])
        count++;
    for (size_t i = 0; i < count; i++)
        if (strcmp(value, wanted[i]) == 0)
            return true;
    if (!recur_option_given(command, given, d->option))
        return true;
    recur_usage_error(command, "--%s needs --%s %s, got %s", d->option, d->uses ? "task" : d->other,
                      join(wanted, count).text, value);
    return false;
}

bool recur_train_options_fit(const struct command *command, const struct train_options *options,
                             const struct arguments *given)
{
    static const struct dependency dependencies[] = {
        {"preset", .uses = PREDICTS_TOKENS},
        {"activation", 0, "cell", AT(cell), {"rnn"}},
        {"tokens", .uses = PREDICTS_TOKENS | LABELS_TEXTS},
        {"clean", .uses = PREDICTS_TOKENS | LABELS_TEXTS},
        {"max-tokens", .uses = PREDICTS_TOKENS},
        {"steps", .uses = PREDICTS_TOKENS},
        {"sampling", .uses = PREDICTS_TOKENS},
        {"pool", .uses = LABELS_TEXTS},
        {"crf", .uses = LABELS_WORDS},
        {"char-embed", .uses = LABELS_WORDS},
        {"char-hidden", .uses = LABELS_WORDS},
        {"blanks", .uses = FILLS},
        {"word-column", .uses = LABELS_WORDS},
        {"sentence-end", .uses = LABELS_WORDS},
        {"text-column", .uses = LABELS_TEXTS},
        {"label-column", .uses = LABELS},
        {"header", .uses = LABELS},
        {"predict", .uses = CONTINUES},
        {"predict-every", .uses = CONTINUES},
        {"momentum", 0, "optimizer", AT(optimizer), {"sgd", "rmsprop"}},
        {"warmup", 0, "schedule", AT(schedule), {"cosine"}},
        {"lr-floor", 0, "schedule", AT(schedule), {"cosine"}},
        {"patience", 0, "schedule", AT(schedule), {"plateau"}},
        {"lr-factor", 0, "schedule", AT(schedule), {"plateau"}},
    };
    for (size_t i = 0; i < sizeof dependencies / sizeof *dependencies; i++)
        if (!fits(command, options, given, &dependencies[i]))
            return false;
    return true;
}

static bool check_supported(const struct command *command, const struct train_options *options,
                            const struct arguments *given)
{
    const char *tasks[WANTED_MOST];
    if (options->bidirectional && serves(recur_train_task(options), CONTINUES))
        recur_usage_error(command,
                          "--bidirectional needs --task %s: a language model that reads from the "
                          "end too would see the tokens it is to predict",
                          join(tasks, list_tasks(FILLS | LABELS, tasks)).text);
    else if (!options->bidirectional && recur_option_given(command, given, "merge"))
        recur_usage_error(command, "--merge needs --bidirectional");
    else if (strcmp(options->device, "cuda") == 0)
        recur_usage_error(command, "--device cuda: this build has no CUDA, only the cpu");
    else
        return true;
    return false;
}

bool recur_train_options_parse(const struct command *command, int argc, char **argv,
                               struct train_options *options, struct arguments *arguments,
                               int *status)
{
    *options = (struct train_options){0};
    if (!recur_options_parse(command, argc, argv, options, arguments, status))
        return false;
    const struct arguments given = *arguments; /* by the user, not by a preset */
    bool layers_given = recur_option_given(command, &given, "layers");
    *status = STATUS_USAGE;
    options->predict_given = recur_option_given(command, &given, "predict");
    options->predict_by_time = !recur_option_given(command, &given, "predict-every");
    if (options->resume)
        return spread_layers(command, options, layers_given);
    if (options->preset)
        apply_preset(command, options, arguments);
    options->predict_by_time = options->predict_by_time && !options->preset;
    options->embedding_given = recur_option_given(command, arguments, "embed");
    options->epochs_given = recur_option_given(command, arguments, "epochs");
    if (!recur_option_given(command, arguments, "weight-decay"))
        options->weight_decay = strcmp(options->optimizer, "adamw") == 0 ? 0.01 : 0;
    arguments->given = given.given;
    options->labels = serves(recur_train_task(options), LABELS);
    return check_supported(command, options, &given) &&
           recur_train_options_fit(command, options, &given) &&
           spread_layers(command, options, layers_given);
}

recur_model_config recur_train_model_config(const struct train_options *options, size_t vocabulary)
{
    recur_model_config config = recur_model_config_default();
    /* The option table let only the names pass that the library knows. */
    recur_cell_parse(options->cell, &config.cell, NULL);
    recur_activation_parse(options->activation, &config.activation, NULL);
    recur_init_parse(options->init, &config.init, NULL);
    recur_task_parse(options->task, &config.task, NULL);
    recur_merge_parse(options->merge, &config.merge, NULL);
    config.bidirectional = options->bidirectional;
    config.layers = options->hidden.count;
    config.hidden = options->hidden.items;
    config.vocabulary = vocabulary;
    config.embedding = options->embedding_given            ? (size_t)options->embedding
                       : serves(config.task, LABELS_WORDS) ? 100
                       : vocabulary <= 512                 ? 0
                                                           : options->hidden.items[0];
    recur_pool_parse(options->pool, &config.pool, NULL);
    config.decoder = options->crf ? RECUR_DECODER_CRF : RECUR_DECODER_SOFTMAX;
    config.character_embedding = (size_t)options->char_embedding;
    config.character_hidden = (size_t)options->char_hidden;
    config.biases = (size_t)options->biases;
    config.dropout = (float)options->dropout;
    config.seed = options->seed;
    return config;
}

static size_t default_epochs(size_t tokens)
{
    size_t epochs = 10000000 / (tokens + 1);
    return epochs < 1 ? 1 : epochs > 60 ? 60 : epochs;
}

recur_trainer_config recur_train_trainer_config(const struct train_options *options, size_t tokens)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_sampling_parse(options->sampling, &config.sampling, NULL);
    recur_optimizer_parse(options->optimizer, &config.optimizer, NULL);
    recur_schedule_parse(options->schedule, &config.schedule, NULL);
    recur_precision_parse(options->precision, &config.precision, NULL);
    config.batch = (size_t)options->batch;
    config.steps = (size_t)options->steps;
    config.epochs = options->epochs_given ? (size_t)options->epochs : default_epochs(tokens);
    config.lr = (float)options->lr;
    config.momentum = (float)options->momentum;
    config.weight_decay = (float)options->weight_decay;
    config.clip = (float)options->clip;
    config.warmup = (float)options->warmup;
    config.lr_floor = (float)options->lr_floor;
    config.factor = (float)options->lr_factor;
    config.patience = (size_t)options->patience;
    config.validation = (float)options->validation;
    config.blanks = (float)options->blanks;
    config.seed = options->seed;
    config.threads = (size_t)options->threads;
    return config;
}
