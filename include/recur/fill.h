/* recur/fill.h - blanks in a text, filled by a model of the task fill.
 *
 *     recur_filler *filler = NULL;
 *     recur_fill_config config = recur_fill_config_default();
 *     config.alternatives = 3;
 *     enum recur_status status = recur_filler_create(model, &config, &filler, error);
 *     if (status == RECUR_OK)
 *         status = recur_fill(filler, text, strlen(text), print, NULL, error);
 *     recur_filler_free(filler);
 *
 * where this receives the fillings:
 *
 *     static enum recur_status print(void *user, const recur_filling *filling, recur_error *error)
 *     {
 *         (void)user;
 *         (void)error;
 *         printf("%.4f  %.*s\n", filling->probability, (int)filling->size, filling->text);
 *         return RECUR_OK;
 *     }
 *
 * Blanks that stand near each other are filled together: candidates grow by one blank at a time,
 * and the search compares the probabilities of all their tokens together.
 *
 * Threads: a filler is used by one thread at a time; any number of fillers may share a model. */
#ifndef RECUR_FILL_H
#define RECUR_FILL_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What fills texts with one model; opaque. */
typedef struct recur_filler recur_filler;

/* How blanks are marked and how hard the search is to try. */
typedef struct recur_fill_config {
    size_t size;         /* as recur_fill_config_default() sets it; leave it alone */
    const char *blank;   /* the character that stands for one token, UTF-8; default "_". With a
                            model of words it must stand alone between spaces */
    size_t alternatives; /* how many fillings are wanted at most, >= 1; default 1 */
    size_t beam;         /* candidates that go on from blank to blank, >= 1; more find better
                            fillings of neighbouring blanks and take longer; default 16, and never
                            less than `alternatives` */
} recur_fill_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_fill_config_init(recur_fill_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_fill_config recur_fill_config_default(void)
{
    recur_fill_config config;
    recur_fill_config_init(&config, sizeof config);
    return config;
}

/* Makes a filler over `model`, which must outlive it; room for the search is made when there is a
 * text, as its blanks need it. `config` may be NULL: the defaults. The filler belongs to the
 * caller: recur_filler_free. Errors: ARGUMENT (a model without vocabulary, a blank that is no
 * single character, a number that is 0), UNSUPPORTED for a model of another task or without a token
 * to fill with, MEMORY. */
RECUR_API enum recur_status recur_filler_create(const recur_model *model,
                                                const recur_fill_config *config,
                                                recur_filler **filler, recur_error *error);

/* Releases a filler; NULL is fine. */
RECUR_API void recur_filler_free(recur_filler *filler);

/* A text with all its blanks filled; all else is as it was, whatever the model's cleaning. */
typedef struct recur_filling {
    const char *text;   /* valid during the call; not terminated */
    size_t size;        /* in bytes */
    size_t blanks;      /* how many were filled */
    double probability; /* of all of them together; 1 where there are none. Blanks that are far
                           apart count as independent of each other */
} recur_filling;

/* Receives the fillings of a text, the most probable first, at least one. It goes on, stops or
 * fails as recur/status.h says. */
typedef enum recur_status recur_filling_fn(void *user, const recur_filling *filling,
                                           recur_error *error);

/* Fills the blanks of a text of `size` bytes. Errors: MEMORY; DATA where a blank is no token of its
 * own; DIVERGED where the model's weights are so large that a logit is not finite; and whatever
 * `filling` returns. */
RECUR_API enum recur_status recur_fill(recur_filler *filler, const char *text, size_t size,
                                       recur_filling_fn *filling, void *user, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
