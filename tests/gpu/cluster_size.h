#ifndef RECUR_TESTS_GPU_CLUSTER_SIZE_H
#define RECUR_TESTS_GPU_CLUSTER_SIZE_H

#include "backend/cuda/queue.h"

/* The most blocks that a cluster may have; 0: no layer runs in one launch. */
extern size_t recur_test_cluster_size;

#endif
