/* recur/session.h - streams of tokens over one shared model, one token at a time.
 *
 * A session is one stream's hidden state and nothing else: a few kilobytes. A stepper advances
 * sessions: it owns the working memory for a number of sessions at once, and threads of its own if
 * the caller wants them. This is a step of many streams, each with a sampler:
 *
 *     status = recur_stepper_feed_many(stepper, sessions, ids, count, logits, error);
 *     for (size_t i = 0; i < count && status == RECUR_OK; i++) {
 *         ids[i] = recur_sample(streams[i].sampler, logits + i * vocabulary);
 *         streams[i].written[t] = ids[i];
 *     }
 *
 * Sessions that are advanced together share each reading of the weights, so many sessions cost
 * little more than one. Every session ends in the same bits, alone or with others, in any order, on
 * any number of threads.
 *
 * Nothing is allocated once sessions, steppers and samplers exist.
 *
 * Threads: steppers only read the model, so any number of threads may have steppers over it. One
 * thread at a time uses a session, a stepper or a sampler; another thread may use it for the next
 * call. Any stepper of a model may advance any session of that model. The model must outlive them
 * all. */
#ifndef RECUR_SESSION_H
#define RECUR_SESSION_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One stream's hidden state over a model; opaque. */
typedef struct recur_session recur_session;

/* What advances the sessions of one model; opaque. */
typedef struct recur_stepper recur_stepper;

/* Makes a session with a zero state, which has read nothing. It belongs to the caller:
 * recur_session_free. Errors: MEMORY; UNSUPPORTED for a bidirectional model, which would have to
 * read tokens that do not exist yet, and for one that fills in. */
RECUR_API enum recur_status recur_session_create(const recur_model *model, recur_session **session,
                                                 recur_error *error);

/* Releases a session; NULL is fine. */
RECUR_API void recur_session_free(recur_session *session);

/* Back to the zero state. */
RECUR_API void recur_session_reset(recur_session *session);

/* Makes `session` go on where `from` stands: a prompt that many streams begin with is read once.
 * Errors: ARGUMENT where the two are of different models. */
RECUR_API enum recur_status recur_session_copy(recur_session *session, const recur_session *from,
                                               recur_error *error);

/* How many bytes each session of the model takes. */
RECUR_API size_t recur_session_bytes(const recur_model *model);

/* Plans for advancing up to `batch` sessions as one minibatch, on at most `threads` threads (0: as
 * many as the process may use); it starts only those that the model is large enough for. Memory
 * grows with `batch` times the sum of the model's widths and its vocabulary. A stepper of one
 * session splits the hidden units among the threads, each of which keeps its part of the weights in
 * its own cache, and now and then tries whether one thread alone is faster, as it is on processors
 * that are busy with something else. A server with threads of its own gives each one a stepper of 1
 * thread. Of a model that recur_model_set_device has put on a GPU, a stepper of 32 sessions or more
 * advances them there, to other last bits than the CPU's; smaller ones stay on the CPU. The stepper
 * belongs to the caller: recur_stepper_free.
 * Errors: ARGUMENT for a batch of 0; MEMORY; DEVICE; UNSUPPORTED as recur_session_create. */
RECUR_API enum recur_status recur_stepper_create(const recur_model *model, size_t batch,
                                                 size_t threads, recur_stepper **stepper,
                                                 recur_error *error);

/* Releases a stepper and its threads; sessions are not its own. NULL is fine. */
RECUR_API void recur_stepper_free(recur_stepper *stepper);

/* The model whose sessions it advances. */
RECUR_API const recur_model *recur_stepper_model(const recur_stepper *stepper);

/* Due after the model's parameters were changed, by training or by recur_model_set_tensor: a
 * stepper keeps sums of biases. Nobody may change them while a session is advanced. */
RECUR_API void recur_stepper_refresh(recur_stepper *stepper);

/* Feeds one token to one session and returns the logits of the next one, (V): natural logarithms
 * of probabilities, but for a constant. They belong to the stepper and live until its next call.
 * An id out of range is read as RECUR_UNKNOWN. NULL where the session is of another model. */
RECUR_API const float *recur_stepper_feed(recur_stepper *stepper, recur_session *session,
                                          int32_t id);

/* Feeds token ids[i] to sessions[i], for i < count, and writes what recur_stepper_feed would
 * return for each to `logits`, (count, V) row by row; NULL where nobody wants them. More sessions
 * than the stepper's batch are advanced batch by batch.
 * Errors: ARGUMENT for a session of another model and for one that is in the list twice; then none
 * was advanced. DEVICE where the model's GPU fails, now or before: logits and states are worth
 * nothing then. */
RECUR_API enum recur_status recur_stepper_feed_many(recur_stepper *stepper,
                                                    recur_session *const *sessions,
                                                    const int32_t *ids, size_t count, float *logits,
                                                    recur_error *error);

/* How the next token is chosen. Penalties change the logits of tokens that the stream has; then the
 * filters apply in this order: temperature, top-k, typical-p, top-p, min-p. "<unk>" and the
 * reserved tokens are never chosen while another token has probability. */
typedef struct recur_sampler_config {
    size_t size;       /* as recur_sampler_config_default() sets it; leave it alone */
    float temperature; /* >= 0; 0 is greedy: the most probable token; default 0.8 */
    size_t top_k;      /* only the k most probable tokens; 0: all; default 0 */
    float top_p;       /* only the smallest set of tokens that together has this probability,
                          (0, 1]; default 1 (Holtzman et al. 2020) */
    float min_p;       /* only tokens with at least this share of the best one's probability,
                          [0, 1]; default 0 (Nguyen et al. 2024) */
    uint64_t seed;     /* of the draws; default 1 */
    double repetition_penalty; /* [0, 1000]: a positive logit of a token that was read or chosen is
                                  divided by it, another one multiplied with it; 0 and 1: none;
                                  default 1 (Keskar et al. 2019, "CTRL", section 4.1) */
    double frequency_penalty;  /* [-100, 100]: taken from a token's logit for each time that it was
                                  chosen; default 0 */
    double presence_penalty;   /* likewise, once for a token that was chosen at all; default 0 */
    double typical_p; /* only the tokens whose surprise -ln p is nearest to the entropy, the
                         mean surprise, the fewest that together have this probability,
                         [0, 1]; 0 and 1: all; default 1 (Meister et al. 2023, "Locally
                         Typical Sampling") */
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

/* What chooses the tokens of one stream, with a random state of its own; opaque. */
typedef struct recur_sampler recur_sampler;

/* Makes a sampler for models of `vocabulary` tokens; ids below `reserved` + 1 are special (see
 * above; recur_vocab_reserved). `config` may be NULL: the defaults. It belongs to the caller:
 * recur_sampler_free. Errors: ARGUMENT (a value outside its range), MEMORY. */
RECUR_API enum recur_status recur_sampler_create(const recur_sampler_config *config,
                                                 size_t vocabulary, size_t reserved,
                                                 recur_sampler **sampler, recur_error *error);

/* Releases a sampler; NULL is fine. */
RECUR_API void recur_sampler_free(recur_sampler *sampler);

/* Tells the sampler of tokens that the stream has read, a prompt: the repetition penalty counts
 * them. Ids out of range are left out. */
RECUR_API void recur_sampler_read(recur_sampler *sampler, const int32_t *ids, size_t count);

/* Chooses the next token from `logits` (V), and remembers it where there are penalties. The same
 * seed, tokens and logits give the same choices. */
RECUR_API int32_t recur_sample(recur_sampler *sampler, const float *logits);

#ifdef __cplusplus
}
#endif

#endif
