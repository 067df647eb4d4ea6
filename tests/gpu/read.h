/* Inside the reader of PTX: names and what they stand for, statements, and what decoders ask. */
#ifndef TESTS_GPU_READ_H
#define TESTS_GPU_READ_H

#include "end.h"
#include "ptx.h"

/* A piece of text. */
struct word {
    const char *s;
    uint32_t n;
};
bool gpu_word_is(struct word, const char *);
bool gpu_word_begins(struct word, const char *);

enum symbol_kind {
    SYMBOL_REGISTER,
    SYMBOL_LOCAL,     /* at: of a lane's local memory; also what calls pass */
    SYMBOL_PARAMETER, /* of a kernel; at: of its parameters */
    SYMBOL_SHARED,    /* at: of the block's shared memory */
    SYMBOL_VARIABLE,  /* at: index in the module's variables */
};

struct symbol {
    struct word name;
    enum symbol_kind kind;
    enum type type;
    bool range; /* name<count>: registers name0 to name(count - 1) */
    uint32_t count, at, stride, bytes;
};

struct scope {
    uint32_t symbols, labels, branches; /* where the scope's own begin */
};

struct label {
    struct word name;
    uint32_t at;
};
struct branch {
    struct word name;
    uint32_t instruction, line;
};
struct call {
    struct word name;
    uint32_t instruction, line;
};

struct constant {
    uint64_t value;
    unsigned bytes;
    bool dynamic; /* counts from the dynamic part of shared memory */
};

enum { SCOPES_MAX = 16 };

struct reader {
    struct module *module;
    const char *at;
    uint32_t line;
    struct symbol *symbols;
    uint32_t symbol_count;
    struct label *labels;
    uint32_t label_count;
    struct branch *branches;
    uint32_t branch_count;
    struct call *calls;
    uint32_t call_count;
    struct constant *constants;
    uint32_t constant_count;
    struct scope scopes[SCOPES_MAX];
    uint32_t depth;
    struct function *function; /* being read */
    uint32_t frame;            /* its registers so far, bytes */
    uint32_t shared;           /* its shared memory so far, bytes */
};

struct symbol *gpu_symbol_add(struct reader *, struct word name, enum symbol_kind, enum type);
/* NULL where the name stands for nothing. *at is where it is, also within a range. */
const struct symbol *gpu_symbol_find(const struct reader *, struct word name, uint32_t *at);
void gpu_scope_open(struct reader *);
void gpu_scope_close(struct reader *);
/* A register of the function being read. */
uint32_t gpu_register(struct reader *, enum type);
/* All lanes hold the value; bytes of a lane: 4 or 8. Returns bytes into the bank of constants. */
uint32_t gpu_constant(struct reader *, struct constant);
void gpu_constant_settle(struct reader *);

/* ---- statements ---- */

struct token {
    struct word word;
    bool address;  /* stood in brackets, which word lacks */
    bool bar;      /* stood behind | */
    uint8_t group; /* number of tokens in the braces that this one begins; 0: no braces */
};

struct statement {
    struct word whole, mnemonic, guard;
    bool guard_negated;
    uint32_t line, count;
    struct token tokens[OPERANDS_MAX];
};
/* Splits what stands before a semicolon. */
void gpu_statement_split(struct statement *, struct word whole, uint32_t line);

/* ---- decoding ---- */

struct decoder {
    struct reader *reader;
    const struct statement *s;
    struct instruction *i;
    struct operand operands[OPERANDS_MAX];
    uint32_t next; /* token */
    /* the mnemonic's parts between dots: ".shared::cluster" is one */
    struct word parts[16];
    uint32_t part_count, part;
};

_Noreturn void gpu_unknown(const struct decoder *, const char *why);
/* Takes the next part of the mnemonic if it is this one. */
bool gpu_part(struct decoder *, const char *name);
/* The next part as a type; ends the program where it is none. */
enum type gpu_part_type(struct decoder *);
enum space gpu_part_space(struct decoder *);
/* No part may be left. */
void gpu_parts_end(const struct decoder *);
/* An instruction of this architecture and PTX version, or later. */
void gpu_requires(const struct decoder *, unsigned architecture, unsigned version);

/* The next operand: a register that is written. Wider ones are allowed where `wide`. */
void gpu_take_result(struct decoder *, enum type, bool wide);
/* A register, a number, a special register or an address that is a number. */
void gpu_take_source(struct decoder *, enum type, bool wide);
void gpu_take_address(struct decoder *, enum space);
/* A number: its value. */
uint64_t gpu_take_number(struct decoder *);
bool gpu_more(const struct decoder *);

/* st.async, behind its first part (async.c). */
void gpu_decode_store_async(struct decoder *);

void gpu_decode_mbarrier(struct decoder *);
void gpu_decode_copy(struct decoder *);
void gpu_decode_atomic(struct decoder *);

/* Statement -> instruction, appended to the module's code. */
void gpu_decode(struct reader *, const struct statement *);
void gpu_append(struct reader *, struct instruction, const struct operand *);
/* Once a function is read: registers.c. */
void gpu_share_registers(struct module *, struct function *);
/* When the whole module is read: calls, device functions' registers, dynamic shared memory. */
void gpu_settle(struct reader *);

typedef void decode_function(struct decoder *);
struct family {
    const char *name;
    decode_function *decode;
};
extern const struct family gpu_flow_family[], gpu_memory_family[], gpu_convert_family[],
    gpu_mma_family[], gpu_barrier_family[], gpu_warp_family[];

/* Instructions of one lane each, by their whole names (lanes.c). */
struct lane_row {
    const char *name;
    run_function *run;
    enum type result, sources[3];
    uint8_t count; /* of sources */
};
const struct lane_row *gpu_lane_row(const char *name);

#endif
