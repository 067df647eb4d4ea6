/* exp, tanh and the logistic function of a vector.
 *
 * exp: x = n ln 2 + r with |r| <= ln 2 / 2; e^r - 1 = r + r^2 q(r) with a polynomial q of degree 4
 * whose largest relative error is as small as possible (1.3e-8); then 2^n by the exponent's bits.
 * tanh goes through e^{2x} - 1, whose relative error stays small near 0, where 2 sigmoid(2x) - 1
 * would lose every digit.
 *
 * Errors over all floats are below 2 ulp for exp and 3 ulp for tanh and the logistic function
 * (tests/kernels/test_vmath.c). Below -87 exp and the logistic function stay at e^-87. A NaN stays
 * a NaN. */
#ifndef RECUR_BACKEND_CPU_KERNELS_VMATH_H
#define RECUR_BACKEND_CPU_KERNELS_VMATH_H

#include "backend/cpu/kernels/vector.h"

#ifdef RECUR_DOUBLE

#define EACH_LANE(name, expression)                                                                \
    INLINE vec name(vec x)                                                                         \
    {                                                                                              \
        for (size_t i = 0; i < VL; i++)                                                            \
            x[i] = (expression);                                                                   \
        return x;                                                                                  \
    }
EACH_LANE(vexp, exp(x[i]))
EACH_LANE(vtanh, tanh(x[i]))
EACH_LANE(vsigmoid, 1 / (1 + exp(-x[i])))
#undef EACH_LANE

#else

/* x limited to [-limit, limit]; a NaN passes. */
INLINE vec clamp(vec x, real limit)
{
    return vmax(splat(-limit), vmin(splat(limit), x));
}

/* Sets *scale = 2^n and returns e^r - 1, so that e^x = scale + scale * result, for |x| <= 87. */
INLINE vec expm1_reduced(vec x, vec *scale)
{
    const real shift = 0x1.8p23f; /* after this addition the low bits hold the nearest integer */
    vec t = x * 0x1.715476p+0f + shift;
    vec n = t - shift;
    vec r = x - n * 0x1.62e4p-1f - n * 0x1.7f7d1cp-20f; /* ln 2 in two parts; n times the first
                                                           is exact */
    *scale = (vec)(((uvec)t << 23) + 0x3f800000);
    vec q = 0x1.6bec02p-10f * r + 0x1.122776p-7f;
    q = q * r + 0x1.555674p-5f;
    q = q * r + 0x1.5554b0p-3f;
    q = q * r + 0x1.fffffep-2f;
    return q * (r * r) + r;
}

/* e^x for |x| <= 87. */
INLINE vec exp_inside(vec x)
{
    vec scale, m = expm1_reduced(x, &scale);
    return scale + scale * m;
}

/* e^x, limited to [e^-87, e^87]. */
INLINE vec vexp(vec x)
{
    return exp_inside(clamp(x, 87));
}

/* The logistic function. The sign is changed after the clamp, where a multiply-add does it at no
 * cost. */
INLINE vec vsigmoid(vec x)
{
    return 1 / (1 + exp_inside(-clamp(x, 87)));
}

/* (e^{2x} - 1) / (e^{2x} + 1); from 9.1 on it rounds to 1. */
INLINE vec vtanh(vec x)
{
    vec scale, m = expm1_reduced(clamp(2 * x, 18.3f), &scale);
    vec e = scale * m + (scale - 1);
    return e / (e + 2);
}

#endif

#endif
