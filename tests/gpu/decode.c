/* Statements become instructions: operands here, families of mnemonics beside what runs them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"

_Noreturn void gpu_unknown(const struct decoder *d, const char *why)
{
    gpu_end_at_line(d->s->line, "unknown instruction '%.*s': %s", (int)d->s->whole.n, d->s->whole.s,
                    why);
}

/* ---- parts of the mnemonic ---- */

static void split_mnemonic(struct decoder *d)
{
    struct word m = d->s->mnemonic;
    uint32_t from = 0;
    for (uint32_t k = 0; k <= m.n; k++)
        if (k == m.n || m.s[k] == '.') {
            if (d->part_count == sizeof d->parts / sizeof *d->parts)
                gpu_unknown(d, "too many parts");
            d->parts[d->part_count++] = (struct word){m.s + from, k - from};
            from = k + 1;
        }
    d->part = 1;
}

bool gpu_part(struct decoder *d, const char *name)
{
    if (d->part == d->part_count || !gpu_word_is(d->parts[d->part], name))
        return false;
    d->part++;
    return true;
}

enum type gpu_part_type(struct decoder *d)
{
    for (int k = 1; k < TYPES; k++)
        if (gpu_part(d, gpu_types[k].name))
            return (enum type)k;
    gpu_unknown(d, "a type was expected");
}

