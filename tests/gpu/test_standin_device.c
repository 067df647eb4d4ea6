/* The device that the stand-in pretends to be: what it says of itself, how it fails on request,
 * what it counts, and that results do not depend on the order of threads. */
#define _GNU_SOURCE /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

static const struct trial plain = {
    .body = "mul.wide.u32 %rd1, %t, 4;\nadd.s64 %rd1, %rd1, %out;\nst.global.u32 [%rd1], %t;\n"};

/* Loads the trial's module and gives its kernel. */
static CUfunction load(const struct trial *t, CUmodule *module)
{
    CUfunction f;
    char *text = trial_text(t);
    assert_int_equal(cuModuleLoadDataEx(module, text, 0, NULL, NULL), CUDA_SUCCESS);
    assert_int_equal(cuModuleGetFunction(&f, *module, "trial"), CUDA_SUCCESS);
    free(text);
    return f;
}

static int attribute(CUdevice_attribute a)
{
    int value;
    assert_int_equal(cuDeviceGetAttribute(&value, a, 0), CUDA_SUCCESS);
    return value;
}

static void test_device(void **state)
{
    (void)state;
    int count, version;
    size_t bytes;
    char name[64];
    standin_begin();
    assert_int_equal(cuDeviceGetCount(&count), CUDA_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(cuDriverGetVersion(&version), CUDA_SUCCESS);
    assert_int_equal(version, 12040);
    assert_int_equal(cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
    assert_int_equal(cuDeviceGetName(name, sizeof name, 1), CUDA_ERROR_INVALID_DEVICE);
    assert_int_equal(cuDeviceTotalMem_v2(&bytes, 0), CUDA_SUCCESS);
    assert_true(bytes == (size_t)64 << 30);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR), 9);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 132);
    const char *text;
    assert_int_equal(cuGetErrorString(CUDA_ERROR_NO_DEVICE, &text), CUDA_SUCCESS);
    assert_int_equal(cuGetErrorName((CUresult)12345, &text), CUDA_ERROR_INVALID_VALUE);
    standin_end();
    assert_int_equal(cuMemAlloc_v2(&(CUdeviceptr){0}, 4), CUDA_ERROR_INVALID_CONTEXT);
}

/* ---- failures; each runs in a program of its own ---- */

static void must(int condition)
{
    if (!condition)
        exit(3);
}
#define MUST_BE(call, result) must((call) == (result))

static void no_device(const void *with)
{
    (void)with;
    MUST_BE(cuInit(0), CUDA_ERROR_NO_DEVICE);
    MUST_BE(cuDeviceGetCount(&(int){0}), CUDA_ERROR_NOT_INITIALIZED);
}

static void old_device(const void *with)
{
    (void)with;
    CUmodule module;
    char log[200] = "";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)sizeof log};
    standin_begin();
    must(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR) == 5);
    must(attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH) == 0);
    char *text = trial_text(&(struct trial){.body = "", .architecture = 80});
    MUST_BE(cuModuleLoadDataEx(&module, text, 2, options, values), CUDA_ERROR_NO_BINARY_FOR_GPU);
    must(strstr(log, "not supported") != NULL);
    free(text);
}

static void old_driver(const void *with)
{
    (void)with;
    CUmodule module;
    int version;
    standin_begin();
    MUST_BE(cuDriverGetVersion(&version), CUDA_SUCCESS);
    must(version == 11040);
    char *text = trial_text(&plain);
    MUST_BE(cuModuleLoadDataEx(&module, text, 0, NULL, NULL), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
    free(text);
}

static void refused_ptx(const void *with)
{
    (void)with;
    CUmodule module;
    standin_begin();
    MUST_BE(cuModuleLoadData(&module, "anything"), CUDA_ERROR_INVALID_PTX);
}

static void little_memory(const void *with)
{
    (void)with;
    CUdeviceptr a;
    size_t left, total;
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 600), CUDA_SUCCESS);
    MUST_BE(cuMemAlloc_v2(&a, 600), CUDA_ERROR_OUT_OF_MEMORY);
    MUST_BE(cuMemGetInfo_v2(&left, &total), CUDA_SUCCESS);
    must(left == 400 && total == 1000);
}

