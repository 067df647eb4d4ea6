/* GPUs whose clusters have fewer blocks than the stand-in's. The program is linked with
 * --wrap=recur_cuda_clusters. */
#include "cluster_size.h"

size_t __real_recur_cuda_clusters(const struct recur_cuda_queue *queue,
                                  enum recur_cuda_kernel kernel, size_t size, unsigned threads,
                                  size_t shared);
size_t __wrap_recur_cuda_clusters(const struct recur_cuda_queue *queue,
                                  enum recur_cuda_kernel kernel, size_t size, unsigned threads,
                                  size_t shared);

size_t recur_test_cluster_size = 16;

size_t __wrap_recur_cuda_clusters(const struct recur_cuda_queue *queue,
                                  enum recur_cuda_kernel kernel, size_t size, unsigned threads,
                                  size_t shared)
{
    if (size > recur_test_cluster_size)
        return 0;
    return __real_recur_cuda_clusters(queue, kernel, size, threads, shared);
}
