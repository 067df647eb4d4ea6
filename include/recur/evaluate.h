/* recur/evaluate.h - how well a model knows a text.
 *
 *     recur_evaluation evaluation;
 *     enum recur_status status = recur_evaluate(model, corpus, 0, 0, 0, &evaluation, error);
 *     if (status == RECUR_OK)
 *         printf("%llu tokens: perplexity %.1f, %.0f %% of them guessed\n",
 *                (unsigned long long)evaluation.tokens, evaluation.perplexity,
 *                100 * evaluation.accuracy);
 *
 * Threads: model and corpus are only read; any number of threads may evaluate at the same time. */
#ifndef RECUR_EVALUATE_H
#define RECUR_EVALUATE_H

#include "recur/corpus.h"
#include "recur/model.h"

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

#ifdef __cplusplus
}
#endif

#endif
