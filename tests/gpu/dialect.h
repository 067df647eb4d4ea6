/* Functions of plain C that a kernel and the test compute alike, bit by bit: what clang makes of
 * loops, calls, arrays, divisions and conversions. DIALECT is what stands in front of a function.
 */
#ifndef TESTS_GPU_DIALECT_H
#define TESTS_GPU_DIALECT_H

typedef unsigned int u32;
typedef unsigned long long u64;

/* A float between -2 and 2, or so. */
DIALECT float some_float(u32 bits)
{
    return (float)(int)(bits & 0xffff) / 16384.0f - 2.0f;
}

DIALECT u32 bits_of(float x)
{
    union {
        float x;
        u32 bits;
    } both = {x};
    return both.bits;
}

DIALECT u32 divisions(u32 a, u32 b)
{
    int x = (int)a, y = (int)(b & 1023) - 512;
    u64 wide = (u64)a << 20 | b, by = (u64)b * b + 1;
    u32 sum = y ? (u32)(x / y) + (u32)(x % y) : 7;
    return sum + (u32)(wide / by) * 3 + (u32)(wide % by) + a / (b | 1) + a % 10;
}

DIALECT u32 shifts(u32 a, u32 b)
{
    long long wide = (long long)((u64)a << 32 | b);
    short small = (short)a;
    signed char tiny = (signed char)b;
    return (u32)(wide >> (b & 63)) ^ (a << (b & 31)) ^ (u32)((int)a >> (a & 31)) ^
           (u32)(small * tiny) ^ (u32)(unsigned char)(a + b) ^ (u32)__builtin_popcount(a) ^
           (u32)__builtin_clz(b | 1);
}

DIALECT u32 floats(u32 a, u32 b)
{
    float x = some_float(a), y = some_float(b), z = x * y + x;
    double wide = (double)x * (double)y + 1.0 / ((double)y * (double)y + 1.0);
    z = z / (y * y + 1.0f) + __builtin_sqrtf(x * x + 0.25f);
    z = x < y ? z : -z;
    return bits_of(z) ^ bits_of((float)wide) ^ (u32)(int)(x * 100.0f) ^ bits_of((float)a) ^
           bits_of((float)(int)b) ^
           bits_of(__builtin_floorf(x * 3.0f) + __builtin_truncf(y * 5.0f));
}

/* The array is indexed by what is not known before: it lies in local memory. */
DIALECT u32 arrays(u32 a, u32 b)
{
    u32 box[16];
    for (u32 k = 0; k < 16; k++)
        box[k] = a * k + b;
    for (u32 k = 0; k < 16; k++)
        box[(a + k) & 15] += box[(b + 3 * k) & 15];
    return box[a & 15] ^ box[b & 15];
}

DIALECT u32 loops(u32 a, u32 b)
{
    u32 steps = 0, x = (a & 255) + 1; /* of Collatz: lanes part */
    while (x != 1 && steps < 300) {
        x = x & 1 ? 3 * x + 1 : x / 2;
        steps++;
        if ((steps ^ b) % 61 == 0)
            break;
    }
    return steps * 1000 + x;
}

DIALECT u32 choices(u32 a, u32 b)
{
    switch (a & 7) {
    case 0: return b + 1;
    case 1: return b * 3;
    case 2: return loops(b, a);
    case 3: return b ^ 0x55;
    case 5: return arrays(b, a) + 1;
    case 6: return ~b;
    default: return b - a;
    }
}

enum { DIALECT_CASES = 6 };

DIALECT u32 dialect(u32 which, u32 a, u32 b)
{
    return which == 0   ? divisions(a, b)
           : which == 1 ? shifts(a, b)
           : which == 2 ? floats(a, b)
           : which == 3 ? arrays(a, b)
           : which == 4 ? loops(a, b)
                        : choices(a, b);
}

#endif
