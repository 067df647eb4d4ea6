/* For tests of the stand-in: runs hand-written PTX, and sees programs end. */
#ifndef TESTS_GPU_HARNESS_H
#define TESTS_GPU_HARNESS_H

#include "driver_api.h"

/* A kernel of 32-bit words in and out: `body` is PTX with %in and %out (64-bit addresses of global
 * memory), %t (the thread), %p0-7, %r0-31, %rd0-31, %f0-31, %fd0-7, %h0-15. */
struct trial {
    const char *head; /* in front of the kernel: variables, functions; or NULL */
    const char *body;
    unsigned blocks, threads, cluster; /* 0: 1, 32, 1 */
    unsigned shared;                   /* dynamic */
    const uint32_t *in;
    unsigned in_words;
    uint32_t *out; /* has 0xdddddddd where nothing was written */
    unsigned out_words;
    int cooperative;
    unsigned architecture; /* 0: 90 */
};
/* The whole module, to be freed. */
char *trial_text(const struct trial *);
void trial_run(const struct trial *);
/* The trial ends the program with a sentence that has `part`. */
void trial_ends(const struct trial *, const char *part);
/* Whatever ends the program. */
void program_ends(void (*run)(const void *), const void *with, const char *part);
/* With the variable set, in a program of its own: `run` must return. */
void program_runs(void (*run)(const void *), const void *with, const char *variable,
                  const char *value);
/* Initialised, with a context. */
void standin_begin(void);
void standin_end(void);

#endif
