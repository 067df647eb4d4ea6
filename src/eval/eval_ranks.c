/* Evaluations by several ranks. */
#include <stdlib.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "eval/evaluate.h"
#include "eval/scores.h"
#include "nn/model_object.h"

enum { CLAIMS = 2 }; /* a model and data */

/* What ranks need to evaluate together. */
struct meeting {
    struct recur_team *team;
    struct recur_collective *collective;
    uint64_t (*claims)[CLAIMS]; /* of all ranks */
};

static void leave(struct meeting *meeting)
{
    recur_collective_free(meeting->collective);
    recur_team_free(meeting->team);
    free(meeting->claims);
}

/* Have all ranks the same model and `data`, whose fingerprint is given? */
static enum recur_status compare(const struct meeting *meeting, const recur_model *model,
                                 uint64_t fingerprint, const char *data, recur_error *error)
{
    const char *const names[CLAIMS] = {"model", data};
    size_t ranks = meeting->collective->ranks->count;
    uint64_t(*all)[CLAIMS] = meeting->claims;
    recur_model_sync_all(model);
    const uint64_t own[CLAIMS] = {
        recur_checksum_of(model->parameters, model->network.params.span * sizeof(real)),
        fingerprint};
    RECUR_TRY(recur_collective_all(meeting->collective, own, sizeof own, all, error));
    for (size_t i = 0; i < ranks * CLAIMS; i++)
        if (all[i / CLAIMS][i % CLAIMS] != all[0][i % CLAIMS])
            return recur_fail(error, RECUR_ERROR_DATA, "rank %zu has another %s than rank 0",
                              i / CLAIMS, names[i % CLAIMS]);
    return RECUR_OK;
}

static enum recur_status plan(struct meeting *meeting, size_t threads, recur_error *error)
{
    RECUR_TRY(recur_team_create(threads, &meeting->team, error));
    return recur_alloc(meeting->collective->ranks->count, sizeof *meeting->claims, "the ranks",
                       &meeting->claims, error);
}

/* All ranks meet over a model and `data`; `leave` ends it, also after an error. */
static enum recur_status meet(struct meeting *meeting, const recur_ranks *ranks, size_t threads,
                              double seconds, const recur_model *model, uint64_t fingerprint,
                              const char *data, recur_error *error)
{
    recur_error own = {.status = RECUR_OK};
    *meeting = (struct meeting){.team = NULL};
    RECUR_TRY(
        recur_collective_create(ranks, ranks->count, 1, seconds, &meeting->collective, error));
    enum recur_status status = plan(meeting, threads, &own);
    RECUR_TRY(recur_collective_fail_together(meeting->collective, status, &own, error));
    return compare(meeting, model, fingerprint, data, error);
}

enum recur_status recur_evaluate_ranks(const recur_ranks *ranks, const recur_model *model,
                                       const recur_corpus *corpus, size_t threads, double seconds,
                                       recur_evaluation *evaluation, recur_error *error)
{
    struct meeting meeting;
    enum recur_status status = meet(&meeting, ranks, threads, seconds, model,
                                    recur_corpus_fingerprint(corpus), "text", error);
    if (status == RECUR_OK)
        status = recur_evaluate_on(meeting.team, model, corpus, 0, 0, meeting.collective,
                                   evaluation, error);
    leave(&meeting);
    return status;
}

enum recur_status recur_score_ranks(const recur_ranks *ranks, const recur_model *model,
                                    const recur_labels *data, enum recur_scheme scheme,
                                    size_t threads, double seconds, recur_score_table **table,
                                    recur_error *error)
{
    struct meeting meeting;
    enum recur_status status = meet(&meeting, ranks, threads, seconds, model,
                                    recur_labels_fingerprint(data), "labelled text", error);
    if (status == RECUR_OK)
        status =
            recur_score_on(meeting.team, model, data, scheme, meeting.collective, table, error);
    leave(&meeting);
    return status;
}
