/* A training loop of your own: the network reads numbers, and the loss can be any.
 *
 *     own_loop [STEPS]
 *
 * Each sequence has its own length and two numbers per step: a value, and a mark that is 1 at two
 * of the steps. At the last step the network must output the sum of the two marked values
 * (Hochreiter & Schmidhuber 1997). The loss is the mean squared error. recur does not know this
 * loss: the loop computes the gradient itself. */
#include <recur/recur.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, LONGEST = 20, INPUTS = 2 };

struct minibatch {
    size_t lengths[BATCH];
    float x[LONGEST * BATCH * INPUTS]; /* (T, B, I) */
    float sum[BATCH];
};

/* Draws from [0, 1): one step of a 64-bit linear congruential generator (Knuth's MMIX). */
static float uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) / 16777216.0F;
}

static void draw(struct minibatch *minibatch, uint64_t *state)
{
    memset(minibatch, 0, sizeof *minibatch);
    for (size_t b = 0; b < BATCH; b++) {
        size_t length = 5 + (size_t)(uniform(state) * (LONGEST - 4));
        size_t half = length / 2;
        size_t first = (size_t)(uniform(state) * (float)half);
        size_t second = half + (size_t)(uniform(state) * (float)(length - half));
        minibatch->lengths[b] = length;
        for (size_t t = 0; t < length; t++) {
            float *x = minibatch->x + (t * BATCH + b) * INPUTS, marked = t == first || t == second;
            x[0] = uniform(state);
            x[1] = marked;
            minibatch->sum[b] += x[0] * marked;
        }
    }
}

/* The mean squared error of the head's outputs at each sequence's last step, and its gradient,
 * which is zero at all other steps. */
static float squared_error(const struct minibatch *minibatch, const float *logits, float *dlogits)
{
    float loss = 0;
    memset(dlogits, 0, sizeof(float) * LONGEST * BATCH);
    for (size_t b = 0; b < BATCH; b++) {
        size_t last = (minibatch->lengths[b] - 1) * BATCH + b;
        float error = logits[last] - minibatch->sum[b];
        loss += error * error / BATCH;
        dlogits[last] = 2 * error / BATCH;
    }
    return loss;
}

static enum recur_status train(recur_stack *stack, size_t steps, recur_error *error)
{
    static struct minibatch minibatch;
    static float logits[LONGEST * BATCH], dlogits[LONGEST * BATCH];
    uint64_t state = 1;
    float mean = 0;
    for (size_t step = 1; step <= steps; step++) {
        enum recur_status status;
        draw(&minibatch, &state);
        recur_stack_input input = {
            .batch = BATCH, .steps = LONGEST, .lengths = minibatch.lengths, .x = minibatch.x};
        recur_stack_output output = {.logits = logits};
        if ((status = recur_stack_forward(stack, &input, &output, error)) != RECUR_OK)
            return status;
        mean += squared_error(&minibatch, logits, dlogits) / 100;
        recur_stack_output_gradient gradient = {.dlogits = dlogits};
        if ((status = recur_stack_backward(stack, &gradient, NULL, error)) != RECUR_OK)
            return status;
        if ((status = recur_stack_update(stack, 0.01, NULL, error)) != RECUR_OK)
            return status;
        if (step % 100 == 0) {
            printf("step %4zu: mean squared error %.4f\n", step, (double)mean);
            mean = 0;
        }
    }
    return RECUR_OK;
}

int main(int argc, char **argv)
{
    recur_error error;
    recur_model *model = NULL;
    recur_stack *stack = NULL;
    const size_t hidden[] = {32};
    recur_model_config network = recur_model_config_default();
    network.cell = RECUR_CELL_GRU;
    network.hidden = hidden;
    network.inputs = INPUTS;                                      /* numbers instead of tokens */
    network.vocabulary = 1;                                       /* outputs of the linear head */
    recur_trainer_config config = recur_trainer_config_default(); /* Adam */
    config.batch = BATCH;
    config.steps = LONGEST;

    enum recur_status status = recur_model_create(&network, NULL, &model, &error);
    if (status == RECUR_OK)
        status = recur_stack_create(model, &config, 0, &stack, &error);
    if (status == RECUR_OK)
        status = train(stack, argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, &error);
    if (status != RECUR_OK)
        fprintf(stderr, "own_loop: %s\n", error.message);
    recur_stack_free(stack);
    recur_model_free(model);
    return status != RECUR_OK;
}
