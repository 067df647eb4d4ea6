/* Look-up tables and dropout outside of a network: what the parts of a model pass to each other. */
#include <string.h>

#include "backend/cpu/engine.h"

void recur_cpu_look_up(const struct recur_engine *base, const struct recur_lookup *lookup)
{
    const recur_model *model = base->plan.model;
    const struct recur_param *param = recur_network_param(&model->network, lookup->tensor);
    for (size_t b = 0; b < lookup->batch; b++)
        for (size_t t = 0; t < lookup->lengths[b]; t++) {
            size_t at = t * lookup->batch + b, row = (size_t)lookup->ids[at] * RECUR_LANES;
            float *x = lookup->x + at * lookup->columns;
            for (size_t p = 0; p < param->panels; p++)
                memcpy(x + p * RECUR_LANES, model->parameters + recur_param_panel(param, p) + row,
                       recur_panel_width(param->width, p) * sizeof *x);
        }
}

void recur_cpu_add_rows(struct recur_engine *base, const struct recur_lookup *lookup)
{
    const struct recur_cpu_learner *learner = recur_cpu_engine_of(base)->learner;
    const struct recur_param *param =
        recur_network_param(&base->plan.model->network, lookup->tensor);
    for (size_t p = 0; p < param->panels; p++)
        recur_sparse_rows_clear(&learner->sparse, learner->gradients + recur_param_panel(param, p),
                                param->depth);
    for (size_t b = 0; b < lookup->batch; b++)
        for (size_t t = 0; t < lookup->lengths[b]; t++) {
            size_t at = t * lookup->batch + b, row = (size_t)lookup->ids[at] * RECUR_LANES;
            const float *x = lookup->x + at * lookup->columns;
            for (size_t p = 0; p < param->panels; p++) {
                real *to = learner->gradients + recur_param_panel(param, p) + row;
                for (size_t i = 0; i < recur_panel_width(param->width, p); i++)
                    to[i] += x[p * RECUR_LANES + i];
            }
        }
}

void recur_cpu_drop(const struct recur_engine *base, float *x, size_t n, uint64_t key)
{
    const recur_model *model = base->plan.model;
    model->kernels->dropout(x, x, n, key, 0, recur_drop_threshold(&model->network));
}
