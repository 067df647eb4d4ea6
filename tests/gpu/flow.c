/* Branches, calls and the end of threads. */
#include <string.h>

#include "device_memory.h"
#include "read.h"
#include "warp.h"

static void run_branch(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (i->target <= w->now.pc && w->budget > 0)
        w->budget--; /* a loop costs its warp's turn more */
    if (mask == w->now.mask)
        w->next = i->target;
    else
        gpu_split(w, mask, i->target);
}

static void run_nothing(struct warp *w, const struct instruction *i, uint32_t mask)
{
    (void)w;
    (void)i;
    (void)mask;
}

static void run_exit(struct warp *w, const struct instruction *i, uint32_t mask)
{
    (void)i;
    gpu_leave(w, mask);
}

static void run_trap(struct warp *w, const struct instruction *i, uint32_t mask)
{
    gpu_end(w, i, (uint32_t)__builtin_ctz(mask), "the kernel stops itself");
}

/* Bytes of a lane's local memory, with what stands beside them. */
static void copy_local(struct warp *w, uint32_t lane, uint64_t to, uint64_t from, uint32_t bytes)
{
    size_t at = (size_t)lane * w->block->launch->module->local_bytes;
    memmove(w->local + at + to, w->local + at + from, bytes);
    memmove(w->local_shadow + at + to, w->local_shadow + at + from, bytes);
}

/* A call: o[0] to o[mode - 1] are its arguments, the others its results; each has the offset and in
 * `at` the bytes of local memory. */
static void run_call(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct function *f = &w->block->launch->module->functions[i->target];
    uint32_t *back = (uint32_t *)(void *)(w->bank[BANK_REGISTERS] + f->return_slot);
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        back[l] = w->next;
        for (uint32_t k = 0; k < f->parameter_count; k++)
            copy_local(w, l, f->parameters[k].offset, (uint64_t)i->o[k].offset, i->o[k].at);
    }
    if (mask == w->now.mask)
        w->next = f->first;
    else
        gpu_split(w, mask, f->first);
}

static void run_collect(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct function *f = &w->block->launch->module->functions[i->target];
    for (uint32_t l = 0; l < LANES; l++)
        for (uint32_t k = 0; k < f->result_count && mask >> l & 1; k++)
            copy_local(w, l, (uint64_t)i->o[f->parameter_count + k].offset, f->results[k].offset,
                       i->o[f->parameter_count + k].at);
}

/* From a device function: lanes may have come from different calls. */
static void run_return(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const uint32_t *back = (const uint32_t *)(const void *)(w->bank[BANK_REGISTERS] + i->target);
    while (mask) {
        uint32_t pc = back[__builtin_ctz(mask)], same = 0;
        for (uint32_t l = 0; l < LANES; l++)
            if (mask >> l & 1 && back[l] == pc)
                same |= UINT32_C(1) << l;
        mask &= ~same;
        if (same == w->now.mask)
            w->next = pc;
        else
            gpu_split(w, same, pc);
    }
}

/* ---- decoding ---- */

static void decode_branch(struct decoder *d)
{
    struct reader *r = d->reader;
    gpu_part(d, "uni");
    if (d->s->count != 1)
        gpu_unknown(d, "a label was expected");
    r->branches = gpu_grow(r->branches, r->branch_count, sizeof *r->branches);
    r->branches[r->branch_count++] =
        (struct branch){d->s->tokens[d->next++].word, r->module->code_count, d->s->line};
    d->i->run = run_branch;
    d->i->flow = FLOW_BRANCH;
}

static void decode_ret(struct decoder *d)
{
    gpu_part(d, "uni");
    d->i->run = d->reader->function->entry ? run_exit : run_return;
    d->i->target = d->reader->function->return_slot;
    d->i->flow = FLOW_END;
}

static void decode_exit(struct decoder *d)
{
    d->i->run = run_exit;
    d->i->flow = FLOW_END;
}

static void decode_trap(struct decoder *d)
{
    d->i->run = run_trap;
    d->i->flow = FLOW_END;
}

static void decode_nothing(struct decoder *d)
{
    while (d->part < d->part_count)
        d->part++;
    if (gpu_more(d)) /* of nanosleep and prefetch */
        d->next = d->s->count;
    d->i->run = run_nothing;
}

/* fence and membar: all memory is seen in the order in which it is written, so there is nothing to
 * do; but the words are checked. */
static void decode_fence(struct decoder *d)
{
    bool cluster = false;
    while (d->part < d->part_count) {
        static const char *const words[] = {"acq_rel",
                                            "sc",
                                            "cta",
                                            "gpu",
                                            "sys",
                                            "gl",
                                            "proxy",
                                            "async",
                                            "release",
                                            "acquire",
                                            "mbarrier_init",
                                            "async::generic",
                                            "cluster",
                                            "shared::cta",
                                            "async.shared::cta",
                                            "global"};
        size_t k = 0, count = sizeof words / sizeof *words;
        cluster = cluster || gpu_word_is(d->parts[d->part], "cluster") ||
                  gpu_word_is(d->parts[d->part], "proxy");
        while (k < count && !gpu_part(d, words[k]))
            k++;
        if (k == count)
            gpu_parts_end(d);
    }
    if (cluster)
        gpu_requires(d, 90, 78);
    d->i->run = run_nothing;
}

