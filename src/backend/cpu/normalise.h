/* Layer normalisation in a step (Ba, Kiros & Hinton 2016; the arithmetic: kernels/normalise.h). A
 * mean is over all units of a row, so the threads that share the units meet between the products
 * and the cell, and before c is normalised. Then each of them sums the whole row by itself, because
 * that takes less time than to meet once more. On the way back, where gradients take the place of
 * what others would sum, each sums its own panels of units before they meet, and all panels' sums
 * behind it. Every sum has one order: the bits are the same on any number of threads. Forward keeps
 * the products and the means, from which backward computes the gates again.
 *
 * The gradients of gains and biases are sums over steps, for each sequence by itself, and then over
 * sequences: threads share out sequences, and never a sum. For each unit panel:
 *
 *     arguments    panels (B, 32): the gradients of the arguments (nn/cell.h) at one step
 *     bias_sums    the same, of all steps
 *     gain_sums    of each slot, and of c, the gradient times the normalised number, of all steps
 */
#ifndef RECUR_BACKEND_CPU_NORMALISE_H
#define RECUR_BACKEND_CPU_NORMALISE_H

#include "backend/cpu/partition.h"

/* Gains and biases of one panel of gates, and with gate 0 those of c, as the arithmetic reads them;
 * the biases of gates are in place. */
void recur_pass_normalise_prepare(const struct recur_pass *pass, size_t l, size_t d, size_t panel);

/* After the products of step t, which all threads of the partition have done: the cell's
 * arithmetic. They have met again when it returns. */
void recur_pass_normalise_forward(const struct recur_pass *pass,
                                  const struct recur_partition *partition, size_t l, size_t d,
                                  size_t t);

/* Before the first step back: sets the sums of unit panel u to zero. */
void recur_pass_normalise_begin(const struct recur_pass *pass,
                                const struct recur_partition *partition, size_t l, size_t d,
                                size_t u);

/* One step back, where dh is complete: the gradients of the products, in their place. */
void recur_pass_normalise_backward(const struct recur_pass *pass,
                                   const struct recur_partition *partition, size_t l, size_t d,
                                   size_t t);

/* The gradients of gains and biases of one panel of gates, and with gate 0 those of c, over some
 * sequences, to the flat array `gradients`. */
void recur_pass_normalise_gradients(const struct recur_pass *pass, size_t l, size_t d, size_t panel,
                                    real *gradients, struct recur_range sequences);

#endif
