/* recur/generate.h - continuing a prompt.
 *
 *     recur_sampler_config sampling = recur_sampler_config_default();
 *     recur_generation made;
 *     sampling.temperature = 0.7F;
 *     sampling.seed = seed;
 *     fputs(prompt, stdout);
 *     enum recur_status status =
 *         recur_generate(model, prompt, strlen(prompt), count, &sampling, show, stdout, &made,
 *                        error);
 *
 * where this shows each character as soon as it is made:
 *
 *     static enum recur_status show(void *user, const char *bytes, size_t size, recur_error *error)
 *     {
 *         FILE *stream = user;
 *         (void)error;
 *         fwrite(bytes, 1, size, stream);
 *         return fflush(stream) == 0 ? RECUR_OK : RECUR_STOP;
 *     }
 *
 * Threads: the model is only read; any number of threads may generate at the same time. For many
 * streams at once, or for tokens instead of text, see recur/session.h. */
#ifndef RECUR_GENERATE_H
#define RECUR_GENERATE_H

#include "recur/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Receives `size` bytes of text as it is made, never empty; not terminated, valid during the call.
 * UTF-8 arrives in whole characters. A model of bytes makes whatever its text was made of, KOI8-R
 * or a program: each of its bytes that belongs to no UTF-8 character arrives alone and as it is. It
 * goes on, stops or fails as recur/status.h says. */
typedef enum recur_status recur_text_fn(void *user, const char *bytes, size_t size,
                                        recur_error *error);

/* What a generation came to. */
typedef struct recur_generation {
    size_t prompt_tokens;  /* fed */
    size_t prompt_unknown; /* of which the model's vocabulary lacks */
    size_t tokens;         /* made */
} recur_generation;

/* Feeds `prompt` to a fresh session and makes up to `count` tokens, which `text` receives (words
 * are joined by one space). An empty prompt starts from the first line feed's state where the
 * vocabulary has a line feed, else from "<unk>". `sampling` may be NULL: the defaults; `generation`
 * may be NULL. Everything runs on the caller's thread, `text` is called there as well.
 * Errors: ARGUMENT where the model has no vocabulary or the sampler's settings are impossible;
 * MEMORY; UNSUPPORTED as recur_session_create; DIVERGED where the model's weights are so large that
 * a logit is not finite; and whatever `text` returns. */
RECUR_API enum recur_status recur_generate(const recur_model *model, const char *prompt,
                                           size_t prompt_size, size_t count,
                                           const recur_sampler_config *sampling,
                                           recur_text_fn *text, void *user,
                                           recur_generation *generation, recur_error *error);

/* The same with a stepper of the caller's: on its threads, and nothing is planned anew for each
 * prompt. Sessions that others feed through it in between are not disturbed. Errors: as
 * recur_generate. */
RECUR_API enum recur_status recur_generate_on(recur_stepper *stepper, const char *prompt,
                                              size_t prompt_size, size_t count,
                                              const recur_sampler_config *sampling,
                                              recur_text_fn *text, void *user,
                                              recur_generation *generation, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