/* The places of the tokens' variables, as operands. */
static void take_passed(struct decoder *d, uint32_t count)
{
    for (; count; count--) {
        uint32_t at;
        struct word name = d->s->tokens[d->next++].word;
        const struct symbol *s = gpu_symbol_find(d->reader, name, &at);
        if (!s || s->kind != SYMBOL_LOCAL)
            gpu_unknown(d, "the stand-in passes variables of .param only");
        d->operands[d->i->count++] = (struct operand){.at = s->bytes, .offset = at};
    }
}

/* call (result), function, (argument, argument); */
static void decode_call(struct decoder *d)
{
    struct reader *r = d->reader;
    gpu_part(d, "uni");
    uint32_t results = d->s->count ? d->s->tokens[0].group : 0;
    d->next = results;
    if (!gpu_more(d) || d->s->tokens[d->next].group)
        gpu_unknown(d, "a function was expected");
    struct word name = d->s->tokens[d->next++].word;
    uint32_t behind = gpu_more(d) ? d->s->tokens[d->next].group : 0;
    take_passed(d, behind);
    uint32_t end = d->next;
    d->next = 0;
    take_passed(d, results);
    d->next = end;
    d->i->mode = (uint8_t)behind;
    d->i->passes = true;
    for (int k = 0; k < 2; k++) {
        r->calls = gpu_grow(r->calls, r->call_count, sizeof *r->calls);
        r->calls[r->call_count++] =
            (struct call){name, r->module->code_count + (uint32_t)k, d->s->line};
    }
    struct instruction call = *d->i;
    call.run = run_call;
    gpu_append(r, call, d->operands);
    d->i->run = run_collect;
}

const struct family gpu_flow_family[] = {
    {"bra", decode_branch},       {"ret", decode_ret},
    {"exit", decode_exit},        {"trap", decode_trap},
    {"call", decode_call},        {"fence", decode_fence},
    {"membar", decode_fence},     {"nanosleep", decode_nothing},
    {"prefetch", decode_nothing}, {NULL, NULL},
};

/* ---- the end of a module ---- */

static void settle_calls(struct reader *r)
{
    struct module *m = r->module;
    for (uint32_t k = 0; k < r->call_count; k++) {
        struct call c = r->calls[k];
        uint32_t f = 0;
        while (f < m->function_count && !gpu_word_is(c.name, m->functions[f].name))
            f++;
        if (f == m->function_count || m->functions[f].entry)
            gpu_end_at_line(c.line, "there is no function %.*s", (int)c.name.n, c.name.s);
        struct instruction *i = &m->code[c.instruction];
        const struct function *to = &m->functions[f];
        bool good = i->mode == to->parameter_count && i->count == i->mode + to->result_count;
        for (uint32_t p = 0; good && p < to->parameter_count; p++)
            good = i->o[p].at == to->parameters[p].bytes;
        if (!good)
            gpu_end_at_line(c.line, "the call passes what %s does not take", to->name);
        i->target = f;
    }
}

/* A function that a call leads back to would need new registers each time. */
static void refuse_recursion(const struct module *m, uint32_t f, uint32_t depth)
{
    if (depth > m->function_count)
        gpu_end_at_line(m->functions[f].line, "%s calls itself, which the stand-in cannot run",
                        m->functions[f].name);
    for (uint32_t k = 0; k < m->functions[f].instructions; k++) {
        const struct instruction *i = &m->code[m->functions[f].first + k];
        if (i->run == run_call)
            refuse_recursion(m, i->target, depth + 1);
    }
}

static void move_registers(struct module *m, struct function *f, uint32_t by)
{
    for (uint32_t k = 0; k < f->instructions; k++) {
        struct instruction *i = &m->code[f->first + k];
        i->guard += by;
        if (i->passes)
            continue;
        if (i->run == run_return)
            i->target += by;
        struct operand *o = (struct operand *)(uintptr_t)i->o;
        for (uint32_t p = 0; p < i->count; p++)
            if (o[p].bank == BANK_REGISTERS && o[p].at >= ALL_LANES_BYTES * SPECIALS)
                o[p].at += by;
    }
    f->return_slot += by;
    f->register_end += by;
}

/* Kernels share their registers' slots, because one runs at a time; functions have their own. */
static void settle_registers(struct module *m)
{
    for (uint32_t k = 0; k < m->function_count; k++)
        if (m->functions[k].entry && m->functions[k].register_end > m->register_bytes)
            m->register_bytes = m->functions[k].register_end;
    for (uint32_t k = 0; k < m->function_count; k++) {
        struct function *f = &m->functions[k];
        uint32_t begin = ALL_LANES_BYTES * SPECIALS, end = (m->register_bytes + 255) / 256 * 256;
        if (f->entry)
            continue;
        move_registers(m, f, end > begin ? end - begin : 0);
        m->register_bytes = f->register_end;
    }
}

void gpu_settle(struct reader *r)
{
    struct module *m = r->module;
    settle_calls(r);
    for (uint32_t k = 0; k < m->function_count; k++)
        refuse_recursion(m, k, 0);
    settle_registers(m);
    uint32_t statics = m->shared_bytes;
    for (uint32_t k = 0; k < m->function_count; k++)
        if (m->functions[k].shared_bytes > statics)
            statics = m->functions[k].shared_bytes;
    m->dynamic_shared = (statics + 15) / 16 * 16;
    gpu_constant_settle(r);
    for (uint32_t k = 0; k < m->code_count; k++)
        for (uint32_t p = 0; p < m->code[k].count; p++) {
            struct operand *o = (struct operand *)(uintptr_t)&m->code[k].o[p];
            if (o->dynamic)
                o->offset += m->dynamic_shared;
        }
}
