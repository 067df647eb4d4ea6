/* Reads a module of PTX: directives, functions, variables. Statements go to decode.c. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "device_memory.h"
#include "read.h"

const struct type_row gpu_types[TYPES] = {
    [TYPE_NONE] = {"", KIND_BITS, 0},
    [TYPE_B8] = {"b8", KIND_BITS, 1},
    [TYPE_B16] = {"b16", KIND_BITS, 2},
    [TYPE_B32] = {"b32", KIND_BITS, 4},
    [TYPE_B64] = {"b64", KIND_BITS, 8},
    [TYPE_U8] = {"u8", KIND_UNSIGNED, 1},
    [TYPE_U16] = {"u16", KIND_UNSIGNED, 2},
    [TYPE_U32] = {"u32", KIND_UNSIGNED, 4},
    [TYPE_U64] = {"u64", KIND_UNSIGNED, 8},
    [TYPE_S8] = {"s8", KIND_SIGNED, 1},
    [TYPE_S16] = {"s16", KIND_SIGNED, 2},
    [TYPE_S32] = {"s32", KIND_SIGNED, 4},
    [TYPE_S64] = {"s64", KIND_SIGNED, 8},
    /* their registers are bits */
    [TYPE_F16] = {"f16", KIND_BITS, 2},
    [TYPE_BF16] = {"bf16", KIND_BITS, 2},
    [TYPE_F16X2] = {"f16x2", KIND_BITS, 4},
    [TYPE_BF16X2] = {"bf16x2", KIND_BITS, 4},
    [TYPE_TF32] = {"tf32", KIND_BITS, 4},
    [TYPE_F32] = {"f32", KIND_FLOAT, 4},
    [TYPE_F64] = {"f64", KIND_FLOAT, 8},
    [TYPE_PRED] = {"pred", KIND_PREDICATE, 0},
};

const char *const gpu_special_names[SPECIALS] = {
    "%tid.x",
    "%tid.y",
    "%tid.z",
    "%ntid.x",
    "%ntid.y",
    "%ntid.z",
    "%ctaid.x",
    "%ctaid.y",
    "%ctaid.z",
    "%nctaid.x",
    "%nctaid.y",
    "%nctaid.z",
    "%laneid",
    "%warpid",
    "%nwarpid",
    "%smid",
    "%nsmid",
    "%clusterid.x",
    "%clusterid.y",
    "%clusterid.z",
    "%nclusterid.x",
    "%nclusterid.y",
    "%nclusterid.z",
    "%cluster_ctaid.x",
    "%cluster_ctaid.y",
    "%cluster_ctaid.z",
    "%cluster_nctaid.x",
    "%cluster_nctaid.y",
    "%cluster_nctaid.z",
    "%cluster_ctarank",
    "%cluster_nctarank",
    "%lanemask_eq",
    "%lanemask_lt",
    "%lanemask_le",
    "%lanemask_gt",
    "%lanemask_ge",
    "%dynamic_smem_size",
    "%total_smem_size",
};

/* Comments become spaces, so that lines keep their numbers. */
static char *without_comments(const char *text)
{
    size_t n = strlen(text);
    char *clean = gpu_need(n + 1, 1);
    memcpy(clean, text, n);
    for (size_t k = 0; k < n; k++) {
        if (clean[k] == '"') {
            for (k++; k < n && clean[k] != '"'; k++)
                ;
        } else if (clean[k] == '/' && clean[k + 1] == '/') {
            for (; k < n && clean[k] != '\n'; k++)
                clean[k] = ' ';
        } else if (clean[k] == '/' && clean[k + 1] == '*') {
            for (; k < n && !(clean[k] == '*' && clean[k + 1] == '/'); k++)
                clean[k] = clean[k] == '\n' ? '\n' : ' ';
            if (k < n)
                clean[k] = clean[k + 1] = ' ';
        }
    }
    return clean;
}

static void skip_space(struct reader *r)
{
    for (; isspace((unsigned char)*r->at); r->at++)
        r->line += *r->at == '\n';
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '%' || c == '.';
}

