/* A command of the program: its name, its arguments and the function that runs it. */
#ifndef RECUR_CLI_COMMON_COMMAND_H
#define RECUR_CLI_COMMON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct option_spec;

/* Exit statuses; 0 is success. */
enum {
    STATUS_FAILURE = 1, /* something went wrong */
    STATUS_USAGE = 2,   /* the command line is wrong */
};

struct command {
    const char *name;
    const char *summary;               /* its line in `recur --help` */
    const char *operands;              /* shown in the usage line */
    const char *about;                 /* a paragraph or two */
    const char *examples;              /* command lines to copy; NULL: none */
    const struct option_spec *options; /* ends with an all-zero entry */
    /* The options with which the help begins, up to a NULL; NULL: none. */
    const char *const *most_used;
    size_t least, most; /* least and most operands */
    bool takes_text;    /* an operand is the text itself, which may be empty */
    /* Names the option that an operand too many was probably meant for, if that option was not
     * given; NULL: none. */
    const char *stray;
    /* Gets the arguments after the command's name; returns the exit status. */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* All commands, in the order of `recur --help`. */
#define RECUR_COMMANDS(COMMAND)                                                                    \
    COMMAND(train)                                                                                 \
    COMMAND(tune)                                                                                  \
    COMMAND(generate)                                                                              \
    COMMAND(fill)                                                                                  \
    COMMAND(features)                                                                              \
    COMMAND(predict)                                                                               \
    COMMAND(eval)                                                                                  \
    COMMAND(vocab)                                                                                 \
    COMMAND(tokenize)                                                                              \
    COMMAND(explain)                                                                               \
    COMMAND(plot)                                                                                  \
    COMMAND(info)                                                                                  \
    COMMAND(convert)                                                                               \
    COMMAND(fetch)                                                                                 \
    COMMAND(serve)                                                                                 \
    COMMAND(bench)                                                                                 \
    COMMAND(completion)

#define RECUR_DECLARE_COMMAND(name) extern const struct command recur_command_##name;
RECUR_COMMANDS(RECUR_DECLARE_COMMAND)

#endif
