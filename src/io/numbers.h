/* Numbers in files, which are little-endian. */
#ifndef RECUR_IO_NUMBERS_H
#define RECUR_IO_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

/* Types of numbers that are written. */
enum recur_number { RECUR_NUMBER_F32, RECUR_NUMBER_BF16, RECUR_NUMBER_I8 };

const char *recur_numbers_name(enum recur_number number); /* "F32", ... */
size_t recur_numbers_bytes(enum recur_number number);     /* of one number */

/* Converts the `count` numbers of a type ("F32", "F64", "F16", "BF16", "I8") at `bytes` to floats.
 * An F64 is rounded, to infinity where it is too large. False for another type. */
bool recur_numbers_read(const char *type, const unsigned char *bytes, size_t count, float *values);

/* Writes floats that such numbers represent exactly; `bytes` may be where the values are. */
void recur_numbers_write(enum recur_number number, const float *values, size_t count,
                         unsigned char *bytes);

/* Transposes (rows, columns) to (columns, rows). */
void recur_transpose(const float *from, size_t rows, size_t columns, float *to);

#endif
