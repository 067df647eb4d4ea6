/* recur/evaluate.h - how well a model knows a text.
 *
 *     recur_evaluation evaluation;
 *     enum recur_status status = recur_evaluate(model, corpus, 0, 0, 0, &evaluation, error);
 *     if (status == RECUR_OK)
 *         printf("%llu tokens: perplexity %.1f, %.0f %% of them guessed\n",
 *                (unsigned long long)evaluation.tokens, evaluation.perplexity,
 *                100 * evaluation.accuracy);
 *
 * Threads: model and corpus are only read, but by recur_evaluate_dynamic, which changes the model;
 * any number of threads may evaluate at the same time. */
#ifndef RECUR_EVALUATE_H
#define RECUR_EVALUATE_H

#include "recur/corpus.h"
#include "recur/training.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an evaluation came to. */
typedef struct recur_evaluation {
    uint64_t tokens;           /* predicted: all of the text's, in a language model but the first */
    double loss;               /* mean, nats per token */
    double perplexity;         /* e^loss */
    double bits_per_character; /* loss / ln 2 for characters; for other tokens the text's bits
                                  over its characters */
    double accuracy;           /* share of the tokens that the model held the most probable */
} recur_evaluation;

/* Predicts every token of corpus ids [first, first + count); count 0 means to the end. A language
 * model does it from the tokens before: the text runs in up to 32 parallel streams, each warmed up
 * on the tokens before it, which do not count again. A model that fills in does it from the tokens
 * around, in windows with at least 64 tokens on either side or all there are.
 * `threads` 0: as many as the process may use.
 * Errors: ARGUMENT (a larger vocabulary than the model's, ids outside the corpus), DATA (fewer than
 * two tokens), MEMORY, DIVERGED where the model's weights are so large that the loss is not finite,
 * UNSUPPORTED for a bidirectional language model, which sees what it is to predict. */
RECUR_API enum recur_status recur_evaluate(const recur_model *model, const recur_corpus *corpus,
                                           size_t first, size_t count, size_t threads,
                                           recur_evaluation *evaluation, recur_error *error);

/* recur_evaluate of a whole text by several ranks, which share the streams or windows; all ranks
 * call it, and get the bits of one. `seconds`: after so many without an answer a rank is given up.
 * Where one fails in its part all return its error, whose sentence begins with "rank 2:". Errors:
 * likewise; DATA where ranks have different models or texts; FILE, or what the communicator's
 * functions return, where a rank is given up. */
RECUR_API enum recur_status recur_evaluate_ranks(const recur_ranks *ranks, const recur_model *model,
                                                 const recur_corpus *corpus, size_t threads,
                                                 double seconds, recur_evaluation *evaluation,
                                                 recur_error *error);

/* recur_evaluate with several models of one vocabulary that predict together: the probability of a
 * token is the mean of theirs. The accuracy of more than one is NaN. Errors: likewise; ARGUMENT
 * where there is none, or vocabularies or tasks differ. */
RECUR_API enum recur_status recur_evaluate_ensemble(const recur_model *const *models,
                                                    size_t model_count, const recur_corpus *corpus,
                                                    size_t first, size_t count, size_t threads,
                                                    recur_evaluation *evaluation,
                                                    recur_error *error);

/* How a model learns from the text that it is evaluated on. */
typedef struct recur_dynamic_config {
    size_t size;                    /* as recur_dynamic_config_default() sets it; leave it alone */
    size_t steps;                   /* tokens between two updates, through which the gradient goes
                                       back; default 32 */
    enum recur_optimizer optimizer; /* default rmsprop */
    float lr;                       /* learning rate > 0; default 0.0005 */
    float clip;                     /* global-norm clip >= 0; 0: none; default 1 */
    float decay;                    /* [0, 1): each update ends with a step of this share of the way
                                       back to the first parameters; default 0.002 */
} recur_dynamic_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_dynamic_config_init(recur_dynamic_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_dynamic_config recur_dynamic_config_default(void)
{
    recur_dynamic_config config;
    recur_dynamic_config_init(&config, sizeof config);
    return config;
}

/* Dynamic evaluation (Mikolov et al. 2010; Krause et al. 2018): a language model reads the text
 * once, in one stream, predicts the next `steps` tokens with the parameters that it has, then
 * learns from them. So no token is predicted by parameters that have seen it. The accuracy is NaN.
 *
 * Afterwards the model has the parameters that it ended with: it is adapted to the text. Steppers
 * over it are refreshed (recur_stepper_refresh). It is computed on the CPU. `config` may be NULL:
 * the defaults. Errors: as recur_evaluate; UNSUPPORTED for a quantised model and for one that
 * fills blanks; ARGUMENT for a value outside its range; DIVERGED where the loss is no longer
 * finite, after which the parameters are worth nothing. */
RECUR_API enum recur_status recur_evaluate_dynamic(recur_model *model, const recur_corpus *corpus,
                                                   size_t first, size_t count,
                                                   const recur_dynamic_config *config,
                                                   size_t threads, recur_evaluation *evaluation,
                                                   recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
