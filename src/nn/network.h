/* A network's structure: which layers, how wide, and where each one's tensors stand in the table.
 * It holds no numbers: parameters are a flat array beside it, activations a workspace. */
#ifndef RECUR_NN_NETWORK_H
#define RECUR_NN_NETWORK_H

#include "base/names.h"
#include "nn/cell.h"
#include "nn/params.h"

#define RECUR_DIRECTIONS_MAX 2
#define RECUR_NO_TENSOR SIZE_MAX

RECUR_ENUM_CHECK(task);
RECUR_ENUM_CHECK(cell);
RECUR_ENUM_CHECK(activation);
RECUR_ENUM_CHECK(merge);
RECUR_ENUM_CHECK(init);
RECUR_ENUM_CHECK(quantization);

/* Indices into the parameter table. */
struct recur_direction {
    size_t weight_ih, weight_hh, bias_ih;
    size_t bias_hh; /* RECUR_NO_TENSOR where the network has single biases */
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
    enum recur_task task;
    enum recur_merge merge;
    size_t layers, directions; /* L, D */
    size_t biases;             /* 1 or 2 */
    size_t inputs;             /* I: numbers that a step reads in place of a token; 0: tokens */
    size_t embedding;          /* E; 0: one-hot */
    size_t vocabulary;         /* V; 0 where a network reads numbers */
    size_t outputs;            /* of the head: V or, of a network of labels, K; 0: it has none */
    real dropout;
    struct recur_layer *layer;     /* (L) */
    size_t embedding_weight;       /* RECUR_NO_TENSOR where E is 0 */
    size_t head_weight, head_bias; /* RECUR_NO_TENSOR where there is no head */
    struct recur_params params;

    /* Parts of a network that labels; NULL: none. Networks of their own over the same parameters.
     */
    struct recur_network *chars; /* tag: reads a word's characters, both ways */
    struct recur_network *head;  /* classify: no layer; reads a text's pooled states */
    size_t words;                /* tag: the words' embeddings (V, E); or RECUR_NO_TENSOR */
    size_t crf_start, crf_end;   /* (K) scores of first and last labels; or RECUR_NO_TENSOR */
    size_t crf_transitions;      /* (K, K): of label j, the column, behind label i */
};

/* A word's case as numbers that the layers read, one of them 1 (data/words.h). */
#define RECUR_WORD_CASES 7
/* A CRF's time and transitions grow with the square of this. */
#define RECUR_CRF_LABELS_MAX 4096

/* Checks the configuration and fills in the network. ARGUMENT for an impossible value; what was
 * allocated so far is released by recur_network_free in every case. */
enum recur_status recur_network_init(struct recur_network *network,
                                     const recur_model_config *config, recur_error *error);
void recur_network_free(struct recur_network *network);

static inline const struct recur_param *recur_network_param(const struct recur_network *network,
                                                            size_t index)
{
    return &network->params.entry[index];
}

/* Where tokens are to be filled in, each direction of layer l > 0 reads its own below: what both
 * have read is everything, the token itself included. Only the head, l = L, reads both. */
static inline bool recur_network_apart(const struct recur_network *network, size_t l)
{
    return network->task == RECUR_TASK_FILL && l > 0 && l < network->layers;
}

/* There the head reads the states of layer L - 1 before each step: the step reads the token. */
static inline bool recur_network_hands_on_before(const struct recur_network *network, size_t l)
{
    return network->task == RECUR_TASK_FILL && l + 1 == network->layers;
}

/* How many states stand side by side in what layer l reads, l = L being the head. */
static inline size_t recur_network_segments(const struct recur_network *network, size_t l)
{
    bool one = l == 0 || recur_network_apart(network, l) || network->merge == RECUR_MERGE_SUM;
    return one ? 1 : network->directions;
}

#endif
