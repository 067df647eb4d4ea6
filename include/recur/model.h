/* recur/model.h - a network: its configuration, its parameters and its vocabulary.
 *
 * The network: one-hot or embedded tokens, a stack of recurrent layers, a linear head with V
 * outputs. Parameters carry PyTorch's state_dict names and shapes, so that a model file opens in
 * Python's safetensors:
 *
 *     embedding.weight (V, E)                                          where embedding > 0
 *     rnn.weight_ih_l0 (G*H, I)  rnn.weight_hh_l0 (G*H, H)  rnn.bias_ih_l0 (G*H)
 *     rnn.bias_hh_l0 (G*H)                                             where biases is 2
 *     linear.weight (V, H)  linear.bias (V)                            where V > 0
 *
 * A second direction has its own tensors, named with "_reverse" after l0. Where the directions are
 * merged by concatenation, I of the layer above and H of the head are 2H; but see RECUR_TASK_FILL.
 *
 * A model that tags also has chars.embedding.weight and chars.rnn.*, the tensors of the layer that
 * reads the characters of words. With a CRF it has crf.start_transitions (K), crf.end_transitions
 * (K) and crf.transitions (K, K). With K labels, linear.weight is (K, H).
 *
 * Gate order is PyTorch's: LSTM i f g o; GRU r z n.
 *
 *     for (size_t i = 0; i < recur_model_tensors(model); i++) {
 *         recur_tensor_info tensor = recur_model_tensor(model, i);
 *         size_t count = tensor.shape[0] * tensor.shape[1];
 *         float *values = malloc(count * sizeof *values);
 *         double squares = 0;
 *         if (!values)
 *             return;
 *         recur_model_get_tensor(model, i, values);
 *         for (size_t j = 0; j < count; j++)
 *             squares += (double)values[j] * (double)values[j];
 *         printf("%-20s (%zu, %zu), root mean square %.3f\n", tensor.name, tensor.shape[0],
 *                tensor.shape[1], sqrt(squares / (double)count));
 *         free(values);
 *     }
 *
 * Threads: any number of threads may read a model (functions that take it as const, sessions,
 * evaluation) as long as no thread trains it, sets its parameters or adds to its history. */
#ifndef RECUR_MODEL_H
#define RECUR_MODEL_H

#include <stdbool.h>

#include "recur/vocab.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A network; opaque. */
typedef struct recur_model recur_model;

/* What a recurrent layer computes from its input x and its last state h'. */
enum recur_cell {
    RECUR_CELL_RNN,              /* Elman's: h = f(W_ih x + b_ih + W_hh h' + b_hh) */
    RECUR_CELL_GRU,              /* reset after the product (PyTorch, cuDNN) */
    RECUR_CELL_GRU_RESET_BEFORE, /* reset before it (Cho et al. 2014; D2L from scratch; ONNX) */
    RECUR_CELL_LSTM,             /* Hochreiter & Schmidhuber 1997 with forget gates, no peepholes */
    RECUR_CELL_LN_LSTM, /* LSTM with layer normalisation (Ba, Kiros & Hinton 2016), on the CPU */
    RECUR_CELL_LN_GRU,  /* GRU, the same; the reset gate is after the product */
};

/* The function f of RECUR_CELL_RNN. */
enum recur_activation {
    RECUR_ACTIVATION_TANH,    /* the hyperbolic tangent */
    RECUR_ACTIVATION_RELU,    /* max(0, x) */
    RECUR_ACTIVATION_SIGMOID, /* 1 / (1 + e^-x) */
};

/* How fresh parameters are drawn. */
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
    RECUR_TASK_TAG,  /* a label for each word of a sentence (recur/labels.h) */
    RECUR_TASK_CLASSIFY, /* a label for each text */
};

/* What models are good for, each those of some tasks. */
enum recur_use {
    RECUR_USE_CONTINUE,    /* continuing texts (recur/generate.h, recur/session.h) */
    RECUR_USE_FILL,        /* filling blanks (recur/fill.h) */
    RECUR_USE_LABEL_WORDS, /* a label for each word of sentences (recur/predict.h) */
    RECUR_USE_LABEL_TEXTS, /* a label for each text (recur/predict.h) */
};

/* What of a text's states the head of RECUR_TASK_CLASSIFY reads. */
enum recur_pool {
    RECUR_POOL_FINAL, /* the last one of each direction: the backward one's is after token 0 */
    RECUR_POOL_MEAN,  /* the mean over all tokens */
    RECUR_POOL_MAX,   /* the greatest of each number over all tokens */
};

