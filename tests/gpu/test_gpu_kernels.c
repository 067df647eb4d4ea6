/* Kernels of the GPU, one by one, against plain loops in double: products with gates left out and
 * rows that a map names, look-ups, what layers hand on, sums, the loss, the optimisers. The steps
 * of cells are test_gpu_steps.c's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"

static const size_t widths[] = {1, 31, 33, 128, 200};
static const size_t rows_of[] = {1, 7, 32, 63, 96}; /* B T */
enum { SIZES = 5 };

static size_t padded(size_t width)
{
    return (width + LANES - 1) / LANES * LANES;
}

/* Two gates of three, in slots 3 and 0 of four. */
static struct gpu_panels some_gates(size_t depth, size_t width)
{
    return (struct gpu_panels){.groups = 3,
                               .first = 1,
                               .count = 2,
                               .slots = 4,
                               .slot = 0x031,
                               .depth = (u32)depth,
                               .panels = (u32)(padded(width) / LANES * 2)};
}

static size_t weights_at(const struct gpu_panels *p, size_t j)
{
    return (j / p->count * p->groups + p->first + j % p->count) * p->depth * LANES;
}

static size_t column_at(const struct gpu_panels *p, size_t j)
{
    size_t gate = p->first + j % p->count;
    return (j / p->count * p->slots + (p->slot >> 4 * gate & 15)) * LANES;
}

/* Both sizes of tiles give the same bits. */
static void run_product(enum recur_cuda_product kind, bool bf16, struct gpu_product *product,
                        struct array *c)
{
    struct array *wide = make(c->count, c->host);
    recur_cuda_memory own = product->c;
    recur_cuda_product(&queue, kind, bf16, false, product);
    product->c = wide->gpu;
    recur_cuda_product(&queue, kind, bf16, true, product);
    product->c = own;
    recur_cuda_download(&queue, c->host, c->gpu, c->count * sizeof *c->host);
    recur_cuda_download(&queue, wide->host, wide->gpu, c->count * sizeof *c->host);
    assert_int_equal(recur_cuda_finish(&queue, NULL), RECUR_OK);
    assert_memory_equal(c->host, wide->host, c->count * sizeof *c->host);
}

/* a (rows + 3, K), w panels, c (rows, slots): c = start + a[map] W^T. */
static void check_forward(size_t rows, size_t depth, size_t width, bool bf16)
{
    struct gpu_panels p = some_gates(depth, width);
    size_t columns = padded(width) * p.slots, columns_a = padded(depth);
    struct array *a = drawn((rows + 3) * columns_a), *map = indices(rows, rows + 3, false);
    struct array *w = drawn(padded(width) * p.groups * depth), *start = drawn(columns);
    struct array *c = drawn(rows * columns);
    double *wanted = plain_of(c);
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < p.panels; j++)
            for (size_t lane = 0; lane < LANES; lane++) {
                size_t column = column_at(&p, j) + lane;
                double sum = (double)start->host[column];
                for (size_t k = 0; k < depth; k++)
                    sum += (double)a->host[index_at(map, row) * columns_a + k] *
                           (double)w->host[weights_at(&p, j) + k * LANES + lane];
                wanted[row * columns + column] = sum;
            }
    struct gpu_product product = {.panels = p,
                                  .a = a->gpu,
                                  .b = w->gpu,
                                  .c = c->gpu,
                                  .start = start->gpu,
                                  .map = map->gpu,
                                  .rows = (u32)rows,
                                  .columns_a = (u32)columns_a,
                                  .columns_c = (u32)columns};
    run_product(RECUR_CUDA_FORWARD, bf16, &product, c);
    assert_got("forward", c, wanted, bf16 ? 1e-2 : 1e-5);
    release();
}

