#include "base/sort.h"

#include <stdbool.h>
#include <string.h>

/* Merges neighbours of 1, 2, 4, ... items. */
void recur_sort(size_t *items, size_t count, size_t *scratch, recur_compare_fn *compare,
                const void *user)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t first = 0; first < count; first += 2 * width) {
            size_t middle = first + width < count ? first + width : count;
            size_t end = middle + width < count ? middle + width : count;
            for (size_t i = first, a = first, b = middle; i < end; i++) {
                bool left = a < middle && (b == end || compare(user, items[a], items[b]) <= 0);
                scratch[i] = items[left ? a++ : b++];
            }
        }
        memcpy(items, scratch, count * sizeof *items);
    }
}
