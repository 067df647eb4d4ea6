/* recur/model.h - a network: its configuration, its parameters and its vocabulary.
 *
 * The network: one-hot or embedded tokens, a stack of recurrent layers, a linear head with
 * V outputs. Parameters carry PyTorch's state_dict names and shapes, so that a model file opens
 * in Python's safetensors:
 *
 *     embedding.weight (V, E)                                          where embedding > 0
 *     rnn.weight_ih_l0 (G*H, I)  rnn.weight_hh_l0 (G*H, H)  rnn.bias_ih_l0 (G*H)
 *     rnn.bias_hh_l0 (G*H)                                             where biases is 2
 *     linear.weight (V, H)  linear.bias (V)
 *
 * A second direction has tensors of its own, named with "_reverse" behind l0. Above it I and the
 * head's H are 2H where the directions are merged by concatenation; but see RECUR_TASK_FILL.
 *
 * Gate order is PyTorch's: LSTM i f g o; GRU r z n.
 *
 * A model may be read by any number of threads (sessions, evaluation) as long as nobody trains it
 * or sets its parameters. */
#ifndef RECUR_MODEL_H
#define RECUR_MODEL_H

#include <stdbool.h>

#include "recur/vocab.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct recur_model recur_model;

enum recur_cell {
    RECUR_CELL_RNN,              /* Elman's: h = f(W_ih x + b_ih + W_hh h' + b_hh) */
    RECUR_CELL_GRU,              /* reset after the product (PyTorch, cuDNN) */
    RECUR_CELL_GRU_RESET_BEFORE, /* reset before it (Cho et al. 2014; D2L from scratch; ONNX) */
    RECUR_CELL_LSTM,             /* Hochreiter & Schmidhuber 1997 with forget gates, no peepholes */
};

enum recur_activation { RECUR_ACTIVATION_TANH, RECUR_ACTIVATION_RELU, RECUR_ACTIVATION_SIGMOID };

enum recur_init {
    RECUR_INIT_UNIFORM, /* U(-1/sqrt(H), 1/sqrt(H)), biases too, as PyTorch; embedding N(0,1) */
    RECUR_INIT_NORMAL,  /* 0.01 x N(0,1), biases zero, as the D2L book from scratch */
};

/* What the model predicts, and from what. */
enum recur_task {
    RECUR_TASK_LM,   /* the next token, from all up to this one: the states after it */
    RECUR_TASK_FILL, /* each token from what stands around it, and never from itself: the forward
                        state after the token before it and the backward state before the token
                        after it. The directions are stacks of their own, which meet in the head
                        alone; a deeper layer reads its own direction */
};

/* What the head makes of the states of both directions, and each layer of those below it. */
enum recur_merge {
    RECUR_MERGE_CONCAT, /* forward and backward side by side, as PyTorch: 2H columns */
    RECUR_MERGE_SUM,    /* forward + backward: H columns */
};

typedef struct recur_model_config {
    enum recur_task task;             /* default LM */
    enum recur_cell cell;             /* default LSTM */
    enum recur_activation activation; /* of RECUR_CELL_RNN; default tanh */
    size_t layers;                    /* L >= 1; default 1 */
    const size_t *hidden;             /* L widths, from the input up; default {256}. The model
                                         copies the array; the caller keeps his */
    bool bidirectional;               /* a second direction that reads from the last token to the
                                         first; default false */
    enum recur_merge merge;           /* of the two; default concat */
    size_t embedding;                 /* E; 0 feeds one-hot vectors; default 0 */
    size_t vocabulary;                /* V >= 1; taken from the vocabulary where one is given */
    size_t biases;                    /* 2: b_ih and b_hh as PyTorch; 1: b_ih alone as the book;
                                         default 2 */
    float dropout;                    /* [0, 1) while training: on every layer's output, before
                                         the next layer and before the head; default 0 */
    enum recur_init init;             /* default uniform */
    uint64_t seed;                    /* of the initial parameters; default 1 */
} recur_model_config;

RECUR_API recur_model_config recur_model_config_default(void);

/* Makes a model with fresh parameters. `vocab` may be NULL (config->vocabulary counts then); the
 * model shares it. `*model` belongs to the caller: recur_model_free.
 * Errors: ARGUMENT (a width of 0, a dropout outside [0, 1), ...), MEMORY. */
