/* Slots for registers. PTX has a new register for almost every value; two that are never alive at
 * once share a slot here, so that a warp's registers stay in the processor's cache. How many are
 * alive at once also estimates what the driver's compiler will need. */
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "standin_device.h"

enum { SET_BITS = 64 };
#define NOBODY UINT32_MAX

struct alive {
    uint32_t at;          /* its slot as read, then as given */
    uint32_t first, last; /* instructions of the function between which it is alive */
    uint8_t bytes;        /* of a lane; 0: a predicate */
};

/* A run of instructions that is entered at its first and left at its last. */
struct run {
    uint32_t first, end;
    uint32_t next[2]; /* runs; NOBODY */
    uint64_t *in, *out, *uses, *sets;
};

struct work {
    struct module *module;
    struct function *function;
    struct alive *registers;
    uint32_t register_count, words;
    uint32_t *number_of; /* by slot / 4: the register there */
    struct run *runs;
    uint32_t run_count;
    uint32_t *run_at; /* by instruction */
};

static struct instruction *code_of(const struct work *w)
{
    return w->module->code + w->function->first;
}

static uint32_t number(struct work *w, uint32_t at, uint8_t bytes)
{
    uint32_t *n = &w->number_of[at / 4];
    if (*n == NOBODY) {
        *n = w->register_count;
        w->registers = gpu_grow(w->registers, w->register_count, sizeof *w->registers);
        w->registers[w->register_count++] =
            (struct alive){.at = at, .first = UINT32_MAX, .bytes = bytes};
    }
    return *n;
}

/* Whether an operand is a register that shares slots: neither special nor the return address. */
static bool is_shared(const struct work *w, const struct operand *o)
{
    return o->bank == BANK_REGISTERS && !o->nothing && !o->no_register &&
           o->at > w->function->return_slot;
}

static void find_registers(struct work *w)
{
    w->number_of = gpu_need(w->function->register_end / 4 + 1, sizeof *w->number_of);
    memset(w->number_of, 0xff, (w->function->register_end / 4 + 1) * sizeof *w->number_of);
    for (uint32_t k = 0; k < w->function->instructions; k++) {
        const struct instruction *i = &code_of(w)[k];
        if (i->guarded)
            number(w, i->guard, 0);
        for (uint32_t p = 0; p < i->count && !i->passes; p++)
            if (is_shared(w, &i->o[p]))
                number(w, i->o[p].at, i->o[p].bytes);
    }
    w->words = (w->register_count + SET_BITS - 1) / SET_BITS;
}

/* ---- runs ---- */

static void find_runs(struct work *w)
{
    uint32_t n = w->function->instructions, first = w->function->first;
    bool *begins = gpu_need(n + 1, sizeof *begins);
    w->run_at = gpu_need(n + 1, sizeof *w->run_at);
    begins[0] = true;
    for (uint32_t k = 0; k < n; k++) {
        const struct instruction *i = &code_of(w)[k];
        if (i->flow != FLOW_NEXT)
            begins[k + 1] = true;
        if (i->flow == FLOW_BRANCH && i->target - first < n)
            begins[i->target - first] = true;
    }
    for (uint32_t k = 0; k < n; k++) {
        if (begins[k]) {
            w->runs = gpu_grow(w->runs, w->run_count, sizeof *w->runs);
            w->runs[w->run_count++] = (struct run){.first = k};
        }
        w->run_at[k] = w->run_count - 1;
        w->runs[w->run_count - 1].end = k + 1;
    }
    for (uint32_t r = 0; r < w->run_count; r++) {
        struct run *run = &w->runs[r];
        const struct instruction *last = &code_of(w)[run->end - 1];
        bool falls = last->flow == FLOW_NEXT || last->guarded;
        run->next[0] = falls && r + 1 < w->run_count ? r + 1 : NOBODY;
        run->next[1] = last->flow == FLOW_BRANCH && last->target - first < n
                           ? w->run_at[last->target - first]
                           : NOBODY;
        run->in = gpu_need(w->words * 4, sizeof *run->in);
        run->out = run->in + w->words;
        run->uses = run->out + w->words;
        run->sets = run->uses + w->words;
    }
    free(begins);
}

static void add(uint64_t *set, uint32_t n)
{
    set[n / SET_BITS] |= UINT64_C(1) << n % SET_BITS;
}

static bool has(const uint64_t *set, uint32_t n)
{
    return set[n / SET_BITS] >> n % SET_BITS & 1;
}

static void use(struct run *run, uint32_t n)
{
    if (!has(run->sets, n))
        add(run->uses, n);
}

/* What a run reads before it writes, and what it writes. A guarded write keeps some lanes' values,
 * so it reads as well. */
