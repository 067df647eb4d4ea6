/* The cells' arithmetic for one unit of one sequence; docs/math.md has the equations. `s` are the
 * cell's slots (nn/cell.h): gates, which backward replaces by the gradients of their
 * pre-activations. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_CELLS_H
#define RECUR_BACKEND_CUDA_KERNELS_CELLS_H

/* enum recur_activation. */
enum { ACTIVATION_TANH, ACTIVATION_RELU, ACTIVATION_SIGMOID };

/* A NaN stays one in all three. */
GPU_INLINE float sigmoid(float x)
{
    return gpu_reciprocal(1 + gpu_exp2(-1.44269504F * x));
}

/* Near 0, where 2 s(2x) - 1 cancels, the series x - x^3 / 3 + 2 x^5 / 15 - ... */
GPU_INLINE float tanh_(float x)
{
    float y = x * x, series = gpu_fma(y, 2.18694885e-2F, -5.39682540e-2F);
    series = gpu_fma(y, series, 1.33333333e-1F);
    series = gpu_fma(y, series, -3.33333333e-1F);
    series = gpu_fma(x * y, series, x);
    return y < 0.0625F ? series : gpu_fma(2, sigmoid(2 * x), -1);
}

GPU_INLINE float rnn_output(float a, u32 activation)
{
    if (activation == ACTIVATION_TANH)
        return tanh_(a);
    if (activation == ACTIVATION_SIGMOID)
        return sigmoid(a);
    return a < 0 ? 0 : a;
}

GPU_INLINE float rnn_gradient(float h, float dh, u32 activation)
{
    if (activation == ACTIVATION_TANH)
        return dh * (1 - h * h);
    if (activation == ACTIVATION_SIGMOID)
        return dh * (h * (1 - h));
    return h > 0 ? dh : dh * 0;
}

/* Slots n r z m; returns h. */
GPU_INLINE float gru_output(float *s, float h_prev)
{
    s[1] = sigmoid(s[1]);
    s[2] = sigmoid(s[2]);
    s[0] = tanh_(s[0] + s[1] * s[3]);
    return (1 - s[2]) * s[0] + s[2] * h_prev;
}

/* Returns what is added to the gradient of h_prev. */
GPU_INLINE float gru_gradient(float *s, float h_prev, float dh)
{
    float n = s[0], r = s[1], z = s[2], m = s[3];
    float dn = dh * (1 - z) * (1 - n * n);
    s[0] = dn;
    s[1] = dn * m * r * (1 - r);
    s[2] = dh * (h_prev - n) * z * (1 - z);
    s[3] = dn * r;
    return dh * z;
}

/* Slots r z n. The first phase returns q; the second one h. */
GPU_INLINE float gru_reset_before_gates(float *s, float h_prev)
{
    s[0] = sigmoid(s[0]);
    s[1] = sigmoid(s[1]);
    return s[0] * h_prev;
}

GPU_INLINE float gru_reset_before_output(float *s, float h_prev)
{
    s[2] = tanh_(s[2]);
    return (1 - s[1]) * s[2] + s[1] * h_prev;
}

/* Both return what is added to the gradient of h_prev. */
GPU_INLINE float gru_reset_before_output_gradient(float *s, float h_prev, float dh)
{
    float z = s[1], n = s[2];
    s[2] = dh * (1 - z) * (1 - n * n);
    s[1] = dh * (h_prev - n) * z * (1 - z);
    return dh * z;
}

GPU_INLINE float gru_reset_before_gates_gradient(float *s, float h_prev, float dq)
{
    float r = s[0];
    s[0] = dq * h_prev * r * (1 - r);
    return dq * r;
}

/* Slots i f g o; returns h. */
GPU_INLINE float lstm_output(float *s, float c_prev, float *c)
{
    s[0] = sigmoid(s[0]);
    s[1] = sigmoid(s[1]);
    s[2] = tanh_(s[2]);
    s[3] = sigmoid(s[3]);
    *c = s[1] * c_prev + s[0] * s[2];
    return s[3] * tanh_(*c);
}

/* Returns the gradient of c_prev. */
GPU_INLINE float lstm_gradient(float *s, float c_prev, float c, float dh, float dc)
{
    float i = s[0], f = s[1], g = s[2], o = s[3], y = tanh_(c);
    float d = dc + dh * o * (1 - y * y);
    s[3] = dh * y * o * (1 - o);
    s[0] = d * g * i * (1 - i);
    s[1] = d * c_prev * f * (1 - f);
    s[2] = d * i * (1 - g * g);
    return d * f;
}

#endif
