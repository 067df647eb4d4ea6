/* Gradients of look-up tables, and dropout, outside of a network: what the parts of a model pass
 * to each other. */
#include "backend/cpu/engine.h"
#include "nn/lookup.h"

void recur_cpu_add_rows(struct recur_engine *base, const struct recur_lookup *lookup)
{
    const struct recur_cpu_learner *learner = recur_cpu_engine_of(base)->learner;
    const struct recur_param *param =
        recur_network_param(&base->plan.model->network, lookup->tensor);
    real *gradients = learner->base.plan.gathers ? learner->fresh : learner->gradients;
    for (size_t p = 0; p < param->panels; p++)
        recur_sparse_rows_clear(&learner->sparse, gradients + recur_param_panel(param, p),
                                param->depth);
    recur_add_rows(param, lookup, gradients);
}

/* Reads only the plan of the engine, which may be another backend's. */
void recur_cpu_drop(const struct recur_engine *base, float *x, size_t n, uint64_t key)
{
    const recur_model *model = base->plan.model;
    model->kernels->dropout(x, x, n, key, 0, recur_drop_threshold(model->network.dropout));
}