/* The next name, directive, number or single character. */
static struct word next(struct reader *r)
{
    skip_space(r);
    struct word w = {r->at, 0};
    while (in_name(w.s[w.n]))
        w.n++;
    if (!w.n && *w.s)
        w.n = 1;
    r->at += w.n;
    return w;
}

static struct word peek(struct reader *r)
{
    const char *at = r->at;
    uint32_t line = r->line;
    struct word w = next(r);
    r->at = at;
    r->line = line;
    return w;
}

static bool take(struct reader *r, const char *s)
{
    if (!gpu_word_is(peek(r), s))
        return false;
    next(r);
    return true;
}

static void must_take(struct reader *r, const char *s)
{
    struct word w = peek(r);
    if (!take(r, s))
        gpu_end_at_line(r->line, "'%.*s' where '%s' was expected", (int)w.n, w.s, s);
}

static uint32_t take_count(struct reader *r)
{
    struct word w = next(r);
    char *end = NULL;
    unsigned long value = strtoul(w.s, &end, 0);
    if (!w.n || end == w.s || value > UINT32_MAX)
        gpu_end_at_line(r->line, "'%.*s' where a number was expected", (int)w.n, w.s);
    return (uint32_t)value;
}

static bool take_type(struct reader *r, enum type *type)
{
    struct word w = peek(r);
    for (int k = 1; k < TYPES; k++)
        if (w.n > 1 && *w.s == '.' &&
            gpu_word_is((struct word){w.s + 1, w.n - 1}, gpu_types[k].name)) {
            *type = (enum type)k;
            next(r);
            return true;
        }
    return false;
}

static void copy_name(struct reader *r, char *to, struct word name)
{
    if (name.n >= NAME_MAX_BYTES)
        gpu_end_at_line(r->line, "a name of more than %d bytes", NAME_MAX_BYTES);
    memcpy(to, name.s, name.n);
    to[name.n] = 0;
}

static uint32_t aligned(uint32_t at, uint32_t align)
{
    return (at + align - 1) / align * align;
}

/* ---- declarations ---- */

/* .reg .b32 %r<10>, a; behind .reg */
static void read_registers(struct reader *r)
{
    enum type type;
    if (!take_type(r, &type))
        gpu_end_at_line(r->line, "a register without a type");
    do {
        struct symbol *s = gpu_symbol_add(r, next(r), SYMBOL_REGISTER, type);
        if (take(r, "<")) {
            s->range = true;
            s->count = take_count(r);
            must_take(r, ">");
        }
        s->at = gpu_register(r, type);
        for (uint32_t k = 1; k < s->count; k++) {
            uint32_t at = gpu_register(r, type);
            if (k == 1)
                s->stride = at - s->at;
        }
    } while (take(r, ","));
    must_take(r, ";");
}

/* .align 4 .b8 name[12]: what stands behind the state space. */
struct declaration {
    struct word name;
    enum type type;
    uint32_t bytes, align;
    bool open; /* name[] */
};

static struct declaration read_declaration(struct reader *r)
{
    struct declaration d = {.align = 0};
    if (take(r, ".align"))
        d.align = take_count(r);
    while (take(r, ".ptr") || take(r, ".global") || take(r, ".align"))
        if (isdigit((unsigned char)*peek(r).s))
            take_count(r);
    uint32_t vector = take(r, ".v2") ? 2 : take(r, ".v4") ? 4 : 1;
    if (!take_type(r, &d.type))
        gpu_end_at_line(r->line, "a variable without a type");
    while (take(r, ".ptr") || take(r, ".global") || take(r, ".align"))
        if (isdigit((unsigned char)*peek(r).s))
            take_count(r);
    d.name = next(r);
    d.bytes = gpu_types[d.type].bytes * vector;
    if (!d.align)
        d.align = d.bytes;
    while (take(r, "[")) {
        if (take(r, "]")) {
            d.open = true;
            d.bytes = 0;
            continue;
        }
        d.bytes *= take_count(r);
        must_take(r, "]");
    }
    return d;
}

