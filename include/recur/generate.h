/* recur/generate.h - continuing a prompt. */
#ifndef RECUR_GENERATE_H
#define RECUR_GENERATE_H

#include "recur/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Receives text as it is made: whole UTF-8 characters only, never empty; not terminated. Byte
 * models may make bytes that are no UTF-8: each such byte arrives as U+FFFD.
 * Return 0 to go on, anything else to stop. */
typedef int recur_text_fn(void *user, const char *bytes, size_t size);

typedef struct recur_generation {
    size_t prompt_tokens;  /* fed */
    size_t prompt_unknown; /* of which the model's vocabulary lacks */
    size_t tokens;         /* made */
} recur_generation;

/* Feeds `prompt` to a fresh session and makes up to `count` tokens, which `text` receives (words
 * are joined by one space). An empty prompt starts from the first line feed's state where the
 * vocabulary has a line feed, else from "<unk>". `generation` may be NULL.
 * Errors: ARGUMENT where the model has no vocabulary or the sampler's settings are impossible;
 * MEMORY; UNSUPPORTED as recur_session_create; DIVERGED where the model's weights are so large that
 * a logit is not finite. */
RECUR_API enum recur_status recur_generate(const recur_model *model, const char *prompt,
                                           size_t prompt_size, size_t count,
                                           const recur_sampler_config *sampling,
                                           recur_text_fn *text, void *user,
                                           recur_generation *generation, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
