#include "options/train_options.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"
#include "recur/fields.h"

#define AT(field) offsetof(struct train_options, field)

/* A setting of the model or of the run. Its field says everything else about it. */
#define SETTING(config, list, ...)                                                                 \
    {                                                                                              \
        .kind = OPTION_FIELD, .at = AT(config), .fields = (list), .help = "", .name = __VA_ARGS__  \
    }
#define MODEL(...) SETTING(model, recur_model_field, __VA_ARGS__)
#define TRAINER(...) SETTING(trainer, recur_trainer_field, __VA_ARGS__)

const struct option_spec recur_train_option_rows[] = {
    {OPTION_HEADING, .help = "Text"},
    {OPTION_CHOICE, 0, "preset", "NAME", AT(preset), .choice = recur_preset_name, .shown = "none",
     .help = "one of the D2L tutorial's runs on time_machine; options given besides override its "
             "settings"},
    {OPTION_FILE, 0, "init-from", "MODEL", AT(init_from), .shown = "new parameters",
     .help = "go on from this model's parameters (recur's or ONNX), with its cell, widths and "
             "tokens, as a new run on another text or for another task; the learning rate and the "
             "optimiser begin anew"},
    {OPTION_CHOICE, 0, "vocabulary", "KIND", AT(vocabulary), .choices = "grow|keep",
     .standard = "grow",
     .help = "of --init-from: what tokens are that the model does not know, new ones behind its "
             "own or <unk>"},
    {OPTION_CHOICE, 0, "task", "NAME", AT(task), .fields = recur_model_field, .standard = "lm",
     .help = ""},
    TEXT_OPTION_ROWS(struct train_options),
    {OPTION_COUNT, 0, "max-tokens", "N", AT(max_tokens), .least = 1, .most = INT64_MAX,
     .shown = "all",
     .help = "use the text's first N tokens; the vocabulary is that of the whole text, but a pipe "
             "or a device, which may have no end, is read so far and no further"},
    LABEL_OPTION_ROWS(struct train_options, ""),

    {OPTION_HEADING, .help = "Model"},
    MODEL("cell"),
    MODEL("activation"),
    {OPTION_COUNTS, 0, "hidden", NULL, AT(hidden), .fields = recur_model_field, .standard = "256",
     .help = ""},
    {OPTION_COUNT, 0, "layers", NULL, AT(layers), .fields = recur_model_field, .standard = "1",
     .help = ""},
    MODEL("bidirectional", .shown = "where recur chooses, for the tasks fill, tag and classify; "
                                    "--no-bidirectional never"),
    MODEL("merge"),
    MODEL("embed",
          .shown =
              "0 for vocabularies up to 512, else the first hidden width; of words to tag 100"),
    {OPTION_FLAG, 0, "tied", NULL, AT(tied),
     .help = "the output layer has the weights of the embedding, which is as wide as the top layer",
     .shown = "where recur chooses, of words and other large vocabularies; --no-tied never"},
    MODEL("biases"),
    MODEL("init"),
    MODEL("dropout"),
    MODEL("dropout-kind"),
    MODEL("input-dropout"),
    MODEL("weight-drop"),

    MODEL("pool"),
    {OPTION_FLAG, 0, "crf", NULL, AT(crf),
     .help = "of the task tag: choose the labels of a sentence together, by a conditional random "
             "field"},
    MODEL("char-embed"),
    MODEL("char-hidden"),
    TRAINER("blanks"),
    TRAINER("ar"),

    {OPTION_HEADING, .help = "Training"},
    TRAINER("batch"),
    TRAINER("accumulate"),
    TRAINER("steps"),
    TRAINER("sampling"),
    TRAINER("optimizer"),
    TRAINER("momentum"),
    TRAINER("weight-decay", .shown = "0.01 with adamw, else 0"),
    TRAINER("lr"),
    TRAINER("clip"),
    TRAINER("schedule"),
    TRAINER("warmup"),
    TRAINER("lr-floor"),
    TRAINER("stable"),
    TRAINER("decay"),
    TRAINER("lr-patience"),
    TRAINER("lr-factor"),
    TRAINER("average"),
    TRAINER("average-decay"),
    TRAINER("average-start"),
    TRAINER("sampled-softmax"),
    {OPTION_TIME, 0, "time", "T", AT(time), .low = 1, .high = 2592000, .shown = "no limit",
     .help = "train the best model that this machine can make in T (90s, 10m, 1h30m): chooses by "
             "the text and by measured speed what is not given, and fits the schedule to the time "
             "that is left; beside --resume: go on for T"},
    TRAINER("epochs", .shown = "what suits the text or, if something else was chosen by hand, as "
                               "many as see 10 million tokens, at least 1, at most 60"),
    TRAINER("freeze"),
    TRAINER("updates", .shown = "as many as the epochs have"),
    {OPTION_COUNT, 0, "patience", "N", AT(patience), .most = 1000000, .standard = "0",
     .help = "end the run when validation has not improved for N epochs; 0: never"},
    TRAINER("validation", .standard = FIELD_STANDARD, .shown = "0.1; presets 0"),
    {OPTION_COUNT, 0, "seed", NULL, AT(seed), .fields = recur_trainer_field, .standard = "1",
     .help = ""},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "the model is the same to the bit with any number"},
    TRAINER("device", .metavar = "NAME"),
    TRAINER("precision"),

    {OPTION_HEADING, .help = "Several processes (mpirun, srun)"},
    TRAINER("blocks", .standard = FIELD_STANDARD,
            .shown = "none; with mpirun 4 to 16, as the batch decides"),
    TRAINER("sync-every"),
    TRAINER("rank-seconds"),
    TRAINER("reduce"),
    TRAINER("reduce-precision"),

    {OPTION_HEADING, .help = "Output"},
    OUTPUT_OPTION_ROWS(struct train_options),
    {OPTION_FIELDS, .fields = recur_model_field, .at = AT(model), .help = ""},
    {OPTION_FIELDS, .fields = recur_trainer_field, .at = AT(trainer), .help = ""},
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

