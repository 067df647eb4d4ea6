/* `recur COMMAND --help`, from the same table that parses. */
#include <string.h>

#include "options/options.h"

enum { HELP_WIDTH = 80, HELP_COLUMN = 26 };

/* Columns of a UTF-8 word of narrow characters. */
static size_t columns(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

void recur_help_wrap(FILE *stream, const char *text, size_t column, size_t indent, size_t width)
{
    bool first = true;
    while (*text) {
        size_t size = strcspn(text, " \n"), wide = columns(text, size);
        if (!first && column + 1 + wide > width) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', stream);
            column++;
        }
        fwrite(text, 1, size, stream);
        column += wide;
        text += size;
        first = false;
        if (*text == '\n') {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        text += *text != '\0';
    }
    fputc('\n', stream);
}

/* "  -o, --output FILE"; returns how many columns that took. */
static size_t print_names(const struct option_spec *option, FILE *stream)
{
    int used = option->letter ? fprintf(stream, "  -%c, --%s", option->letter, option->name)
                              : fprintf(stream, "      --%s", option->name);
    if (option->metavar)
        used += fprintf(stream, " %s", option->metavar);
    return (size_t)used;
}

static void print_option(const struct option_spec *option, FILE *stream)
{
    char text[500 + CHOICES_TEXT];
    const char *standard = option->shown ? option->shown : option->standard;
    size_t used = (size_t)snprintf(text, sizeof text, "%s", option->help);
    if (option->choices) {
        char choices[CHOICES_TEXT];
        recur_option_choices(option, choices, sizeof choices);
        used += (size_t)snprintf(text + used, sizeof text - used, ": %s", choices);
    }
    if (standard && *standard)
        snprintf(text + used, sizeof text - used, " (default %s)", standard);
    size_t column = print_names(option, stream);
    if (column + 2 > HELP_COLUMN) {
        fputc('\n', stream);
        column = 0;
    }
    fprintf(stream, "%*s", (int)(HELP_COLUMN - column), "");
    recur_help_wrap(stream, text, HELP_COLUMN, HELP_COLUMN, HELP_WIDTH);
}

void recur_help_print(const struct command *command, FILE *stream)
{
    fprintf(stream, "usage: recur %s%s%s%s\n\n", command->name,
            command->options->help ? " [OPTIONS]" : "", *command->operands ? " " : "",
            command->operands);
    recur_help_wrap(stream, command->about, 0, 0, HELP_WIDTH);
    if (command->options->kind != OPTION_HEADING)
        fputc('\n', stream);
    for (const struct option_spec *o = command->options; o->help; o++) {
        if (o->kind == OPTION_HEADING)
            fprintf(stream, "\n%s\n", o->help);
        else
            print_option(o, stream);
    }
    fprintf(stream, "  -h, --help              this text\n");
    if (command->examples)
        fprintf(stream, "\nExamples\n%s", command->examples);
}
