/* The stand-in's programs: PTX text, read once and made into instructions that a warp can run.
 *
 *     text --ptx_read.c--> statements --decode.c--> instructions --scheduler.c--> run
 *
 * A register has one slot for each of the 32 lanes: 4 bytes a lane up to 32 bits, 8 bytes a lane
 * for 64 bits; a predicate is a mask of lanes. Constants are slots too, in a bank of the module's.
 */
#ifndef TESTS_GPU_PTX_H
#define TESTS_GPU_PTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 32, ALL_LANES_BYTES = LANES * 4, OPERANDS_MAX = 20, NAME_MAX_BYTES = 160 };

struct warp;
struct instruction;
typedef void run_function(struct warp *, const struct instruction *, uint32_t mask);

enum type_kind { KIND_BITS, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT, KIND_PREDICATE };

/* As PTX names them. */
enum type {
    TYPE_NONE,
    TYPE_B8,
    TYPE_B16,
    TYPE_B32,
    TYPE_B64,
    TYPE_U8,
    TYPE_U16,
    TYPE_U32,
    TYPE_U64,
    TYPE_S8,
    TYPE_S16,
    TYPE_S32,
    TYPE_S64,
    TYPE_F16,
    TYPE_BF16,
    TYPE_F16X2,
    TYPE_BF16X2,
    TYPE_TF32,
    TYPE_F32,
    TYPE_F64,
    TYPE_PRED,
    TYPES
};

struct type_row {
    const char *name;
    enum type_kind kind;
    unsigned bytes;
};
extern const struct type_row gpu_types[TYPES];

enum space {
    SPACE_GENERIC,
    SPACE_GLOBAL,
    SPACE_CONST,
    SPACE_SHARED,  /* of the block, or of the cluster where the address says so */
    SPACE_CLUSTER, /* .shared::cluster */
    SPACE_LOCAL,
    SPACE_PARAM, /* of the kernel */
    SPACES
};

/* Where an operand's lanes are. */
struct operand {
    uint32_t at;      /* bytes into its bank */
    uint8_t bank;     /* BANK_... */
    uint8_t bytes;    /* of a lane: 4 or 8; 0: a predicate */
    bool negated;     /* a predicate after ! */
    bool nothing;     /* _ */
    bool result;      /* is written */
    int64_t offset;   /* of an address: added to the register, or the whole address */
    bool no_register; /* an address without a register */
    bool dynamic;     /* the offset counts from the dynamic part of shared memory */
};
enum { BANK_REGISTERS, BANK_CONSTANTS, BANKS };

/* Where a thread goes on: FLOW_BRANCH: at the target; FLOW_END: nowhere. */
enum { FLOW_NEXT, FLOW_BRANCH, FLOW_END };

struct instruction {
    run_function *run;
    const struct operand *o;
    uint32_t guard; /* bytes into the registers: the predicate behind @ */
    bool guarded, guard_negated;
    bool passes;   /* its operands are variables that a call passes, not registers */
    uint8_t flow;  /* FLOW_... */
    uint8_t count; /* of operands */
    uint8_t space, bytes /* of an element */, vector /* elements */;
    uint8_t type, from_type, mode, boolean;
    bool flag[2];
    uint32_t target; /* of a branch or a call: an instruction */
    uint32_t line;
    const char *text; /* the statement; not terminated */
    uint32_t length;
};

/* Registers that every function has: the first slots. */
enum special {
    SPECIAL_TID_X,
    SPECIAL_TID_Y,
    SPECIAL_TID_Z,
    SPECIAL_NTID_X,
    SPECIAL_NTID_Y,
    SPECIAL_NTID_Z,
    SPECIAL_CTAID_X,
    SPECIAL_CTAID_Y,
    SPECIAL_CTAID_Z,
    SPECIAL_NCTAID_X,
    SPECIAL_NCTAID_Y,
    SPECIAL_NCTAID_Z,
    SPECIAL_LANEID,
    SPECIAL_WARPID,
    SPECIAL_NWARPID,
    SPECIAL_SMID,
    SPECIAL_NSMID,
    SPECIAL_CLUSTERID_X,
    SPECIAL_CLUSTERID_Y,
    SPECIAL_CLUSTERID_Z,
    SPECIAL_NCLUSTERID_X,
    SPECIAL_NCLUSTERID_Y,
    SPECIAL_NCLUSTERID_Z,
    SPECIAL_CLUSTER_CTAID_X,
    SPECIAL_CLUSTER_CTAID_Y,
    SPECIAL_CLUSTER_CTAID_Z,
    SPECIAL_CLUSTER_NCTAID_X,
    SPECIAL_CLUSTER_NCTAID_Y,
    SPECIAL_CLUSTER_NCTAID_Z,
    SPECIAL_CLUSTER_CTARANK,
    SPECIAL_CLUSTER_NCTARANK,
    SPECIAL_LANEMASK_EQ,
    SPECIAL_LANEMASK_LT,
    SPECIAL_LANEMASK_LE,
    SPECIAL_LANEMASK_GT,
    SPECIAL_LANEMASK_GE,
    SPECIAL_DYNAMIC_SMEM_SIZE,
    SPECIAL_TOTAL_SMEM_SIZE,
    SPECIALS
};
extern const char *const gpu_special_names[SPECIALS];

/* What stands beside each byte of memory. */
enum { SHADOW_UNWRITTEN, SHADOW_WRITTEN, SHADOW_MBARRIER, SHADOW_IN_FLIGHT, SHADOW_OUTSIDE };

struct parameter {
    char name[NAME_MAX_BYTES];
    uint32_t offset, bytes, align;
};

/* An entry or a device function. */
struct function {
    char name[NAME_MAX_BYTES];
    bool entry;
    uint32_t line;
    struct parameter *parameters, *results;
    uint32_t parameter_count, result_count, parameter_bytes;
    uint32_t first, instructions; /* of the module's */
    uint32_t shared_bytes;        /* declared, in the function or before it in the module */
    uint32_t max_threads, required_threads[3], required_cluster[3];
    uint32_t return_slot;  /* of a device function: the instruction that each lane returns to */
    uint32_t register_end; /* bytes of its slots, the special ones included */
    uint32_t registers;    /* 32-bit registers alive at once, an estimate */
    bool uses_dynamic_shared;
};

/* A variable in device memory. */
struct variable {
    char name[NAME_MAX_BYTES];
    enum space space;
    uint32_t bytes, align;
    unsigned char *initial; /* NULL: zeros */
    uint64_t address;
};

struct module {
    char *text; /* the PTX without comments */
    const char *version, *target;
    unsigned ptx_version;  /* 78: 7.8 */
    unsigned architecture; /* 90: sm_90 */
    struct function *functions;
    uint32_t function_count;
    struct instruction *code;
    uint32_t code_count;
    struct variable *variables;
    uint32_t variable_count;
    unsigned char *constants;
    uint32_t register_bytes;     /* of a warp */
    uint32_t local_bytes;        /* of a lane */
    unsigned char *local_shadow; /* of a lane, before it runs: SHADOW_... */
    uint32_t shared_bytes;       /* of a block: variables outside functions */
    uint32_t dynamic_shared;     /* where the dynamic part begins, for all functions */
};

/* Reads and decodes. Ends the program where the text has anything that the stand-in does not know.
 */
struct module *gpu_module_read(const char *text);
void gpu_module_free(struct module *);

#endif