static void second_allocation(const void *with)
{
    (void)with;
    CUdeviceptr a;
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 600), CUDA_SUCCESS);
    MUST_BE(cuMemAlloc_v2(&a, 600), CUDA_ERROR_OUT_OF_MEMORY);
    MUST_BE(cuMemAlloc_v2(&a, 600), CUDA_SUCCESS);
}

static void failing_launch(const void *with)
{
    (void)with;
    static CUmodule module; /* is never unloaded, but not lost */
    CUdeviceptr a;
    standin_begin();
    CUfunction f = load(&plain, &module);
    MUST_BE(cuMemAlloc_v2(&a, 128), CUDA_SUCCESS);
    void *parameters[] = {&a, &a};
    for (int k = 0; k < 2; k++)
        MUST_BE(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL), CUDA_SUCCESS);
    MUST_BE(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    MUST_BE(cuMemFree_v2(a), CUDA_ERROR_LAUNCH_FAILED); /* and so do all calls from now on */
    MUST_BE(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
}

static void lost_device(const void *with)
{
    (void)with;
    CUdeviceptr a;
    standin_begin(); /* two calls behind cuInit */
    MUST_BE(cuMemAlloc_v2(&a, 4), CUDA_SUCCESS);
    MUST_BE(cuMemsetD8_v2(a, 1, 4), CUDA_ERROR_UNKNOWN);
    MUST_BE(cuCtxSynchronize(), CUDA_ERROR_UNKNOWN);
}

static void test_failures(void **state)
{
    (void)state;
    program_runs(no_device, NULL, "STANDIN_DEVICES", "0");
    program_runs(old_device, NULL, "STANDIN_CAPABILITY", "7.5");
    program_runs(old_driver, NULL, "STANDIN_DRIVER", "11040");
    program_runs(refused_ptx, NULL, "STANDIN_REFUSE_PTX", "1");
    program_runs(little_memory, NULL, "STANDIN_MEMORY", "1000");
    program_runs(second_allocation, NULL, "STANDIN_FAIL_ALLOCATION", "2");
    program_runs(failing_launch, NULL, "STANDIN_FAIL_LAUNCH", "2");
    program_runs(lost_device, NULL, "STANDIN_LOSE_DEVICE", "4");
}

/* ---- misuse of the API ---- */

static void leak(const void *with)
{
    (void)with;
    CUdeviceptr a;
    setenv("STANDIN_CHECK_LEAKS", "1", 1);
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 40), CUDA_SUCCESS);
    standin_end();
}

static void leaked_stream(const void *with)
{
    (void)with;
    CUstream stream;
    setenv("STANDIN_CHECK_LEAKS", "1", 1);
    standin_begin();
    MUST_BE(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
    standin_end();
}

static void free_twice(const void *with)
{
    (void)with;
    CUdeviceptr a;
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 4), CUDA_SUCCESS);
    MUST_BE(cuMemFree_v2(a), CUDA_SUCCESS);
    cuMemFree_v2(a);
}

static void copy_too_much(const void *with)
{
    (void)with;
    CUdeviceptr a;
    char data[8] = "";
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 4), CUDA_SUCCESS);
    cuMemcpyHtoD_v2(a, data, 8);
}

static void copy_freed(const void *with)
{
    (void)with;
    CUdeviceptr a;
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 4), CUDA_SUCCESS);
    MUST_BE(cuMemFree_v2(a), CUDA_SUCCESS);
    cuMemsetD8_v2(a, 0, 4);
}

static void copy_nothing(const void *with)
{
    (void)with;
    CUdeviceptr a, b;
    uint32_t data;
    standin_begin();
    MUST_BE(cuMemAlloc_v2(&a, 4), CUDA_SUCCESS);
    MUST_BE(cuMemAlloc_v2(&b, 4), CUDA_SUCCESS);
    MUST_BE(cuMemcpyDtoD_v2(b, a, 4), CUDA_SUCCESS); /* what was never written may move */
    cuMemcpyDtoH_v2(&data, b, 4);
}

static void test_misuse(void **state)
{
    (void)state;
    program_ends(leak, NULL, "of 40 bytes of the device was never freed");
    program_ends(leaked_stream, NULL, "1 streams");
    program_ends(free_twice, NULL, "nothing is allocated at");
    program_ends(copy_too_much, NULL, "a copy to the device of 8 bytes");
    program_ends(copy_freed, NULL, "which was freed");
    program_ends(copy_nothing, NULL, "was never written");
}