enum space gpu_part_space(struct decoder *d)
{
    static const struct {
        const char *name;
        enum space space;
    } rows[] = {{"global", SPACE_GLOBAL},
                {"const", SPACE_CONST},
                {"shared", SPACE_SHARED},
                {"shared::cta", SPACE_SHARED},
                {"shared::cluster", SPACE_CLUSTER},
                {"local", SPACE_LOCAL},
                {"param", SPACE_PARAM}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (gpu_part(d, rows[k].name)) {
            if (rows[k].space == SPACE_CLUSTER)
                gpu_requires(d, 90, 78);
            return rows[k].space;
        }
    return SPACE_GENERIC;
}

void gpu_parts_end(const struct decoder *d)
{
    if (d->part != d->part_count)
        gpu_end_at_line(d->s->line, "unknown instruction '%.*s': '.%.*s' was not expected",
                        (int)d->s->whole.n, d->s->whole.s, (int)d->parts[d->part].n,
                        d->parts[d->part].s);
}

void gpu_requires(const struct decoder *d, unsigned architecture, unsigned version)
{
    const struct module *m = d->reader->module;
    if (m->architecture < architecture || m->ptx_version < version)
        gpu_end_at_line(
            d->s->line,
            "'%.*s' needs .target sm_%u and .version %u.%u; the module has sm_%u and %u.%u",
            (int)d->s->whole.n, d->s->whole.s, architecture, version / 10, version % 10,
            m->architecture, m->ptx_version / 10, m->ptx_version % 10);
}

/* ---- operands ---- */

bool gpu_more(const struct decoder *d)
{
    return d->next < d->s->count;
}

static struct token take_token(struct decoder *d)
{
    if (!gpu_more(d))
        gpu_unknown(d, "too few operands");
    return d->s->tokens[d->next++];
}

static struct operand *add(struct decoder *d)
{
    if (d->i->count == OPERANDS_MAX)
        gpu_unknown(d, "too many operands");
    return &d->operands[d->i->count++];
}

/* As ptxas checks: the size of the register, and no float where integers are computed. */
static void check_type(const struct decoder *d, struct word name, enum type has, enum type wants,
                       bool wide)
{
    const struct type_row *h = &gpu_types[has], *w = &gpu_types[wants];
    bool size = h->bytes == w->bytes || (wide && h->bytes > w->bytes);
    bool kind = h->kind == KIND_BITS || w->kind == KIND_BITS ||
                (h->kind == KIND_FLOAT) == (w->kind == KIND_FLOAT);
    if ((has == TYPE_PRED) != (wants == TYPE_PRED) || !size || !kind)
        gpu_end_at_line(d->s->line, "'%.*s': %.*s has type .%s where .%s was expected",
                        (int)d->s->whole.n, d->s->whole.s, (int)name.n, name.s, h->name, w->name);
}

static const struct symbol *find_register(struct decoder *d, struct word name, uint32_t *at)
{
    const struct symbol *s = gpu_symbol_find(d->reader, name, at);
    return s && s->kind == SYMBOL_REGISTER ? s : NULL;
}

static uint8_t lane_bytes(enum type type)
{
    return (uint8_t)(type == TYPE_PRED ? 0 : gpu_types[type].bytes == 8 ? 8 : 4);
}

void gpu_take_result(struct decoder *d, enum type type, bool wide)
{
    struct token t = take_token(d);
    struct operand *o = add(d);
    if (gpu_word_is(t.word, "_")) {
        o->nothing = true;
        o->bytes = lane_bytes(type);
        return;
    }
    uint32_t at;
    const struct symbol *s = t.address ? NULL : find_register(d, t.word, &at);
    if (!s)
        gpu_end_at_line(d->s->line, "'%.*s': %.*s is no register", (int)d->s->whole.n,
                        d->s->whole.s, (int)t.word.n, t.word.s);
    check_type(d, t.word, s->type, type, wide);
    *o = (struct operand){.at = at, .bytes = lane_bytes(s->type), .result = true};
}

static bool read_number(struct word w, enum type type, uint64_t *value)
{
    char *end = NULL;
    char text[64];
    if (!w.n || w.n >= sizeof text)
        return false;
    memcpy(text, w.s, w.n);
    text[w.n] = 0;
    if (!isdigit((unsigned char)text[0]) && text[0] != '-')
        return false;
    if (!strncmp(text, "0f", 2) || !strncmp(text, "0F", 2) || !strncmp(text, "0d", 2) ||
        !strncmp(text, "0D", 2)) {
        *value = strtoull(text + 2, &end, 16);
    } else if (strchr(text, '.')) {
        double number = strtod(text, &end);
        float narrow = (float)number;
        uint32_t bits;
        memcpy(&bits, &narrow, 4);
        memcpy(value, &number, 8);
        if (gpu_types[type].bytes == 4)
            *value = bits;
    } else {
        *value = text[0] == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
        if (*end == 'U')
            end++;
    }
    return !*end;
}

/* The number that a variable's name stands for, in its own state space. */
static bool symbol_number(struct decoder *d, struct word name, uint64_t *value, bool *dynamic)
{
    uint32_t at;
    const struct symbol *s = gpu_symbol_find(d->reader, name, &at);
    if (!s || s->kind == SYMBOL_REGISTER)
        return false;
    *dynamic = s->kind == SYMBOL_SHARED && at == UINT32_MAX;
    *value = *dynamic ? 0 : at;
    if (s->kind == SYMBOL_VARIABLE)
        *value = d->reader->module->variables[at].address;
    return true;
}

/* name, number, name+number */
static bool read_constant(struct decoder *d, struct word w, enum type type, struct constant *c)
{
    uint64_t offset = 0;
    c->bytes = lane_bytes(type);
    c->dynamic = false;
    if (read_number(w, type, &c->value))
        return true;
    for (uint32_t k = 1; k < w.n; k++)
        if (w.s[k] == '+') {
            if (!read_number((struct word){w.s + k + 1, w.n - k - 1}, TYPE_B64, &offset))
                return false;
            w.n = k;
        }
    if (!symbol_number(d, w, &c->value, &c->dynamic))
        return false;
    c->value += offset;
    return true;
}

void gpu_take_source(struct decoder *d, enum type type, bool wide)
{
    struct token t = take_token(d);
    struct operand *o = add(d);
    struct word w = t.word;
    if (t.address)
        gpu_unknown(d, "an address where a value was expected");
    if (type == TYPE_PRED && *w.s == '!') {
        o->negated = true;
        w.s++;
        w.n--;
    }
    uint32_t at;
    const struct symbol *s = find_register(d, w, &at);
    if (s) {
        check_type(d, w, s->type, type, wide);
        o->at = at;
        o->bytes = lane_bytes(s->type);
        return;
    }
    for (uint32_t k = 0; k < SPECIALS; k++)
        if (gpu_word_is(w, gpu_special_names[k])) {
            check_type(d, w, TYPE_B32, type, wide);
            o->at = k * ALL_LANES_BYTES;
            o->bytes = 4;
            return;
        }
    struct constant c;
    uint64_t number;
    if (type == TYPE_PRED && read_number(w, TYPE_B64, &number)) { /* of all lanes */
        o->at = gpu_constant(d->reader,
                             (struct constant){.value = number ? UINT32_MAX : 0, .bytes = 4});
        o->bank = BANK_CONSTANTS;
        return;
    }
    if (type == TYPE_PRED || !read_constant(d, w, type, &c))
        gpu_end_at_line(d->s->line, "'%.*s': nothing is named %.*s", (int)d->s->whole.n,
                        d->s->whole.s, (int)w.n, w.s);
    *o = (struct operand){
        .at = gpu_constant(d->reader, c), .bank = BANK_CONSTANTS, .bytes = (uint8_t)c.bytes};
}

uint64_t gpu_take_number(struct decoder *d)
{
    struct token t = take_token(d);
    uint64_t value;
    if (!read_number(t.word, TYPE_B64, &value))
        gpu_unknown(d, "a number was expected");
    return value;
}

/* [register], [register+4], [register+-4], [variable+4], [4] */
void gpu_take_address(struct decoder *d, enum space space)
{
    struct token t = take_token(d);
    struct operand *o = add(d);
    struct word w = t.word, behind = {NULL, 0};
    if (!t.address)
        gpu_unknown(d, "an address in brackets was expected");
    for (uint32_t k = 1; k < w.n && !behind.s; k++)
        if (w.s[k] == '+' || w.s[k] == '-') {
            behind = (struct word){w.s + k + (w.s[k] == '+'), w.n - k - (w.s[k] == '+')};
            w.n = k;
        }
    uint64_t offset = 0;
    if (behind.s && !read_number(behind, TYPE_B64, &offset))
        gpu_unknown(d, "the address has no number behind its sign");
    o->offset = (int64_t)offset;
    uint32_t at;
    const struct symbol *s = find_register(d, w, &at);
    if (s) {
        if (gpu_types[s->type].bytes != 8 &&
            !(gpu_types[s->type].bytes == 4 && space != SPACE_GLOBAL && space != SPACE_GENERIC))
            gpu_unknown(d, "the address's register is too narrow");
        o->at = at;
        o->bytes = lane_bytes(s->type);
        return;
    }
    uint64_t base;
    o->no_register = true;
    if (!symbol_number(d, w, &base, &o->dynamic) && !read_number(w, TYPE_B64, &base))
        gpu_unknown(d, "the address names nothing");
    o->offset += (int64_t)base;
    /* what calls pass, and what a device function is passed, is local memory */
    s = gpu_symbol_find(d->reader, w, &at);
    if (space == SPACE_PARAM && s && s->kind == SYMBOL_LOCAL)
        d->i->space = SPACE_LOCAL;
}

/* ---- statements ---- */

/* add.s32 and the like: one row of lanes.c. */
static bool decode_lane_row(struct decoder *d)
{
    char name[96];
    if (d->s->mnemonic.n >= sizeof name)
        return false;
    memcpy(name, d->s->mnemonic.s, d->s->mnemonic.n);
    name[d->s->mnemonic.n] = 0;
    const struct lane_row *row = gpu_lane_row(name);
    if (!row)
        return false;
    d->i->run = row->run;
    gpu_take_result(d, row->result, false);
    if (row->result == TYPE_PRED && d->s->count > d->next && d->s->tokens[d->next].bar) {
        gpu_take_result(d, TYPE_PRED, false);
        d->i->flag[0] = true; /* a second result: the complement */
    }
    for (uint8_t k = 0; k < row->count; k++)
        gpu_take_source(d, row->sources[k], false);
    return true;
}

static decode_function *find_family(struct word name)
{
    static const struct family *const lists[] = {gpu_flow_family,    gpu_memory_family,
                                                 gpu_convert_family, gpu_mma_family,
                                                 gpu_barrier_family, gpu_warp_family};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (const struct family *f = lists[k]; f->name; f++)
            if (gpu_word_is(name, f->name))
                return f->decode;
    return NULL;
}

static void decode_guard(struct decoder *d)
{
    uint32_t at;
    if (!d->s->guard.n)
        return;
    const struct symbol *s = find_register(d, d->s->guard, &at);
    if (!s || s->type != TYPE_PRED)
        gpu_unknown(d, "its guard is no predicate");
    d->i->guarded = true;
    d->i->guard_negated = d->s->guard_negated;
    d->i->guard = at;
}

void gpu_append(struct reader *r, struct instruction i, const struct operand *operands)
{
    struct module *m = r->module;
    struct operand *o = gpu_need(i.count, sizeof *o);
    memcpy(o, operands, i.count * sizeof *o);
    i.o = o;
    m->code = gpu_grow(m->code, m->code_count, sizeof *m->code);
    m->code[m->code_count++] = i;
}

void gpu_decode(struct reader *r, const struct statement *s)
{
    struct instruction i = {.line = s->line, .text = s->whole.s, .length = s->whole.n};
    struct decoder d = {.reader = r, .s = s, .i = &i};
    split_mnemonic(&d);
    decode_guard(&d);
    if (!decode_lane_row(&d)) {
        decode_function *decode = find_family(d.parts[0]);
        if (!decode)
            gpu_unknown(&d, "the stand-in does not know it");
        decode(&d);
        gpu_parts_end(&d);
    }
    if (gpu_more(&d))
        gpu_unknown(&d, "too many operands");
    if (!i.run)
        gpu_unknown(&d, "the stand-in cannot run it");
    gpu_append(r, i, d.operands);
}
