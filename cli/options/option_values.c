/* The values of options that were parsed: as words again, and from one struct to another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

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

/* "--NAME=VALUE", or "--NAME" where `value` is NULL. */
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

/* The tokens lie in one text with commas between them. */
static void put_tokens(recur_json_writer *words, const char *name, const struct token_list *list)
{
    const char *begin = list->count ? list->items[0].bytes : "";
    size_t last = list->count - 1;
    size_t size =
        list->count ? (size_t)(list->items[last].bytes - begin) + list->items[last].size : 0;
    put_word(words, name, begin, size);
}

static void put_words(recur_json_writer *words, const struct option_spec *option,
                      const void *settings)
{
    const void *at = (const char *)settings + option->at;
    const char *name = option->name;
    const struct text_list *texts = at;
    char text[40];
    switch (option->kind) {
    case OPTION_HEADING: return;
    case OPTION_FLAG:
        if (*(const bool *)at)
            put_word(words, name, NULL, 0);
        return;
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
    case OPTION_COUNT:
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)at);
        put_text(words, name, text);
        return;
    case OPTION_COUNTS: put_counts(words, name, at); return;
    case OPTION_TOKENS: put_tokens(words, name, at); return;
    case OPTION_NUMBER: /* the fewest digits that give it back */
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, *(const double *)at);
            if (!(strtod(text, NULL) < *(const double *)at ||
                  strtod(text, NULL) > *(const double *)at))
                break;
        }
        put_text(words, name, text);
        return;
    }
}

void recur_options_put_words(recur_json_writer *json, const char *key,
                             const struct command *command, const struct option_set *given,
                             const void *settings)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; command->options[i].help; i++)
        if (recur_option_in(given, i))
            put_words(json, &command->options[i], settings);
    recur_json_close(json, ']');
}
