#include "device_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of their addresses, but for the host's. */
static struct allocation **list;
static size_t count;
static uint64_t next_address = DEVICE_MEMORY, used;
static struct allocation *last_found;

struct allocation *gpu_memory_make(uint64_t bytes, enum allocation_kind kind)
{
    struct allocation *a = gpu_need(1, sizeof *a);
    a->data = bytes < (UINT64_C(1) << 40) ? aligned_alloc(256, (bytes + 255) / 256 * 256) : NULL;
    a->shadow = a->data ? calloc(bytes ? bytes : 1, 1) : NULL;
    if (!a->shadow) {
        free(a->data);
        free(a);
        return NULL;
    }
    a->bytes = bytes;
    a->kind = kind;
    a->base = kind == MEMORY_OF_HOST ? (uint64_t)(uintptr_t)a->data : next_address;
    if (kind == MEMORY_OF_HOST)
        memset(a->shadow, SHADOW_WRITTEN, bytes);
    else
        next_address += (bytes + 511) / 256 * 256; /* at least 256 bytes that are nobody's */
    memset(a->data, 0xa5, bytes);
    list = gpu_grow(list, count, sizeof *list);
    list[count++] = a;
    a->number = count;
    used += bytes;
    return a;
}

static bool has(const struct allocation *a, uint64_t address)
{
    return address - a->base < a->bytes || (!a->bytes && address == a->base);
}

/* Also of what was freed, for the sake of messages. The host's may be used again, so the last
 * counts. */
static struct allocation *find_any(uint64_t address)
{
    for (size_t k = count; k-- > 0;)
        if (has(list[k], address))
            return list[k];
    return NULL;
}

struct allocation *gpu_memory_find(uint64_t address)
{
    if (last_found && address - last_found->base < last_found->bytes)
        return last_found;
    struct allocation *a = find_any(address);
    if (!a || a->freed)
        return NULL;
    last_found = a;
    return a;
}

bool gpu_memory_free(uint64_t base, enum allocation_kind kind)
{
    struct allocation *a = find_any(base);
    if (!a || a->freed || a->base != base || a->kind != kind)
        return false;
    last_found = NULL;
    a->freed = true;
    used -= a->bytes;
    free(a->data);
    free(a->shadow);
    a->data = a->shadow = NULL;
    return true;
}

uint64_t gpu_memory_used(void)
{
    return used;
}

struct allocation *gpu_memory_at(size_t index)
{
    return index < count ? list[index] : NULL;
}

void gpu_memory_describe(uint64_t address, char *text, size_t size)
{
    const struct allocation *a = find_any(address), *before = NULL;
    unsigned long long at = address;
    if (a && a->freed) {
        snprintf(text, size, "address 0x%llx is in allocation %llu of %llu bytes, which was freed",
                 at, (unsigned long long)a->number, (unsigned long long)a->bytes);
        return;
    }
    for (size_t k = 0; k < count && !a; k++)
        if (list[k]->base <= address && (!before || list[k]->base > before->base))
            before = list[k];
    if (a)
        snprintf(text, size, "address 0x%llx is %llu bytes into allocation %llu of %llu bytes", at,
                 (unsigned long long)(address - a->base), (unsigned long long)a->number,
                 (unsigned long long)a->bytes);
    else if (before)
        snprintf(text, size,
                 "address 0x%llx is %llu bytes behind the end of allocation %llu of %llu bytes", at,
                 (unsigned long long)(address - before->base - before->bytes),
                 (unsigned long long)before->number, (unsigned long long)before->bytes);
    else
        snprintf(text, size, "address 0x%llx is nobody's", at);
}

/* ---- what instructions reach ---- */

uint64_t gpu_address(const struct warp *w, const struct operand *o, uint32_t lane)
{
    if (o->no_register)
        return (uint64_t)o->offset;
    const unsigned char *lanes = gpu_lanes(w, o);
    if (o->bytes == 8) {
        uint64_t wide;
        memcpy(&wide, lanes + lane * 8, 8);
        return wide + (uint64_t)o->offset;
    }
    uint32_t narrow;
    memcpy(&narrow, lanes + lane * 4, 4);
    return (uint32_t)(narrow + (uint32_t)o->offset);
}

static struct reached reach_shared(const struct warp *w, const struct instruction *i, uint32_t lane,
                                   enum space space, uint64_t address, uint32_t bytes)
{
    struct block *b = w->block;
    uint64_t at = address % CLUSTER_STRIDE, rank = address / CLUSTER_STRIDE;
    if (rank) {
        if (rank > b->cluster->size)
            gpu_end(w, i, lane, "shared address 0x%llx is of block %llu of a cluster of %u",
                    (unsigned long long)address, (unsigned long long)rank - 1, b->cluster->size);
        struct block *other = &b->cluster->blocks[rank - 1];
        if (space == SPACE_SHARED && other != b)
            gpu_end(w, i, lane,
                    "shared address 0x%llx is another block's, which only .shared::cluster reaches",
                    (unsigned long long)address);
        if (!other->live)
            gpu_end(w, i, lane,
                    "the threads of block %llu of the cluster have left, and its shared memory "
                    "with them",
                    (unsigned long long)rank - 1);
        b = other;
    }
    if (at + bytes > b->shared_bytes)
        gpu_end(w, i, lane,
                "shared address 0x%llx, %u bytes: the block has %u bytes of shared memory",
                (unsigned long long)at, bytes, b->shared_bytes);
    return (struct reached){b->shared + at, b->shared_shadow + at, NULL, b};
}

