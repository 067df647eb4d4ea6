/* The command's options. The first byte says which command's, the rest are the words, a line each;
 * nothing is run. What was read must, as words again, be read as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "options/train_options.h"
#include "recur/generate.h"

enum { WORDS = 100, SETTINGS = 1 << 16 };

static const struct command *const commands[] = {
    &recur_command_train, &recur_command_generate, &recur_command_fill,  &recur_command_features,
    &recur_command_eval,  &recur_command_vocab,    &recur_command_info,  &recur_command_convert,
    &recur_command_fetch, &recur_command_bench,    &recur_command_serve,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* As the command does, whose settings of sampling hold their defaults before it reads its words. */
static void set_sampling(const struct command *command, void *settings)
{
    struct option_spec option;
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        if (option.kind == OPTION_FIELD && option.fields == recur_sampler_field)
            recur_sampler_config_init((void *)((char *)settings + option.at),
                                      sizeof(recur_sampler_config));
}

static bool parse(const struct command *command, int argc, char **argv, void *settings,
                  struct arguments *arguments)
{
    int status = 0;
    set_sampling(command, settings);
    bool good = command == &recur_command_train
                    ? recur_train_options_parse(command, argc, argv, settings, arguments, &status)
                    : recur_options_parse(command, argc, argv, settings, arguments, &status);
    FUZZ_CHECK(good || status == 0 || status == STATUS_FAILURE || status == STATUS_USAGE,
               "exit status %d", status);
    return good;
}

static void parse_again(const struct command *command, const recur_json_writer *text)
{
    char *again[2 * WORDS * OPTION_LIST_MOST];
    recur_json *words = NULL;
    FUZZ_CHECK(recur_json_parse(text->text, text->size, false, "", &words, NULL) == RECUR_OK,
               "recur %s: its own words are no JSON", command->name);
    const recur_json *word = recur_json_first(words);
    size_t count = words->size;
    FUZZ_CHECK(count + command->least <= sizeof again / sizeof *again, "%zu words", count);
    for (size_t i = 0; i < count; i++, word = recur_json_next(word))
        again[i] = strdup(word->text);
    for (size_t i = 0; i < command->least; i++)
        again[count + i] = strdup("operand");
    char *held[sizeof again / sizeof *again];
    memcpy(held, again, (count + command->least) * sizeof *held); /* operands move in argv */
    void *settings = calloc(1, SETTINGS);
    struct arguments arguments;
    FUZZ_CHECK(parse(command, (int)(count + command->least), again, settings, &arguments),
               "recur %s: its own words are refused", command->name);
    recur_json_writer same = {0};
    recur_options_put_words(&same, NULL, command, &arguments.given, settings);
    FUZZ_CHECK(same.status == RECUR_OK && strcmp(text->text, same.text) == 0,
               "recur %s: other words", command->name);
    recur_json_writer_free(&same);
    free(words);
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
        recur_json_writer again = {0};
        recur_options_put_words(&again, NULL, command, &arguments.given, settings);
        if (again.status == RECUR_OK) /* else something is not UTF-8 */
            parse_again(command, &again);
        recur_json_writer_free(&again);
    }
    fuzz_memory_end(before, size);
    free(settings);
    free(text);
    return 0;
}
