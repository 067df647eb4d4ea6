/* The values of options that were parsed: as words again, and from one struct to another. */
#include <stdio.h>
#include <string.h>

#include "options.h"

static size_t size_of(enum option_kind kind)
{
    switch (kind) {
    case OPTION_HEADING: return 0;
    case OPTION_FLAG: return sizeof(bool);
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_CHOICE: return sizeof(const char *);
    case OPTION_TEXTS: return sizeof(struct text_list);
    case OPTION_COUNT: return sizeof(uint64_t);
    case OPTION_COUNTS: return sizeof(struct count_list);
    case OPTION_TOKENS: return sizeof(struct token_list);
    case OPTION_NUMBER: return sizeof(double);
    }
    return 0;
}

void recur_option_copy(const struct option_spec *option, void *to, const void *from)
{
    memcpy((char *)to + option->at, (const char *)from + option->at, size_of(option->kind));
}

static json_t *counts_word(const char *name, const struct count_list *list)
{
    char text[OPTION_LIST_MOST * 22] = "";
    for (size_t i = 0, used = 0; i < list->count && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, i ? ",%zu" : "%zu", list->items[i]);
    return json_sprintf("--%s=%s", name, text);
}

/* The tokens lie in one text with commas between them. */
static json_t *tokens_word(const char *name, const struct token_list *list)
{
    const char *begin = list->count ? list->items[0].bytes : "";
    size_t last = list->count - 1;
    size_t size =
        list->count ? (size_t)(list->items[last].bytes - begin) + list->items[last].size : 0;
    return json_sprintf("--%s=%.*s", name, (int)size, begin);
}

/* Adds the option's words; not 0 where that fails. */
static int add_words(json_t *words, const struct option_spec *option, const void *settings)
{
    const void *at = (const char *)settings + option->at;
    const char *name = option->name;
    int failed = 0;
    switch (option->kind) {
    case OPTION_HEADING: return 0;
    case OPTION_FLAG:
        return *(const bool *)at ? json_array_append_new(words, json_sprintf("--%s", name)) : 0;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_CHOICE:
        return *(const char *const *)at
                   ? json_array_append_new(words,
                                           json_sprintf("--%s=%s", name, *(const char *const *)at))
                   : 0;
    case OPTION_TEXTS:
        for (size_t i = 0; i < ((const struct text_list *)at)->count; i++)
            failed |= json_array_append_new(
                words, json_sprintf("--%s=%s", name, ((const struct text_list *)at)->items[i]));
        return failed;
    case OPTION_COUNT:
        return json_array_append_new(
            words, json_sprintf("--%s=%llu", name, (unsigned long long)*(const uint64_t *)at));
    case OPTION_COUNTS: return json_array_append_new(words, counts_word(name, at));
    case OPTION_TOKENS: return json_array_append_new(words, tokens_word(name, at));
    case OPTION_NUMBER:
        return json_array_append_new(words, json_sprintf("--%s=%.17g", name, *(const double *)at));
    }
    return 0;
}

json_t *recur_options_words(const struct command *command, const struct option_set *given,
                            const void *settings)
{
    json_t *words = json_array();
    int failed = 0;
    for (size_t i = 0; command->options[i].help; i++)
        if (recur_option_in(given, i))
            failed |= add_words(words, &command->options[i], settings);
    if (!failed)
        return words;
    json_decref(words);
    return NULL;
}
