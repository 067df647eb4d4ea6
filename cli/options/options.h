/* A table of options: each row determines parsing, range checks, defaults and `--help`. */
#ifndef RECUR_CLI_OPTIONS_OPTIONS_H
#define RECUR_CLI_OPTIONS_OPTIONS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/command.h"
#include "json.h"
#include "recur/fields.h"
#include "recur/text.h"

enum option_kind {
    OPTION_HEADING, /* not an option: a title in the help */
    OPTION_FLAG,    /* bool: no value */
    OPTION_TEXT,    /* const char * */
    OPTION_FILE,    /* const char *, not empty */
    OPTION_CHOICE,  /* const char *, one of `choices` */
    OPTION_TEXTS,   /* struct text_list: each use adds one text */
    OPTION_COUNT,   /* uint64_t in [least, most] */
    OPTION_COUNTS,  /* struct count_list: "256,128", each in [least, most] */
    OPTION_TOKENS,  /* struct token_list: "A,B" */
    OPTION_NUMBER,  /* double between low and high */
    OPTION_TIME,    /* double: seconds, given as 90, 90s, 10m, 1h or 1h30m */
    OPTION_FIELD,   /* the setting with the row's name, in the configuration at `at` */
    OPTION_FIELDS,  /* no option but, as the table's last rows, all that there are of the
                       configuration at `at` and have no row: help shows them at its end */
};

enum { OPTION_LIST_MOST = 64 };

struct text_list {
    const char *items[OPTION_LIST_MOST];
    size_t count;
};

struct count_list {
    size_t items[OPTION_LIST_MOST];
    size_t count;
};

struct token_list {
    recur_token items[OPTION_LIST_MOST];
    size_t count;
};

struct option_spec {
    enum option_kind kind;
    char letter;                         /* 0: none */
    const char *name;                    /* without dashes */
    const char *metavar;                 /* the value's name in the help */
    size_t at;                           /* offsetof the value in the struct of settings */
    const char *choices;                 /* "a|b|c" */
    const char *(*choice)(size_t index); /* or their names, from 0 up; NULL after the last */
    /* The fields of a configuration of the library. They supply what the row leaves out: the range,
     * the choices and, where `help` is "", the help. The kind may be one that keeps the value
     * elsewhere. */
    recur_fields *fields;
    uint64_t least, most;       /* for counts */
    double low, high;           /* for numbers; high may be INFINITY */
    bool above_low, below_high; /* the bound itself is not allowed */
    const char *standard;       /* the default, which is parsed like a value; NULL: zero */
    const char *shown;          /* the default as the help words it; NULL: `standard` */
    const char *alone;          /* the value of the option alone, where the next word is no number;
                                   NULL: it needs a value */
    const char *help;
    const recur_field *field; /* the one of `fields` with the row's name, which recur_option_row
                                 finds; NULL: none */
};

/* The `standard` of a setting that has its configuration's default. */
#define FIELD_STANDARD ""

/* Row number `row` of a command's table, completed with what the library says. After the table's
 * own rows come the settings without a row. False after the last. */
bool recur_option_row(const struct command *command, size_t row, struct option_spec *option);

/* The library's name for choice number `index` of a row with a field; NULL after the last. */
const char *recur_option_choice(const struct option_spec *option, size_t index);
bool recur_option_is_flag(const struct option_spec *option);

/* The library's name of an enumeration's value; NULL for "unknown", the name of numbers after the
 * last. */
const char *recur_option_known(const char *name);

/* A set of a table's options, by row. Each has the value that it was given as: "" for a flag or a
 * default, "no" for --no-NAME; NULL: it is not in the set. */
enum { OPTION_ROWS = 256 };
struct option_set {
    const char *value[OPTION_ROWS];
};

static inline bool recur_option_in(const struct option_set *set, size_t row)
{
    return set->value[row] != NULL;
}

static inline void recur_option_add(struct option_set *set, size_t row, const char *value)
{
    assert(row < OPTION_ROWS);
    set->value[row] = value ? value : "";
}

static inline void recur_option_remove(struct option_set *set, size_t row)
{
    set->value[row] = NULL;
}

/* What a command line has besides values of options. */
struct arguments {
    const char **operands;
    size_t count;
    struct option_set given;
};

/* Sets defaults, except for settings, which already hold theirs. Then reads the command line into
 * `settings` and checks every value. False where the command ends here, with its *status: help was
 * asked for and printed, or something is wrong. */
bool recur_options_parse(const struct command *command, int argc, char **argv, void *settings,
                         struct arguments *arguments, int *status);

/* Was the option given? Also false where the command has no such option. */
bool recur_option_given(const struct command *command, const struct arguments *arguments,
                        const char *name);

/* Was none of the options given that are settings of `fields`? Prints that the first one needs the
 * option `needed`. */
bool recur_none_given(const struct command *command, const struct arguments *arguments,
                      recur_fields *fields, const char *needed);

/* Sets an option that was not given, to a preset's value. After that it counts as given. */
void recur_option_preset(const struct command *command, struct arguments *arguments,
                         const char *name, const char *value, void *settings);

/* Makes an option count as not given; its value stays. */
void recur_option_forget(const struct command *command, struct arguments *arguments,
                         const char *name);

/* Puts the options in `given` as a list of strings, each a word "--name=value". Parsing them gives
 * the same values again. */
void recur_options_put_words(recur_json_writer *json, const char *key,
                             const struct command *command, const struct option_set *given,
                             const void *settings);

/* The number that a setting was `given` as (NULL or "": it was not given), otherwise its default:
 * 0.1 and not the float next to it. The second function finds the option by its name. */
double recur_option_exact(const struct option_spec *option, const char *given,
                          const void *settings);
double recur_option_number(const struct command *command, const struct arguments *arguments,
                           const char *name, const void *settings);

/* The value of an option with choices. */
const char *recur_option_chosen(const struct command *command, const char *name,
                                const void *settings);

/* A setting's default as the help words it; "" for a flag. */
struct default_text {
    char text[40];
};
struct default_text recur_option_default(const struct option_spec *option);

/* Copies the option's value from one struct of settings to another. */
void recur_option_copy(const struct option_spec *option, void *to, const void *from);

/* Room for the longest list of choices with commas. */
enum { CHOICES_TEXT = 500 };

/* The choices, separated by commas: "rnn, gru, lstm". */
void recur_option_choices(const struct option_spec *option, char *text, size_t size);

void recur_help_print(const struct command *command, FILE *stream);
/* Prints text in lines of at most `width` columns. The first line begins in `column`, the others
 * after `indent` spaces. */
void recur_help_wrap(FILE *stream, const char *text, size_t column, size_t indent, size_t width);

#endif
