/* Floating-point numbers as files hold them, little-endian. */
#ifndef RECUR_IO_NUMBERS_H
#define RECUR_IO_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

/* The `count` numbers of a type ("F32", "F64", "F16", "BF16") at `bytes` as floats; an F64 is
 * rounded, to infinity where it is too large. False for another type. */
bool recur_numbers_read(const char *type, const unsigned char *bytes, size_t count, float *values);

/* Writes floats as F32; `bytes` may be where the values are. */
void recur_numbers_write_f32(const float *values, size_t count, unsigned char *bytes);

/* (rows, columns) to (columns, rows). */
void recur_transpose(const float *from, size_t rows, size_t columns, float *to);

#endif
