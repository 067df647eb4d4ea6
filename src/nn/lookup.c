#include "nn/lookup.h"

#include <string.h>

#include "nn/model_object.h"

void recur_look_up(const struct recur_engine *engine, const struct recur_lookup *lookup)
{
    const recur_model *model = engine->plan.model;
    const struct recur_param *param = recur_network_param(&model->network, lookup->tensor);
    recur_model_sync(model, lookup->tensor, 1);
    for (size_t b = 0; b < lookup->batch; b++)
        for (size_t t = 0; t < lookup->lengths[b]; t++) {
            size_t at = t * lookup->batch + b, row = (size_t)lookup->ids[at] * RECUR_LANES;
            float *x = lookup->x + at * lookup->columns;
            for (size_t p = 0; p < param->panels; p++)
                memcpy(x + p * RECUR_LANES, model->parameters + recur_param_panel(param, p) + row,
                       recur_panel_width(param->width, p) * sizeof *x);
        }
}

void recur_add_rows(const struct recur_param *param, const struct recur_lookup *lookup, real *flat)
{
    for (size_t b = 0; b < lookup->batch; b++)
        for (size_t t = 0; t < lookup->lengths[b]; t++) {
            size_t at = t * lookup->batch + b, row = (size_t)lookup->ids[at] * RECUR_LANES;
            const float *x = lookup->x + at * lookup->columns;
            for (size_t p = 0; p < param->panels; p++) {
                real *to = flat + recur_param_panel(param, p) + row;
                for (size_t i = 0; i < recur_panel_width(param->width, p); i++)
                    to[i] += x[p * RECUR_LANES + i];
            }
        }
}