/* ---- launches that the device has no room for ---- */

static CUresult try_launch(CUfunction f, unsigned blocks, unsigned threads, unsigned cluster,
                           int cooperative, unsigned shared)
{
    CUlaunchAttribute attributes[] = {
        {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value.clusterDim = {cluster, 1, 1}},
        {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value.cooperative = cooperative},
    };
    CUlaunchConfig config = {blocks, 1, 1, threads, 1, 1, shared, NULL, attributes, 2};
    CUdeviceptr nothing = 0;
    void *parameters[] = {&nothing, &nothing};
    return cuLaunchKernelEx(&config, f, parameters, NULL);
}

static int clusters_at_once(CUfunction f, unsigned cluster, unsigned shared)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                           .value.clusterDim = {cluster, 1, 1}};
    CUlaunchConfig config = {cluster, 1, 1, 256, 1, 1, shared, NULL, &a, 1};
    int clusters;
    assert_int_equal(cuOccupancyMaxActiveClusters(&clusters, f, &config), CUDA_SUCCESS);
    return clusters;
}

static void eight_multiprocessors(const void *with)
{
    (void)with;
    static CUmodule module; /* is never unloaded, but not lost */
    int blocks;
    standin_begin();
    CUfunction f = load(
        &(struct trial){.head = ".extern .shared .align 16 .b8 dynamic[];", .body = ""}, &module);
    MUST_BE(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 200000),
            CUDA_SUCCESS);
    MUST_BE(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 240000),
            CUDA_ERROR_INVALID_VALUE);
    MUST_BE(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 256, 200000), CUDA_SUCCESS);
    must(blocks == 1);
    MUST_BE(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 256, 100000), CUDA_SUCCESS);
    must(blocks == 2);
    MUST_BE(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 256, 0), CUDA_SUCCESS);
    must(blocks == 8);
    MUST_BE(clusters_at_once(f, 8, 200000), 1);
    MUST_BE(clusters_at_once(f, 16, 100000), 0); /* not a portable size */
    MUST_BE(try_launch(f, 16, 32, 16, 0, 0), CUDA_ERROR_INVALID_CLUSTER_SIZE);
    MUST_BE(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1),
            CUDA_SUCCESS);
    MUST_BE(clusters_at_once(f, 16, 100000), 1);
    MUST_BE(clusters_at_once(f, 16, 200000), 0);
    MUST_BE(try_launch(f, 16, 32, 16, 0, 100000), CUDA_SUCCESS);
    MUST_BE(try_launch(f, 16, 32, 16, 0, 200000), CUDA_ERROR_INVALID_CLUSTER_SIZE);
    MUST_BE(try_launch(f, 17, 32, 16, 0, 0), CUDA_ERROR_INVALID_VALUE);
    MUST_BE(try_launch(f, 1, 1025, 1, 0, 0), CUDA_ERROR_INVALID_VALUE);
    MUST_BE(try_launch(f, 1, 32, 1, 0, 200001), CUDA_ERROR_INVALID_VALUE);
    MUST_BE(try_launch(f, 8, 32, 1, 1, 200000), CUDA_SUCCESS);
    MUST_BE(try_launch(f, 9, 32, 1, 1, 200000), CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
}

static void test_room(void **state)
{
    (void)state;
    program_runs(eight_multiprocessors, NULL, "STANDIN_MULTIPROCESSORS", "8");
}

