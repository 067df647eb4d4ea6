/* A network's structure: which layers it has, how wide they are, and where their tensors stand in
 * the table. It holds no numbers: parameters are a flat array beside it, activations a
 * workspace. */
#ifndef RECUR_NN_NETWORK_H
#define RECUR_NN_NETWORK_H

#include "base/names.h"
#include "nn/cell.h"
#include "nn/params.h"
#include "task/task.h"

#define RECUR_DIRECTIONS_MAX 2
#define RECUR_NO_TENSOR SIZE_MAX

RECUR_ENUM_CHECK(task);
RECUR_ENUM_CHECK(cell);
RECUR_ENUM_CHECK(activation);
RECUR_ENUM_CHECK(merge);
RECUR_ENUM_CHECK(init);
RECUR_ENUM_CHECK(dropout_kind);
RECUR_ENUM_CHECK(quantization);

/* Indices into the parameter table. */
struct recur_direction {
    size_t weight_ih, weight_hh, bias_ih;
    size_t bias_hh;          /* RECUR_NO_TENSOR where the network has single biases */
    size_t gain_ih, gain_hh; /* of layer normalisation, panel for panel as bias_ih; these four are
                                RECUR_NO_TENSOR where the cell has none ... */
    size_t gain_c, bias_c;   /* ... and these where it has no c */
};

struct recur_layer {
    size_t hidden; /* H */
    size_t units;  /* U: panels of H */
    bool dense;    /* x W_ih^T is a product; else a look-up of W_ih^T's row for each token */
    struct recur_direction direction[RECUR_DIRECTIONS_MAX];
};

struct recur_network {
    const struct recur_cell_kind *cell;
    enum recur_activation activation;
    enum recur_merge merge;
    size_t layers, directions; /* L, D */
    size_t biases;             /* 1 or 2 */
    size_t inputs;             /* I: numbers that a step reads in place of a token; 0: tokens */
    size_t embedding;          /* E; 0: one-hot */
    size_t vocabulary;         /* V; 0 where a network reads numbers */
    size_t outputs;            /* of the head: V, or K in a network of labels; 0: there is no
                                  head */
    real dropout, input_dropout, weight_drop;
    bool tied;                     /* head_weight has the numbers of embedding_weight */
    bool locked;                   /* all steps of a sequence have one mask of dropout */
    struct recur_layer *layer;     /* (L) */
    size_t embedding_weight;       /* RECUR_NO_TENSOR where E is 0 */
    size_t lookup;                 /* the table of embeddings in which tokens are looked up, this
                                      network's or one that a part reads; RECUR_NO_TENSOR: there is
                                      none */
    size_t head_weight, head_bias; /* RECUR_NO_TENSOR where there is no head */
    struct recur_params params;
    bool apart; /* see recur_network_apart */

    const struct recur_task_kind *task;
    void
        *parts; /* what the task adds beside layers and head, in a type of its own; NULL: nothing */
};

/* Checks the configuration and fills in the network. ARGUMENT for an impossible value;
 * recur_network_free releases it, also after an error. */
enum recur_status recur_network_init(struct recur_network *network,
                                     const recur_model_config *config, recur_error *error);
void recur_network_free(struct recur_network *network);

/* Copies the table of embeddings to a head that is tied to it. */
void recur_network_tie(const struct recur_network *network, real *parameters);

/* A task builds a network with these functions. A part is a network of its own over the parameters
 * of the whole: its tensors go into `params`, the table of the whole, with `prefix` before their
 * names. */

/* Adds an embedding (V, E); *index is RECUR_NO_TENSOR where `width` is 0. */
enum recur_status recur_network_add_embedding(struct recur_params *params, const char *prefix,
                                              enum recur_init init, size_t width, size_t vocabulary,
                                              size_t *index, recur_error *error);

/* Adds the layers, of the widths `hidden`, and what they read: the embedding, if the network has
 * one. */
enum recur_status recur_network_add_layers(struct recur_network *network,
                                           struct recur_params *params, const char *prefix,
                                           const size_t *hidden, enum recur_init init,
                                           recur_error *error);

/* Adds a head of `outputs` numbers, which reads `segments` states of `top` numbers side by side.
 * Adds nothing where `outputs` is 0. */
enum recur_status recur_network_add_head(struct recur_network *network, struct recur_params *params,
                                         size_t outputs, size_t segments, size_t top,
                                         enum recur_init init, recur_error *error);

/* Adds the layers of the configuration and a head over the last one. */
enum recur_status recur_network_add_stack(struct recur_network *network,
                                          const recur_model_config *config, size_t outputs,
                                          recur_error *error);

/* Makes a part with the network's cell and biases and one direction, still without layers. It
 * belongs to the caller: recur_network_free_part. */
enum recur_status recur_network_make_part(const struct recur_network *network,
                                          struct recur_network **part, recur_error *error);
void recur_network_free_part(struct recur_network *part);

static inline const struct recur_param *recur_network_param(const struct recur_network *network,
                                                            size_t index)
{
    return &network->params.entry[index];
}

/* What of a network is not trained: the table in which tokens are looked up, and the lowest
 * layers. */
struct recur_frozen {
    size_t layers,
        runs; /* of layers; of numbers in the flat array, at most one before the layers */
    struct {
        size_t first, end;
    } run[2];
};

/* Finds what is frozen with the lowest `layers` layers; 0: nothing. ARGUMENT where there are
 * fewer. */
enum recur_status recur_network_freeze(const struct recur_network *network, size_t layers,
                                       struct recur_frozen *frozen, recur_error *error);

/* What a random number of 32 bits must reach for dropout of that rate to keep its value. */
static inline uint32_t recur_drop_threshold(real rate)
{
    return (uint32_t)((double)rate * 0x1p32);
}

/* In a network that predicts a token without seeing it, each direction of a layer l > 0 reads only
 * its own direction below, because both directions together have read everything, the token
 * included. Only the head, l = L, reads both. */
static inline bool recur_network_apart(const struct recur_network *network, size_t l)
{
    return network->apart && l > 0 && l < network->layers;
}

/* In such a network the head reads the states of layer L - 1 before each step, because the step
 * reads the token. */
static inline bool recur_network_hands_on_before(const struct recur_network *network, size_t l)
{
    return network->apart && l + 1 == network->layers;
}

/* How many states stand side by side in what layer l reads, l = L being the head. */
static inline size_t recur_network_segments(const struct recur_network *network, size_t l)
{
    bool one = l == 0 || recur_network_apart(network, l) || network->merge == RECUR_MERGE_SUM;
    return one ? 1 : network->directions;
}

/* The numbers of one sequence's h, or c, in all layers and directions. */
static inline size_t recur_network_states(const struct recur_network *network)
{
    size_t states = 0;
    for (size_t l = 0; l < network->layers; l++)
        states += network->directions * network->layer[l].hidden;
    return states;
}

/* The numbers of one step that the head reads. */
static inline size_t recur_network_width(const struct recur_network *network)
{
    if (!network->layers)
        return network->inputs;
    return network->layer[network->layers - 1].hidden *
           recur_network_segments(network, network->layers);
}

#endif
