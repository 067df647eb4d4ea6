#include "backend/lengths.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/sort.h"

enum recur_status recur_lengths_init(struct recur_lengths *lengths, size_t batch, size_t steps,
                                     recur_error *error)
{
    *lengths = (struct recur_lengths){0};
    size_t each[] = {
        batch, batch, batch, recur_size_mul(batch, 2), steps, recur_size_add(steps, 1)};
    size_t **array[] = {&lengths->length,  &lengths->order, &lengths->same,
                        &lengths->scratch, &lengths->alive, &lengths->offset};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        RECUR_TRY(recur_alloc(each[i], sizeof(size_t), "the sequences' lengths", array[i], error));
    return RECUR_OK;
}

void recur_lengths_free(struct recur_lengths *lengths)
{
    free(lengths->length);
    free(lengths->order);
    free(lengths->same);
    free(lengths->scratch);
    free(lengths->alive);
    free(lengths->offset);
    *lengths = (struct recur_lengths){0};
}

/* What is being sorted: the caller's sequences, with `length` in the caller's order. */
struct sorting {
    const size_t *length;
    const struct recur_content *content;
    size_t contents, batch;
};

static int compare(const void *user, size_t a, size_t b)
{
    const struct sorting *sorting = user;
    size_t steps = sorting->length[a];
    if (steps != sorting->length[b])
        return steps < sorting->length[b] ? 1 : -1;
    for (size_t i = 0; i < sorting->contents; i++) {
        const struct recur_content *content = &sorting->content[i];
        size_t blocks = content->blocks == RECUR_EACH_STEP ? steps : content->blocks;
        const char *data = content->data;
        for (size_t t = 0; t < blocks && data; t++, data += sorting->batch * content->bytes) {
            int order =
                memcmp(data + a * content->bytes, data + b * content->bytes, content->bytes);
            if (order)
                return order;
        }
    }
    return 0;
}

static void count_alive(struct recur_lengths *lengths)
{
    size_t alive = lengths->batch;
    lengths->steps = alive ? lengths->length[0] : 0;
    lengths->offset[0] = 0;
    for (size_t t = 0; t < lengths->steps; t++) {
        while (lengths->length[alive - 1] <= t)
            alive--;
        lengths->alive[t] = alive;
        lengths->offset[t + 1] = lengths->offset[t] + alive;
    }
    lengths->rows = lengths->offset[lengths->steps];
}

void recur_lengths_set(struct recur_lengths *lengths, size_t batch, const size_t *length,
                       const struct recur_content *content, size_t contents)
{
    const struct sorting sorting = {length, content, contents, batch};
    lengths->batch = batch;
    lengths->ties = false;
    for (size_t b = 0; b < batch; b++)
        lengths->order[b] = b;
    recur_sort(lengths->order, batch, lengths->scratch, compare, &sorting);
    for (size_t b = 0; b < batch; b++) {
        bool same = b > 0 && !compare(&sorting, lengths->order[b - 1], lengths->order[b]);
        lengths->length[b] = length[lengths->order[b]];
        lengths->same[b] = same ? lengths->same[b - 1] : b;
        lengths->ties |= same;
    }
    count_alive(lengths);
}

void recur_lengths_part(struct recur_lengths *lengths, const struct recur_content *content,
                        size_t contents)
{
    size_t *length = lengths->scratch + lengths->batch;
    const struct sorting sorting = {length, content, contents, lengths->batch};
    for (size_t b = 0; b < lengths->batch; b++)
        length[lengths->order[b]] = lengths->length[b];
    for (size_t first = 0, end; first < lengths->batch && lengths->ties; first = end) {
        for (end = first + 1; end < lengths->batch && lengths->same[end] == first;)
            end++;
        recur_sort(lengths->order + first, end - first, lengths->scratch, compare, &sorting);
    }
}

size_t recur_lengths_cut(const struct recur_lengths *lengths, size_t index, size_t parts)
{
    size_t before = 0,
           wanted = lengths->rows / parts * index + lengths->rows % parts * index / parts;
    if (index == 0 || index == parts)
        return index ? lengths->batch : 0;
    for (size_t b = 0; b < lengths->batch; b++) {
        size_t after = before + lengths->length[b];
        if (after > wanted) /* the end nearer to the cut, of the sequence that the cut goes
                               through */
            return after - wanted < wanted - before ? b + 1 : b;
        before = after;
    }
    return lengths->batch;
}