/* How RECUR_TASK_TAG chooses the labels of a sentence. */
enum recur_decoder {
    RECUR_DECODER_SOFTMAX, /* each word's by itself */
    RECUR_DECODER_CRF,     /* all of them together: a linear-chain conditional random field
                              (Lafferty, McCallum & Pereira 2001) */
};

/* How long a mask of dropout lasts. */
enum recur_dropout_kind {
    RECUR_DROPOUT_STANDARD, /* one step of a sequence (Srivastava et al. 2014) */
    RECUR_DROPOUT_LOCKED,   /* all steps of a sequence in a minibatch (Gal & Ghahramani 2016) */
};

/* What the head makes of the states of both directions, and each layer of those below it. */
enum recur_merge {
    RECUR_MERGE_CONCAT, /* forward and backward side by side, as PyTorch: 2H columns */
    RECUR_MERGE_SUM,    /* forward + backward: H columns */
};

/* What a network is made of. */
typedef struct recur_model_config {
    size_t size;                      /* as recur_model_config_default() sets it; leave it alone */
    enum recur_task task;             /* default LM */
    enum recur_cell cell;             /* default LSTM */
    enum recur_activation activation; /* of RECUR_CELL_RNN; default tanh */
    size_t layers;                    /* L >= 1; default 1 */
    const size_t *hidden;             /* L widths, from the input up; the model copies them, the
                                         caller keeps his array. NULL, the default: each is 256 */
    bool bidirectional;               /* a second direction that reads from the last token to the
                                         first; default false */
    enum recur_merge merge;           /* of the two; default concat */
    size_t inputs;                    /* I: each step reads so many numbers of the caller's
                                         (recur/stack.h) and no token; 0: tokens; default 0 */
    size_t embedding;                 /* E; 0 feeds one-hot vectors; default 0 */
    size_t vocabulary;                /* V >= 1; taken from the vocabulary where one is given. Of a
                                         model that reads numbers: the outputs of its linear head,
                                         0: it has none */
    size_t biases;                    /* 2: b_ih and b_hh as PyTorch; 1: b_ih alone as the book;
                                         default 2 */
    float dropout;                    /* [0, 1) while training: on every layer's output, before
                                         the next layer and before the head; default 0 */
    enum recur_init init;             /* default uniform */
    uint64_t seed;                    /* of the initial parameters; default 1 */
    size_t labels;              /* K, of the tasks tag and classify; recur_model_create_labels takes
                                   it from the data; default 0 */
    enum recur_pool pool;       /* of classify; default final */
    enum recur_decoder decoder; /* of tag; default softmax */
    size_t characters;          /* of tag: how many different ones are read; 0: words are not read
                                   by characters; taken from the data likewise; default 0 */
    size_t character_embedding; /* of tag; default 25 */
    size_t character_hidden;    /* of tag: each direction's width; 0: words are not read by
                                   characters; default 25 */
    size_t word_column, label_column; /* of tag and classify: where in their data words or texts,
                                         and labels, stood, as recur_labels_config says; the network
                                         is the same; default 0 */
    enum recur_dropout_kind dropout_kind; /* default standard */
    float weight_drop; /* [0, 1) while training: share of the numbers of weight_hh that count as 0
                          throughout a minibatch (Merity et al. 2017); default 0 */
    size_t tied;       /* 1: linear.weight is embedding.weight (Press & Wolf 2017), which must be as
                          wide as the top layer, in one direction; files have both. Whoever sets
                          tensors sets both to the same numbers. Default 0 */
    double input_dropout; /* [0, 1) while training: on the embeddings that layer 0 reads (Gal &
                             Ghahramani 2016), with masks of its own, of dropout_kind. Above 0 it
                             needs an embedding, and another task than tag, whose inputs have
                             `dropout`; default 0 */
} recur_model_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_model_config_init(recur_model_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_model_config recur_model_config_default(void)
{
    recur_model_config config;
    recur_model_config_init(&config, sizeof config);
    return config;
}

/* Makes a model with fresh parameters. `config` may be NULL: the defaults. `vocab` may be NULL
 * (config->vocabulary counts then); the model shares it. `*model` belongs to the caller:
 * recur_model_free. Errors: ARGUMENT (a width of 0, a dropout outside [0, 1), ...), MEMORY. */
RECUR_API enum recur_status recur_model_create(const recur_model_config *config, recur_vocab *vocab,
                                               recur_model **model, recur_error *error);

/* Releases a model and its reference to the vocabulary; NULL is fine. Nothing may use it any more.
 */
RECUR_API void recur_model_free(recur_model *model);

/* The configuration; it and its `hidden` belong to the model. */
RECUR_API const recur_model_config *recur_model_get_config(const recur_model *model);

/* The vocabulary, NULL where the model has none; it belongs to the model. */
RECUR_API recur_vocab *recur_model_vocab(const recur_model *model);

/* The labels of a model that tags or classifies, NULL where it has none; it belongs to the model.
 * Label l, from 0 up, is entry l + 1: entry 0, "<unk>", stands for labels that are unknown. */
RECUR_API recur_vocab *recur_model_labels(const recur_model *model);

/* The characters that words are read by, NULL where they are not; it belongs to the model. */
RECUR_API recur_vocab *recur_model_characters(const recur_model *model);

/* The numbers that a model's weights are rounded to. */
enum recur_quantization {
    RECUR_QUANTIZATION_NONE, /* float */
    RECUR_QUANTIZATION_BF16, /* matrices of bf16; products of bf16 with sums of float */
    RECUR_QUANTIZATION_INT8, /* weights of products as bytes with a scale for each output, and so
                                the states they are multiplied with; look-ups of bf16 */
};

/* Rounds the parameters to what `kind` can hold. Sessions and evaluation compute with such numbers
 * from then on, files hold them, and the model is not trained any more. Errors: UNSUPPORTED for a
 * model that is quantised already or that labels, and of int8 for all but language models of one
 * direction whose states are bounded (no relu); parameters above 1e30. The model is as it was then.
 */
RECUR_API enum recur_status recur_model_quantize(recur_model *model, enum recur_quantization kind,
                                                 recur_error *error);

/* What it was quantised to. */
RECUR_API enum recur_quantization recur_model_quantization(const recur_model *model);

/* How many numbers the model learns. */
RECUR_API size_t recur_model_parameters(const recur_model *model);

/* One tensor of the parameter table. */
typedef struct recur_tensor_info {
    const char *name; /* PyTorch's state_dict name; belongs to the model */
    size_t rank;      /* 1 or 2 */
    size_t shape[2];  /* rows, columns; columns is 1 where rank is 1 */
} recur_tensor_info;

/* How many tensors the model has. */
RECUR_API size_t recur_model_tensors(const recur_model *model);

/* Tensor number `index`, in the order of the table above, layer by layer; `index` is
 * below recur_model_tensors. */
RECUR_API recur_tensor_info recur_model_tensor(const recur_model *model, size_t index);

/* Copies a tensor's values, row-major, out of the model; `values` has room for
 * shape[0] * shape[1] numbers. */
RECUR_API void recur_model_get_tensor(const recur_model *model, size_t index, float *values);

/* Copies as many values into the model. Steppers over it are refreshed afterwards
 * (recur_stepper_refresh). */
RECUR_API void recur_model_set_tensor(recur_model *model, size_t index, const float *values);

/* Lets a model, which is new, go on from another one: copies all parameters that both have. Layers
 * and embedding must be the same. The rows of tokens are found by the tokens, so the vocabulary may
 * have others in any order (recur_vocab_config.base keeps the ids); likewise labels and characters.
 * What `from` lacks stays as it was drawn: the rows of new tokens, and a head of another task.
 * `*inherited`, which may be NULL, becomes the number of copied parameters. The model's origin
 * names `from` and what that came from as ancestors (recur/training.h). Errors: ARGUMENT where the
 * layers differ, UNSUPPORTED for a quantised model, MEMORY; the parameters are as they were then.
 */
RECUR_API enum recur_status recur_model_inherit(recur_model *model, const recur_model *from,
                                                size_t *inherited, recur_error *error);

/* What one epoch of training came to; kept in the model as its history. */
typedef struct recur_epoch {
    uint64_t epoch;           /* from 1 */
    double loss;              /* mean of the minibatches' losses, nats per token */
    double valid_loss;        /* of the held-out text; NaN where nothing is held out */
    double gradient_norm;     /* global norm before clipping, mean over the minibatches */
    double lr;                /* learning rate of the last minibatch */
    double tokens_per_second; /* trained; NaN once the model was saved and loaded, so that equal
                                 runs make equal files (checkpoints keep it) */
    double seconds;           /* of training, without validation and predictions; NaN likewise */
    /* Of a model that labels, on what is held out (recur/predict.h); NaN where there is none. */
    double valid_accuracy, valid_precision, valid_recall, valid_f1;
} recur_epoch;

/* The epochs the model was trained for, oldest first; the array of `*count` belongs to the model,
 * until its history grows. */
RECUR_API const recur_epoch *recur_model_history(const recur_model *model, size_t *count);

/* Adds an epoch to the history, as the trainer does. Errors: MEMORY. */
RECUR_API enum recur_status recur_model_add_epoch(recur_model *model, const recur_epoch *epoch,
                                                  recur_error *error);

/* Receives how far long work with a model is: `done` of `total`. */
typedef void recur_progress_fn(void *user, uint64_t done, uint64_t total);

/* From now on `watch` is called now and then while recur_evaluate, recur_features, recur_predict,
 * recur_score, recur_fill and the trainer's validation work with the model, on the thread that
 * called them. What is counted are tokens; sequences where they are labelled; the blanks of a text.
 * NULL: nobody watches. */
RECUR_API void recur_model_watch(recur_model *model, recur_progress_fn *watch, void *user);

/* Writes the model as one safetensors file: parameters, configuration, vocabulary, history
 * (docs/formats.md). A temporary neighbour is written, synced and renamed, so that a crash leaves
 * the old file or the new one; "-" is standard output. Errors: FILE, MEMORY, DIVERGED where a
 * parameter is not finite, UNSUPPORTED where a token is not UTF-8 or the vocabulary is too large
 * for the format. */
RECUR_API enum recur_status recur_model_save(const recur_model *model, const char *path,
                                             recur_error *error);

/* Whether a regular file begins as a model's does (safetensors); nothing more of it is read. False
 * too where there is none, or where it cannot be read. */
RECUR_API bool recur_model_recognise(const char *path);

/* Reads a model that recur_model_save or recur_checkpoint_save (recur/checkpoint.h) wrote ("-" is
 * standard input). Everything in the file is checked: nothing is loaded by half. `*model` belongs
 * to the caller: recur_model_free. Errors: FILE, MEMORY, FORMAT, UNSUPPORTED (another version's
 * file). */
RECUR_API enum recur_status recur_model_load(const char *path, recur_model **model,
                                             recur_error *error);

/* The name as the command line and model files spell it: "lm", "fill", "tag" or
 * "classify"; static storage. */
RECUR_API const char *recur_task_name(enum recur_task task);

/* Likewise: "rnn", "gru", "gru-reset-before" or "lstm". */
RECUR_API const char *recur_cell_name(enum recur_cell cell);

/* Likewise: "tanh", "relu" or "sigmoid". */
RECUR_API const char *recur_activation_name(enum recur_activation activation);

/* Likewise: "uniform" or "normal". */
RECUR_API const char *recur_init_name(enum recur_init init);

/* Likewise: "concat" or "sum". */
RECUR_API const char *recur_merge_name(enum recur_merge merge);

/* Likewise: "none", "bf16" or "int8". */
RECUR_API const char *recur_quantization_name(enum recur_quantization quantization);

/* Likewise: "final", "mean" or "max". */
RECUR_API const char *recur_pool_name(enum recur_pool pool);

/* Likewise: "standard" or "locked". */
RECUR_API const char *recur_dropout_kind_name(enum recur_dropout_kind kind);

/* Likewise: "softmax" or "crf". */
RECUR_API const char *recur_decoder_name(enum recur_decoder decoder);

/* The pooling of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_pool_parse(const char *name, enum recur_pool *pool,
                                             recur_error *error);

/* The decoder of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_decoder_parse(const char *name, enum recur_decoder *decoder,
                                                recur_error *error);

/* The kind of dropout of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status
recur_dropout_kind_parse(const char *name, enum recur_dropout_kind *kind, recur_error *error);

/* The task of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_task_parse(const char *name, enum recur_task *task,
                                             recur_error *error);

/* Whether models of the task are good for that use; false where either number is unknown. */
RECUR_API bool recur_task_serves(enum recur_task task, enum recur_use use);

/* The cell of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_cell_parse(const char *name, enum recur_cell *cell,
                                             recur_error *error);

/* The activation of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status
recur_activation_parse(const char *name, enum recur_activation *activation, recur_error *error);

/* The init of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_init_parse(const char *name, enum recur_init *init,
                                             recur_error *error);

/* The quantisation of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_quantization_parse(const char *name,
                                                     enum recur_quantization *quantization,
                                                     recur_error *error);

/* The merge of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_merge_parse(const char *name, enum recur_merge *merge,
                                              recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
