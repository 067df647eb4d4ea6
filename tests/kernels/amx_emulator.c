/* AMX on processors that have none. Such a processor refuses the instructions (SIGILL); this file
 * then executes them as the Software Developer's Manual of Intel 64 and IA-32, volume 2, describes
 * them, and refuses them where the manual says so. So a program that is linked with this file runs
 * the same code as on a processor with AMX, table included; only its times mean nothing.
 *
 * The program is linked with --wrap=recur_amx_present and --wrap=recur_amx_permit, so that every
 * processor that can run the rest of the table `amx` has this table. */
#define _GNU_SOURCE /* REG_RIP and the others */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "backend/cpu/kernels/amx_permission.h"

bool __real_recur_amx_present(void);
bool __wrap_recur_amx_present(void);
bool __real_recur_amx_permit(void);
bool __wrap_recur_amx_permit(void);

#ifdef RECUR_X86
#include <immintrin.h>

enum { TILES = 8, ROWS_MAX = 16, BYTES_MAX = 64, PREFIX = 0xc4 };
/* Bits of MXCSR: FTZ and DAZ; all exceptions. */
enum { DENORMALS_ARE_ZERO = 0x8040, EXCEPTIONS_MASKED = 0x1f80 };

struct tile {
    size_t rows, bytes;
    unsigned char data[ROWS_MAX][BYTES_MAX];
};

static _Thread_local struct tile tiles[TILES]; /* a tile without rows is not configured */
bool recur_amx_emulated;

/* Ends the program where the processor would refuse an instruction. */
static void must(bool condition, const char *otherwise)
{
    if (condition)
        return;
    fprintf(stderr, "an AMX instruction would be refused: %s\n", otherwise);
    abort();
}

/* A decoded instruction. */
struct instruction {
    unsigned opcode, mandatory, reg, rm, vvvv;
    bool memory, has_index;
    unsigned char *base; /* the address without the index */
    size_t index;        /* of the SIB byte, scaled */
    size_t length;
};

static size_t register_value(const ucontext_t *context, unsigned number)
{
    static const int place[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};
    return (size_t)context->uc_mcontext.gregs[place[number]];
}

static ptrdiff_t displacement(const unsigned char *code, size_t bytes)
{
    int32_t wide;
    memcpy(&wide, code, sizeof wide);
    return bytes == 4 ? wide : bytes ? (int8_t)*code : 0;
}

/* Decodes a memory operand: what follows the byte ModRM. */
static void decode_address(struct instruction *x, const ucontext_t *context,
                           const unsigned char *code, unsigned mod, unsigned extend_index,
                           unsigned extend_base)
{
    size_t address = 0, bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    const unsigned char *begin = code;
    if (x->rm == 4) {
        unsigned sib = *code++, base = sib & 7, index = (sib >> 3 & 7) | extend_index;
        x->has_index = true;
        if (index != 4)
            x->index = register_value(context, index) << (sib >> 6);
        if (base == 5 && mod == 0)
            bytes = 4;
        else
            address = register_value(context, base | extend_base);
    } else if (x->rm == 5 && mod == 0) { /* relative to the next instruction */
        bytes = 4;
        address = (size_t)(code + bytes);
    } else {
        address = register_value(context, x->rm | extend_base);
    }
    address += (size_t)displacement(code, bytes);
    x->base = (unsigned char *)address;
    x->length += (size_t)(code - begin) + bytes;
}

/* Whether it is an instruction of the map 0F 38 with a three-byte VEX prefix, as all AMX
 * instructions are. */