static void find_uses(struct work *w, struct run *run)
{
    for (uint32_t k = run->first; k < run->end; k++) {
        const struct instruction *i = &code_of(w)[k];
        if (i->guarded)
            use(run, number(w, i->guard, 0));
        if (i->passes)
            continue;
        for (uint32_t p = 0; p < i->count; p++)
            if (is_shared(w, &i->o[p]) && (!i->o[p].result || i->guarded))
                use(run, number(w, i->o[p].at, i->o[p].bytes));
        for (uint32_t p = 0; p < i->count; p++)
            if (is_shared(w, &i->o[p]) && i->o[p].result)
                add(run->sets, number(w, i->o[p].at, i->o[p].bytes));
    }
}

/* Alive before a run: what it uses, and what is alive behind it that it does not set. */
static void find_alive(struct work *w)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t r = w->run_count; r-- > 0;) {
            struct run *run = &w->runs[r];
            for (uint32_t k = 0; k < w->words; k++) {
                uint64_t out = 0;
                for (int n = 0; n < 2; n++)
                    if (run->next[n] != NOBODY)
                        out |= w->runs[run->next[n]].in[k];
                uint64_t in = run->uses[k] | (out & ~run->sets[k]);
                changed = changed || in != run->in[k];
                run->out[k] = out;
                run->in[k] = in;
            }
        }
    }
}

/* ---- slots ---- */

static void reach(struct alive *a, uint32_t k)
{
    if (a->first == UINT32_MAX || k < a->first)
        a->first = k;
    if (k > a->last)
        a->last = k;
}

static void find_spans(struct work *w)
{
    for (uint32_t r = 0; r < w->run_count; r++) {
        const struct run *run = &w->runs[r];
        for (uint32_t n = 0; n < w->register_count; n++) {
            if (has(run->in, n))
                reach(&w->registers[n], run->first);
            if (has(run->out, n))
                reach(&w->registers[n], run->end - 1);
        }
        for (uint32_t k = run->first; k < run->end; k++) {
            const struct instruction *i = &code_of(w)[k];
            if (i->guarded)
                reach(&w->registers[number(w, i->guard, 0)], k);
            for (uint32_t p = 0; p < i->count && !i->passes; p++)
                if (is_shared(w, &i->o[p]))
                    reach(&w->registers[number(w, i->o[p].at, i->o[p].bytes)], k);
        }
    }
}

static int by_first(const void *a, const void *b)
{
    const struct alive *x = *(struct alive *const *)a, *y = *(struct alive *const *)b;
    return x->first < y->first ? -1 : x->first > y->first;
}

struct slot {
    uint32_t at, until; /* alive until this instruction; then free */
    uint8_t bytes;
};

/* Gives slots in the order of births; one whose value has died before is used again. A value that
 * dies where another is born keeps its slot, because an instruction may write before it has read
 * all. */
static void give_slots(struct work *w)
{
    struct function *f = w->function;
    struct alive **order = gpu_need(w->register_count, sizeof *order);
    struct slot *slots = NULL;
    uint32_t count = 0, end = f->return_slot + ALL_LANES_BYTES, words = 0;
    for (uint32_t n = 0; n < w->register_count; n++)
        order[n] = &w->registers[n];
    qsort(order, w->register_count, sizeof *order, by_first);
    for (uint32_t n = 0; n < w->register_count; n++) {
        struct alive *a = order[n];
        uint32_t s = 0;
        while (s < count && (slots[s].bytes != a->bytes || slots[s].until >= a->first))
            s++;
        if (s == count) {
            slots = gpu_grow(slots, count, sizeof *slots);
            slots[count++] = (struct slot){.at = end, .bytes = a->bytes};
            end += a->bytes ? LANES * a->bytes : 64;
            words += a->bytes / 4;
        }
        a->at = slots[s].at;
        slots[s].until = a->last;
    }
    f->register_end = end;
    f->registers = words + 8 < 255 ? words + 8 : 255; /* some for addresses, as compilers need */
    uint32_t most = f->max_threads ? REGISTERS_PER_MULTIPROCESSOR / f->max_threads / 8 * 8 : 255;
    if (f->registers > most) /* a compiler keeps within what the largest block may have */
        f->registers = most;
    free(slots);
    free(order);
}

static void rewrite(struct work *w)
{
    for (uint32_t k = 0; k < w->function->instructions; k++) {
        struct instruction *i = &code_of(w)[k];
        struct operand *o = (struct operand *)(uintptr_t)i->o;
        if (i->guarded)
            i->guard = w->registers[w->number_of[i->guard / 4]].at;
        for (uint32_t p = 0; p < i->count && !i->passes; p++)
            if (is_shared(w, &o[p]))
                o[p].at = w->registers[w->number_of[o[p].at / 4]].at;
    }
}

void gpu_share_registers(struct module *m, struct function *f)
{
    struct work w = {.module = m, .function = f};
    if (!f->instructions)
        return;
    find_registers(&w);
    find_runs(&w);
    for (uint32_t r = 0; r < w.run_count; r++)
        find_uses(&w, &w.runs[r]);
    find_alive(&w);
    find_spans(&w);
    give_slots(&w);
    rewrite(&w);
    for (uint32_t r = 0; r < w.run_count; r++)
        free(w.runs[r].in);
    free(w.runs);
    free(w.run_at);
    free(w.registers);
    free(w.number_of);
}
