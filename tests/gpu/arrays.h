/* Arrays on the GPU and on the host, for tests that launch kernels by themselves. Include cmocka
 * first. */
#ifndef RECUR_TESTS_GPU_ARRAYS_H
#define RECUR_TESTS_GPU_ARRAYS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "base/rng.h"

enum { LANES = 32, ARRAYS = 16 };

static struct recur_cuda_queue queue;
static struct recur_rng rng;

/* Numbers on both sides. */
struct array {
    size_t count;
    float *host;
    recur_cuda_memory gpu;
};

static struct array arrays[ARRAYS];
static size_t taken;

static struct array *make(size_t count, const float *values)
{
    struct array *array = &arrays[taken++];
    assert_true(taken <= ARRAYS);
    array->count = count;
    array->host = calloc(count + 1, sizeof *array->host);
    assert_non_null(array->host);
    if (values)
        memcpy(array->host, values, count * sizeof *values);
    assert_int_equal(recur_cuda_numbers(&queue, count, "a test", &array->gpu, NULL), RECUR_OK);
    recur_cuda_upload(&queue, array->gpu, array->host, count * sizeof *array->host);
    return array;
}

/* Between -1 and 1. */
static struct array *drawn(size_t count)
{
    float *values = malloc((count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * recur_rng_uniform(&rng) - 1);
    struct array *array = make(count, values);
    free(values);
    return array;
}

/* Whole numbers below `below`; of `distinct` ones no two are the same. */
static struct array *indices(size_t count, size_t below, bool distinct)
{
    int32_t *values = malloc((below + count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < below; i++)
        values[i] = (int32_t)i;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)(recur_rng_uniform(&rng) * (double)(below - (distinct ? i : 0)));
        at += distinct ? i : 0;
        int32_t chosen = values[at];
        if (distinct) {
            values[at] = values[i];
            values[i] = chosen;
        } else {
            values[below + i] = chosen;
        }
    }
    struct array *array =
        make(count, (const float *)(const void *)(values + (distinct ? 0 : below)));
    free(values);
    return array;
}

static size_t index_at(const struct array *array, size_t i)
{
    int32_t value;
    memcpy(&value, array->host + i, sizeof value);
    return (size_t)value;
}

static void release(void)
{
    for (size_t i = 0; i < taken; i++) {
        recur_cuda_free(queue.cuda, arrays[i].gpu);
        free(arrays[i].host);
    }
    taken = 0;
}

static double *plain_of(const struct array *array)
{
    double *values = malloc((array->count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < array->count; i++)
        values[i] = (double)array->host[i];
    return values;
}

/* What the GPU has is `wanted`, within `most` of the largest number; frees `wanted`. */
static void assert_got(const char *what, struct array *array, double *wanted, double most)
{
    double largest = 1e-3, worst = 0;
    recur_cuda_download(&queue, array->host, array->gpu, array->count * sizeof *array->host);
    recur_error error = {0};
    if (recur_cuda_finish(&queue, &error) != RECUR_OK)
        fail_msg("%s: %s", what, error.message);
    for (size_t i = 0; i < array->count; i++) {
        double off = fabs((double)array->host[i] - wanted[i]);
        largest = fmax(largest, fabs(wanted[i]));
        worst = off > worst || off != off ? off : worst;
    }
    free(wanted);
    if (!(worst <= most * largest))
        fail_msg("%s: off by %g of %g", what, worst, largest);
}

#endif
