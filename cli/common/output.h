/* Where results go: JSON, and files that appear whole or not at all. */
#ifndef RECUR_CLI_COMMON_OUTPUT_H
#define RECUR_CLI_COMMON_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/command.h"
#include "json.h"
#include "recur/convert.h"
#include "recur/model.h"
#include "recur/predict.h"

/* JSON as the command shows it begins as this writer. */
#define RECUR_JSON_SHOWN                                                                           \
    {                                                                                              \
        .pretty = true                                                                             \
    }

/* A number rounded to so many significant digits, at most 12; null where it is not finite. */
void recur_json_put_rounded(recur_json_writer *json, const char *key, double value, int digits);

/* The members of an epoch as `--log`, `--report` and `recur info --json` show it. */
void recur_json_put_epoch(recur_json_writer *json, const recur_epoch *epoch);

/* Accuracy, precision, recall and f1, each name behind `prefix`. */
void recur_json_put_scores(recur_json_writer *json, const recur_scores *scores, const char *prefix);

/* One line of JSON on stdout, or a sentence where it was not written whole; frees the writer.
 * Returns the exit status. */
int recur_json_print(const struct command *command, recur_json_writer *json);

/* A line on what a file of that format holds of a model: cell, widths, input, parameters. */
void recur_print_model(FILE *stream, const recur_model *model, enum recur_format format);

/* Where recur train writes the model and the others look for it, unless they are told. */
#define STANDARD_MODEL "model.safetensors"

/* What a command's output is to standard output, "-". */
enum output_kind {
    OUTPUT_ALONE,  /* bytes that may go there, where that is no terminal */
    OUTPUT_BESIDE, /* other results go there */
};

/* Can `path`, the value of `--option` (NULL: the operand OUT), be written? Returns 0 or the exit
 * status, having said what is wrong. */
int recur_output_check(const struct command *command, const char *option, const char *path,
                       enum output_kind kind);

/* An output's name for a sentence. */
recur_printable recur_output_name(const char *path);

/* Does the name of a file end so, in capitals or not, and have something before the ending? */
bool recur_ends_in(const char *path, const char *ending);

/* Does the name of a file with a model say what is written to it? A name that ends as those of
 * other formats do would mislead whoever opens it: that is said, with a name to take instead. */
bool recur_model_name_check(const struct command *command, const char *path,
                            enum recur_format format);

/* Would writing `output` change what is read from `input`? That may be "-", standard input. */
bool recur_overwrites(const char *output, const char *input);

/* recur_file_write; says why where it fails. */
bool recur_write_file(const struct command *command, const char *path, const void *bytes,
                      size_t size);

#endif
