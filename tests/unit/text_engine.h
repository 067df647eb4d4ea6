/* A learner as it is planned, and an engine of text that it learns by. Include cmocka first. */
#ifndef RECUR_TESTS_UNIT_TEXT_ENGINE_H
#define RECUR_TESTS_UNIT_TEXT_ENGINE_H

#include "backend/backend.h"
#include "nn/model_object.h"

static inline struct recur_engine *make_text_engine(const struct recur_learner_plan *plan,
                                                    size_t batch, size_t steps,
                                                    struct recur_learner **learner)
{
    const struct recur_backend *backend = plan->model->place.backend;
    struct recur_engine *engine;
    assert_int_equal(backend->create_learner(plan, learner, NULL), RECUR_OK);
    const struct recur_engine_plan engine_plan = {.use = RECUR_ENGINE_TEXT,
                                                  .model = plan->model,
                                                  .network = &plan->model->network,
                                                  .team = plan->team,
                                                  .learner = *learner,
                                                  .batch = batch,
                                                  .steps = steps};
    assert_int_equal(backend->create_engine(&engine_plan, &engine, NULL), RECUR_OK);
    return engine;
}

#endif
