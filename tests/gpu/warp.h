/* What runs: a launch has clusters of blocks, a block has warps, a warp has 32 lanes.
 *
 * Lanes of a warp that stand at the same instruction are a group and run it together. The group at
 * the smallest instruction runs first, so that groups meet again where their ways join. A group
 * that has to wait says so, and others go on; a warp whose groups all wait is left out by
 * scheduler.c. */
#ifndef TESTS_GPU_WARP_H
#define TESTS_GPU_WARP_H

#include <string.h>

#include "end.h"
#include "ptx.h"

enum waiting {
    RUNS,
    WAITS_FOR_LANES,   /* at an instruction that more lanes of the warp must reach */
    WAITS_FOR_BLOCK,   /* at a barrier of the block */
    WAITS_FOR_CLUSTER, /* at barrier.cluster.wait */
};

struct group {
    uint32_t pc, mask;
    enum waiting waiting;
    uint8_t barrier; /* WAITS_FOR_BLOCK: which */
};

struct copy; /* memory that is on its way (async.c) */

struct warp {
    unsigned char *bank[BANKS];
    struct group now;           /* runs */
    struct group others[LANES]; /* of the same warp, elsewhere */
    uint32_t other_count;
    uint32_t meet_at; /* the smallest instruction of the others that run or wait for lanes */
    uint32_t lanes;   /* that exist: fewer in the last warp of a block */
    uint32_t live;    /* that have not left the kernel */
    uint32_t next;    /* instruction behind the one that runs */
    int budget;       /* instructions until another warp's turn */
    struct block *block;
    uint32_t first;                      /* thread of lane 0 */
    unsigned char *local, *local_shadow; /* of lane 0; each lane has module.local_bytes */
    uint32_t arrived, arrived_phase;     /* lanes, at the cluster's barrier; phase of each */
    bool listed;                         /* among those that run */
    uint32_t copy_groups;                /* cp.async: groups committed so far */
};

struct block_barrier {
    uint32_t arrived, expected; /* threads; expected 0: not in use */
    bool all;                   /* some wait there for all threads of the block */
};

enum { BLOCK_BARRIERS = 16 };

struct block {
    struct launch *launch;
    struct cluster *cluster;
    uint32_t rank; /* in the cluster */
    uint32_t index[3];
    unsigned char *shared, *shared_shadow;
    uint32_t shared_bytes;
    struct warp *warps;
    uint32_t warp_count, live; /* live: threads */
    struct block_barrier barriers[BLOCK_BARRIERS];
};

struct cluster {
    struct launch *launch;
    struct block *blocks;
    uint32_t size;
    uint32_t live, arrived; /* threads */
    uint32_t phase;         /* of barrier.cluster: even or odd */
    struct copy *copies;    /* in flight */
    uint32_t copy_count;
};

struct launch {
    const struct module *module;
    const struct function *function;
    uint32_t grid[3], block[3], cluster[3];
    uint32_t shared_bytes; /* of a block, static and dynamic */
    uint32_t dynamic_bytes;
    bool cooperative;
    uint32_t threads; /* of a block */
    unsigned char *parameters;
    uint32_t resident;     /* clusters at a time */
    struct warp **running; /* warps that can run */
    uint32_t running_count;
    uint64_t idle, polls; /* instructions, and turns given up, since anything changed for others */
};

/* The operand's lanes. */
static inline void *gpu_lanes(const struct warp *w, const struct operand *o)
{
    return w->bank[o->bank] + o->at;
}

/* The bits of one lane of a register or a constant. */
static inline uint64_t gpu_get(const struct warp *w, const struct operand *o, uint32_t lane)
{
    uint64_t value = 0;
    memcpy(&value, (const unsigned char *)gpu_lanes(w, o) + lane * o->bytes, o->bytes);
    return value;
}

static inline void gpu_put(const struct warp *w, const struct operand *o, uint32_t lane,
                           uint64_t value)
{
    if (!o->nothing)
        memcpy((unsigned char *)gpu_lanes(w, o) + lane * o->bytes, &value, o->bytes);
}

static inline uint32_t gpu_predicate(const struct warp *w, const struct operand *o)
{
    uint32_t mask = *(const uint32_t *)gpu_lanes(w, o);
    return o->negated ? ~mask : mask;
}

/* A thread has changed what others can see: whoever waits in a loop may go on. */
static inline void gpu_changed(struct launch *launch)
{
    launch->idle = launch->polls = 0;
}

/* Runs a grid to its end. */
void gpu_launch_run(struct launch *);
/* The warp's group waits, and runs this instruction again once it is woken. */
void gpu_wait(struct warp *, enum waiting, uint8_t barrier);
/* Wakes the groups of a warp that wait for this. */
void gpu_wake(struct warp *, enum waiting, uint8_t barrier);
/* Makes lanes of the running group leave it, for another instruction. */
void gpu_split(struct warp *, uint32_t mask, uint32_t pc);
/* Others shall have a turn: what this warp waits for in a loop is theirs to do. */
void gpu_yield(struct warp *);
uint32_t gpu_random(void);

/* barriers.c */
void gpu_leave(struct warp *, uint32_t mask);
bool gpu_all_lanes_here(struct warp *, uint32_t needed, uint32_t mask);

#endif
