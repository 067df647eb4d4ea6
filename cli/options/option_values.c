/* Turns the values of parsed options back into words, and copies them between structs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

static size_t size_of(enum option_kind kind)
{
    switch (kind) {
    case OPTION_HEADING:
    case OPTION_FIELD:
    case OPTION_FIELDS: return 0;
    case OPTION_FLAG: return sizeof(bool);
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_CHOICE: return sizeof(const char *);
    case OPTION_TEXTS: return sizeof(struct text_list);
    case OPTION_COUNT: return sizeof(uint64_t);
    case OPTION_COUNTS: return sizeof(struct count_list);
    case OPTION_TOKENS: return sizeof(struct token_list);
    case OPTION_TIME:
    case OPTION_NUMBER: return sizeof(double);
    }
    return 0;
}

void recur_option_copy(const struct option_spec *option, void *to, const void *from)
{
    void *target = (char *)to + option->at;
    const void *source = (const char *)from + option->at;
    const recur_field *field = option->field;
    if (option->kind == OPTION_FIELD)
        recur_field_set(field, target, recur_field_get(field, source), NULL);
    else
        memcpy(target, source, size_of(option->kind));
}

/* Prints a number with the fewest digits that read back as the same double or, if `single`,
 * float. */
static struct default_text shortest(double number, bool single)
{
    struct default_text shown = {""};
    if (fabs(number) < 1e7 && !(number > floor(number))) {
        snprintf(shown.text, sizeof shown.text, "%.0f", number);
        return shown;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(shown.text, sizeof shown.text, "%.*g", digits, number);
        double back = strtod(shown.text, NULL);
        if (single)
            back = (double)(float)back;
        if (!(back < number || back > number))
            break;
    }
    return shown;
}

struct default_text recur_option_default(const struct option_spec *option)
{
    struct default_text shown = {""};
    const recur_field *field = option->field;
    recur_value value = recur_field_get(field, NULL);
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG:
    case RECUR_FIELD_WIDTHS: break;
    case RECUR_FIELD_NUMBER: return shortest(value.number, true);
    case RECUR_FIELD_CHOICE: snprintf(shown.text, sizeof shown.text, "%s", value.name); break;
    case RECUR_FIELD_COUNT:
        snprintf(shown.text, sizeof shown.text, "%llu", (unsigned long long)value.count);
        break;
    }
    return shown;
}

double recur_option_exact(const struct option_spec *option, const char *given, const void *settings)
{
    recur_value value = recur_field_get(option->field, (const char *)settings + option->at);
    return strtod(given && *given ? given : shortest(value.number, true).text, NULL);
}

/* Puts "--NAME=VALUE", or "--NAME" where `value` is NULL. */
static void put_word(recur_json_writer *words, const char *name, const char *value, size_t size)
{
    recur_json_begin_text(words, NULL);
    recur_json_add_text(words, "--", 2);
    recur_json_add_text(words, name, strlen(name));
    if (value) {
        recur_json_add_text(words, "=", 1);
        recur_json_add_text(words, value, size);
    }
    recur_json_end_text(words);
}

static void put_text(recur_json_writer *words, const char *name, const char *value)
{
    put_word(words, name, value, strlen(value));
}

static void put_counts(recur_json_writer *words, const char *name, const struct count_list *list)
{
    char text[OPTION_LIST_MOST * 22] = "";
    for (size_t i = 0, used = 0; i < list->count && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, i ? ",%zu" : "%zu", list->items[i]);
    put_text(words, name, text);
}

/* The tokens are in one text, with commas between them. */
static void put_tokens(recur_json_writer *words, const char *name, const struct token_list *list)
{
    const char *begin = list->count ? list->items[0].bytes : "";
    size_t last = list->count - 1;
    size_t size =
        list->count ? (size_t)(list->items[last].bytes - begin) + list->items[last].size : 0;
    put_word(words, name, begin, size);
}

static void put_count(recur_json_writer *words, const char *name, uint64_t count)
{
    char text[40];
    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    put_text(words, name, text);
}

static void put_flag(recur_json_writer *words, const char *name, bool on)
{
    char off[80];
    snprintf(off, sizeof off, "no-%s", name);
    put_word(words, on ? name : off, NULL, 0);
}

static void put_field(recur_json_writer *words, const struct option_spec *option, const char *given,
                      const void *settings)
{
    const recur_field *field = option->field;
    const char *name = option->name;
    recur_value value = recur_field_get(field, (const char *)settings + option->at);
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: put_flag(words, name, value.count != 0); return;
    case RECUR_FIELD_COUNT: put_count(words, name, value.count); return;
    case RECUR_FIELD_CHOICE: put_text(words, name, value.name); return;
    case RECUR_FIELD_NUMBER:
        put_text(words, name, shortest(recur_option_exact(option, given, settings), false).text);
        return;
    case RECUR_FIELD_WIDTHS: return;
    }
}

/* Puts an option's words; `given` is what the user wrote for it. */
static void put_words(recur_json_writer *words, const struct option_spec *option, const char *given,
                      const void *settings)
{
    const void *at = (const char *)settings + option->at;
    const char *name = option->name;
    const struct text_list *texts = at;
    switch (option->kind) {
    case OPTION_HEADING:
    case OPTION_FIELDS: return;
    case OPTION_FLAG: put_flag(words, name, *(const bool *)at); return;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_CHOICE:
        if (*(const char *const *)at)
            put_text(words, name, *(const char *const *)at);
        return;
    case OPTION_TEXTS:
        for (size_t i = 0; i < texts->count; i++)
            put_text(words, name, texts->items[i]);
        return;
    case OPTION_COUNT: put_count(words, name, *(const uint64_t *)at); return;
    case OPTION_COUNTS: put_counts(words, name, at); return;
    case OPTION_TOKENS: put_tokens(words, name, at); return;
    case OPTION_TIME:
    case OPTION_NUMBER: put_text(words, name, shortest(*(const double *)at, false).text); return;
    case OPTION_FIELD: put_field(words, option, given, settings); return;
    }
}

void recur_options_put_words(recur_json_writer *json, const char *key,
                             const struct command *command, const struct option_set *given,
                             const void *settings)
{
    struct option_spec option;
    recur_json_open(json, key, '[');
    for (size_t i = 0; recur_option_row(command, i, &option); i++)
        if (recur_option_in(given, i))
            put_words(json, &option, given->value[i], settings);
    recur_json_close(json, ']');
}