/* Uses of tasks, by which options belong to tasks. */
enum {
    CONTINUES = 1 << RECUR_USE_CONTINUE,
    FILLS = 1 << RECUR_USE_FILL,
    LABELS_WORDS = 1 << RECUR_USE_LABEL_WORDS,
    LABELS_TEXTS = 1 << RECUR_USE_LABEL_TEXTS,
    PREDICTS_TOKENS = CONTINUES | FILLS,
    LABELS = LABELS_WORDS | LABELS_TEXTS,
    USES = RECUR_USE_LABEL_TEXTS + 1,
};

/* Does the task serve one of these uses? */
static bool serves(enum recur_task task, unsigned uses)
{
    for (unsigned use = 0; use < USES; use++)
        if (uses >> use & 1 && recur_task_serves(task, (enum recur_use)use))
            return true;
    return false;
}

enum recur_task recur_train_task(const struct train_options *options)
{
    enum recur_task task = options->model.task;
    /* The table of options has checked the name. */
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
    if (options->out.predict.count == 0 && serves(recur_train_task(options), CONTINUES))
        options->out.predict = (struct text_list){{"time traveller", "traveller"}, 2};
}

static bool spread_layers(const struct command *command, struct train_options *options,
                          const struct arguments *given)
{
    struct count_list *hidden = &options->hidden;
    if (recur_option_given(command, given, "layers") && hidden->count > 1 &&
        hidden->count != options->layers) {
        recur_usage_error(command, "--layers %llu does not go with the %zu widths of --hidden",
                          (unsigned long long)options->layers, hidden->count);
        return false;
    }
    if (hidden->count == 1)
        for (; hidden->count < options->layers; hidden->count++)
            hidden->items[hidden->count] = hidden->items[0];
    return true;
}

enum { WANTED_MOST = 16, WANTED_OTHERS = 3 };

/* An option that needs a task with certain uses, or certain values of another option. */
struct dependency {
    const char *option;
    unsigned uses;                             /* of the task; 0: the values below are needed */
    const char *other, *wanted[WANTED_OTHERS]; /* NULL ends the list */
};

/* Lists the tasks that serve one of these uses; returns how many. */
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

/* Joins names: "a", "a or b", "a, b or c". */
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

/* If the option was given, does it have what it needs? Prints what is wrong. */
static bool fits(const struct command *command, const struct train_options *options,
                 const struct arguments *given, const struct dependency *d)
{
    const char *tasks[WANTED_MOST], *const *wanted = d->uses ? tasks : d->wanted;
    const char *other = d->uses ? "task" : d->other;
    const char *value = recur_option_chosen(command, other, options);
    size_t count = d->uses ? list_tasks(d->uses, tasks) : 0;
    while (!d->uses && count < WANTED_OTHERS && d->wanted[count])
        count++;
    for (size_t i = 0; i < count; i++)
        if (strcmp(value, wanted[i]) == 0)
            return true;
    if (!recur_option_given(command, given, d->option))
        return true;
    recur_usage_error(command, "--%s needs --%s %s, got %s", d->option, other,
                      join(wanted, count).text, value);
    return false;
}

