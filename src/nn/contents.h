/* By what sequences of equal length are sorted (backend/lengths.h): all that a caller says of them.
 */
#ifndef RECUR_NN_CONTENTS_H
#define RECUR_NN_CONTENTS_H

#include "backend/lengths.h"
#include "nn/network.h"
#include "recur/stack.h"

/* Room for what the functions below list. */
static inline size_t recur_contents_most(const struct recur_network *network)
{
    return 3 + 2 * network->layers;
}

/* List what a caller's sequences hold, and the gradients of their outputs; `content` has
 * recur_contents_most items. They return how many they set. */
size_t recur_contents_of_input(const struct recur_network *network, const recur_stack_input *input,
                               struct recur_content *content);
size_t recur_contents_of_gradient(const struct recur_network *network, size_t batch,
                                  const recur_stack_output_gradient *given,
                                  struct recur_content *content);

#endif