/* dz (rows, slots), c (rows + 3, K): c[map] += dz W. */
static void check_backward(size_t rows, size_t depth, size_t width, bool bf16)
{
    struct gpu_panels p = some_gates(depth, width);
    size_t columns = padded(width) * p.slots, columns_c = padded(depth);
    struct array *dz = drawn(rows * columns), *map = indices(rows, rows + 3, true);
    struct array *w = drawn(padded(width) * p.groups * depth);
    struct array *c = drawn((rows + 3) * columns_c);
    double *wanted = plain_of(c);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < depth; k++)
            for (size_t j = 0; j < p.panels; j++)
                for (size_t lane = 0; lane < LANES; lane++)
                    wanted[index_at(map, row) * columns_c + k] +=
                        (double)dz->host[row * columns + column_at(&p, j) + lane] *
                        (double)w->host[weights_at(&p, j) + k * LANES + lane];
    struct gpu_product product = {.panels = p,
                                  .a = dz->gpu,
                                  .b = w->gpu,
                                  .c = c->gpu,
                                  .map = map->gpu,
                                  .rows = (u32)rows,
                                  .columns_a = (u32)columns,
                                  .columns_c = (u32)columns_c,
                                  .adds = 1};
    run_product(RECUR_CUDA_BACKWARD, bf16, &product, c);
    assert_got("backward", c, wanted, bf16 ? 1e-2 : 1e-5);
    release();
}

/* x (rows + 3, K), dz (rows, slots): dW = x[map]^T dz. */
static void check_gradient(size_t rows, size_t depth, size_t width, bool bf16)
{
    struct gpu_panels p = some_gates(depth, width);
    size_t columns = padded(width) * p.slots, columns_a = padded(depth);
    struct array *x = drawn((rows + 3) * columns_a), *map = indices(rows, rows + 3, false);
    struct array *dz = drawn(rows * columns), *w = drawn(padded(width) * p.groups * depth);
    double *wanted = plain_of(w);
    for (size_t j = 0; j < p.panels; j++)
        for (size_t k = 0; k < depth; k++)
            for (size_t lane = 0; lane < LANES; lane++) {
                double sum = 0;
                for (size_t row = 0; row < rows; row++)
                    sum += (double)x->host[index_at(map, row) * columns_a + k] *
                           (double)dz->host[row * columns + column_at(&p, j) + lane];
                wanted[weights_at(&p, j) + k * LANES + lane] = sum;
            }
    struct gpu_product product = {.panels = p,
                                  .a = x->gpu,
                                  .b = dz->gpu,
                                  .c = w->gpu,
                                  .map = map->gpu,
                                  .rows = (u32)rows,
                                  .columns_a = (u32)columns_a,
                                  .columns_b = (u32)columns};
    run_product(RECUR_CUDA_GRADIENT, bf16, &product, w);
    assert_got("gradient", w, wanted, bf16 ? 1e-2 : 1e-5);
    release();
}

static void products(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SIZES; i++) {
        size_t depth = widths[i % SIZES], rows = rows_of[i * 2 % SIZES];
        size_t width = widths[(i + 2) % 4];
        check_forward(rows, depth, width, i >= SIZES);
        check_backward(rows, depth, width, i >= SIZES);
        check_gradient(rows, depth, width, i >= SIZES);
    }
    check_forward(150, 200, 70, true); /* of more than one of the larger tiles, either way */
    check_backward(150, 200, 70, true);
    check_gradient(150, 200, 70, true);
}

