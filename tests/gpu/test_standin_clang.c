/* What clang makes of C, run on the stand-in, against the same C compiled for this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define DIALECT static
#include "dialect.h"

enum { COUNT = 2000 };

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

static void test_what_clang_makes(void **state)
{
    (void)state;
    static uint32_t in[2 * COUNT], out[DIALECT_CASES * COUNT];
    const char *path = getenv("DIALECT_PTX");
    if (!path) {
        print_message("there is no clang that makes PTX\n");
        skip();
    }
    uint32_t noise = 1, count = COUNT;
    for (uint32_t k = 0; k < 2 * COUNT; k++)
        in[k] = (noise = noise * 1664525u + 1013904223u);
    char *text = read_text(path);
    CUmodule module;
    CUfunction f;
    CUdeviceptr from, to;
    standin_begin();
    assert_int_equal(cuModuleLoadData(&module, text), CUDA_SUCCESS);
    assert_int_equal(cuModuleGetFunction(&f, module, "dialect_kernel"), CUDA_SUCCESS);
    assert_int_equal(cuMemAlloc_v2(&from, sizeof in), CUDA_SUCCESS);
    assert_int_equal(cuMemAlloc_v2(&to, sizeof out), CUDA_SUCCESS);
    assert_int_equal(cuMemcpyHtoD_v2(from, in, sizeof in), CUDA_SUCCESS);
    void *parameters[] = {&from, &to, &count};
    assert_int_equal(
        cuLaunchKernel(f, (COUNT + 127) / 128, 1, 1, 128, 1, 1, 0, NULL, parameters, NULL),
        CUDA_SUCCESS);
    assert_int_equal(cuMemcpyDtoH_v2(out, to, sizeof out), CUDA_SUCCESS);
    for (uint32_t which = 0; which < DIALECT_CASES; which++)
        for (uint32_t k = 0; k < COUNT; k++)
            if (out[which * COUNT + k] != dialect(which, in[2 * k], in[2 * k + 1]))
                fail_msg("case %u of 0x%x, 0x%x: 0x%x, expected 0x%x", which, in[2 * k],
                         in[2 * k + 1], out[which * COUNT + k],
                         dialect(which, in[2 * k], in[2 * k + 1]));
    assert_int_equal(cuMemFree_v2(from), CUDA_SUCCESS);
    assert_int_equal(cuMemFree_v2(to), CUDA_SUCCESS);
    assert_int_equal(cuModuleUnload(module), CUDA_SUCCESS);
    standin_end();
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_clang_makes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
