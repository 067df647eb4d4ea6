#include "common/message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/live.h"

/* Prints a sentence. If statements to be copied end it, each gets a line of its own. */
static void print_sentence(const char *sentence)
{
    static const char begin[] = ", in Python: ";
    const char *statements = strstr(sentence, begin);
    if (!statements) {
        fprintf(stderr, "%s\n", sentence);
        return;
    }
    fprintf(stderr, "%.*s, in Python:\n", (int)(statements - sentence), sentence);
    statements += strlen(begin);
    while (*statements) {
        const char *end = strstr(statements, "; ");
        size_t length = end ? (size_t)(end - statements) : strlen(statements);
        fprintf(stderr, "    %.*s\n", (int)length, statements);
        statements += length + (end ? 2 : 0);
    }
}

/* Sentences quote names and values. These must not control the terminal. */
static void say(const struct command *command, const char *kind, const char *format,
                va_list arguments)
{
    char sentence[4096];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    /* If both streams go to one place, earlier output comes first. */
    fflush(stdout);
    recur_live_clear();
    fputs("recur", stderr);
    if (command)
        fprintf(stderr, " %s", command->name);
    fprintf(stderr, ": %s", kind);
    print_sentence(recur_show(sentence, strlen(sentence), SIZE_MAX, NULL).text);
}

int recur_usage_error(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(command, "", format, arguments);
    va_end(arguments);
    return STATUS_USAGE;
}

int recur_failure(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(command, "", format, arguments);
    va_end(arguments);
    return STATUS_FAILURE;
}

int recur_library_failure(const struct command *command, const recur_error *error)
{
    return error->status == RECUR_ERROR_ARGUMENT ? recur_usage_error(command, "%s", error->message)
                                                 : recur_failure(command, "%s", error->message);
}

void recur_warning(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(command, "warning: ", format, arguments);
    va_end(arguments);
}

enum { WORD_SHOWN = 60, PATH_SHOWN = 200 };

recur_printable recur_word(const char *word)
{
    return recur_show(word, strlen(word), WORD_SHOWN, NULL);
}

recur_printable recur_path(const char *path)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    return recur_show(name, strlen(name), PATH_SHOWN, NULL);
}

enum { LONGEST_WORD = 40 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Counts the edits between two words: insertions, deletions, replacements, swaps of neighbours. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST_WORD + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST_WORD || m > LONGEST_WORD)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] =
                smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], second[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *recur_suggestion(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(word), least = 1 + length / 4;
    for (size_t i = 0; i < count; i++) {
        size_t shared = smaller(length, strlen(candidates[i]));
        /* The word is an abbreviation (--hid) or a longer form (--temperature). */
        bool begins = shared >= (shared == length ? 2 : 3) && !strncmp(word, candidates[i], shared);
        size_t edits = begins ? 1 : distance(word, candidates[i]);
        if (edits < least || (edits == least && !best)) {
            least = edits;
            best = candidates[i];
        }
    }
    return best;
}