/* z = row id of a table + bias, and the sums of rows by id. */
static void tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t rows = rows_of[i], depth = 5, columns = padded(widths[i]) * 4;
        struct gpu_panels p = some_gates(depth, widths[i]);
        struct array *table = drawn(padded(widths[i]) * p.groups * depth), *bias = drawn(columns);
        struct array *ids = indices(rows, depth, false), *z = drawn(rows * columns);
        int32_t token[5], first[6] = {0}, member[96];
        size_t tokens = 0, members = 0;
        double *wanted = plain_of(z), *sums = plain_of(table);
        for (size_t id = 0; id < depth; id++) {
            for (size_t row = 0; row < rows; row++)
                if (index_at(ids, row) == id)
                    member[members++] = (int32_t)row;
            if ((size_t)first[tokens] == members)
                continue;
            token[tokens++] = (int32_t)id;
            first[tokens] = (int32_t)members;
        }
        for (size_t j = 0; j < p.panels; j++)
            for (size_t lane = 0; lane < LANES; lane++) {
                size_t column = column_at(&p, j) + lane, at = weights_at(&p, j) + lane;
                for (size_t t = 0; t < tokens; t++)
                    sums[at + (size_t)token[t] * LANES] = 0;
                for (size_t row = 0; row < rows; row++) {
                    size_t id = index_at(ids, row), place = row * columns + column;
                    sums[at + id * LANES] += (double)z->host[place];
                    wanted[place] =
                        (double)table->host[at + id * LANES] + (double)bias->host[column];
                }
            }
        struct gpu_gather gather = {.panels = p,
                                    .table = table->gpu,
                                    .ids = ids->gpu,
                                    .bias = bias->gpu,
                                    .z = z->gpu,
                                    .rows = (u32)rows,
                                    .columns = (u32)columns};
        struct array *dz = make(z->count, z->host);
        recur_cuda_run_each(&queue, RECUR_CUDA_gather, rows * p.panels * LANES, &gather);
        assert_got("gather", z, wanted, 1e-6);
        const float *const words[] = {(const float *)(const void *)token,
                                      (const float *)(const void *)first,
                                      (const float *)(const void *)member};
        struct gpu_scatter scatter = {.panels = p,
                                      .table = table->gpu,
                                      .id = make(tokens, words[0])->gpu,
                                      .first = make(tokens + 1, words[1])->gpu,
                                      .row = make(rows, words[2])->gpu,
                                      .dz = dz->gpu,
                                      .tokens = (u32)tokens,
                                      .columns = (u32)columns};
        recur_cuda_run_each(&queue, RECUR_CUDA_scatter, tokens * p.panels * LANES, &scatter);
        assert_got("scatter", table, sums, 1e-5);
        release();
    }
}

/* Rows of two directions summed, without dropout, and their gradients; rows that are moved. */
static void hand_ons(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t rows = rows_of[i], width = padded(widths[i]), columns = 2 * width;
        struct array *h[2] = {drawn((rows + 3) * width), drawn((rows + 3) * width)};
        struct array *map[2] = {indices(rows, rows + 3, true), indices(rows, rows + 3, true)};
        struct array *x = drawn(rows * columns), *moved = drawn(rows * columns);
        double *wanted = plain_of(x), *back = plain_of(h[1]), *move = plain_of(moved);
        for (size_t row = 0; row < rows; row++)
            for (size_t k = 0; k < width; k++) {
                size_t from[2] = {index_at(map[0], row) * width + k,
                                  index_at(map[1], row) * width + k};
                wanted[row * columns + k] =
                    (double)h[0]->host[from[0]] + (double)h[1]->host[from[1]];
                back[from[1]] = wanted[row * columns + k];
                move[row * columns + k] += (double)h[0]->host[from[0]];
            }
        struct gpu_hand_on hand = {.h = {h[0]->gpu, h[1]->gpu},
                                   .map = {map[0]->gpu, map[1]->gpu},
                                   .x = x->gpu,
                                   .rows = (u32)rows,
                                   .units = (u32)(width / LANES),
                                   .columns = (u32)columns};
        struct gpu_rows all = {.to = moved->gpu,
                               .from = h[0]->gpu,
                               .from_map = map[0]->gpu,
                               .rows = (u32)rows,
                               .width = (u32)width,
                               .to_columns = (u32)columns,
                               .from_columns = (u32)width,
                               .adds = 1};
        recur_cuda_run_each(&queue, RECUR_CUDA_move_rows, rows * width, &all);
        recur_cuda_run_each(&queue, RECUR_CUDA_hand_on, rows * width, &hand);
        recur_cuda_run_each(&queue, RECUR_CUDA_hand_back, rows * width, &hand);
        assert_got("hand_on", x, wanted, 1e-6);
        assert_got("hand_back", h[1], back, 1e-6);
        assert_got("move_rows", moved, move, 1e-6);
        release();
    }
}