bool recur_train_options_fit(const struct command *command, const struct train_options *options,
                             const struct arguments *given)
{
    static const struct dependency dependencies[] = {
        {"preset", .uses = PREDICTS_TOKENS},
        {"activation", 0, "cell", {"rnn"}},
        {"tokens", .uses = PREDICTS_TOKENS | LABELS_TEXTS},
        {"word-rule", 0, "tokens", {"word"}},
        {"vocab-size", 0, "tokens", {"bpe"}},
        {"clean", .uses = PREDICTS_TOKENS | LABELS_TEXTS},
        {"max-tokens", .uses = PREDICTS_TOKENS},
        {"steps", .uses = PREDICTS_TOKENS},
        {"sampling", .uses = PREDICTS_TOKENS},
        {"pool", .uses = LABELS_TEXTS},
        {"crf", .uses = LABELS_WORDS},
        {"char-embed", .uses = LABELS_WORDS},
        {"char-hidden", .uses = LABELS_WORDS},
        {"blanks", .uses = FILLS},
        {"ar", .uses = CONTINUES},
        {"word-column", .uses = LABELS_WORDS},
        {"sentence-end", .uses = LABELS_WORDS},
        {"text-column", .uses = LABELS_TEXTS},
        {"label-column", .uses = LABELS},
        {"header", .uses = LABELS},
        {"predict", .uses = CONTINUES},
        {"predict-every", .uses = CONTINUES},
        {"momentum", 0, "optimizer", {"sgd", "rmsprop"}},
        {"warmup", 0, "schedule", {"cosine", "wsd", "onecycle"}},
        {"lr-floor", 0, "schedule", {"cosine", "wsd", "onecycle"}},
        {"stable", 0, "schedule", {"wsd"}},
        {"decay", 0, "schedule", {"wsd"}},
        {"lr-patience", 0, "schedule", {"plateau"}},
        {"lr-factor", 0, "schedule", {"plateau"}},
        {"average-decay", 0, "average", {"ema"}},
        {"average-start", 0, "average", {"swa"}},
        {"sampled-softmax", 0, "task", {"lm", "fill"}},
    };
    for (size_t i = 0; i < sizeof dependencies / sizeof *dependencies; i++)
        if (!fits(command, options, given, &dependencies[i]))
            return false;
    return true;
}

bool recur_train_schedule_fits(enum recur_schedule schedule)
{
    return schedule == RECUR_SCHEDULE_WSD || !recur_schedule_planned(schedule);
}

/* What --time decides cannot be given beside it. */
static bool fits_time(const struct command *command, const struct train_options *options,
                      const struct arguments *given)
{
    static const char *const lengths[] = {"preset", "epochs", "updates", "stable", "decay"};
    if (!(options->time > 0))
        return true;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (recur_option_given(command, given, lengths[i])) {
            recur_usage_error(command,
                              "--%s does not go with --time, which says how long the run is",
                              lengths[i]);
            return false;
        }
    const char *schedule = recur_schedule_name(options->trainer.schedule);
    if (!recur_train_schedule_fits(options->trainer.schedule)) {
        recur_usage_error(command,
                          "--schedule %s does not go with --time: it needs the run's length from "
                          "the start, which --time finds as it goes; wsd does not",
                          schedule);
        return false;
    }
    if (options->trainer.warmup < 1 && recur_option_given(command, given, "warmup")) {
        recur_usage_error(command, "--warmup beside --time must be a number of minibatches, 1 or "
                                   "more");
        return false;
    }
    return true;
}

bool recur_train_options_check_blanks(const struct command *command,
                                      const struct train_options *options)
{
    struct text_config text;
    recur_text_options_config(&options->text, &text);
    if (!serves(recur_train_task(options), FILLS) || !recur_text_parts(&text.text))
        return true;
    recur_usage_error(
        command,
        "--task %s needs --tokens char, word or byte, got %s: a mark in a text stands "
        "for one token that is to be filled, and none does for a byte pair",
        options->task, options->text.tokens);
    return false;
}

/* Do the parts of a schedule that are shares of the run fit into it? */
static bool fits_run(const recur_trainer_config *trainer)
{
    bool shares = trainer->warmup < 1 && trainer->decay < 1 && !(trainer->stable > 0);
    return trainer->schedule != RECUR_SCHEDULE_WSD || !shares ||
           trainer->warmup + trainer->decay <= 1;
}

