/* Copies on their way to shared memory. */
#ifndef TESTS_GPU_ASYNC_H
#define TESTS_GPU_ASYNC_H

#include "warp.h"

struct copy {
    unsigned char *to, *shadow;
    unsigned char *barrier; /* of st.async; else NULL */
    unsigned char data[16];
    uint32_t bytes;
    const struct warp *warp; /* cp.async: whose, lane and group */
    uint32_t lane, group;
    bool late; /* it arrives when its thread waits for it, and no sooner */
};

/* Lets some of the cluster's copies arrive. */
void gpu_copies_advance(struct cluster *);

#endif
