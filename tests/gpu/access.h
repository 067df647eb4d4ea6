/* Loads and stores of a whole warp at once. */
#ifndef TESTS_GPU_ACCESS_H
#define TESTS_GPU_ACCESS_H

#include "device_memory.h"

/* The lanes' addresses in an operand. */
void gpu_addresses(const struct warp *, const struct operand *, uint64_t *to);
/* False: nothing was done, the lanes must go one by one. */
bool gpu_load_at_once(struct warp *, const struct instruction *, uint32_t mask);
bool gpu_store_at_once(struct warp *, const struct instruction *, uint32_t mask);

#endif