static bool check_supported(const struct command *command, const struct train_options *options,
                            const struct arguments *given)
{
    const char *tasks[WANTED_MOST];
    if (options->model.bidirectional && serves(recur_train_task(options), CONTINUES))
        recur_usage_error(command,
                          "--bidirectional needs --task %s: a language model that reads from the "
                          "end too would see the tokens it is to predict",
                          join(tasks, list_tasks(FILLS | LABELS, tasks)).text);
    else if (recur_option_given(command, given, "epochs") &&
             recur_option_given(command, given, "updates"))
        recur_usage_error(command, "--epochs does not go with --updates: both say how long the run "
                                   "is");
    else if (!fits_time(command, options, given) ||
             !recur_train_options_check_blanks(command, options))
        return false;
    else if (!options->model.bidirectional && recur_option_given(command, given, "merge"))
        recur_usage_error(command, "--merge needs --bidirectional");
    else if (!(options->model.dropout > 0 || options->model.input_dropout > 0) &&
             recur_option_given(command, given, "dropout-kind"))
        recur_usage_error(command, "--dropout-kind needs --dropout or --input-dropout");
    else if (options->patience && !(options->trainer.validation > 0) &&
             recur_option_given(command, given, "patience"))
        recur_usage_error(command, "--patience needs held-out text, and --validation is 0");
    else if (!fits_run(&options->trainer))
        recur_usage_error(command, "--warmup %g and --decay %g together are more than the run",
                          (double)options->trainer.warmup, (double)options->trainer.decay);
    else
        return true;
    return false;
}

bool recur_train_options_finish(const struct command *command, struct train_options *options,
                                const struct arguments *given)
{
    options->labels = serves(recur_train_task(options), LABELS);
    return check_supported(command, options, given) &&
           recur_train_options_fit(command, options, given) &&
           spread_layers(command, options, given);
}

/* Do the options go with --init-from, or with a run that begins from nothing? */
static bool check_inheritance(const struct command *command, const struct train_options *options,
                              const struct arguments *given)
{
    static const char *const alone[] = {"vocabulary", "freeze"};
    static const char *const never[] = {"preset", "reserved"};
    for (size_t i = 0; i < 2; i++) {
        if (!options->init_from && recur_option_given(command, given, alone[i]))
            recur_usage_error(command, "--%s needs --init-from", alone[i]);
        else if (options->init_from && recur_option_given(command, given, never[i]))
            recur_usage_error(command,
                              "--%s does not go with --init-from: the model that the run goes on "
                              "from decides",
                              never[i]);
        else
            continue;
        return false;
    }
    return true;
}

bool recur_train_options_parse(const struct command *command, int argc, char **argv,
                               struct train_options *options, struct arguments *arguments,
                               int *status)
{
    *options = (struct train_options){.model = recur_model_config_default(),
                                      .trainer = recur_trainer_config_default()};
    if (!recur_options_parse(command, argc, argv, options, arguments, status))
        return false;
    const struct arguments given = *arguments; /* given by the user, not by a preset */
    *status = STATUS_USAGE;
    options->predict_given = recur_option_given(command, &given, "predict");
    options->predict_by_time = !recur_option_given(command, &given, "predict-every");
    if (options->out.resume)
        return spread_layers(command, options, &given);
    if (options->preset)
        apply_preset(command, options, arguments);
    options->predict_by_time = options->predict_by_time && !options->preset;
    options->embedding_given = recur_option_given(command, arguments, "embed");
    options->epochs_given = recur_option_given(command, arguments, "epochs");
    if (!recur_option_given(command, arguments, "weight-decay"))
        options->trainer.weight_decay =
            options->trainer.optimizer == RECUR_OPTIMIZER_ADAMW ? 0.01F : 0;
    options->validation = recur_option_number(command, arguments, "validation", options);
    arguments->given = given.given;
    return check_inheritance(command, options, &given) &&
           (options->init_from || recur_train_options_finish(command, options, &given));
}

recur_model_config recur_train_model_config(const struct train_options *options, size_t vocabulary)
{
    recur_model_config config = options->model;
    config.task = recur_train_task(options);
    config.layers = options->hidden.count;
    config.hidden = options->hidden.items;
    config.vocabulary = vocabulary;
    if (!options->embedding_given)
        config.embedding = options->tied                       ? config.hidden[config.layers - 1]
                           : serves(config.task, LABELS_WORDS) ? 100
                           : vocabulary <= 512                 ? 0
                                                               : options->hidden.items[0];
    config.tied = options->tied;
    config.decoder = options->crf ? RECUR_DECODER_CRF : RECUR_DECODER_SOFTMAX;
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
    recur_trainer_config config = options->trainer;
    if (!options->epochs_given)
        config.epochs = default_epochs(tokens);
    config.seed = options->seed;
    config.threads = (size_t)options->threads;
    return config;
}
