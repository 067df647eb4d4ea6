/* Writes results: JSON, and files that appear whole or not at all. */
#ifndef RECUR_CLI_COMMON_OUTPUT_H
#define RECUR_CLI_COMMON_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/command.h"
#include "json.h"
#include "recur/convert.h"
#include "recur/machine.h"
#include "recur/model.h"
#include "recur/predict.h"

/* The writer with which all JSON output of the command begins. */
#define RECUR_JSON_SHOWN                                                                           \
    {                                                                                              \
        .pretty = true                                                                             \
    }

/* Puts a number with so many significant digits, at most 12; null where it is not finite. */
void recur_json_put_rounded(recur_json_writer *json, const char *key, double value, int digits);

/* Puts the members of an epoch as `--log`, `--report` and `recur info --json` show them. */
void recur_json_put_epoch(recur_json_writer *json, const recur_epoch *epoch);

/* Puts accuracy, precision, recall and f1, each name after `prefix`. */
void recur_json_put_scores(recur_json_writer *json, const recur_scores *scores, const char *prefix);

/* Prints one line of JSON on stdout, or a sentence if the line was not written whole; frees the
 * writer. Returns the exit status. */
int recur_json_print(const struct command *command, recur_json_writer *json);

/* Prints a line about what a file of the format has of a model: cell, widths, input, parameters. */
void recur_print_model(FILE *stream, const recur_model *model, enum recur_format format);

/* What computes for a model, as far as its bits depend on it: "cpu" or, with the compute
 * capability, "cuda 9.0". */
struct device_text {
    char text[40];
};
struct device_text recur_device_text(const recur_model *model);

/* The default file of a model, which recur train writes and other commands read. */
#define STANDARD_MODEL "model.safetensors"

/* How a command's output uses standard output, "-". */
enum output_kind {
    OUTPUT_ALONE,  /* bytes alone, which must not go to a terminal */
    OUTPUT_BESIDE, /* other results go there as well */
};

/* Can `path`, the value of `--option` (NULL: the operand OUT), be written? Returns 0 or, after
 * printing what is wrong, the exit status. */
int recur_output_check(const struct command *command, const char *option, const char *path,
                       enum output_kind kind);

/* An output's name for a sentence. */
recur_printable recur_output_name(const char *path);

/* Does a text, such as a file's name, end in `ending`, in capitals or not, and have something
 * before it? */
bool recur_ends_in(const char *text, const char *ending);

/* Does the name of a model's file fit the format that is written? A name with another format's
 * ending would mislead. Prints this, and a name to take instead. */
bool recur_model_name_check(const struct command *command, const char *path,
                            enum recur_format format);

/* Would writing `output` change what is read from `input`? `input` may be "-", standard input. */
bool recur_overwrites(const char *output, const char *input);

/* recur_file_write, which prints the reason where it fails. */
bool recur_write_file(const struct command *command, const char *path, const void *bytes,
                      size_t size);

#endif
