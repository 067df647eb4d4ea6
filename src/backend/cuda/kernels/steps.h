/* One step of a cell for any width: a thread for each unit of each sequence, after the product of
 * the step. Columns that stand for no unit stay 0 in states and gradients. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_STEPS_H
#define RECUR_BACKEND_CUDA_KERNELS_STEPS_H

/* Where a thread's numbers lie. */
struct place {
    float *z;            /* of slot 0; slots are 32 numbers apart */
    u64 row, unit;       /* in (rows, U * 32) arrays */
    u64 before, after;   /* in the states */
    u32 inside, present; /* the thread has a unit; the unit counts */
};

GPU_INLINE struct place place_of(const struct gpu_cell *k, u32 slots)
{
    u32 width = k->units * 32;
    u64 number = gpu_global_thread();
    u32 row = (u32)(number / width), unit = (u32)(number % width), inside = row < k->rows;
    u32 before = inside ? (u32)k->map[row] : 0;
    return (struct place){.z = k->z + ((u64)row * k->units + unit / 32) * slots * 32 + unit % 32,
                          .unit = (u64)row * width + unit,
                          .before = (u64)before * width + unit,
                          .after = (u64)(k->after + row) * width + unit,
                          .inside = inside,
                          .present = unit < k->hidden};
}

/* The frame of all of them: `body` computes from the slots s and everything else it names. */
#define STEP(name, slots, body)                                                                    \
    GPU_KERNEL void name(struct gpu_cell k)                                                        \
    {                                                                                              \
        struct place at = place_of(&k, slots);                                                     \
        float s[slots];                                                                            \
        if (!at.inside)                                                                            \
            return;                                                                                \
        GPU_UNROLL                                                                                 \
        for (u32 i = 0; i < slots; i++)                                                            \
            s[i] = at.z[i * 32];                                                                   \
        body GPU_UNROLL for (u32 i = 0; i < slots; i++) at.z[i * 32] = at.present ? s[i] : 0;      \
    }

STEP(rnn_forward, 1, k.h[at.after] = at.present ? rnn_output(s[0], k.activation) : 0;)

STEP(rnn_backward, 1, s[0] = rnn_gradient(k.h[at.after], k.dh[at.after], k.activation);)

STEP(gru_forward, 4, {
    float h = gru_output(s, k.h[at.before]);
    k.h[at.after] = at.present ? h : 0;
})

STEP(gru_backward, 4, {
    float more = gru_gradient(s, k.h[at.before], k.dh[at.after]);
    k.dh[at.before] += more;
})

STEP(gru_reset_before_gates_forward, 3, {
    float q = gru_reset_before_gates(s, k.h[at.before]);
    k.q[at.unit] = at.present ? q : 0;
})

STEP(gru_reset_before_output_forward, 3, {
    float h = gru_reset_before_output(s, k.h[at.before]);
    k.h[at.after] = at.present ? h : 0;
})

STEP(gru_reset_before_output_backward, 3, {
    float more = gru_reset_before_output_gradient(s, k.h[at.before], k.dh[at.after]);
    k.dh[at.before] += more;
})

STEP(gru_reset_before_gates_backward, 3, {
    float more = gru_reset_before_gates_gradient(s, k.h[at.before], k.dq[at.unit]);
    k.dh[at.before] += more;
})

STEP(lstm_forward, 4, {
    float c;
    float h = lstm_output(s, k.c[at.before], &c);
    k.c[at.after] = at.present ? c : 0;
    k.h[at.after] = at.present ? h : 0;
})

STEP(lstm_backward, 4, {
    float dc = lstm_gradient(s, k.c[at.before], k.c[at.after], k.dh[at.after], k.dc[at.unit]);
    k.dc[at.unit] = at.present ? dc : 0;
})

#endif
