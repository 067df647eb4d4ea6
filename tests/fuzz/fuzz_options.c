/* The command's options. The first byte says which command's, the rest are the words, a line each;
 * nothing is run. What was read must, as words again, be read as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "train_options.h"

enum { WORDS = 100, SETTINGS = 1 << 16 };

static const struct command *const commands[] = {
    &recur_command_train, &recur_command_generate, &recur_command_fill, &recur_command_features,
    &recur_command_eval,  &recur_command_vocab,    &recur_command_info, &recur_command_convert,
    &recur_command_fetch, &recur_command_bench,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static bool parse(const struct command *command, int argc, char **argv, void *settings,
                  struct arguments *arguments)
{
    int status = 0;
    bool good = command == &recur_command_train
                    ? recur_train_options_parse(command, argc, argv, settings, arguments, &status)
                    : recur_options_parse(command, argc, argv, settings, arguments, &status);
    FUZZ_CHECK(good || status == 0 || status == STATUS_FAILURE || status == STATUS_USAGE,
               "exit status %d", status);
    return good;
}

static void parse_again(const struct command *command, const json_t *words,
                        const struct option_set *given)
{
    char *again[2 * WORDS * OPTION_LIST_MOST];
    size_t count = json_array_size(words);
    FUZZ_CHECK(count + command->least <= sizeof again / sizeof *again, "%zu words", count);
    for (size_t i = 0; i < count; i++)
        again[i] = strdup(json_string_value(json_array_get(words, i)));
    for (size_t i = 0; i < command->least; i++)
        again[count + i] = strdup("operand");
    char *held[sizeof again / sizeof *again];
    memcpy(held, again, (count + command->least) * sizeof *held); /* operands move in argv */
    void *settings = calloc(1, SETTINGS);
    struct arguments arguments;
    FUZZ_CHECK(parse(command, (int)(count + command->least), again, settings, &arguments),
               "recur %s: its own words are refused", command->name);
    json_t *same = recur_options_words(command, given, settings);
    FUZZ_CHECK(json_equal(words, same), "recur %s: other words", command->name);
    json_decref(same);
    for (size_t i = 0; i < count + command->least; i++)
        free(held[i]);
    free(settings);
}

static void silence(void)
{
    static bool silent; /* libFuzzer's own words go past these streams */
    if (silent)
        return;
    silent = freopen("/dev/null", "w", stdout) && (stderr = fopen("/dev/null", "w"));
    FUZZ_CHECK(silent, "no /dev/null");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *words[WORDS + 1] = {NULL};
    int count = 0;
    if (size == 0)
        return 0;
    silence();
    const struct command *command = commands[bytes[0] % COMMANDS];
    char *text = malloc(size);
    void *settings = calloc(1, SETTINGS);
    FUZZ_CHECK(text && settings, "no memory");
    ptrdiff_t before = fuzz_memory_begin();
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    for (char *at = text; at && count < WORDS;) {
        char *end = strchr(at, '\n');
        if (end)
            *end++ = '\0';
        words[count++] = at;
        at = end;
    }
    struct arguments arguments;
    if (parse(command, count, words, settings, &arguments)) {
        json_t *again = recur_options_words(command, &arguments.given, settings);
        if (again) /* else something is not UTF-8 */
            parse_again(command, again, &arguments.given);
        json_decref(again);
    }
    fuzz_memory_end(before, size);
    free(settings);
    free(text);
    return 0;
}
