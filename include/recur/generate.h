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
 * vocabulary has a line feed, else from "<unk>". Behind a prompt that ends in a space a model of
 * byte pairs goes on with a token that begins with one (recur_prompt_mask). `sampling` may be NULL:
 * the defaults; `generation` may be NULL. Everything runs on the caller's thread, `text` is called
 * there as well. Errors: ARGUMENT where the model has no vocabulary or the sampler's settings are
 * impossible; MEMORY; UNSUPPORTED as recur_session_create; DIVERGED where the model's weights are
 * so large that a logit is not finite; and whatever `text` returns. */
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

/* The same with several models of one vocabulary, a stepper of each: the probabilities that the
 * sampler draws from are the mean of theirs. Errors: likewise; ARGUMENT where there is no stepper
 * or vocabularies differ. */
RECUR_API enum recur_status
recur_generate_ensemble(recur_stepper *const *steppers, size_t stepper_count, const char *prompt,
                        size_t prompt_size, size_t count, const recur_sampler_config *sampling,
                        recur_text_fn *text, void *user, recur_generation *generation,
                        recur_error *error);

#define RECUR_BEAM_WIDTH_MAX 1024 /* the most continuations that go on at a time */

/* How the most probable continuation is searched. */
typedef struct recur_beam_config {
    size_t size;           /* as recur_beam_config_default() sets it; leave it alone */
    size_t width;          /* how many continuations go on at a time, 1 to RECUR_BEAM_WIDTH_MAX;
                              1 is greedy; default 4 */
    double length_penalty; /* [0, 100]: a continuation Y that ended is worth
                              ln P(Y) / ((5 + |Y|) / 6)^penalty (Wu et al. 2016): above 0 longer
                              ones are worth more; default 0 */
    const char *stop; /* a continuation ends before this text, which is compared token by token;
                         NULL: all have as many tokens; default NULL */
} recur_beam_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_beam_config_init(recur_beam_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_beam_config recur_beam_config_default(void)
{
    recur_beam_config config;
    recur_beam_config_init(&config, sizeof config);
    return config;
}

/* Beam search: hands `text` the continuation that is worth most of those that were found, of up to
 * `count` tokens. After each token the `width` most probable continuations go on, and the search
 * ends once as many have ended. "<unk>" and the reserved tokens are in none. Nothing is drawn:
 * there is no seed. `config` may be NULL: the defaults. The stepper advances all of them at once
 * where its batch is as large. Errors: as recur_generate. */
RECUR_API enum recur_status recur_generate_beam(recur_stepper *stepper, const char *prompt,
                                                size_t prompt_size, size_t count,
                                                const recur_beam_config *config,
                                                recur_text_fn *text, void *user,
                                                recur_generation *generation, recur_error *error);

/* What a session reads of a prompt before it goes on. */
typedef struct recur_prompt {
    int32_t *ids;   /* allocated: free() it */
    size_t count;   /* how many, at least 1 */
    size_t tokens;  /* of which the prompt's: all, or 0 where it has none and the id is that of a
                       line feed, or "<unk>" */
    size_t unknown; /* of which the vocabulary lacks */
} recur_prompt;

/* Encodes a prompt as recur_generate reads it: with the space at its end that says that a word is
 * complete, which cleaning to letters takes away; but of byte pairs without it, because the next
 * token has it: recur_prompt_mask. Errors: MEMORY. */
RECUR_API enum recur_status recur_prompt_encode(const recur_vocab *vocab, const char *text,
                                                size_t size, recur_prompt *prompt,
                                                recur_error *error);

/* The logits (V) of the token that follows a prompt. Where recur_prompt_encode has left out the
 * space at the text's end, only tokens that begin with a space may follow: `masked` (V) becomes the
 * logits with -infinity for all others, and is returned (token healing). Elsewhere it returns
 * `logits` and leaves `masked` alone. A detokenizer that was made with the same text writes the
 * first token without that space. */
RECUR_API const float *recur_prompt_mask(const recur_vocab *vocab, const char *text, size_t size,
                                         const float *logits, float *masked);

/* What makes text of tokens as they come; opaque. */
typedef struct recur_detokenizer recur_detokenizer;

/* Makes one for tokens that follow a text of `size` bytes, whose end says whether a space parts
 * them, or is the first byte of the first one (recur_prompt_mask). The vocabulary must outlive it.
 * It belongs to the caller: recur_detokenizer_free. Errors: MEMORY. */
RECUR_API enum recur_status recur_detokenizer_create(const recur_vocab *vocab, const char *before,
                                                     size_t size, recur_detokenizer **detokenizer,
                                                     recur_error *error);

/* Releases one; NULL is fine. */
RECUR_API void recur_detokenizer_free(recur_detokenizer *detokenizer);

/* Hands a token's text to `text`, as recur_generate does: bytes of a character that is not complete
 * wait for the next tokens. Errors: whatever `text` returns. */
RECUR_API enum recur_status recur_detokenizer_put(recur_detokenizer *detokenizer, int32_t id,
                                                  recur_text_fn *text, void *user,
                                                  recur_error *error);

/* Hands over the bytes that wait, for there are no more tokens. Errors: likewise. */
RECUR_API enum recur_status recur_detokenizer_end(recur_detokenizer *detokenizer,
                                                  recur_text_fn *text, void *user,
                                                  recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