/* = 7 or = {1, 2}: numbers only. */
static void read_initial(struct reader *r, struct variable *v, enum type type)
{
    unsigned bytes = gpu_types[type].bytes;
    v->initial = gpu_need(v->bytes, 1);
    bool many = take(r, "{");
    uint32_t at = 0;
    do {
        bool minus = take(r, "-");
        struct word w = next(r);
        char *end = NULL;
        bool hexadecimal = w.n > 2 && (gpu_word_begins(w, "0f") || gpu_word_begins(w, "0d"));
        uint64_t value = hexadecimal ? strtoull(w.s + 2, &end, 16) : strtoull(w.s, &end, 0);
        if (end != w.s + w.n || at + bytes > v->bytes)
            gpu_end_at_line(r->line, "'%.*s' in the value of %s", (int)w.n, w.s, v->name);
        if (minus)
            value = (uint64_t) - (int64_t)value;
        memcpy(v->initial + at, &value, bytes);
        at += bytes;
    } while (take(r, ","));
    if (many)
        must_take(r, "}");
}

static void place_variable(struct variable *v)
{
    struct allocation *a =
        gpu_memory_make(v->bytes, v->space == SPACE_CONST ? MEMORY_CONSTANT : MEMORY_OF_MODULE);
    if (!a)
        gpu_end_plainly("no memory for the variable %s", v->name);
    if (v->initial)
        memcpy(a->data, v->initial, v->bytes);
    else
        memset(a->data, 0, v->bytes);
    memset(a->shadow, SHADOW_WRITTEN, v->bytes);
    v->address = a->base;
}

static void read_device_variable(struct reader *r, enum space space)
{
    struct module *m = r->module;
    struct declaration d = read_declaration(r);
    m->variables = gpu_grow(m->variables, m->variable_count, sizeof *m->variables);
    struct variable *v = &m->variables[m->variable_count];
    *v = (struct variable){.space = space, .bytes = d.bytes, .align = d.align};
    copy_name(r, v->name, d.name);
    gpu_symbol_add(r, d.name, SYMBOL_VARIABLE, d.type)->at = m->variable_count++;
    if (take(r, "="))
        read_initial(r, v, d.type);
    must_take(r, ";");
    place_variable(v);
}

static void read_shared_variable(struct reader *r)
{
    struct module *m = r->module;
    struct declaration d = read_declaration(r);
    struct symbol *s = gpu_symbol_add(r, d.name, SYMBOL_SHARED, d.type);
    must_take(r, ";");
    if (d.open) { /* the dynamic part, behind all others: its place is known at the end */
        s->at = UINT32_MAX;
        return;
    }
    uint32_t *end = r->function ? &r->shared : &m->shared_bytes;
    s->at = aligned(*end, d.align);
    *end = s->at + d.bytes;
}

enum { LOCAL_GAP = 32 }; /* bytes between variables that nobody may touch */

/* A variable of each lane's own, also what a call passes. */
static struct symbol *add_local(struct reader *r, const struct declaration *d)
{
    struct symbol *s = gpu_symbol_add(r, d->name, SYMBOL_LOCAL, d->type);
    s->at = aligned(r->module->local_bytes + LOCAL_GAP, d->align > 8 ? d->align : 8);
    s->bytes = d->bytes;
    struct module *m = r->module;
    uint32_t from = m->local_bytes;
    m->local_bytes = s->at + d->bytes;
    m->local_shadow = realloc(m->local_shadow, m->local_bytes ? m->local_bytes : 1);
    if (!m->local_shadow)
        gpu_end_plainly("no memory for local memory");
    memset(m->local_shadow + from, SHADOW_OUTSIDE, s->at - from);
    memset(m->local_shadow + s->at, SHADOW_UNWRITTEN, d->bytes);
    return s;
}

/* ---- functions ---- */

/* (.param .u64 a, .param .align 4 .b8 b[12]) */
static uint32_t read_parameters(struct reader *r, struct parameter **list, bool entry)
{
    uint32_t count = 0, at = 0;
    must_take(r, "(");
    while (!take(r, ")")) {
        must_take(r, ".param");
        struct declaration d = read_declaration(r);
        *list = gpu_grow(*list, count, sizeof **list);
        struct parameter *p = &(*list)[count++];
        *p = (struct parameter){.bytes = d.bytes, .align = d.align};
        copy_name(r, p->name, d.name);
        if (entry) {
            at = aligned(at, d.align);
            p->offset = at;
            at += d.bytes;
            struct symbol *s = gpu_symbol_add(r, d.name, SYMBOL_PARAMETER, d.type);
            s->at = p->offset;
            s->bytes = d.bytes;
        } else {
            p->offset = add_local(r, &d)->at;
        }
        take(r, ",");
    }
    return count;
}

