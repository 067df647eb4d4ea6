#include "nn/params.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static size_t padded(size_t count)
{
    return recur_size_mul(recur_panels(count), RECUR_LANES);
}

enum recur_status recur_params_add(struct recur_params *params, const struct recur_param *param,
                                   size_t *index, recur_error *error)
{
    RECUR_TRY(recur_grow(&params->entry, &params->capacity, params->count + 1,
                         sizeof *params->entry, "the parameter table", error));
    struct recur_param *entry = &params->entry[params->count];
    *entry = *param;
    size_t wide = recur_size_mul(entry->groups, entry->width);
    size_t deep = recur_size_mul(entry->segments, entry->segment);
    entry->rows = entry->wide_columns ? deep : wide;
    entry->columns = entry->wide_columns ? wide : deep;
    entry->depth = entry->rank == 1 ? 1 : recur_size_mul(entry->segments, padded(entry->segment));
    entry->panels = recur_size_mul(recur_panels(entry->width), entry->groups);
    entry->offset = params->span;
    entry->span = recur_size_mul(recur_size_mul(entry->panels, entry->depth), RECUR_LANES);
    size_t span = recur_size_add(params->span, entry->span);
    if (recur_size_mul(span, sizeof(real)) > PTRDIFF_MAX / 8)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "tensor %s of %zu x %zu numbers is too large for this machine",
                          entry->name, entry->rows, entry->columns);
    params->span = span;
    params->learned += wide * deep;
    *index = params->count++;
    return RECUR_OK;
}

void recur_params_free(struct recur_params *params)
{
    free(params->entry);
    *params = (struct recur_params){0};
}

/* An element's place is the sum of a place along the wide axis and one along the deep axis. Every
 * number of a file goes through here, so divisions, which are slow, are avoided. */
static size_t wide_place(const struct recur_param *param, size_t wide)
{
    size_t group = param->groups > 1 ? wide / param->width : 0, unit = wide - group * param->width;
    size_t panel = unit / RECUR_LANES * param->groups + group;
    return recur_param_panel(param, panel) + unit % RECUR_LANES;
}

static size_t deep_place(const struct recur_param *param, size_t deep)
{
    if (param->segments <= 1)
        return deep * RECUR_LANES;
    size_t segment = deep / param->segment;
    return (segment * padded(param->segment) + deep % param->segment) * RECUR_LANES;
}

static size_t row_place(const struct recur_param *param, size_t row)
{
    return param->wide_columns ? deep_place(param, row) : wide_place(param, row);
}

static size_t column_place(const struct recur_param *param, size_t column)
{
    return param->wide_columns ? wide_place(param, column) : deep_place(param, column);
}

size_t recur_param_place(const struct recur_param *param, size_t row, size_t column)
{
    return row_place(param, row) + column_place(param, column);
}

void recur_param_unpack(const struct recur_param *param, const real *flat, real *values)
{
    for (size_t row = 0; row < param->rows; row++) {
        const real *from = flat + row_place(param, row);
        for (size_t column = 0; column < param->columns; column++)
            *values++ = from[column_place(param, column)];
    }
}

void recur_param_pack(const struct recur_param *param, real *flat, const real *values)
{
    for (size_t row = 0; row < param->rows; row++) {
        real *to = flat + row_place(param, row);
        for (size_t column = 0; column < param->columns; column++)
            to[column_place(param, column)] = *values++;
    }
}

static real draw(const struct recur_param *param, struct recur_rng *rng)
{
    switch (param->init) {
    case RECUR_PARAM_ZERO: return 0;
    case RECUR_PARAM_ONE: return 1;
    case RECUR_PARAM_NORMAL: return param->spread * (real)recur_rng_normal(rng);
    case RECUR_PARAM_UNIFORM: break;
    }
    return param->spread * (real)(2 * recur_rng_uniform(rng) - 1);
}

void recur_params_init(const struct recur_params *params, real *flat, uint64_t seed)
{
    memset(flat, 0, params->span * sizeof *flat);
    for (size_t i = 0; i < params->count; i++) {
        const struct recur_param *param = &params->entry[i];
        struct recur_rng rng;
        recur_rng_seed(&rng, seed, i);
        for (size_t row = 0; row < param->rows; row++)
            for (size_t column = 0; column < param->columns; column++)
                flat[recur_param_place(param, row, column)] = draw(param, &rng);
    }
}
