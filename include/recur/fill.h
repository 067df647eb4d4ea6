/* recur/fill.h - blanks in a text, filled by a model of the task fill.
 *
 *     recur_fill_config config = recur_fill_config_default();
 *     recur_filler_create(model, &config, &filler, &error);
 *     recur_fill(filler, "the time _rave_ler", 18, print, NULL, &error);
 *
 * Blanks that stand near each other are filled together: candidates grow by a blank at a time, and
 * what counts is the probability of all their tokens together. */
#ifndef RECUR_FILL_H
#define RECUR_FILL_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct recur_filler recur_filler;

typedef struct recur_fill_config {
    const char *blank;   /* the character that stands for one token, UTF-8; default "_". With a
                            model of words it must stand alone between spaces */
    size_t alternatives; /* how many fillings are wanted at most, >= 1; default 1 */
    size_t beam;         /* candidates that go on from blank to blank, >= 1; more find better
                            fillings of neighbouring blanks and take longer; default 16, and never
                            less than `alternatives` */
} recur_fill_config;

RECUR_API recur_fill_config recur_fill_config_default(void);

/* Plans for texts of any size over `model`, which must outlive the filler; a filler is used by one
 * thread at a time. Errors: ARGUMENT (a model without vocabulary, a blank that is no single
 * character, a number that is 0), UNSUPPORTED for a model of another task or without a token to
 * fill with, MEMORY. */
RECUR_API enum recur_status recur_filler_create(const recur_model *model,
                                                const recur_fill_config *config,
                                                recur_filler **filler, recur_error *error);
RECUR_API void recur_filler_free(recur_filler *filler); /* NULL is fine */

/* A text with all its blanks filled; all else is as it was, whatever the model's cleaning. */
typedef struct recur_filling {
    const char *text; /* valid during the call; not terminated */
    size_t size;
    size_t blanks;      /* how many were filled */
    double probability; /* of all of them together; 1 where there are none. Blanks that are far
                           apart count as independent of each other */
} recur_filling;

/* Receives the fillings of a text, the most probable first, at least one.
 * Return 0 to go on, anything else to stop. */
typedef int recur_filling_fn(void *user, const recur_filling *filling);

/* Fills the blanks of a text. Errors: MEMORY; DATA where a blank is no token of its own;
 * DIVERGED where the model's weights are so large that a logit is not finite. */
RECUR_API enum recur_status recur_fill(recur_filler *filler, const char *text, size_t size,
                                       recur_filling_fn *filling, void *user, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
