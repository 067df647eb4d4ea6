/* The arguments of the kernels. Each takes one of these structures, which the host fills in: both
 * sides include this header. An address of the device is a pointer for a kernel and a number for
 * the host. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_ARGUMENTS_H
#define RECUR_BACKEND_CUDA_KERNELS_ARGUMENTS_H

#ifdef __CUDA__
typedef unsigned int u32;
typedef unsigned long u64;
typedef int s32;
#define GPU_AT(type) type *
#else
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
#define GPU_AT(type) u64
#endif

/* Threads of every block, where a kernel does not say otherwise. */
#define GPU_THREADS 256

/* A product's block computes a tile (M, N) of numbers, a chunk of K after the other. */
#define GPU_TILE_M 32
#define GPU_TILE_N 64
#define GPU_CHUNK_K 64
#define GPU_TILE_THREADS 128

/* The side of the larger tiles of bf16, and the numbers of shared memory that their blocks have. */
#define GPU_WIDE_TILE 128
#define GPU_WIDE_SHARED (4 * GPU_WIDE_TILE * (GPU_CHUNK_K + 8))

/* All steps in one launch: sequences of a cluster, which are the columns of an mma's B; threads of
 * a block; items of a warp, each 16 rows of weights times a chunk. */
#define GPU_SEQUENCES 8
#define GPU_STEPS_THREADS 512
#define GPU_ITEMS 4

/* Pairs of a thread, each a unit of a sequence. In clusters cells of several gates have few units
 * in each block. */
#define GPU_PAIRS(gates, clusters) ((gates) > 1 && (clusters) ? 1 : 2)

/* Activations are row-major: a row for each step of each sequence, its columns a multiple of 32.
 * Weights lie in panels (nn/panels.h). A block of 32 columns of an activation and a panel of
 * weights belong together as `gpu_panels` says: number j of them is the weights' panel u * groups +
 * g and the activation's columns from 32 (u * slots + slot of g), u = j / count, g = first + j %
 * count. */
struct gpu_panels {
    u32 groups, first, count; /* gates of the weights; those that take part */
    u32 slots, slot;          /* slots of the activation; that of gate g is bits 4 g .. 4 g + 3 */
    u32 depth;                /* rows of a panel of weights */
    u32 panels;               /* how many j there are */
};

/* A product. forward: c = start + a W^T. backward: c = start + dz W, a being dz. gradient: dW = x^T
 * dz, a being x and b dz. `map` says where rows of states lie: those of a, in `backward` those of
 * c; `map_b` of `gradient` where those of b lie; 0: where their numbers say. */
struct gpu_product {
    struct gpu_panels panels;
    GPU_AT(const float) a;
    GPU_AT(const float) b;
    GPU_AT(float) c;
    GPU_AT(const float) start; /* of all rows, by columns of c; 0: c itself where `adds`, else 0 */
    GPU_AT(const s32) map;
    GPU_AT(const s32) map_b;
    u32 rows, columns_a, columns_b, columns_c; /* rows that take part; distances of rows */
    u32 adds;
};

/* One step of a cell for `rows` sequences. States have a row before each step and after it. */
struct gpu_cell {
    GPU_AT(float) z; /* (rows, U * S * 32) of this step, as the next two are */
    GPU_AT(float) q; /* (rows, U * 32), where the cell has it */
    GPU_AT(const s32) map;
    GPU_AT(float) h; /* all rows of states, as c and dh are */
    GPU_AT(float) c;
    GPU_AT(float) dh;
    GPU_AT(float) dc; /* (B, U * 32), as dq is */
    GPU_AT(float) dq;
    u32 after; /* the row of states after this step of the first sequence */
    u32 rows, hidden, units, activation;
};

/* All steps of a layer and direction. */
struct gpu_recurrence {
    struct gpu_panels panels; /* of W_hh */
    GPU_AT(const float) w;
    GPU_AT(float) z; /* of all steps, as h, c and dh */
    GPU_AT(float) h;
    GPU_AT(float) c;
    GPU_AT(float) dh;
    GPU_AT(float) dc;
    GPU_AT(const s32) before; /* (rows): the row of the state before */
    GPU_AT(const s32) offset; /* (steps): the first row of each step */
    GPU_AT(const s32) alive;  /* (steps): its rows */
    u32 batch;                /* the rows of initial states */
    u32 sequences, steps;
    u32 backwards; /* forward goes from the last step to the first */
    u32 hidden, units, activation;
    u32 width, blocks; /* units of a block; blocks of a cluster */
};

