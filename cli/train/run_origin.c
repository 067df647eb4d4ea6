/* The origin in a model's file: the text's name, and the command that trains the model again. It
 * has only what decides the model, so that equal runs make equal files. It leaves out where results
 * go, how much is shown, the number of threads, and the folders of files. */
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/need.h"
#include "common/quote.h"
#include "train/run.h"

/* A text's name within its folder, or a dataset's name. */
static const char *short_name(const struct run *run, const char *text)
{
    const char *dataset = recur_dataset_name_of(&run->datasets, text);
    const char *slash = strrchr(text, '/');
    return dataset ? dataset : slash && slash[1] ? slash + 1 : text;
}

void recur_run_name(struct run *run)
{
    const struct arguments *texts = &run->texts;
    if (texts->count == 0) {
        run->name = recur_path("built-in story");
        return;
    }
    run->name = recur_path(short_name(run, texts->operands[0]));
    size_t used = strlen(run->name.text), room = sizeof run->name.text - used;
    if (texts->count > 1 && room > 40)
        snprintf(run->name.text + used, room, " and %zu more", texts->count - 1);
}

/* Puts "--name=value" as two words, unless the value would be taken for an option. */
static void put_option(const struct command *command, struct grown_text *line, const char *word)
{
    char name[64];
    const char *value = strchr(word, '=');
    size_t length = value ? (size_t)(value - word) : 0;
    if (!value || value[1] == '-' || length >= sizeof name) {
        recur_need_word(command, line, " %s", recur_shell_word(word, false).text);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    recur_need_word(command, line, " %s", name);
    recur_need_word(command, line, " %s", recur_shell_word(value + 1, false).text);
}

/* Puts the option as it was given, but a file without its folder. */
static enum recur_status put_given(struct grown_text *line, const struct run *run, size_t row,
                                   const struct option_spec *option, const char *value,
                                   recur_error *error)
{
    struct option_set one = {{NULL}};
    recur_json_writer words = {0};
    recur_json *list = NULL;
    recur_option_add(&one, row, value);
    recur_options_put_words(&words, NULL, run->command, &one, &run->options);
    enum recur_status status = recur_json_check(&words, "an option", error);
    if (status == RECUR_OK)
        status = recur_json_parse(words.text, words.size, false, "an option", &list, error);
    const recur_json *item = status == RECUR_OK ? recur_json_first(list) : NULL;
    for (size_t i = 0; item && i < list->size; i++, item = recur_json_next(item)) {
        const char *slash = option->kind == OPTION_FILE ? strrchr(item->text, '/') : NULL;
        if (slash)
            recur_need_word(run->command, line, " --%s", option->name);
        put_option(run->command, line, slash ? slash + 1 : item->text);
    }
    free(list);
    recur_json_writer_free(&words);
    return status;
}

static enum recur_status put_command(struct grown_text *line, const struct run *run,
                                     recur_error *error)
{
    const struct arguments *texts = &run->texts;
    enum recur_status status = RECUR_OK;
    struct option_spec option;
    recur_need_word(run->command, line, "recur train");
    for (size_t i = 0; recur_option_row(run->command, i, &option) && status == RECUR_OK; i++) {
        if (recur_option_in(&texts->given, i) && recur_run_is_of_model(option.name))
            status = put_given(line, run, i, &option, texts->given.value[i], error);
    }
    bool own = run->options.preset && texts->count == 1 &&
               !strcmp(short_name(run, texts->operands[0]), "time_machine");
    for (size_t i = 0; i < texts->count && !own; i++) {
        const char *name = short_name(run, texts->operands[i]);
        recur_need_word(run->command, line, " %s%s", recur_run_no_option(name),
                        recur_shell_word(name, false).text);
    }
    return status;
}

int recur_run_set_origin(struct run *run)
{
    struct grown_text line = {0};
    recur_error error;
    enum recur_status status = put_command(&line, run, &error);
    if (status == RECUR_OK)
        status = recur_model_set_origin(run->model, run->name.text,
                                        run->spliced ? NULL : line.bytes, &error);
    free(line.bytes);
    return status == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}