/* Sums of columns, and of the biases of a GRU: gates r z n, slots n r z m. */
static void biases(void **state)
{
    static const size_t in[] = {1, 2, 0}, recurrent[] = {1, 2, 3};
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t rows = rows_of[i], units = padded(widths[i]) / LANES, columns = units * 4 * LANES;
        struct gpu_panels p = some_gates(1, widths[i]);
        struct array *dz = drawn(rows * columns), *db = drawn(units * 3 * LANES);
        struct array *ih = drawn(units * 3 * LANES), *hh = drawn(units * 3 * LANES);
        struct array *bias = drawn(columns);
        double *sums = plain_of(db), *both = calloc(columns, sizeof *both);
        assert_non_null(both);
        for (size_t j = 0; j < p.panels; j++)
            for (size_t lane = 0; lane < LANES; lane++) {
                double *sum = &sums[weights_at(&p, j) + lane];
                *sum = 0;
                for (size_t row = 0; row < rows; row++)
                    *sum += (double)dz->host[row * columns + column_at(&p, j) + lane];
            }
        for (size_t n = 0; n < units * 3 * LANES; n++) {
            size_t u = n / LANES / 3, g = n / LANES % 3, lane = n % LANES;
            both[(u * 4 + in[g]) * LANES + lane] += (double)ih->host[n];
            both[(u * 4 + recurrent[g]) * LANES + lane] += (double)hh->host[n];
        }
        struct gpu_sum_columns sum = {
            .panels = p, .dz = dz->gpu, .db = db->gpu, .rows = (u32)rows, .columns = (u32)columns};
        struct gpu_sum_biases of_slots = {.ih = ih->gpu,
                                          .hh = hh->gpu,
                                          .bias = bias->gpu,
                                          .gates = 3,
                                          .slots = 4,
                                          .input_slot = 0x021,
                                          .recurrent_slot = 0x321,
                                          .units = (u32)units};
        recur_cuda_run(&queue, RECUR_CUDA_sum_columns, p.panels, GPU_THREADS, &sum);
        recur_cuda_run_each(&queue, RECUR_CUDA_sum_biases, columns, &of_slots);
        assert_got("sum_columns", db, sums, 1e-5);
        assert_got("sum_biases", bias, both, 1e-6);
        release();
    }
}