static bool decode(struct instruction *x, const ucontext_t *context)
{
    const unsigned char *code = (const unsigned char *)context->uc_mcontext.gregs[REG_RIP];
    if (code[0] != PREFIX || (code[1] & 31) != 2 || code[2] & 0x84) /* W and L are 0 */
        return false;
    unsigned inverted = ~(unsigned)code[1], modrm = code[4], mod = modrm >> 6;
    *x = (struct instruction){.opcode = code[3],
                              .mandatory = code[2] & 3,
                              .reg = (modrm >> 3 & 7) | (inverted >> 7 & 1) << 3,
                              .rm = modrm & 7,
                              .vvvv = ~(unsigned)code[2] >> 3 & 15,
                              .memory = mod != 3,
                              .length = 5};
    if (x->memory)
        decode_address(x, context, code + 5, mod, (inverted >> 6 & 1) << 3,
                       (inverted >> 5 & 1) << 3);
    return true;
}

static struct tile *tile_of(unsigned number)
{
    must(number < TILES, "no such tile");
    must(tiles[number].rows, "the tile is not configured");
    return &tiles[number];
}

static void release(void)
{
    memset(tiles, 0, sizeof tiles);
}

static void load_configuration(const unsigned char *bytes)
{
    release();
    if (!bytes[0])
        return;
    must(bytes[0] == 1, "no such palette");
    must(!bytes[1], "there is no interrupted load to go on with");
    for (size_t i = 2; i < 16; i++)
        must(!bytes[i], "reserved bytes of a configuration are not zero");
    for (size_t i = 0; i < 16; i++) {
        size_t width = bytes[16 + 2 * i] | (size_t)bytes[17 + 2 * i] << 8, rows = bytes[48 + i];
        must(width <= BYTES_MAX && rows <= ROWS_MAX, "a tile is too large");
        must(!width == !rows, "a tile has rows or columns alone");
        must(i < TILES || !rows, "there are eight tiles");
        if (i < TILES) {
            tiles[i].rows = rows;
            tiles[i].bytes = width;
        }
    }
}

static void store_configuration(unsigned char *bytes)
{
    memset(bytes, 0, 64);
    for (size_t i = 0; i < TILES; i++) {
        bytes[0] |= tiles[i].rows > 0;
        bytes[16 + 2 * i] = (unsigned char)tiles[i].bytes;
        bytes[48 + i] = (unsigned char)tiles[i].rows;
    }
}

static void load_tile(struct tile *tile, const struct instruction *x)
{
    memset(tile->data, 0, sizeof tile->data);
    for (size_t r = 0; r < tile->rows; r++)
        memcpy(tile->data[r], x->base + r * x->index, tile->bytes);
}

static void store_tile(const struct tile *tile, const struct instruction *x)
{
    for (size_t r = 0; r < tile->rows; r++)
        memcpy(x->base + r * x->index, tile->data[r], tile->bytes);
}

/* One half of every word, as a float. */
__attribute__((target("avx512f"))) static __m512 halves(__m512i words, size_t half)
{
    return _mm512_castsi512_ps(half ? _mm512_and_si512(words, _mm512_set1_epi32((int)0xffff0000))
                                    : _mm512_slli_epi32(words, 16));
}

static void check_operands(const struct tile *c, const struct tile *a, const struct tile *b)
{
    must(c != a && c != b && a != b, "operands are the same tile");
    must(a->bytes % 4 == 0 && b->bytes % 4 == 0 && c->bytes % 4 == 0, "columns are no words");
    must(c->rows == a->rows && c->bytes == b->bytes && a->bytes / 4 == b->rows,
         "sizes of operands do not fit");
}

/* Computes columns side by side; those beyond the tile's columns stay in `sum`. Denormal operands
 * and results count as zero; sums are rounded to nearest. */
__attribute__((target("avx512f"))) static void multiply(struct tile *c, const struct tile *a,
                                                        const struct tile *b)
{
    check_operands(c, a, b);
    const unsigned modes = _mm_getcsr();
    _mm_setcsr(DENORMALS_ARE_ZERO | EXCEPTIONS_MASKED);
    atomic_signal_fence(memory_order_seq_cst); /* a fence for the compiler, here and below */
    for (size_t m = 0; m < c->rows; m++) {
        __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()}, total;
        for (size_t k = 0; k < b->rows; k++) {
            int left;
            memcpy(&left, a->data[m] + 4 * k, sizeof left);
            for (size_t half = 0; half < 2; half++)
                sum[half] =
                    _mm512_fmadd_ps(halves(_mm512_set1_epi32(left), half),
                                    halves(_mm512_loadu_si512(b->data[k]), half), sum[half]);
        }
        total = _mm512_add_ps(_mm512_loadu_ps(c->data[m]), _mm512_add_ps(sum[0], sum[1]));
        memcpy(c->data[m], &total, c->bytes);
    }
    atomic_signal_fence(memory_order_seq_cst);
    _mm_setcsr(modes);
}

