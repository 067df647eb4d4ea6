/* The number type of the arithmetic: float. The gradient checks compile kernels and nn once more
 * with RECUR_DOUBLE, where central differences leave ten correct digits. */
#ifndef RECUR_BASE_REAL_H
#define RECUR_BASE_REAL_H

#ifdef RECUR_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
