/* Reads a text's file for those who cut it: unpacks it where it is compressed and converts it to
 * UTF-8, unless bytes are wanted as they are. Memory does not grow with the text. */
#ifndef RECUR_DATA_TEXT_INPUT_H
#define RECUR_DATA_TEXT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "recur/text.h"

struct recur_text_input;

/* `path` "-" is standard input. `encoding` NULL: UTF-8, or what a byte order mark says.
 * `as_it_stands`: unpacked alone, and `encoding` is NULL. Errors: FILE, MEMORY; FORMAT for what is
 * no text, or compressed and damaged; UNSUPPORTED for what this build cannot unpack or convert.
 * Sentences name the file. */
enum recur_status recur_text_input_open(const char *path, const char *encoding, bool as_it_stands,
                                        struct recur_text_input **input, recur_error *error);
void recur_text_input_close(struct recur_text_input *input); /* NULL is fine */

/* The next bytes, at most `size`; none only at the end. Errors: as above. */
enum recur_status recur_text_input_read(struct recur_text_input *input, char *to, size_t size,
                                        size_t *got, recur_error *error);

/* All of it, allocated: free() it. A zero follows, which is not counted. `*invalid`: as below. */
enum recur_status recur_text_input_whole(const char *path, const char *encoding, bool as_it_stands,
                                         char **bytes, size_t *size, uint64_t *invalid,
                                         recur_error *error);

/* How many of its characters the encoding's conversion could not read: each is U+FFFD. */
uint64_t recur_text_input_invalid(const struct recur_text_input *input);

/* Whether it may have no end: it is no regular file. */
bool recur_text_input_is_stream(const struct recur_text_input *input);

/* Does it begin with one? */
bool recur_text_is_marked(const char *bytes, size_t size);

/* Takes byte order marks out of UTF-8 and returns how many there were; a cut one stays. */
size_t recur_text_drop_marks(char *bytes, size_t *size);

/* ARGUMENT unless it is NULL or, of texts that are not to be taken as they stand, the name of an
 * encoding that can be converted. */
enum recur_status recur_text_check_encoding(const char *encoding, bool as_it_stands,
                                            recur_error *error);

#endif