static void read_three(struct reader *r, uint32_t *to)
{
    for (int k = 0; k < 3; k++) {
        to[k] = k && !take(r, ",") ? 1 : take_count(r);
    }
}

static void read_directives(struct reader *r, struct function *f)
{
    uint32_t ignored[3];
    for (;;) {
        if (take(r, ".maxntid")) {
            read_three(r, ignored);
            f->max_threads = ignored[0] * ignored[1] * ignored[2];
        } else if (take(r, ".reqntid")) {
            read_three(r, f->required_threads);
            f->max_threads =
                f->required_threads[0] * f->required_threads[1] * f->required_threads[2];
        } else if (take(r, ".reqnctapercluster")) {
            read_three(r, f->required_cluster);
        } else if (take(r, ".minnctapersm") || take(r, ".maxnctapersm") || take(r, ".maxnreg") ||
                   take(r, ".maxclusterrank")) {
            take_count(r);
        } else if (!take(r, ".explicitcluster") && !take(r, ".noreturn")) {
            return;
        }
    }
}

static void read_label(struct reader *r, struct word name)
{
    r->labels = gpu_grow(r->labels, r->label_count, sizeof *r->labels);
    r->labels[r->label_count++] = (struct label){name, r->module->code_count};
}

static void read_statement(struct reader *r)
{
    skip_space(r);
    struct word whole = {r->at, 0};
    uint32_t line = r->line;
    for (; *r->at && *r->at != ';'; r->at++)
        r->line += *r->at == '\n';
    if (!*r->at)
        gpu_end_at_line(line, "a statement has no end");
    whole.n = (uint32_t)(r->at++ - whole.s);
    struct statement s;
    gpu_statement_split(&s, whole, line);
    gpu_decode(r, &s);
}

static void skip_to_line_end(struct reader *r)
{
    while (*r->at && *r->at != '\n')
        r->at++;
}

static void read_body_directive(struct reader *r, struct word w)
{
    if (gpu_word_is(w, ".reg")) {
        read_registers(r);
    } else if (gpu_word_is(w, ".local") || gpu_word_is(w, ".param")) {
        struct declaration d = read_declaration(r);
        add_local(r, &d);
        must_take(r, ";");
    } else if (gpu_word_is(w, ".shared")) {
        read_shared_variable(r);
    } else if (gpu_word_is(w, ".loc")) {
        skip_to_line_end(r);
    } else if (gpu_word_is(w, ".pragma")) {
        while (*r->at && *r->at != ';')
            r->at++;
        must_take(r, ";");
    } else {
        gpu_end_at_line(r->line, "unknown directive %.*s", (int)w.n, w.s);
    }
}

static void read_body(struct reader *r)
{
    uint32_t outside = r->depth;
    must_take(r, "{");
    gpu_scope_open(r);
    while (r->depth > outside) {
        struct word w = peek(r);
        if (!w.n)
            gpu_end_at_line(r->line, "the text ends within a function");
        if (*w.s == '{' || *w.s == '}') {
            next(r);
            if (*w.s == '{')
                gpu_scope_open(r);
            else
                gpu_scope_close(r);
        } else if (*w.s == '.') {
            read_body_directive(r, next(r));
        } else if (*w.s == ';') {
            next(r);
        } else if (w.s[w.n] == ':' && w.s[w.n + 1] != ':') {
            read_label(r, next(r));
            must_take(r, ":");
        } else {
            read_statement(r);
        }
    }
}

/* Registers of entries begin behind the special ones; those of device functions are moved behind
 * all entries' by settle() below. */
