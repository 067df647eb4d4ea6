/* Where results go: JSON, and files that are there whole or not at all. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "recur/convert.h"
#include "recur/model.h"
#include "recur/predict.h"

/* A number with so many significant digits; null where it is not finite. */
json_t *recur_json_number(double value, int digits);

/* An epoch as `--log`, `--report` and `recur info --json` show it. */
json_t *recur_json_epoch(const recur_epoch *epoch);

/* Adds accuracy, precision, recall and f1, each name behind `prefix`. */
void recur_json_add_scores(json_t *object, const recur_scores *scores, const char *prefix);

/* One line of JSON, allocated; takes the object. NULL where memory is short. */
char *recur_json_text(json_t *object);

/* One line of JSON on stdout; takes the object. Returns the exit status. */
int recur_json_print(const struct command *command, json_t *object);

/* A line on what a file of that format holds of a model: cell, widths, input, parameters. */
void recur_print_model(FILE *stream, const recur_model *model, enum recur_format format);

/* Can `path`, the value of `--option` (NULL: an operand), be written? Says what is wrong where it
 * cannot. */
bool recur_output_check(const struct command *command, const char *option, const char *path);

/* Does the name of a file with a model say what is written to it, ONNX or else safetensors? A name
 * that ends as those of other formats do would mislead whoever opens it: that is said, with a name
 * to take instead. */
bool recur_model_name_check(const struct command *command, const char *path, bool onnx);

/* Would writing `output` change what is read from `input`? That may be "-", standard input. */
bool recur_overwrites(const char *output, const char *input);

/* recur_file_write; says why where it fails. */
bool recur_write_file(const struct command *command, const char *path, const void *bytes,
                      size_t size);

#endif