/* Losses, their gradients, hits, and the losses' sum; the last row has no target. */
static void losses(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t rows = rows_of[i], V = widths[i], columns = padded(V);
        struct array *x = drawn(rows * columns), *targets = indices(rows, V, false);
        struct array *loss = drawn(rows), *hits = drawn(rows);
        struct array *report = make(sizeof(struct gpu_report) / sizeof(float), NULL);
        double *gradient = calloc(rows * columns + 1, sizeof *gradient), all = 0;
        double *wanted = calloc(rows + 1, sizeof *wanted), *hit = calloc(rows + 1, sizeof *hit);
        assert_true(gradient && wanted && hit);
        const int32_t none = -1;
        memcpy(targets->host + rows - 1, &none, sizeof none);
        recur_cuda_upload(&queue, targets->gpu, targets->host, rows * sizeof(float));
        for (size_t row = 0; row + 1 < rows; row++) {
            const float *logits = x->host + row * columns;
            size_t target = index_at(targets, row);
            double sum = 0, most = -1e9;
            for (size_t v = 0; v < V; v++) {
                sum += exp((double)logits[v]);
                most = fmax(most, (double)logits[v]);
            }
            for (size_t v = 0; v < V; v++)
                gradient[row * columns + v] = 0.25 * (exp((double)logits[v]) / sum - (v == target));
            wanted[row] = log(sum) - (double)logits[target];
            hit[row] = (double)logits[target] >= most;
            all += wanted[row];
        }
        struct gpu_softmax softmax = {.logits = x->gpu,
                                      .targets = targets->gpu,
                                      .loss = loss->gpu,
                                      .hit = hits->gpu,
                                      .scale = 0.25F,
                                      .rows = (u32)rows,
                                      .vocabulary = (u32)V,
                                      .columns = (u32)columns};
        struct gpu_sum sum = {.from = loss->gpu, .report = report->gpu, .count = rows};
        recur_cuda_run(&queue, RECUR_CUDA_softmax_loss, (rows + 7) / 8, GPU_THREADS, &softmax);
        recur_cuda_run(&queue, RECUR_CUDA_sum_losses, 1, GPU_THREADS, &sum);
        assert_got("gradients of logits", x, gradient, 1e-5);
        assert_got("losses", loss, wanted, 1e-5);
        recur_cuda_download(&queue, hits->host, hits->gpu, rows * sizeof(float));
        struct gpu_report found;
        recur_cuda_download(&queue, &found, report->gpu, sizeof found);
        assert_int_equal(recur_cuda_finish(&queue, NULL), RECUR_OK);
        for (size_t row = 0; row < rows; row++)
            assert_int_equal(index_at(hits, row), hit[row] > 0);
        assert_true(fabs(found.loss - all) <= 1e-5 * (1 + all));
        free(hit);
        release();
    }
}

static void norms(void **state)
{
    static const size_t counts[] = {1, 200, GPU_CHUNK, GPU_CHUNK + 1, 3 * GPU_CHUNK + 77};
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t count = counts[i], chunks = (count + GPU_CHUNK - 1) / GPU_CHUNK;
        struct array *g = drawn(count), *b = drawn(count), *parts = drawn(2 * chunks);
        struct array *report = make(sizeof(struct gpu_report) / sizeof(float), NULL);
        double squares = 0, *sum = plain_of(g);
        for (size_t k = 0; k < count; k++) {
            squares += sum[k] * sum[k];
            sum[k] += (double)b->host[k];
        }
        struct gpu_sum norm = {.from = g->gpu,
                               .parts = parts->gpu,
                               .report = report->gpu,
                               .count = count,
                               .chunks = (u32)chunks,
                               .clip = 0.5F};
        struct gpu_add add = {.a = g->gpu, .b = b->gpu, .count = count};
        struct gpu_report found;
        recur_cuda_run(&queue, RECUR_CUDA_sum_squares, chunks, GPU_THREADS, &norm);
        recur_cuda_run(&queue, RECUR_CUDA_sum_norm, 1, GPU_THREADS, &norm);
        recur_cuda_run_each(&queue, RECUR_CUDA_check_finite, count, &norm);
        recur_cuda_download(&queue, &found, report->gpu, sizeof found);
        recur_cuda_run_each(&queue, RECUR_CUDA_add, count, &add);
        assert_got("add", g, sum, 1e-6);
        double wanted = sqrt(squares), scale = wanted > 0.5 ? 0.5 / wanted : 1;
        assert_true(fabs(found.norm - wanted) <= 1e-6 * wanted);
        assert_true(fabs(found.scale - scale) <= 1e-6 && !found.broken);
        g->host[count - 1] = i % 2 ? INFINITY : NAN;
        recur_cuda_upload(&queue, g->gpu, g->host, count * sizeof(float));
        recur_cuda_run_each(&queue, RECUR_CUDA_check_finite, count, &norm);
        recur_cuda_download(&queue, &found, report->gpu, sizeof found);
        assert_int_equal(recur_cuda_finish(&queue, NULL), RECUR_OK);
        assert_true(found.broken);
        release();
    }
}