static void read_function(struct reader *r, bool entry)
{
    struct module *m = r->module;
    gpu_scope_open(r);
    struct function f = {.entry = entry, .line = r->line};
    if (!entry && gpu_word_is(peek(r), "("))
        f.result_count = read_parameters(r, &f.results, false);
    copy_name(r, f.name, next(r));
    if (gpu_word_is(peek(r), "("))
        f.parameter_count = read_parameters(r, &f.parameters, entry);
    for (uint32_t k = 0; k < f.parameter_count && entry; k++)
        f.parameter_bytes = f.parameters[k].offset + f.parameters[k].bytes;
    read_directives(r, &f);
    if (take(r, ";")) { /* declared only */
        free(f.parameters);
        free(f.results);
        gpu_scope_close(r);
        return;
    }
    m->functions = gpu_grow(m->functions, m->function_count, sizeof f);
    r->frame = LANES * 4 * SPECIALS;
    f.return_slot = gpu_register(r, TYPE_B32);
    f.first = m->code_count;
    m->functions[m->function_count] = f;
    r->function = &m->functions[m->function_count++];
    r->shared = m->shared_bytes;
    read_body(r);
    r->function->instructions = m->code_count - f.first;
    r->function->register_end = r->frame;
    gpu_share_registers(m, r->function);
    r->function->shared_bytes = r->shared;
    r->function = NULL;
    gpu_scope_close(r);
}

/* ---- the module ---- */

static void read_header(struct reader *r, struct word w)
{
    struct module *m = r->module;
    if (gpu_word_is(w, ".version")) {
        struct word v = next(r);
        char *end = NULL;
        unsigned long major = strtoul(v.s, &end, 10);
        m->ptx_version = (unsigned)(major * 10 + (*end == '.' ? strtoul(end + 1, NULL, 10) : 0));
    } else if (gpu_word_is(w, ".target")) {
        struct word t = next(r);
        if (!gpu_word_begins(t, "sm_"))
            gpu_end_at_line(r->line, "the target %.*s is none of sm_NN", (int)t.n, t.s);
        m->architecture = (unsigned)strtoul(t.s + 3, NULL, 10);
        while (take(r, ","))
            next(r);
    } else if (take_count(r) != 64) {
        gpu_end_at_line(r->line, "addresses must have 64 bits");
    }
}

static void read_top(struct reader *r)
{
    struct word w = next(r);
    if (gpu_word_is(w, ".version") || gpu_word_is(w, ".target") || gpu_word_is(w, ".address_size"))
        read_header(r, w);
    else if (gpu_word_is(w, ".visible") || gpu_word_is(w, ".extern") || gpu_word_is(w, ".weak"))
        ;
    else if (gpu_word_is(w, ".entry") || gpu_word_is(w, ".func"))
        read_function(r, gpu_word_is(w, ".entry"));
    else if (gpu_word_is(w, ".global") || gpu_word_is(w, ".const"))
        read_device_variable(r, gpu_word_is(w, ".global") ? SPACE_GLOBAL : SPACE_CONST);
    else if (gpu_word_is(w, ".shared"))
        read_shared_variable(r);
    else if (gpu_word_is(w, ".file"))
        skip_to_line_end(r);
    else
        gpu_end_at_line(r->line, "unknown directive %.*s", (int)w.n, w.s);
}

struct module *gpu_module_read(const char *text)
{
    struct module *m = gpu_need(1, sizeof *m);
    m->text = without_comments(text);
    struct reader r = {.module = m, .at = m->text, .line = 1};
    while (peek(&r).n)
        read_top(&r);
    if (!m->architecture || !m->ptx_version)
        gpu_end_at_line(r.line, "neither .target nor .version may be absent");
    gpu_settle(&r);
    free(r.symbols);
    free(r.labels);
    free(r.branches);
    free(r.calls);
    free(r.constants);
    return m;
}

void gpu_module_free(struct module *m)
{
    for (uint32_t k = 0; k < m->function_count; k++) {
        free(m->functions[k].parameters);
        free(m->functions[k].results);
    }
    for (uint32_t k = 0; k < m->code_count; k++)
        free((void *)(uintptr_t)m->code[k].o);
    for (uint32_t k = 0; k < m->variable_count; k++) {
        const struct variable *v = &m->variables[k];
        gpu_memory_free(v->address, v->space == SPACE_CONST ? MEMORY_CONSTANT : MEMORY_OF_MODULE);
        free(v->initial);
    }
    free(m->functions);
    free(m->variables);
    free(m->code);
    free(m->constants);
    free(m->local_shadow);
    free(m->text);
    free(m);
}
