/* exp, tanh and the logistic function against the C library's in double precision, in ulp of the
 * float nearest to the true value, on every instruction set. It looks at bit patterns that are
 * STRIDE apart; `test_vmath --all` looks at every float, which takes minutes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"
#include "recur/model.h"

enum { CHUNK = 64 * RECUR_LANES, STRIDE = 997 };

static uint32_t stride = STRIDE; /* a prime, so that all low bits occur */

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The difference in units in the last place of a float near `wanted`; below the smallest normal
 * number, in that number's units. */
static double ulps(float got, double wanted)
{
    int exponent;
    frexp(wanted, &exponent);
    exponent = wanted == 0 || exponent < -125 ? -125 : exponent;
    return fabs((double)got - wanted) / ldexp(1, exponent - 24);
}

/* Where |x| is small, a series is exact in double and much faster. */
static double true_tanh(double x)
{
    if (fabs(x) < 0x1p-13)
        return x - x * x * x / 3;
    return fabs(x) > 20 ? copysign(1, x) : tanh(x);
}

/* exp is limited to [e^-87, e^87]. */
static double true_sigmoid(double x)
{
    x = fmax(x, -87);
    if (fabs(x) < 0x1p-13)
        return 0.5 + x / 4;
    return x > 40 ? 1 : 1 / (1 + exp(-x));
}

struct function {
    enum recur_activation activation;
    double (*exact)(double x);
    double most; /* ulp */
};

/* y = f(x), n numbers each: the forward step of an RNN. */
static void activate(const struct recur_kernels *kernels, enum recur_activation f, float *x,
                     float *y, size_t n)
{
    kernels->cell[RECUR_CELL_RNN].forward[0](
        &(struct recur_tile){.n = n, .activation = f, .slot = {x}, .h = y});
}

static void check_function(const struct recur_kernels *kernels, const struct function *f)
{
    struct arrays arrays = {.count = 0};
    float *x = arrays_take_reals(&arrays, CHUNK), *y = arrays_take_reals(&arrays, CHUNK);
    double worst = 0, worst_x = 0;
    for (uint64_t bits = 0; bits >> 32 == 0;) {
        for (size_t i = 0; i < CHUNK; i++, bits += stride)
            x[i] = from_bits((uint32_t)(bits >> 32 ? 0 : bits));
        activate(kernels, f->activation, x, y, CHUNK);
        for (size_t i = 0; i < CHUNK; i++) {
            if (isnan(x[i]) != isnan(y[i]))
                fail_msg("f(%g) is %g", (double)x[i], (double)y[i]);
            double error = isnan(x[i]) ? 0 : ulps(y[i], f->exact((double)x[i]));
            if (error > worst) {
                worst = error;
                worst_x = (double)x[i];
            }
        }
    }
    printf("# %s: at most %.3f ulp, at %a\n", kernels->isa, worst, worst_x);
    arrays_release(&arrays);
    if (!(worst <= f->most))
        fail_msg("%.3f ulp at %a, at most %g are promised", worst, worst_x, f->most);
}

static void check_everywhere(const struct function *f)
{
    for (size_t level = 0; recur_kernels_level(level); level++)
        check_function(recur_kernels_level(level), f);
}

static void test_tanh(void **state)
{
    (void)state;
    check_everywhere(&(struct function){RECUR_ACTIVATION_TANH, true_tanh, 3});
}

static void test_sigmoid(void **state)
{
    (void)state;
    check_everywhere(&(struct function){RECUR_ACTIVATION_SIGMOID, true_sigmoid, 3});
}

/* The softmax shows exp: with a logit of 0 in lane 0, the other shares are e^x times share 0. To
 * multiply by that factor and divide by it costs one ulp more. The scale keeps small shares
 * normal. */
static void check_exp(const struct recur_kernels *kernels)
{
    const double most = 2, factor_error = 1;
    struct arrays arrays = {.count = 0};
    float *x = arrays_take_reals(&arrays, RECUR_LANES),
          *y = arrays_take_reals(&arrays, RECUR_LANES);
    const int32_t target = 1; /* the share of the target cannot be used */
    double worst = 0, worst_x = 0;
    float loss;
    for (uint32_t bits = 0x80000000u; from_bits(bits) >= -87;) {
        for (size_t i = 0; i < RECUR_LANES; i++) {
            x[i] = i < 2 ? 0 : fmaxf(from_bits(bits), -87);
            bits += i < 2 ? 0 : stride;
        }
        memcpy(y, x, RECUR_LANES * sizeof *x);
        kernels->softmax_loss(y, RECUR_LANES, RECUR_LANES, 1, &target, 0x1p20f, &loss);
        for (size_t i = 2; i < RECUR_LANES; i++) {
            double error = ulps((float)((double)y[i] / (double)y[0]), exp((double)x[i]));
            if (!(error <= worst)) {
                worst = error;
                worst_x = (double)x[i];
            }
        }
    }
    printf("# %s: at most %.3f ulp, at %a\n", kernels->isa, worst, worst_x);
    arrays_release(&arrays);
    if (!(worst <= most + factor_error))
        fail_msg("%.3f ulp at %a, at most %g are promised", worst, worst_x, most);
}

static void test_exp(void **state)
{
    (void)state;
    for (size_t level = 0; recur_kernels_level(level); level++)
        check_exp(recur_kernels_level(level));
}

static void test_ends(void **state)
{
    (void)state;
    static const float in[] = {0.0f,      -0.0f,      INFINITY, -INFINITY,
                               0x1p-149f, -0x1p-149f, 1e-39f,   NAN};
    for (size_t level = 0; recur_kernels_level(level); level++) {
        const struct recur_kernels *kernels = recur_kernels_level(level);
        struct arrays arrays = {.count = 0};
        float *x = arrays_take_reals(&arrays, RECUR_LANES);
        float *t = arrays_take_reals(&arrays, RECUR_LANES);
        float *s = arrays_take_reals(&arrays, RECUR_LANES);
        for (size_t i = 0; i < RECUR_LANES; i++)
            x[i] = in[i % 8];
        activate(kernels, RECUR_ACTIVATION_TANH, x, t, RECUR_LANES);
        activate(kernels, RECUR_ACTIVATION_SIGMOID, x, s, RECUR_LANES);
        assert_true(t[0] == 0 && t[1] == 0 && t[2] == 1 && t[3] == -1);
        assert_true(s[0] == 0.5f && s[1] == 0.5f && s[2] == 1 && s[3] >= 0 && s[3] < 0x1p-125f);
        for (size_t i = 4; i < 7; i++)
            assert_true(fabsf(t[i] - x[i]) < 0x1p-126f && s[i] == 0.5f);
        assert_true(isnan(t[7]) && isnan(s[7]));
        arrays_release(&arrays);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tanh),
        cmocka_unit_test(test_sigmoid),
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_ends),
    };
    if (argc > 1 && !strcmp(argv[1], "--all"))
        stride = 1;
    return cmocka_run_group_tests_name("vmath", tests, NULL, NULL);
}
