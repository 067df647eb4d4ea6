/* The names of a network's settings. */
#include "base/names.h"
#include "recur/model.h"

RECUR_NAMED_ENUM(activation, "activation", "tanh", "relu", "sigmoid")
RECUR_NAMED_ENUM(merge, "merge", "concat", "sum")
RECUR_NAMED_ENUM(quantization, "quantisation", "none", "bf16", "int8")
RECUR_NAMED_ENUM(pool, "pooling", "final", "mean", "max")
RECUR_NAMED_ENUM(decoder, "decoder", "softmax", "crf")
RECUR_NAMED_ENUM(dropout_kind, "kind of dropout", "standard", "locked")
RECUR_NAMED_ENUM(init, "initialisation", "uniform", "normal")
