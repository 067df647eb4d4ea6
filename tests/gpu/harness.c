#define _GNU_SOURCE /* setenv */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void standin_begin(void)
{
    CUcontext context;
    assert_int_equal(cuInit(0), CUDA_SUCCESS);
    assert_int_equal(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
    assert_int_equal(cuCtxSetCurrent(context), CUDA_SUCCESS);
}

void standin_end(void)
{
    assert_int_equal(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
}

char *trial_text(const struct trial *t)
{
    static const char *const form =
        ".version 8.1\n.target sm_%u\n.address_size 64\n%s\n.visible .entry trial(\n.param .u64 "
        "in_,\n"
        ".param .u64 out_\n)\n{\n.reg .pred %%p<8>;\n.reg .b32 %%r<32>;\n.reg .b64 %%rd<32>;\n"
        ".reg .f32 %%f<32>;\n.reg .f64 %%fd<8>;\n.reg .b16 %%h<16>;\n.reg .b64 %%in;\n"
        ".reg .b64 %%out;\n.reg .b32 %%t;\nld.param.u64 %%in, [in_];\nld.param.u64 %%out, [out_];\n"
        "cvta.to.global.u64 %%in, %%in;\ncvta.to.global.u64 %%out, %%out;\nmov.u32 %%t, "
        "%%tid.x;\n%s\n"
        "ret;\n}\n";
    unsigned architecture = t->architecture ? t->architecture : 90;
    const char *head = t->head ? t->head : "";
    size_t size = strlen(form) + strlen(head) + strlen(t->body) + 16;
    char *text = malloc(size);
    assert_non_null(text);
    snprintf(text, size, form, architecture, head, t->body);
    return text;
}

static CUdeviceptr upload(const void *data, size_t bytes)
{
    CUdeviceptr address;
    assert_int_equal(cuMemAlloc_v2(&address, bytes), CUDA_SUCCESS);
    assert_int_equal(cuMemcpyHtoD_v2(address, data, bytes), CUDA_SUCCESS);
    return address;
}

static void launch(const struct trial *t, CUfunction f, CUdeviceptr in, CUdeviceptr out)
{
    unsigned blocks = t->blocks ? t->blocks : 1, threads = t->threads ? t->threads : 32;
    CUlaunchAttribute attributes[] = {
        {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
         .value.clusterDim = {t->cluster ? t->cluster : 1, 1, 1}},
        {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value.cooperative = t->cooperative},
    };
    CUlaunchConfig config = {blocks, 1, 1, threads, 1, 1, t->shared, NULL, attributes, 2};
    void *parameters[] = {&in, &out};
    assert_int_equal(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1),
                     CUDA_SUCCESS);
    assert_int_equal(cuLaunchKernelEx(&config, f, parameters, NULL), CUDA_SUCCESS);
    assert_int_equal(cuCtxSynchronize(), CUDA_SUCCESS);
}

void trial_run(const struct trial *t)
{
    static const uint32_t nothing = 0;
    CUmodule module;
    CUfunction f;
    char *text = trial_text(t);
    standin_begin();
    CUdeviceptr in = upload(t->in ? t->in : &nothing, 4 * (t->in ? t->in_words : 1)), out = 0;
    if (t->out) {
        memset(t->out, 0xdd, 4 * t->out_words);
        out = upload(t->out, 4 * t->out_words);
    }
    assert_int_equal(cuModuleLoadDataEx(&module, text, 0, NULL, NULL), CUDA_SUCCESS);
    assert_int_equal(cuModuleGetFunction(&f, module, "trial"), CUDA_SUCCESS);
    launch(t, f, in, out);
    if (t->out) {
        assert_int_equal(cuMemcpyDtoH_v2(t->out, out, 4 * t->out_words), CUDA_SUCCESS);
        assert_int_equal(cuMemFree_v2(out), CUDA_SUCCESS);
    }
    assert_int_equal(cuMemFree_v2(in), CUDA_SUCCESS);
    assert_int_equal(cuModuleUnload(module), CUDA_SUCCESS);
    standin_end();
    free(text);
}

/* Runs in a child; returns its status, and what it wrote on its standard error. */
static int in_child(void (*run)(const void *), const void *with, const char *variable,
                    const char *value, char *errors, size_t size)
{
    int ends[2];
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        if (variable)
            setenv(variable, value, 1);
        run(with);
        exit(0); /* what the stand-in asks at the end belongs to the trial */
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; n + 1 < size && (got = read(ends[0], errors + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    errors[n] = 0;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

void program_ends(void (*run)(const void *), const void *with, const char *part)
{
    char errors[4096];
    int status = in_child(run, with, NULL, NULL, errors, sizeof errors);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(errors, part))
        fail_msg("status %d; expected a sentence with '%s', got: %s", status, part, errors);
}

void program_runs(void (*run)(const void *), const void *with, const char *variable,
                  const char *value)
{
    char errors[4096];
    int status = in_child(run, with, variable, value, errors, sizeof errors);
    if (status)
        fail_msg("%s=%s: status %d: %s", variable, value, status, errors);
}

static void run_trial(const void *with)
{
    trial_run(with);
}

void trial_ends(const struct trial *t, const char *part)
{
    program_ends(run_trial, t, part);
}
