/* Prints `recur COMMAND --help` from the table that also drives parsing. */
#include <string.h>

#include "options/options.h"

enum { HELP_WIDTH = 80, HELP_COLUMN = 26 };

/* How many columns a UTF-8 word of narrow characters takes. */
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

/* Prints "  -o, --output FILE"; returns how many columns it took. */
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
    const struct default_text own =
        option->kind == OPTION_FIELD ? recur_option_default(option) : (struct default_text){""};
    const char *standard = option->shown ? option->shown : *own.text ? own.text : option->standard;
    size_t used = (size_t)snprintf(text, sizeof text, "%s", option->help);
    if (option->choices || recur_option_choice(option, 0)) {
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

/* Is the option among those with which the help begins? */
static bool is_most_used(const struct command *command, const struct option_spec *option)
{
    const char *const *name = command->most_used;
    while (name && *name && (!option->name || strcmp(*name, option->name) != 0))
        name++;
    return name && *name;
}

static void print_most_used(const struct command *command, FILE *stream)
{
    struct option_spec option;
    fputs("The options that most people need\n", stream);
    for (const char *const *name = command->most_used; *name; name++)
        for (size_t row = 0; recur_option_row(command, row, &option); row++)
            if (option.name && strcmp(*name, option.name) == 0)
                print_option(&option, stream);
    fputc('\n', stream);
}

void recur_help_print(const struct command *command, FILE *stream)
{
    fprintf(stream, "usage: recur %s%s%s%s\n\n", command->name,
            command->options->help ? " [OPTIONS]" : "", *command->operands ? " " : "",
            command->operands);
    if (command->most_used)
        print_most_used(command, stream);
    recur_help_wrap(stream, command->about, 0, 0, HELP_WIDTH);
    if (command->options->kind != OPTION_HEADING)
        fputc('\n', stream);
    struct option_spec option;
    bool further = false;
    for (size_t row = 0; recur_option_row(command, row, &option); row++) {
        if (!further && command->options[row].kind == OPTION_FIELDS) {
            fprintf(stream, "\nFurther settings\n");
            further = true;
        }
        if (option.kind == OPTION_HEADING)
            fprintf(stream, "\n%s\n", option.help);
        else if (!is_most_used(command, &option))
            print_option(&option, stream);
    }
    fprintf(stream, "  -h, --help              this text\n");
    if (command->examples)
        fprintf(stream, "\nExamples\n%s", command->examples);
}