RECUR_API enum recur_status recur_model_create(const recur_model_config *config, recur_vocab *vocab,
                                               recur_model **model, recur_error *error);
RECUR_API void recur_model_free(recur_model *model); /* NULL is fine */

/* The configuration; it and its `hidden` belong to the model. */
RECUR_API const recur_model_config *recur_model_get_config(const recur_model *model);
/* The vocabulary, NULL where the model has none; it belongs to the model. */
RECUR_API recur_vocab *recur_model_vocab(const recur_model *model);

/* How many numbers the model learns. */
RECUR_API size_t recur_model_parameters(const recur_model *model);

/* One tensor of the parameter table. */
typedef struct recur_tensor_info {
    const char *name; /* PyTorch's state_dict name; belongs to the model */
    size_t rank;      /* 1 or 2 */
    size_t shape[2];  /* rows, columns; columns is 1 where rank is 1 */
} recur_tensor_info;

RECUR_API size_t recur_model_tensors(const recur_model *model);
/* Tensor number `index`, in the order of the table above, layer by layer. */
RECUR_API recur_tensor_info recur_model_tensor(const recur_model *model, size_t index);
/* Copies a tensor's values, row-major, out of or into the model; `values` has room for
 * shape[0] * shape[1] numbers. */
RECUR_API void recur_model_get_tensor(const recur_model *model, size_t index, float *values);
RECUR_API void recur_model_set_tensor(recur_model *model, size_t index, const float *values);

/* What one epoch of training came to; kept in the model as its history. */
typedef struct recur_epoch {
    uint64_t epoch;           /* from 1 */
    double loss;              /* mean of the minibatches' losses, nats per token */
    double valid_loss;        /* of the held-out text; NaN where nothing is held out */
    double gradient_norm;     /* global norm before clipping, mean over the minibatches */
    double lr;                /* learning rate of the last minibatch */
    double tokens_per_second; /* trained; NaN once the model was saved and loaded, so that equal */
    double seconds;           /* runs make equal files (checkpoints keep them); without validation
                                 and predictions */
} recur_epoch;

/* The epochs the model was trained for, oldest first; the array belongs to the model. */
RECUR_API const recur_epoch *recur_model_history(const recur_model *model, size_t *count);
RECUR_API enum recur_status recur_model_add_epoch(recur_model *model, const recur_epoch *epoch,
                                                  recur_error *error);

/* Writes the model as one safetensors file: parameters, configuration, vocabulary, history
 * (docs/formats.md). A temporary neighbour is written, synced and renamed, so that a crash leaves
 * the old file or the new one. Errors: FILE, MEMORY, DIVERGED where a parameter is not finite,
 * UNSUPPORTED where a token is not UTF-8 or the vocabulary is too large for the format. */
RECUR_API enum recur_status recur_model_save(const recur_model *model, const char *path,
                                             recur_error *error);

/* Reads a model that recur_model_save or recur_checkpoint_save (recur/checkpoint.h) wrote ("-" is
 * standard input). Everything in the file is checked: nothing is loaded by half.
 * Errors: FILE, MEMORY, FORMAT, UNSUPPORTED (another version's file). */
RECUR_API enum recur_status recur_model_load(const char *path, recur_model **model,
                                             recur_error *error);

/* Names as the command line and model files spell them. */
RECUR_API const char *recur_task_name(enum recur_task task);
RECUR_API const char *recur_cell_name(enum recur_cell cell);
RECUR_API const char *recur_activation_name(enum recur_activation activation);
RECUR_API const char *recur_init_name(enum recur_init init);
RECUR_API const char *recur_merge_name(enum recur_merge merge);
RECUR_API enum recur_status recur_task_parse(const char *name, enum recur_task *task,
                                             recur_error *error);
RECUR_API enum recur_status recur_cell_parse(const char *name, enum recur_cell *cell,
                                             recur_error *error);
RECUR_API enum recur_status
recur_activation_parse(const char *name, enum recur_activation *activation, recur_error *error);
RECUR_API enum recur_status recur_init_parse(const char *name, enum recur_init *init,
                                             recur_error *error);
RECUR_API enum recur_status recur_merge_parse(const char *name, enum recur_merge *merge,
                                              recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