static struct reached reach_local(const struct warp *w, const struct instruction *i, uint32_t lane,
                                  uint64_t address, uint32_t bytes)
{
    uint32_t size = w->block->launch->module->local_bytes;
    if (address > size || bytes > size - address)
        gpu_end(w, i, lane,
                "local address 0x%llx, %u bytes: the thread has %u bytes of local memory",
                (unsigned long long)address, bytes, size);
    size_t at = (size_t)lane * size + address;
    struct reached to = {w->local + at, w->local_shadow + at, NULL, NULL};
    for (uint32_t k = 0; k < bytes; k++)
        if (to.shadow[k] == SHADOW_OUTSIDE)
            gpu_end(w, i, lane, "local address 0x%llx is outside of the thread's variables",
                    (unsigned long long)address + k);
    return to;
}

static struct reached reach_device(const struct warp *w, const struct instruction *i, uint32_t lane,
                                   enum space space, uint64_t address, uint32_t bytes)
{
    struct allocation *a = gpu_memory_find(address);
    if (!a || address - a->base + bytes > a->bytes) {
        char text[256];
        gpu_memory_describe(a ? a->base + a->bytes : address, text, sizeof text);
        if (a)
            gpu_end(w, i, lane,
                    "%u bytes at 0x%llx reach beyond the end of allocation %llu of %llu bytes",
                    bytes, (unsigned long long)address, (unsigned long long)a->number,
                    (unsigned long long)a->bytes);
        gpu_end(w, i, lane, "out of bounds: %s", text);
    }
    if ((space == SPACE_CONST) != (a->kind == MEMORY_CONSTANT) && space != SPACE_GENERIC)
        gpu_end(w, i, lane, "address 0x%llx is of another state space",
                (unsigned long long)address);
    uint64_t at = address - a->base;
    return (struct reached){a->data + at, a->shadow + at, a, NULL};
}

struct reached gpu_reach(const struct warp *w, const struct instruction *i, uint32_t lane,
                         enum space space, uint64_t address, uint32_t bytes)
{
    if (address & (bytes - 1))
        gpu_end(w, i, lane, "address 0x%llx is no multiple of the %u bytes that are accessed",
                (unsigned long long)address, bytes);
    if (space == SPACE_GENERIC) {
        if (address >= SHARED_WINDOW && address < LOCAL_WINDOW) {
            space = SPACE_CLUSTER;
            address -= SHARED_WINDOW;
        } else if (address >= LOCAL_WINDOW && address < DEVICE_MEMORY) {
            space = SPACE_LOCAL;
            address -= LOCAL_WINDOW;
        }
    }
    if (space == SPACE_SHARED || space == SPACE_CLUSTER)
        return reach_shared(w, i, lane, space, address, bytes);
    if (space == SPACE_LOCAL)
        return reach_local(w, i, lane, address, bytes);
    if (space == SPACE_PARAM) {
        uint32_t size = w->block->launch->function->parameter_bytes;
        if (address > size || bytes > size - address)
            gpu_end(w, i, lane, "parameters have %u bytes, not %u at %llu", size, bytes,
                    (unsigned long long)address);
        return (struct reached){w->block->launch->parameters + address, NULL, NULL, NULL};
    }
    return reach_device(w, i, lane, space, address, bytes);
}

void gpu_check_written(const struct warp *w, const struct instruction *i, uint32_t lane,
                       const struct reached *r, uint32_t bytes)
{
    for (uint32_t k = 0; k < bytes; k++) {
        if (r->shadow[k] == SHADOW_WRITTEN)
            continue;
        const char *why = r->shadow[k] == SHADOW_MBARRIER ? "is an mbarrier's, not plain memory"
                          : r->shadow[k] == SHADOW_IN_FLIGHT
                              ? "is still on its way: nothing has waited for it"
                              : "was never written";
        if (r->allocation)
            gpu_end(w, i, lane, "byte %llu of allocation %llu of %llu bytes %s",
                    (unsigned long long)(uint64_t)(r->data + k - r->allocation->data),
                    (unsigned long long)r->allocation->number,
                    (unsigned long long)r->allocation->bytes, why);
        if (r->block)
            gpu_end(w, i, lane, "byte %llu of the shared memory of block %u of the cluster %s",
                    (unsigned long long)(uint64_t)(r->data + k - r->block->shared), r->block->rank,
                    why);
        gpu_end(w, i, lane, "local memory %s", why);
    }
}

void gpu_mark_written(const struct warp *w, const struct instruction *i, uint32_t lane,
                      const struct reached *r, uint32_t bytes)
{
    for (uint32_t k = 0; k < bytes; k++) {
        if (r->shadow[k] == SHADOW_MBARRIER || r->shadow[k] == SHADOW_IN_FLIGHT)
            gpu_check_written(w, i, lane, r, bytes);
        r->shadow[k] = SHADOW_WRITTEN;
    }
}
