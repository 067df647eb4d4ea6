/* Explanations for programs: questions and answers in JSON. */
#include <stdlib.h>
#include <string.h>

#include "explain/parts.h"
#include "recur/fields.h"

/* A question, and what its settings point to. */
struct question {
    recur_json *json;
    recur_text_config text;
    recur_corpus_config corpus;
    size_t hidden[EXPLAIN_LAYERS];
    struct explain_settings settings;
    const char *bytes;
    size_t size;
};

/* Multiply-adds of an answer: a second or two. */
static const double work = 4e9;

/* What may be asked for: settings of the library, under its names, up to a limit of our own (0:
 * none). */
static const struct {
    const char *name;
    recur_fields *fields;
    uint64_t most;
} known[] = {
    {"tokens", recur_text_field, 0},
    {"clean", recur_text_field, 0},
    {"cell", recur_model_field, 0},
    {"activation", recur_model_field, 0},
    {"biases", recur_model_field, 0},
    {"init", recur_model_field, 0},
    {"embedding", recur_model_field, EXPLAIN_HIDDEN},
    {"batch", recur_trainer_field, EXPLAIN_BATCH},
    {"steps", recur_trainer_field, EXPLAIN_STEPS},
    {"sampling", recur_trainer_field, 0},
    {"optimizer", recur_trainer_field, 0},
    {"lr", recur_trainer_field, 0},
    {"clip", recur_trainer_field, 0},
    {"seed", recur_trainer_field, 0},
};
enum { KNOWN = sizeof known / sizeof *known };

static void *config_of(struct question *question, recur_fields *fields)
{
    return fields == recur_text_field    ? (void *)&question->text
           : fields == recur_model_field ? (void *)&question->settings.model
                                         : (void *)&question->settings.trainer;
}

static enum recur_status read_count(const recur_json *json, const char *name, uint64_t least,
                                    uint64_t most, size_t *count, recur_error *error)
{
    uint64_t number = 0;
    if (!recur_json_is(json, RECUR_JSON_INTEGER) || json->negative ||
        (number = json->magnitude) < least || number > most)
        return explain_fail(error, RECUR_ERROR_ARGUMENT,
                            "%s must be a whole number from %llu to %llu", name,
                            (unsigned long long)least, (unsigned long long)most);
    *count = (size_t)number;
    return RECUR_OK;
}

static enum recur_status read_hidden(struct question *question, const recur_json *json,
                                     recur_error *error)
{
    if (!recur_json_is(json, RECUR_JSON_LIST) || json->size < 1 || json->size > EXPLAIN_LAYERS)
        return explain_fail(error, RECUR_ERROR_ARGUMENT, "hidden must be a list of 1 to %d widths",
                            EXPLAIN_LAYERS);
    const recur_json *item = recur_json_first(json);
    for (size_t l = 0; l < json->size; l++, item = recur_json_next(item))
        TRY(read_count(item, "a width of hidden", 1, EXPLAIN_HIDDEN, &question->hidden[l], error));
    question->settings.model.layers = json->size;
    return RECUR_OK;
}

/* Sets a setting of the library, which checks its range. */
static enum recur_status read_setting(struct question *question, size_t which,
                                      const recur_json *json, recur_error *error)
{
    const recur_field *field = recur_field_find(known[which].fields, known[which].name);
    enum recur_field_kind kind = recur_field_kind(field);
    recur_value value = {.name = recur_json_text(json)};
    size_t count = 0;
    if (kind == RECUR_FIELD_COUNT) {
        recur_range range = recur_field_range(field);
        uint64_t most = known[which].most ? known[which].most : range.most;
        TRY(read_count(json, known[which].name, range.least, most, &count, error));
        value.count = count;
    } else if (kind == RECUR_FIELD_CHOICE ? !value.name
                                          : !recur_json_get_number(json, &value.number)) {
        return explain_fail(error, RECUR_ERROR_ARGUMENT, "%s must be a %s", known[which].name,
                            kind == RECUR_FIELD_CHOICE ? "text" : "number");
    }
    return recur_field_set(field, config_of(question, known[which].fields), value, error);
}

static enum recur_status read_member(struct question *question, const char *name,
                                     const recur_json *json, recur_error *error)
{
    size_t i = 0;
    if (strcmp(name, "text") == 0) {
        question->bytes = recur_json_text(json);
        question->size = json->size;
        return question->bytes ? RECUR_OK
                               : explain_fail(error, RECUR_ERROR_ARGUMENT, "text must be a text");
    }
    if (strcmp(name, "hidden") == 0)
        return read_hidden(question, json, error);
    if (strcmp(name, "updates") == 0)
        return read_count(json, name, 0, EXPLAIN_UPDATES, &question->settings.updates, error);
    while (i < KNOWN && strcmp(known[i].name, name) != 0)
        i++;
    return i < KNOWN ? read_setting(question, i, json, error)
                     : explain_fail(error, RECUR_ERROR_UNSUPPORTED, "there is no setting \"%s\"",
                                    recur_show(name, strlen(name), 40, NULL).text);
}

static enum recur_status read_question(struct question *question, const char *text, size_t size,
                                       recur_error *error)
{
    if (size == 0) {
        text = "{}";
        size = 2;
    }
    TRY(recur_json_parse(text, size, true, "the question", &question->json, error));
    const recur_json *json = question->json;
    if (!recur_json_is(json, RECUR_JSON_OBJECT))
        return explain_fail(error, RECUR_ERROR_FORMAT, "the question must be a JSON object");
    const recur_json *key = recur_json_first(json);
    for (size_t i = 0; i < json->size; i++) {
        const recur_json *value = recur_json_next(key);
        if (!recur_json_is(value, RECUR_JSON_NULL)) /* as good as absent */
            TRY(read_member(question, key->text, value, error));
        key = recur_json_next(value);
    }
    if (question->size == 0)
        question->bytes = explain_story(&question->size);
    if (question->size > EXPLAIN_TEXT)
        return explain_fail(error, RECUR_ERROR_ARGUMENT, "the text has more than %d bytes",
                            EXPLAIN_TEXT);
    return RECUR_OK;
}

static enum recur_status answer(const struct question *question, recur_json_writer *json,
                                recur_error *error)
{
    struct explain *explain = NULL;
    size_t size = 0;
    TRY(explain_take(1, sizeof *explain, &explain, error));
    explain->origin = question->bytes == explain_story(&size) ? EXPLAIN_STORY : EXPLAIN_SENTENCE;
    enum recur_status status =
        explain_make(explain, &question->settings, question->bytes, question->size, error);
    if (status == RECUR_OK)
        explain_put(json, explain);
    explain_free(explain);
    free(explain);
    return status;
}

enum recur_status explain_answer(const char *text, size_t size, recur_json_writer *json,
                                 recur_error *error)
{
    struct question question = {.text = recur_text_config_default(),
                                .corpus = recur_corpus_config_default(),
                                .hidden = {EXPLAIN_HIDDEN_STANDARD},
                                .settings = explain_settings_default()};
    question.corpus.text = &question.text;
    question.settings.corpus = &question.corpus;
    question.settings.work = work;
    question.settings.model.layers = 1;
    question.settings.model.hidden = question.hidden;
    enum recur_status status = read_question(&question, text, size, error);
    question.settings.model.seed = question.settings.trainer.seed;
    if (status == RECUR_OK)
        status = answer(&question, json, error);
    free(question.json);
    return status;
}