/* z = row ids[r] of a table + bias; the table's panels as in a product. bias 0: none. ids 0: the
 * bias alone. */
struct gpu_gather {
    struct gpu_panels panels;
    GPU_AT(const float) table;
    GPU_AT(const s32) ids;
    GPU_AT(const float) bias;
    GPU_AT(float) z;
    u32 rows, columns;
};

/* table[id] = the sum of rows of dz, one after the other: token i has the id id[i] and the rows
 * row[first[i]] .. row[first[i + 1] - 1]. Rows of other ids are left alone. */
struct gpu_scatter {
    struct gpu_panels panels;
    GPU_AT(float) table;
    GPU_AT(const s32) id;
    GPU_AT(const s32) first;
    GPU_AT(const s32) row;
    GPU_AT(const float) dz;
    u32 tokens, columns;
};

/* What a layer or the head reads of one direction, or of the sum of two: x = m h. And back: dh = m
 * dx. The mask m is that of the CPU's dropout. map[row] is the row of the states. */
struct gpu_hand_on {
    GPU_AT(float) h[2]; /* h[1] 0: there is one direction */
    GPU_AT(const s32) map[2];
    GPU_AT(float) x;
    GPU_AT(const s32) like; /* the row that says which mask */
    u64 key;
    u32 place;     /* of the first panel, the high half of a number's place */
    u32 threshold; /* 0: no dropout */
    float keep;
    u32 rows, units, columns; /* of the states 32 * units are read; x has rows of `columns` */
};

/* to[i] = or += from[i], whole rows of `width` numbers; a map of 0 stands for i itself. */
struct gpu_rows {
    GPU_AT(float) to;
    GPU_AT(const float) from;
    GPU_AT(const s32) to_map;
    GPU_AT(const s32) from_map;
    u32 rows, width, to_columns, from_columns;
    u32 adds;
};

/* Sums of columns: db of panel j = the sum of the rows of dz; `map` says where they lie, 0: where
 * their numbers say. */
struct gpu_sum_columns {
    struct gpu_panels panels;
    GPU_AT(const float) dz;
    GPU_AT(const s32) map;
    GPU_AT(float) db;
    u32 rows, columns;
};

/* The biases of a layer's slots: those that meet in one slot are summed. */
struct gpu_sum_biases {
    GPU_AT(const float) ih;
    GPU_AT(const float) hh; /* 0: there is one bias */
    GPU_AT(float) bias;     /* (U * S * 32) */
    u32 gates, slots, input_slot, recurrent_slot, units;
};

struct gpu_softmax {
    GPU_AT(float) logits; /* (rows, columns) */
    GPU_AT(const s32) targets;
    GPU_AT(float) loss;
    GPU_AT(s32) hit; /* 0: not wanted */
    float scale;
    u32 rows, vocabulary, columns;
};

/* What one minibatch reports to the host. */
struct gpu_report {
    double loss; /* the sum over rows */
    double norm;
    double scale; /* of the gradient, from clipping */
    u32 broken;   /* not all parameters are finite */
    u32 spare;
};

struct gpu_sum {
    GPU_AT(const float) from;
    GPU_AT(const s32) map; /* of losses: where they lie; 0: where their numbers say */
    GPU_AT(double) parts;  /* one for each chunk */
    GPU_AT(struct gpu_report) report;
    u64 count;
    u32 chunks;
    float clip;
};

/* Numbers of a chunk in sums over all parameters. */
#define GPU_CHUNK 4096

struct gpu_update {
    GPU_AT(float) p;
    GPU_AT(const float) g;
    GPU_AT(float) m; /* moments; 0: none */
    GPU_AT(float) v;
    GPU_AT(const struct gpu_report) report;
    u64 count;
    float lr, momentum, beta1, beta2, alpha, epsilon, weight_decay;
    float step, root; /* of adam: lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
    u32 decoupled;
};

/* a += b, n numbers. */
struct gpu_add {
    GPU_AT(float) a;
    GPU_AT(const float) b;
    u64 count;
};

#endif
