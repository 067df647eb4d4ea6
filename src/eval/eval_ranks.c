/* Evaluations by several ranks. */
#include <stdlib.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "eval/evaluate.h"
#include "eval/scores.h"
#include "nn/model_object.h"

/* Have all ranks the same model and `data`, whose fingerprint is given? */
static enum recur_status compare(struct recur_collective *collective, const recur_model *model,
                                 uint64_t fingerprint, const char *data, recur_error *error)
{
    const char *const names[] = {"model", data};
    enum { THINGS = sizeof names / sizeof *names };
    size_t ranks = collective->ranks->count;
    recur_model_sync_all(model);
    const uint64_t own[THINGS] = {
        recur_checksum_of(model->parameters, model->network.params.span * sizeof(real)),
        fingerprint};
    uint64_t(*all)[THINGS];
    RECUR_TRY(recur_alloc(ranks, sizeof *all, "the ranks", &all, error));
    enum recur_status status = recur_collective_all(collective, own, sizeof own, all, error);
    for (size_t i = 0; i < ranks * THINGS && status == RECUR_OK; i++)
        if (all[i / THINGS][i % THINGS] != all[0][i % THINGS])
            status = recur_fail(error, RECUR_ERROR_DATA, "rank %zu has another %s than rank 0",
                                i / THINGS, names[i % THINGS]);
    free(all);
    return status;
}

/* What ranks need to evaluate together. */
struct meeting {
    struct recur_team *team;
    struct recur_collective *collective;
};

static void leave(struct meeting *meeting)
{
    recur_collective_free(meeting->collective);
    recur_team_free(meeting->team);
}

/* All ranks meet over a model and `data`; `leave` ends it, also after an error. */
static enum recur_status meet(struct meeting *meeting, const recur_ranks *ranks, size_t threads,
                              double seconds, const recur_model *model, uint64_t fingerprint,
                              const char *data, recur_error *error)
{
    *meeting = (struct meeting){.team = NULL};
    RECUR_TRY(recur_team_create(threads, &meeting->team, error));
    RECUR_TRY(
        recur_collective_create(ranks, ranks->count, 1, seconds, &meeting->collective, error));
    return compare(meeting->collective, model, fingerprint, data, error);
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
