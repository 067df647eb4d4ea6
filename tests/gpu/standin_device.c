/* The device, its counts, and what is asked of it at the program's end. */
#include "standin_device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "end.h"

struct gpu_device gpu_device;
struct gpu_counts gpu_counts;
struct gpu_alive gpu_alive;

static uint64_t number(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return usual;
    char *end;
    uint64_t value = strtoull(text, &end, 0);
    if (*end)
        gpu_end_plainly("%s is '%s', which is no number", name, text);
    return value;
}

static uint32_t capability(void)
{
    const char *text = getenv("STANDIN_CAPABILITY");
    unsigned major = 9, minor = 0;
    if (text && *text && sscanf(text, "%u.%u", &major, &minor) != 2)
        gpu_end_plainly("STANDIN_CAPABILITY is '%s', which is not like 9.0", text);
    return major * 10 + minor;
}

void gpu_device_read(void)
{
    gpu_device = (struct gpu_device){
        .devices = (uint32_t)number("STANDIN_DEVICES", 1),
        .capability = capability(),
        .driver = (uint32_t)number("STANDIN_DRIVER", 12040),
        .multiprocessors = (uint32_t)number("STANDIN_MULTIPROCESSORS", 132),
        .max_cluster = (uint32_t)number("STANDIN_MAX_CLUSTER", 16),
        .memory = number("STANDIN_MEMORY", UINT64_C(64) << 30),
        .refuse_ptx = number("STANDIN_REFUSE_PTX", 0),
        .fail_launch = number("STANDIN_FAIL_LAUNCH", 0),
        .lose_device = number("STANDIN_LOSE_DEVICE", 0),
        .fail_allocation = number("STANDIN_FAIL_ALLOCATION", 0),
        .check_leaks = number("STANDIN_CHECK_LEAKS", 0),
        .counts_file = getenv("STANDIN_COUNTS"),
    };
    gpu_random_seed((uint32_t)number("STANDIN_SEED", 1));
}

/* ---- counts, for tests ---- */

static const struct {
    const char *name;
    const uint64_t *value;
} count_rows[] = {
    {"instructions", &gpu_counts.instructions},
    {"mma", &gpu_counts.mma},
    {"cluster_bytes", &gpu_counts.cluster_bytes},
    {"global_read", &gpu_counts.global_read},
    {"global_written", &gpu_counts.global_written},
    {"launches", &gpu_counts.launches},
    {"synchronisations", &gpu_counts.synchronisations},
    {"allocations", &gpu_counts.allocations},
    {"host_allocations", &gpu_counts.host_allocations},
    {"frees", &gpu_counts.frees},
    {"module_loads", &gpu_counts.module_loads},
    {"copies_to_device", &gpu_counts.copies_to_device},
    {"copies_to_host", &gpu_counts.copies_to_host},
    {"calls", &gpu_counts.calls},
};

uint64_t standin_count(const char *name)
{
    for (size_t k = 0; k < sizeof count_rows / sizeof *count_rows; k++)
        if (!strcmp(count_rows[k].name, name))
            return *count_rows[k].value;
    gpu_end_plainly("nothing is counted as '%s'", name);
}

uint64_t standin_read(uint64_t address)
{
    const struct allocation *a = gpu_memory_find(address);
    return a ? a->read : 0;
}

uint64_t standin_written(uint64_t address)
{
    const struct allocation *a = gpu_memory_find(address);
    return a ? a->written : 0;
}

static void write_counts(const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        gpu_end_plainly("%s cannot be written", path);
    for (size_t k = 0; k < sizeof count_rows / sizeof *count_rows; k++)
        fprintf(f, "%s %llu\n", count_rows[k].name, (unsigned long long)*count_rows[k].value);
    const struct allocation *a;
    for (size_t k = 0; (a = gpu_memory_at(k)); k++)
        if (a->kind == MEMORY_OF_DEVICE)
            fprintf(f, "allocation %llu bytes %llu read %llu written %llu\n",
                    (unsigned long long)a->number, (unsigned long long)a->bytes,
                    (unsigned long long)a->read, (unsigned long long)a->written);
    fclose(f);
}

static void check_leaks(void)
{
    const struct allocation *a;
    for (size_t k = 0; (a = gpu_memory_at(k)); k++)
        if (!a->freed && a->kind <= MEMORY_OF_HOST)
            gpu_end_plainly("allocation %llu of %llu bytes of the %s was never freed",
                            (unsigned long long)a->number, (unsigned long long)a->bytes,
                            a->kind == MEMORY_OF_DEVICE ? "device" : "host");
    if (gpu_alive.modules || gpu_alive.streams || gpu_alive.events || gpu_alive.contexts)
        gpu_end_plainly(
            "%lld modules, %lld streams, %lld events and %lld contexts were never freed",
            (long long)gpu_alive.modules, (long long)gpu_alive.streams, (long long)gpu_alive.events,
            (long long)gpu_alive.contexts);
}

__attribute__((destructor)) static void at_the_end(void)
{
    if (gpu_device.counts_file && *gpu_device.counts_file)
        write_counts(gpu_device.counts_file);
    if (gpu_device.check_leaks)
        check_leaks();
}
