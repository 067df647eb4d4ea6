/* --init-from: the options of a run that goes on from a model. */
#include <string.h>

#include "common/message.h"
#include "options/train_options.h"
#include "recur/fields.h"

/* Does the option say how a run trains, or something of the head, and nothing of the layers? */
static bool is_free(const char *option)
{
    static const char *const names[] = {"init",        "dropout", "dropout-kind", "input-dropout",
                                        "weight-drop", "pool",    "char-embed",   "char-hidden"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option, names[i]) == 0)
            return true;
    return false;
}

struct value_text {
    char text[400];
};

/* A value as one would give it on the command line. */
static struct value_text write_value(recur_value value)
{
    struct value_text written = {""};
    size_t at = 0;
    for (size_t i = 0; value.widths && i < value.count && at < sizeof written.text; i++)
        at += (size_t)snprintf(written.text + at, sizeof written.text - at, "%s%zu", i ? "," : "",
                               value.widths[i]);
    if (value.name)
        snprintf(written.text, sizeof written.text, "%s", value.name);
    else if (!value.widths)
        snprintf(written.text, sizeof written.text, "%.9g", value.number);
    return written;
}

static int contradict(const struct command *command, const struct train_options *options,
                      const char *option, const char *value, const char *theirs)
{
    return recur_usage_error(command,
                             "--%s %s contradicts --init-from %s, whose model has %s: leave it out",
                             option, value, recur_path(options->init_from).text, theirs);
}

/* A setting of the model, its name in `fields` and its value in a configuration. */
static int inherit_setting(const struct command *command, struct train_options *options,
                           const struct arguments *given, const recur_field *field,
                           const recur_model_config *theirs)
{
    const char *option = recur_field_option(field);
    recur_value value = recur_field_get(field, theirs);
    bool is_given = recur_option_given(command, given, option);
    struct value_text now = write_value(recur_field_get(field, &options->model));
    struct value_text then = write_value(value);
    bool contradicts = is_given && !is_free(option) && strcmp(now.text, then.text) != 0;
    if (contradicts && recur_field_kind(field) == RECUR_FIELD_FLAG)
        return recur_usage_error(
            command, "--%s%s contradicts --init-from %s, whose model is %s: leave it out",
            value.count ? "no-" : "", option, recur_path(options->init_from).text,
            value.count ? option : "without");
    if (contradicts)
        return contradict(command, options, option, now.text, then.text);
    if (!is_given && recur_field_applies(field, theirs))
        recur_field_set(field, &options->model, value, NULL);
    return 0;
}

static int inherit_widths(const struct command *command, struct train_options *options,
                          const struct arguments *given, const recur_model_config *theirs)
{
    struct count_list *hidden = &options->hidden, own = {.count = theirs->layers};
    memcpy(own.items, theirs->hidden, theirs->layers * sizeof *own.items);
    struct value_text then = write_value((recur_value){.count = own.count, .widths = own.items});
    if (recur_option_given(command, given, "hidden")) {
        for (; hidden->count == 1 && hidden->count < options->layers; hidden->count++)
            hidden->items[hidden->count] = hidden->items[0];
        struct value_text now =
            write_value((recur_value){.count = hidden->count, .widths = hidden->items});
        if (strcmp(now.text, then.text) != 0)
            return contradict(command, options, "hidden", now.text, then.text);
    } else if (recur_option_given(command, given, "layers") && options->layers != own.count) {
        struct value_text now = write_value((recur_value){.number = (double)options->layers});
        then = write_value((recur_value){.number = (double)own.count});
        return contradict(command, options, "layers", now.text, then.text);
    }
    *hidden = own;
    options->layers = own.count;
    return 0;
}

/* The options that say how texts are cut. */
static int inherit_text(const struct command *command, struct train_options *options,
                        const struct arguments *given, const recur_text_config *theirs)
{
    const struct {
        const char *option, **value, *theirs;
    } rows[] = {
        {"tokens", &options->text.tokens, recur_tokens_name(theirs->tokens)},
        {"clean", &options->text.clean, recur_clean_name(theirs->clean)},
        {"word-rule", &options->text.word_rule, recur_word_rule_name(theirs->word_rule)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (recur_option_given(command, given, rows[i].option) &&
            strcmp(*rows[i].value, rows[i].theirs) != 0)
            return contradict(command, options, rows[i].option, *rows[i].value, rows[i].theirs);
        *rows[i].value = rows[i].theirs;
    }
    return 0;
}

/* Words to tag can only be read by a model of words. */
static int check_task(const struct command *command, const struct train_options *options,
                      const recur_model *from)
{
    enum recur_tokens tokens = recur_vocab_text(recur_model_vocab(from))->tokens;
    if (!recur_task_serves(recur_train_task(options), RECUR_USE_LABEL_WORDS) ||
        recur_tokens_spaced(tokens))
        return 0;
    return recur_usage_error(command,
                             "--task %s reads words, and the model that --init-from %s names reads "
                             "the tokens %s",
                             options->task, recur_path(options->init_from).text,
                             recur_tokens_name(tokens));
}

int recur_train_options_inherit(const struct command *command, struct train_options *options,
                                const struct arguments *given, const recur_model *from)
{
    const recur_model_config *theirs = recur_model_get_config(from);
    const recur_field *field;
    if (!recur_option_given(command, given, "task"))
        options->task = recur_task_name(theirs->task);
    enum recur_task task = recur_train_task(options);
    bool tags = recur_task_serves(task, RECUR_USE_LABEL_WORDS);
    if (!recur_option_given(command, given, "crf"))
        options->crf = theirs->decoder == RECUR_DECODER_CRF && tags;
    if (!recur_option_given(command, given, "tied"))
        options->tied = theirs->tied && !tags && !recur_task_serves(task, RECUR_USE_LABEL_TEXTS);
    int status = check_task(command, options, from);
    if (status == 0)
        status = inherit_widths(command, options, given, theirs);
    for (size_t i = 0; (field = recur_model_field(i)) && status == 0; i++)
        if (recur_field_option(field) && recur_field_kind(field) != RECUR_FIELD_WIDTHS &&
            strcmp(recur_field_option(field), "task") != 0 &&
            strcmp(recur_field_option(field), "layers") != 0)
            status = inherit_setting(command, options, given, field, theirs);
    if (status == 0)
        status = inherit_text(command, options, given, recur_vocab_text(recur_model_vocab(from)));
    options->embedding_given = true;
    if (status == 0 && !recur_train_options_finish(command, options, given))
        status = STATUS_USAGE;
    return status;
}
