/* logits MODEL ID...: writes a model's logits after each of these tokens, or for each where the
 * model reads both ways, to standard output: (T, V) floats of this machine. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "nn/model_object.h"
#include "nn/pass.h"

static enum recur_status run(const recur_model *model, int32_t *ids, size_t steps,
                             recur_error *error)
{
    struct recur_workspace work;
    enum recur_status status =
        recur_workspace_init(&work, &model->network, 1, steps, false, 1, error);
    if (status == RECUR_OK) {
        struct recur_pass pass = {.network = &model->network,
                                  .kernels = model->kernels,
                                  .work = &work,
                                  .parameters = model->parameters,
                                  .steps = steps,
                                  .ids = ids};
        recur_pass_prepare(&pass, false);
        recur_pass_forward(&pass, 0);
        for (size_t t = 0; t < steps; t++)
            for (size_t v = 0; v < model->network.vocabulary; v++)
                fwrite(&work.logits[v / RECUR_LANES * work.logit_stride + t * RECUR_LANES +
                                    v % RECUR_LANES],
                       sizeof(real), 1, stdout);
    }
    recur_workspace_free(&work);
    return status;
}

int main(int argc, char **argv)
{
    recur_error error = {.message = "usage: logits MODEL ID..."};
    recur_model *model = NULL;
    int32_t *ids = NULL;
    bool good = argc > 2 && recur_model_load(argv[1], &model, &error) == RECUR_OK &&
                recur_alloc((size_t)argc, sizeof *ids, "the tokens", &ids, &error) == RECUR_OK;
    for (int i = 2; good && i < argc; i++)
        ids[i - 2] = atoi(argv[i]);
    good = good && run(model, ids, (size_t)argc - 2, &error) == RECUR_OK;
    if (!good)
        fprintf(stderr, "%s\n", error.message);
    free(ids);
    recur_model_free(model);
    return !good;
}