/* One number's update in double; m and v become the new moments, v < 0 standing for none. */
static double updated(enum recur_cuda_kernel kernel, const struct gpu_update *u, double p, double g,
                      double *m, double *v)
{
    double decay = (double)u->weight_decay, lr = (double)u->lr, beta1 = (double)u->beta1;
    if (kernel == RECUR_CUDA_update_adam) {
        if (u->decoupled)
            p -= lr * decay * p;
        else
            g += decay * p;
        *m = beta1 * *m + (1 - beta1) * g;
        *v = (double)u->beta2 * *v + (1 - (double)u->beta2) * g * g;
        return p - (double)u->step * *m / (sqrt(*v) * (double)u->root + (double)u->epsilon);
    }
    g += decay * p;
    if (kernel == RECUR_CUDA_update_rmsprop) {
        *v = (double)u->alpha * *v + (1 - (double)u->alpha) * g * g;
        g /= sqrt(*v) + (double)u->epsilon;
    }
    if (u->m)
        g = *m = (double)u->momentum * *m + g;
    return p - lr * g;
}

static void optimisers(void **state)
{
    static const enum recur_cuda_kernel kernels[] = {RECUR_CUDA_update_sgd, RECUR_CUDA_update_adam,
                                                     RECUR_CUDA_update_rmsprop};
    const size_t count = 300;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        enum recur_cuda_kernel kernel = kernels[i / 2];
        struct array *p = drawn(count), *g = drawn(count), *m = drawn(count), *v = drawn(count);
        for (size_t k = 0; k < count; k++)
            v->host[k] = fabsf(v->host[k]);
        recur_cuda_upload(&queue, v->gpu, v->host, count * sizeof(float));
        const struct gpu_report half = {.norm = 2, .scale = 0.5};
        float words[sizeof half / sizeof(float)];
        memcpy(words, &half, sizeof half);
        struct gpu_update u = {.p = p->gpu,
                               .g = g->gpu,
                               .m = i != 0 ? m->gpu : 0,
                               .v = v->gpu,
                               .report = make(sizeof half / sizeof(float), words)->gpu,
                               .count = count,
                               .lr = 0.1F,
                               .momentum = 0.9F,
                               .beta1 = 0.9F,
                               .beta2 = 0.99F,
                               .alpha = 0.95F,
                               .epsilon = 1e-4F,
                               .weight_decay = 0.01F,
                               .step = 0.2F,
                               .root = 1.5F,
                               .decoupled = i % 2};
        double *parameters = plain_of(p), *first = plain_of(m), *second = plain_of(v);
        for (size_t k = 0; k < count; k++)
            parameters[k] =
                updated(kernel, &u, parameters[k], 0.5 * (double)g->host[k], &first[k], &second[k]);
        recur_cuda_run_each(&queue, kernel, count, &u);
        assert_got("parameters", p, parameters, 1e-5);
        assert_got("first moments", m, first, 1e-5);
        assert_got("second moments", v, second, 1e-5);
        release();
    }
}

static int begin(void **state)
{
    struct recur_gpu *gpu;
    *state = NULL;
    recur_rng_seed(&rng, 5, 0);
    if (recur_gpu_open(recur_backend_of(RECUR_DEVICE_CUDA), 0, &gpu, NULL) != RECUR_OK)
        return 1;
    *state = gpu;
    return recur_cuda_enter(recur_cuda_of(gpu), NULL) != RECUR_OK ||
           recur_cuda_queue_init(&queue, recur_cuda_of(gpu), NULL) != RECUR_OK;
}

static int end(void **state)
{
    recur_cuda_leave(recur_cuda_of(*state));
    recur_gpu_release(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),   cmocka_unit_test(tables), cmocka_unit_test(hand_ons),
        cmocka_unit_test(biases),     cmocka_unit_test(losses), cmocka_unit_test(norms),
        cmocka_unit_test(optimisers),
    };
    return cmocka_run_group_tests_name("gpu_kernels", tests, begin, end);
}
