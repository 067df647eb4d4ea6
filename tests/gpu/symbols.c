/* Names in PTX and what they stand for. */
#include <stdlib.h>
#include <string.h>

#include "read.h"

bool gpu_word_is(struct word w, const char *s)
{
    return strlen(s) == w.n && !memcmp(w.s, s, w.n);
}

bool gpu_word_begins(struct word w, const char *s)
{
    size_t n = strlen(s);
    return n <= w.n && !memcmp(w.s, s, n);
}

struct symbol *gpu_symbol_add(struct reader *r, struct word name, enum symbol_kind kind,
                              enum type type)
{
    r->symbols = gpu_grow(r->symbols, r->symbol_count, sizeof *r->symbols);
    struct symbol *s = &r->symbols[r->symbol_count++];
    *s = (struct symbol){.name = name, .kind = kind, .type = type, .count = 1};
    return s;
}

static bool same(struct word a, struct word b)
{
    return a.n == b.n && !memcmp(a.s, b.s, a.n);
}

/* The number behind `prefix` in a name, or UINT32_MAX. */
static uint32_t number_behind(struct word name, struct word prefix)
{
    if (name.n <= prefix.n || name.n > prefix.n + 8 || memcmp(name.s, prefix.s, prefix.n) != 0)
        return UINT32_MAX;
    uint32_t number = 0;
    for (uint32_t k = prefix.n; k < name.n; k++) {
        if (name.s[k] < '0' || name.s[k] > '9')
            return UINT32_MAX;
        number = number * 10 + (uint32_t)(name.s[k] - '0');
    }
    return number;
}

const struct symbol *gpu_symbol_find(const struct reader *r, struct word name, uint32_t *at)
{
    for (uint32_t k = r->symbol_count; k-- > 0;) {
        const struct symbol *s = &r->symbols[k];
        if (!s->range && same(s->name, name)) {
            *at = s->at;
            return s;
        }
        if (s->range) {
            uint32_t number = number_behind(name, s->name);
            if (number < s->count) {
                *at = s->at + number * s->stride;
                return s;
            }
        }
    }
    return NULL;
}

void gpu_scope_open(struct reader *r)
{
    if (r->depth == SCOPES_MAX)
        gpu_end_at_line(r->line, "more than %d scopes within each other", SCOPES_MAX);
    r->scopes[r->depth++] = (struct scope){r->symbol_count, r->label_count, r->branch_count};
}

/* Branches to labels of the scope are settled; others wait for the scope around it. */
void gpu_scope_close(struct reader *r)
{
    if (!r->depth)
        gpu_end_at_line(r->line, "} without {");
    struct scope scope = r->scopes[--r->depth];
    uint32_t left = scope.branches;
    for (uint32_t k = scope.branches; k < r->branch_count; k++) {
        struct branch b = r->branches[k];
        uint32_t label = scope.labels;
        while (label < r->label_count && !same(r->labels[label].name, b.name))
            label++;
        if (label < r->label_count)
            r->module->code[b.instruction].target = r->labels[label].at;
        else
            r->branches[left++] = b;
    }
    r->branch_count = left;
    r->label_count = scope.labels;
    r->symbol_count = scope.symbols;
    if (!r->depth && r->branch_count)
        gpu_end_at_line(r->branches[0].line, "there is no label %.*s", (int)r->branches[0].name.n,
                        r->branches[0].name.s);
}

uint32_t gpu_register(struct reader *r, enum type type)
{
    unsigned bytes = gpu_types[type].bytes;
    bool predicate = type == TYPE_PRED;
    if (!predicate)
        r->frame = (r->frame + 63) / 64 * 64;
    uint32_t at = r->frame;
    r->frame += predicate ? 4 : bytes == 8 ? LANES * 8 : LANES * 4;
    return at;
}

static void fill(struct module *m, uint32_t at, uint64_t value, unsigned bytes)
{
    for (uint32_t k = 0; k < LANES; k++)
        memcpy(m->constants + at + k * bytes, &value, bytes);
}

/* Slots of 8 bytes a lane, whichever width the constant has. */
uint32_t gpu_constant(struct reader *r, struct constant c)
{
    struct module *m = r->module;
    if (c.bytes == 4)
        c.value &= UINT32_MAX;
    for (uint32_t k = 0; k < r->constant_count; k++)
        if (r->constants[k].value == c.value && r->constants[k].bytes == c.bytes &&
            r->constants[k].dynamic == c.dynamic)
            return k * LANES * 8;
    r->constants = gpu_grow(r->constants, r->constant_count, sizeof *r->constants);
    r->constants[r->constant_count] = c;
    m->constants = gpu_grow(m->constants, r->constant_count, LANES * 8);
    uint32_t at = r->constant_count++ * LANES * 8;
    fill(m, at, c.value, c.bytes);
    return at;
}

void gpu_constant_settle(struct reader *r)
{
    for (uint32_t k = 0; k < r->constant_count; k++)
        if (r->constants[k].dynamic)
            fill(r->module, k * LANES * 8, r->constants[k].value + r->module->dynamic_shared,
                 r->constants[k].bytes);
}
