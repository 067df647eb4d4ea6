/* The settings of a model: names, defaults, ranges. A new one is a field of recur_model_config and
 * a row here. */
#include "base/config.h"
#include "base/fields.h"
#include "recur/model.h"
#include "task/task.h"

RECUR_ENUM_NAMES(task);
RECUR_ENUM_NAMES(cell);
RECUR_ENUM_NAMES(activation);
RECUR_ENUM_NAMES(merge);
RECUR_ENUM_NAMES(init);
RECUR_ENUM_NAMES(pool);
RECUR_ENUM_NAMES(decoder);
RECUR_ENUM_NAMES(dropout_kind);

RECUR_CONFIG(model, input_dropout, .cell = RECUR_CELL_LSTM, .activation = RECUR_ACTIVATION_TANH,
             .layers = 1, .biases = 2, .init = RECUR_INIT_UNIFORM, .seed = 1,
             .character_embedding = 25, .character_hidden = 25)

/* NULL where no task has that number. */
static const struct recur_task_kind *task(const void *config)
{
    return recur_task_of(((const recur_model_config *)config)->task);
}

static bool labels(const void *config)
{
    return task(config) && task(config)->labels;
}

static bool labels_words(const void *config)
{
    return labels(config) && task(config)->each_word;
}

static bool labels_texts(const void *config)
{
    return labels(config) && !task(config)->each_word;
}

static bool names_word_column(const void *config)
{
    return ((const recur_model_config *)config)->word_column != 0;
}

static bool names_label_column(const void *config)
{
    return ((const recur_model_config *)config)->label_column != 0;
}

/* In the order of files. */
static const struct recur_field fields[] = {
    {RECUR_FIELD(model, task), .names = &recur_task_names, .file = RECUR_FILE_LACKING,
     .option = "task",
     .about =
         "what to learn: lm, a language model, which goes on with a text; fill, each token from "
         "those around it; tag, a label for each word; classify, a label for each text. The names"},
    {RECUR_FIELD(model, cell), .names = &recur_cell_names, .option = "cell",
     .about = "the recurrent cell, with layer normalisation where its name begins with ln-"},
    {RECUR_FIELD(model, activation), .names = &recur_activation_names, .option = "activation",
     .about = "of the cell rnn"},
    {RECUR_FIELD(model, layers), .range = {.least = 1, .most = 64}, .file = RECUR_FILE_NEVER,
     .option = "layers", .about = "N layers of one width"},
    {RECUR_FIELD(model, hidden), .range = {.least = 1, .most = 65536}, .option = "hidden",
     .about = "width of each layer, from the input up"},
    {RECUR_FIELD(model, bidirectional), .file = RECUR_FILE_LACKING, .option = "bidirectional",
     .about = "read the text from its end as well; not with --task lm"},
    {RECUR_FIELD(model, merge), .names = &recur_merge_names, .file = RECUR_FILE_LACKING,
     .option = "merge",
     .about = "what the two directions' outputs become: side by side, or their sum"},
    {RECUR_FIELD(model, inputs), .range = {.most = INT32_MAX}, .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, embedding), .range = {.most = 65536}, .option = "embed",
     .about = "embedding width; 0 feeds one-hot vectors"},
    {RECUR_FIELD(model, vocabulary), .range = {.most = INT32_MAX}},
    {RECUR_FIELD(model, biases), .range = {.least = 1, .most = 2}, .option = "biases",
     .about = "bias vectors of a cell: 2 as PyTorch, 1 as the book from scratch"},
    {RECUR_FIELD(model, dropout), .range = {.high = 1, .below_high = true}, .option = "dropout",
     .about =
         "share of outputs that is dropped while training, between layers and before the head"},
    {RECUR_FIELD(model, init), .names = &recur_init_names, .option = "init",
     .about = "first parameters, within 1/sqrt(H) as PyTorch or 0.01 x N(0,1) with zero biases as "
              "the book"},
    {RECUR_FIELD(model, seed), .range = {.most = UINT64_MAX}},
    {RECUR_FIELD(model, labels), .range = {.most = INT32_MAX}, .applies = labels,
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, pool), .names = &recur_pool_names, .applies = labels_texts,
     .file = RECUR_FILE_LATER, .option = "pool",
     .about = "of the task classify: which states of a text the label is chosen by, the last of "
              "each direction, or the mean or the greatest of all"},
    {RECUR_FIELD(model, decoder), .names = &recur_decoder_names, .applies = labels_words,
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, characters), .range = {.most = INT32_MAX}, .applies = labels_words,
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, character_embedding), .range = {.least = 1, .most = 4096},
     .applies = labels_words, .file = RECUR_FILE_LATER, .option = "char-embed",
     .about = "of the task tag: embedding width of a word's characters"},
    {RECUR_FIELD(model, character_hidden), .range = {.most = 4096}, .applies = labels_words,
     .file = RECUR_FILE_LATER, .option = "char-hidden",
     .about = "of the task tag: width of each direction of the layer that reads a word's "
              "characters; 0: there is none"},
    {RECUR_FIELD(model, word_column), .range = {.most = INT32_MAX}, .applies = names_word_column,
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, label_column), .range = {.most = INT32_MAX}, .applies = names_label_column,
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, dropout_kind), .names = &recur_dropout_kind_names, .file = RECUR_FILE_LATER,
     .option = "dropout-kind",
     .about = "how long a mask of dropout lasts: one step of a sequence, or all of them (locked)"},
    {RECUR_FIELD(model, weight_drop), .words = "weight drop",
     .range = {.high = 1, .below_high = true}, .file = RECUR_FILE_LATER, .option = "weight-drop",
     .about = "share of the recurrent weights that are dropped while training, others for each "
              "minibatch"},
    {RECUR_FIELD(model, tied), .range = {.most = 1}, .file = RECUR_FILE_LATER},
    {RECUR_FIELD(model, input_dropout), .words = "input dropout",
     .range = {.high = 1, .below_high = true}, .file = RECUR_FILE_LATER, .option = "input-dropout",
     .about = "share of the embeddings' numbers that is dropped while training, before the first "
              "layer reads them"},
};

RECUR_FIELDS(recur_model_field, fields)
