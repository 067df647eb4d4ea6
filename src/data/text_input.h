/* Reads a text's file for the code that cuts it: unpacks the file where it is compressed and
 * converts it to UTF-8, unless its bytes are wanted as they are. Memory does not grow with the
 * text. */
#ifndef RECUR_DATA_TEXT_INPUT_H
#define RECUR_DATA_TEXT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "recur/text.h"

struct recur_text_input;

/* Opens a file; `path` "-" is standard input. `encoding` NULL: UTF-8, or what a byte order mark
 * says. `as_it_stands`: the file is unpacked but not converted, and `encoding` is NULL. Errors:
 * FILE, MEMORY; FORMAT for a file that is not text, or is compressed and damaged; UNSUPPORTED for
 * one that this build cannot unpack or convert. Sentences name the file. */
enum recur_status recur_text_input_open(const char *path, const char *encoding, bool as_it_stands,
                                        struct recur_text_input **input, recur_error *error);
void recur_text_input_close(struct recur_text_input *input); /* NULL is fine */

/* Reads the next bytes, at most `size`; reads none only at the end. Errors: as above. */
enum recur_status recur_text_input_read(struct recur_text_input *input, char *to, size_t size,
                                        size_t *got, recur_error *error);

/* Skips the first `size` bytes of a text of which nothing was read yet: seeks in a plain file,
 * reads anything else. If they are read, in pieces of `piece` bytes for which `room` is, `*sum`
 * becomes their checksum (struct recur_text_place). Errors: as above; DATA where the text ends
 * before. */
enum recur_status recur_text_input_skip(struct recur_text_input *input, uint64_t size, size_t piece,
                                        char *room, uint64_t *sum, recur_error *error);

/* Reads the whole text into allocated memory: free() it. A zero follows, which is not counted.
 * `*invalid`: as below. */
enum recur_status recur_text_input_whole(const char *path, const char *encoding, bool as_it_stands,
                                         char **bytes, size_t *size, uint64_t *invalid,
                                         recur_error *error);

/* How many characters the conversion could not read. Each became U+FFFD. */
uint64_t recur_text_input_invalid(const struct recur_text_input *input);

/* Can the input have no end? It can if it is not a regular file. */
bool recur_text_input_is_stream(const struct recur_text_input *input);

/* Do the bytes begin with a byte order mark? */
bool recur_text_is_marked(const char *bytes, size_t size);

/* Removes byte order marks from UTF-8 and returns how many there were. A mark that is cut off
 * stays. */
size_t recur_text_drop_marks(char *bytes, size_t *size);

/* ARGUMENT unless `encoding` is NULL or names an encoding that can be converted; for texts that are
 * read as they stand only NULL is allowed. */
enum recur_status recur_text_check_encoding(const char *encoding, bool as_it_stands,
                                            recur_error *error);

#endif
