#include "nn/contents.h"

/* An array of one item for each step and sequence. */
static size_t add_steps(struct recur_content *content, size_t count, const void *data, size_t bytes)
{
    if (data && bytes)
        content[count++] = (struct recur_content){data, RECUR_EACH_STEP, bytes};
    return count;
}

/* States (L*D, B, H) or their gradients: one array for each layer. */
static size_t add_states(struct recur_content *content, size_t count,
                         const struct recur_network *network, size_t batch, const float *states)
{
    for (size_t l = 0; l < network->layers && states; l++) {
        size_t hidden = network->layer[l].hidden;
        content[count++] =
            (struct recur_content){states, network->directions, hidden * sizeof *states};
        states += network->directions * batch * hidden;
    }
    return count;
}

size_t recur_contents_of_input(const struct recur_network *network, const recur_stack_input *input,
                               struct recur_content *content)
{
    size_t count = 0;
    if (network->inputs)
        count = add_steps(content, count, input->x, network->inputs * sizeof *input->x);
    else
        count = add_steps(content, count, input->ids, sizeof *input->ids);
    count = add_steps(content, count, input->targets, sizeof *input->targets);
    count = add_states(content, count, network, input->batch, input->h0);
    if (network->cell->has_c)
        count = add_states(content, count, network, input->batch, input->c0);
    return count;
}

size_t recur_contents_of_gradient(const struct recur_network *network, size_t batch,
                                  const recur_stack_output_gradient *given,
                                  struct recur_content *content)
{
    size_t count = 0;
    count = add_steps(content, count, given->dy, recur_network_width(network) * sizeof *given->dy);
    count = add_steps(content, count, given->dlogits, network->outputs * sizeof *given->dlogits);
    count = add_states(content, count, network, batch, given->dh_n);
    if (network->cell->has_c)
        count = add_states(content, count, network, batch, given->dc_n);
    return count;
}