/* ---- what is counted ---- */

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t count;
    } expected[] = {
        {"launches", 1},
        {"module_loads", 1},
        {"allocations", 2},
        {"synchronisations", 2}, /* one is the copy to the host */
        {"global_read", 4 * 32 * 4},
        {"mma", 4},
        {"cluster_bytes", 2 * 32 * 4}, /* to the other block only */
    };
    enum { COUNTS = sizeof expected / sizeof *expected };
    uint64_t before[COUNTS];
    uint32_t in[32] = {0}, out[32];
    for (int k = 0; k < COUNTS; k++)
        before[k] = standin_count(expected[k].name);
    trial_run(&(struct trial){
        .head = ".shared .align 4 .b8 box[512];",
        .body = "mul.wide.u32 %rd1, %t, 4;\nadd.s64 %rd1, %rd1, %in;\nld.global.u32 %r1, [%rd1];\n"
                "mov.b32 %f0, %r1;\nmov.b32 %f1, %r1;\nmov.b32 %f2, %r1;\nmov.b32 %f3, %r1;\n"
                "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f0,%f1,%f2,%f3}, {%r1,%r1}, "
                "{%r1}, {%f0,%f1,%f2,%f3};\n"
                "mov.u32 %r2, box;\nshl.b32 %r3, %t, 2;\nadd.u32 %r2, %r2, %r3;\n"
                "mapa.shared::cluster.u32 %r4, %r2, 1;\nst.shared::cluster.u32 [%r4], %t;\n"
                "barrier.cluster.arrive;\nbarrier.cluster.wait;\n",
        .blocks = 4,
        .cluster = 2,
        .in = in,
        .in_words = 32,
        .out = out,
        .out_words = 32});
    for (int k = 0; k < COUNTS; k++)
        assert_int_equal(standin_count(expected[k].name) - before[k], expected[k].count);
}

static void read_per_allocation(const void *with)
{
    (void)with;
    static CUmodule module; /* is never unloaded, but not lost */
    CUdeviceptr a, b;
    standin_begin();
    CUfunction f = load(&(struct trial){.body = "ld.global.v4.u32 {%r0,%r1,%r2,%r3}, [%in];\n"
                                                "st.global.u32 [%out], %r0;\n"},
                        &module);
    MUST_BE(cuMemAlloc_v2(&a, 16), CUDA_SUCCESS);
    MUST_BE(cuMemAlloc_v2(&b, 16), CUDA_SUCCESS);
    MUST_BE(cuMemsetD32_v2(a, 5, 4), CUDA_SUCCESS);
    void *parameters[] = {&a, &b};
    MUST_BE(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL), CUDA_SUCCESS);
    must(standin_read(a) == 16 * 32 && standin_written(a) == 0);
    must(standin_read(b) == 0 && standin_written(b) == 4 * 32);
}

static void test_counts_of_allocations(void **state)
{
    (void)state;
    program_runs(read_per_allocation, NULL, "STANDIN_SEED", "3");
}

/* ---- the order of threads ---- */

/* Every warp takes a ticket: who gets which depends on the order. */
static void take_tickets(const void *with)
{
    uint32_t out[64];
    trial_run(&(struct trial){
        .head = ".global .align 4 .u32 counter = 0;\n",
        .body =
            "mov.u32 %r1, %tid.x;\nand.b32 %r2, %r1, 31;\nsetp.ne.u32 %p0, %r2, 0;\n@%p0 bra E;\n"
            "atom.global.add.u32 %r0, [counter], 1;\nshr.u32 %r1, %r1, 5;\nmov.u32 %r3, %ctaid.x;\n"
            "mad.lo.u32 %r1, %r3, 8, %r1;\nmul.wide.u32 %rd1, %r1, 4;\nadd.s64 %rd1, %rd1, %out;\n"
            "st.global.u32 [%rd1], %r0;\nE:\n",
        .blocks = 8,
        .threads = 256,
        .out = out,
        .out_words = 64});
    FILE *f = fopen(with, "a");
    must(f != NULL);
    fwrite(out, sizeof out, 1, f);
    fclose(f);
}

static void test_order(void **state)
{
    (void)state;
    char path[] = "/tmp/standin_order_XXXXXX";
    uint32_t orders[3][64];
    int file = mkstemp(path);
    assert_true(file >= 0);
    program_runs(take_tickets, path, "STANDIN_SEED", "1");
    program_runs(take_tickets, path, "STANDIN_SEED", "1");
    program_runs(take_tickets, path, "STANDIN_SEED", "2");
    FILE *f = fdopen(file, "rb");
    assert_int_equal(fread(orders, sizeof orders, 1, f), 1);
    fclose(f);
    remove(path);
    assert_memory_equal(orders[0], orders[1], sizeof orders[0]); /* a seed is an order */
    assert_memory_not_equal(orders[0], orders[2], sizeof orders[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_misuse), cmocka_unit_test(test_room),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_counts_of_allocations),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
