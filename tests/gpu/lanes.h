/* The tables of lanes.c. */
#ifndef TESTS_GPU_LANES_H
#define TESTS_GPU_LANES_H

#include "read.h"
#include "warp.h"

extern const struct lane_row gpu_lanes_generic[], gpu_lanes_avx2[];

#endif