/* Sums of products of four bytes, those on the left without a sign. */
static void multiply_bytes(struct tile *c, const struct tile *a, const struct tile *b)
{
    check_operands(c, a, b);
    for (size_t m = 0; m < c->rows; m++)
        for (size_t n = 0; n < c->bytes / 4; n++) {
            int32_t sum;
            memcpy(&sum, c->data[m] + 4 * n, sizeof sum);
            for (size_t k = 0; k < a->bytes; k++)
                sum += a->data[m][k] * (int8_t)b->data[k / 4][4 * n + k % 4];
            memcpy(c->data[m] + 4 * n, &sum, sizeof sum);
        }
}

/* The mandatory prefixes: none, 66, F3, F2. */
enum mandatory { NONE, P66, PF3, PF2 };

static bool execute(const struct instruction *x)
{
    const bool tile_memory = x->opcode == 0x4b && x->memory && x->has_index;
    if (x->opcode == 0x49 && x->mandatory == NONE && x->memory && x->reg == 0)
        load_configuration(x->base + x->index);
    else if (x->opcode == 0x49 && x->mandatory == P66 && x->memory && x->reg == 0)
        store_configuration(x->base + x->index);
    else if (x->opcode == 0x49 && x->mandatory == NONE && !x->memory && !x->reg && !x->rm)
        release();
    else if (tile_memory && (x->mandatory == PF2 || x->mandatory == P66)) /* 66: TILELOADDT1 */
        load_tile(tile_of(x->reg), x);
    else if (tile_memory && x->mandatory == PF3)
        store_tile(tile_of(x->reg), x);
    else if (x->opcode == 0x5c && x->mandatory == PF3 && !x->memory)
        multiply(tile_of(x->reg), tile_of(x->rm), tile_of(x->vvvv));
    else if (x->opcode == 0x5e && x->mandatory == P66 && !x->memory)
        multiply_bytes(tile_of(x->reg), tile_of(x->rm), tile_of(x->vvvv));
    else
        return false;
    return true;
}

/* Executes all AMX instructions that follow each other: a signal takes longer than most of them. */
static void on_illegal(int number, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;
    struct instruction x;
    bool executed = false;
    (void)info;
    for (; decode(&x, context) && execute(&x); executed = true)
        context->uc_mcontext.gregs[REG_RIP] += (greg_t)x.length;
    if (!executed) /* the same signal comes again, and ends the program */
        sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* Takes the place of the C library's signal: cmocka asks for SIGILL before every test. */
__attribute__((visibility("default"))) sighandler_t signal(int number, sighandler_t handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;
    if (number == SIGILL && recur_amx_emulated)
        return SIG_DFL;
    return sigaction(number, &action, &before) ? SIG_ERR : before.sa_handler;
}

__attribute__((constructor)) static void begin(void)
{
    bool has_rest = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO | SA_NODEFER};
    bool there = __real_recur_amx_present();
    recur_amx_emulated = has_rest && !there && !sigaction(SIGILL, &action, NULL);
#ifdef AMX_ONLY
    if (recur_amx_emulated || (there && __real_recur_amx_permit()))
        return;
    puts("1..1\nok 1 # SKIP this processor cannot run the table amx");
    exit(0);
#endif
}

bool __wrap_recur_amx_present(void)
{
    return recur_amx_emulated || __real_recur_amx_present();
}

bool __wrap_recur_amx_permit(void)
{
    return recur_amx_emulated || __real_recur_amx_permit();
}
#endif
