/* recur/session.h - one stream's hidden state over a shared model, a token at a time.
 *
 *     recur_session_create(model, &session, &error);
 *     const float *logits = recur_session_feed(session, id);
 *     int32_t next = recur_sample(sampler, logits);
 *
 * Nothing is allocated once a session and a sampler exist. The model must outlive its sessions;
 * each session and each sampler is used by one thread at a time. */
#ifndef RECUR_SESSION_H
#define RECUR_SESSION_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct recur_session recur_session;

/* A session with a zero state. It belongs to the caller: recur_session_free. Errors: MEMORY;
 * UNSUPPORTED for a bidirectional model, which would have to read tokens that do not exist yet,
 * and for one that fills in. */
RECUR_API enum recur_status recur_session_create(const recur_model *model, recur_session **session,
                                                 recur_error *error);
RECUR_API void recur_session_free(recur_session *session); /* NULL is fine */

/* Back to the zero state. Due as well after the model's parameters were changed, by training or
 * by recur_model_set_tensor: a session keeps sums of biases. */
RECUR_API void recur_session_reset(recur_session *session);

/* Feeds one token and returns the logits of the next, (V), which belong to the session and live
 * until the next call. An id out of range is read as RECUR_UNKNOWN. */
RECUR_API const float *recur_session_feed(recur_session *session, int32_t id);

/* How the next token is chosen. The filters apply in this order: temperature, top-k, top-p,
 * min-p; "<unk>" and the reserved tokens are never chosen while another token has probability. */
typedef struct recur_sampler_config {
    size_t size;       /* as recur_sampler_config_default() sets it; leave it alone */
    float temperature; /* >= 0; 0 is greedy: the most probable token; default 0.8 */
    size_t top_k;      /* only the k most probable tokens; 0: all; default 0 */
    float top_p;       /* only the smallest set of tokens that together has this probability,
                          (0, 1]; default 1 (Holtzman et al. 2020) */
    float min_p;       /* only tokens with at least this share of the best one's probability,
                          [0, 1]; default 0 (Nguyen et al. 2024) */
    uint64_t seed;     /* default 1 */
} recur_sampler_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_sampler_config_init(recur_sampler_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_sampler_config recur_sampler_config_default(void)
{
    recur_sampler_config config;
    recur_sampler_config_init(&config, sizeof config);
    return config;
}

typedef struct recur_sampler recur_sampler;

/* A sampler for models of `vocabulary` tokens; ids below `reserved` + 1 are special (see above).
 * Errors: ARGUMENT (a value outside its range), MEMORY. */
RECUR_API enum recur_status recur_sampler_create(const recur_sampler_config *config,
                                                 size_t vocabulary, size_t reserved,
                                                 recur_sampler **sampler, recur_error *error);
RECUR_API void recur_sampler_free(recur_sampler *sampler); /* NULL is fine */

/* Chooses the next token from `logits` (V). */
RECUR_API int32_t recur_sample(recur_sampler *sampler, const float *logits);

#ifdef __cplusplus
}
#endif

#endif
