/* logits MODEL ID...: writes a model's logits after each of these tokens, or for each where the
 * model reads both ways, to standard output: (T, V) floats of this machine. A model that reads
 * numbers is fed the tokens' one-hot vectors; of one without a head it is its outputs, (T, W). */
#include <stdio.h>
#include <stdlib.h>

#include <recur/recur.h>

static enum recur_status forward(recur_stack *stack, const recur_model_config *config, size_t steps,
                                 const int32_t *ids, recur_error *error)
{
    size_t width = config->vocabulary ? config->vocabulary : recur_stack_width(stack);
    float *x = calloc(steps * (config->inputs + 1), sizeof *x); /* (T, 1, I) */
    float *out = calloc(steps * width, sizeof *out);            /* (T, 1, V) */
    enum recur_status status = RECUR_ERROR_MEMORY;
    for (size_t t = 0; x && t < steps && config->inputs; t++)
        x[t * config->inputs + (size_t)ids[t]] = 1;
    const recur_stack_input input = {.batch = 1,
                                     .steps = steps,
                                     .x = config->inputs ? x : NULL,
                                     .ids = config->inputs ? NULL : ids};
    const recur_stack_output output = {.y = config->vocabulary ? NULL : out,
                                       .logits = config->vocabulary ? out : NULL};
    if (x && out)
        status = recur_stack_forward(stack, &input, &output, error);
    if (status == RECUR_OK)
        fwrite(out, sizeof *out, steps * width, stdout);
    free(x);
    free(out);
    return status;
}

int main(int argc, char **argv)
{
    recur_error error = {.message = "usage: logits MODEL ID..."};
    recur_trainer_config config = recur_trainer_config_default();
    recur_model *model = NULL;
    recur_stack *stack = NULL;
    int32_t *ids = calloc((size_t)argc, sizeof *ids);
    bool good = ids && argc > 2 && recur_model_load(argv[1], &model, &error) == RECUR_OK;
    for (int i = 2; good && i < argc; i++)
        ids[i - 2] = atoi(argv[i]);
    config.batch = 1;
    config.steps = (size_t)argc - 2;
    config.threads = 1;
    good = good && recur_stack_create(model, &config, 0, &stack, &error) == RECUR_OK &&
           forward(stack, recur_model_get_config(model), config.steps, ids, &error) == RECUR_OK;
    if (!good)
        fprintf(stderr, "%s\n", error.message);
    recur_stack_free(stack);
    recur_model_free(model);
    free(ids);
    return !good;
}
