/* The reader that all formats of PyTorch's state_dicts share. */
#ifndef RECUR_IO_PYTORCH_H
#define RECUR_IO_PYTORCH_H

#include "io/format.h"

/* Does the file have tensors of an nn.RNN, nn.GRU or nn.LSTM? */
bool recur_pytorch_recognise(const struct recur_format_input *input);
enum recur_status recur_pytorch_read(const struct recur_format_input *input,
                                     const recur_import_config *said, recur_model **model,
                                     bool *fresh_head, recur_error *error);

#endif
