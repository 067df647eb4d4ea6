/* The kernels by name, for the host, which looks them up in the module. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_NAMES_H
#define RECUR_BACKEND_CUDA_KERNELS_NAMES_H

#define RECUR_CUDA_KERNELS(X)                                                                      \
    X(product_forward_f32)                                                                         \
    X(product_backward_f32)                                                                        \
    X(product_gradient_f32)                                                                        \
    X(product_forward_bf16)                                                                        \
    X(product_backward_bf16)                                                                       \
    X(product_gradient_bf16)                                                                       \
    X(rnn_forward)                                                                                 \
    X(gru_forward)                                                                                 \
    X(gru_reset_before_gates_forward)                                                              \
    X(gru_reset_before_output_forward)                                                             \
    X(lstm_forward)                                                                                \
    X(rnn_backward)                                                                                \
    X(gru_backward)                                                                                \
    X(gru_reset_before_gates_backward)                                                             \
    X(gru_reset_before_output_backward)                                                            \
    X(lstm_backward)                                                                               \
    X(gather)                                                                                      \
    X(scatter)                                                                                     \
    X(hand_on)                                                                                     \
    X(hand_back)                                                                                   \
    X(move_rows)                                                                                   \
    X(sum_columns)                                                                                 \
    X(sum_biases)                                                                                  \
    X(softmax_loss)                                                                                \
    X(sum_losses)                                                                                  \
    X(sum_squares)                                                                                 \
    X(sum_norm)                                                                                    \
    X(check_finite)                                                                                \
    X(update_sgd)                                                                                  \
    X(update_adam)                                                                                 \
    X(update_rmsprop)                                                                              \
    X(add)                                                                                         \
    X(product_forward_bf16_wide)                                                                   \
    X(product_backward_bf16_wide)                                                                  \
    X(product_gradient_bf16_wide)                                                                  \
    X(rnn_steps_forward_f32)                                                                       \
    X(rnn_steps_forward_bf16)                                                                      \
    X(rnn_steps_backward_f32)                                                                      \
    X(rnn_steps_backward_bf16)                                                                     \
    X(gru_steps_forward_f32)                                                                       \
    X(gru_steps_forward_bf16)                                                                      \
    X(gru_steps_backward_f32)                                                                      \
    X(gru_steps_backward_bf16)                                                                     \
    X(lstm_steps_forward_f32)                                                                      \
    X(lstm_steps_forward_bf16)                                                                     \
    X(lstm_steps_backward_f32)                                                                     \
    X(lstm_steps_backward_bf16)

#define RECUR_CUDA_KERNEL_NUMBER(name) RECUR_CUDA_##name,
enum recur_cuda_kernel { RECUR_CUDA_KERNELS(RECUR_CUDA_KERNEL_NUMBER) RECUR_CUDA_KERNEL_COUNT };

#endif
