/* Several ranks: how they share minibatches, and that they mean the same run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/lengths.h"
#include "base/checksum.h"
#include "base/fields.h"
#include "base/memory.h"
#include "base/rng.h"
#include "ranks/collective.h"
#include "train/trainer_object.h"

/* Where nobody says how many blocks a minibatch has in a communicator: smaller blocks than these
 * sequences would take longer, but more than a few ranks are to share it. */
enum { BLOCK = 8, FEW = 4, MANY = 16 };

static size_t choose_blocks(size_t batch)
{
    size_t blocks = 1;
    while (batch % (2 * blocks) == 0 &&
           (blocks < FEW || (blocks < MANY && batch / (2 * blocks) >= BLOCK)))
        blocks *= 2;
    return blocks;
}

enum recur_status recur_trainer_divide(recur_trainer *trainer, recur_error *error)
{
    recur_trainer_config *config = &trainer->config;
    size_t batch = trainer->own = config->batch, each;
    trainer->alone = (recur_ranks){.size = sizeof trainer->alone, .count = 1};
    if (!config->ranks && !config->blocks)
        return RECUR_OK;
    const recur_ranks *ranks = config->ranks ? config->ranks : &trainer->alone;
    trainer->local = config->sync_every > 1 && ranks->count > 1;
    if (trainer->local &&
        (config->reduce == RECUR_REDUCE_FAST || config->reduce_precision != RECUR_PRECISION_F32))
        return recur_fail(
            error, RECUR_ERROR_UNSUPPORTED,
            "ranks that learn apart (sync-every) take an exact mean in f32: leave out "
            "reduce and reduce-precision");
    if (trainer->local && config->sampled_softmax)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "ranks that learn apart (sync-every) have the softmax over the whole "
                          "vocabulary: leave out sampled-softmax");
    if (trainer->local)
        config->blocks = ranks->count;
    config->blocks = config->blocks ? config->blocks : choose_blocks(batch);
    if (batch % config->blocks != 0)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a minibatch of %zu sequences cannot be cut into %zu equal blocks", batch,
                          config->blocks);
    RECUR_TRY(recur_collective_create(ranks, config->blocks, trainer->model->network.params.span,
                                      (double)config->rank_seconds, &trainer->collective, error));
    RECUR_TRY(recur_collective_reduce(trainer->collective, config->reduce == RECUR_REDUCE_FAST,
                                      config->reduce_precision, error));
    size_t blocks = recur_collective_count(trainer->collective);
    if (blocks > RECUR_MICRO_BATCHES_MAX)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a rank can have at most %d blocks, but %zu of %zu are its share",
                          RECUR_MICRO_BATCHES_MAX, blocks, config->blocks);
    RECUR_TRY(
        recur_alloc(ranks->count, sizeof *trainer->learnt, "the ranks", &trainer->learnt, error));
    RECUR_TRY(recur_alloc(ranks->count + 1, sizeof *trainer->at, "the ranks", &trainer->at, error));
    each = batch / config->blocks;
    trainer->first = recur_collective_first(trainer->collective) * each;
    trainer->own = blocks * each;
    return RECUR_OK;
}

enum recur_status recur_trainer_take_mean(recur_trainer *trainer, size_t updates, double *loss,
                                          double *norm, recur_error *error)
{
    struct recur_collective *collective = trainer->collective;
    size_t ranks = collective->ranks->count;
    double own[3] = {*loss, *norm, (double)updates}, counted = 0;
    RECUR_TRY(trainer->backend->mean(trainer->learner, ranks, error));
    if (trainer->engine)
        trainer->backend->prepare(trainer->engine);
    RECUR_TRY(recur_collective_all(collective, own, sizeof own, trainer->learnt, error));
    *loss = *norm = 0;
    for (size_t r = 0; r < ranks; r++) {
        *loss += trainer->learnt[r][0];
        *norm += trainer->learnt[r][1];
        counted += trainer->learnt[r][2];
    }
    *loss /= fmax(counted, 1);
    *norm /= fmax(counted, 1);
    return RECUR_OK;
}

enum recur_status recur_trainer_gather_states(recur_trainer *trainer, recur_error *error)
{
    bool gathered = trainer->gathered == trainer->updates;
    if (!trainer->states || !trainer->minibatch || gathered)
        return RECUR_OK;
    size_t ranks = trainer->collective->ranks->count;
    float *states = trainer->states;
    for (size_t i = 0; i < trainer->tensors; i++) {
        const struct recur_state_tensor *tensor = &trainer->tensor[i];
        if (!tensor->width)
            continue;
        size_t each = trainer->config.batch / trainer->config.blocks * tensor->width;
        for (size_t r = 0; r <= ranks; r++)
            trainer->at[r] =
                recur_pairwise_cut(trainer->config.blocks, r, ranks) * each * sizeof *states;
        trainer->backend->read_states(trainer->engine, tensor->index, tensor->c,
                                      states + trainer->first * tensor->width);
        RECUR_TRY(recur_collective_parts(trainer->collective, states, trainer->at, error));
        states += trainer->config.batch * tensor->width;
    }
    trainer->gathered = trainer->updates;
    return RECUR_OK;
}

void recur_trainer_ask_stop(recur_trainer *trainer)
{
    if (trainer->collective)
        trainer->collective->asks = true;
    else
        trainer->stop_asked = true;
}

int recur_trainer_stop_asked(const recur_trainer *trainer)
{
    return trainer->collective ? trainer->collective->asked : trainer->stop_asked;
}

/* What computes, as a number: the compute capability of a GPU, as 90; 0: the CPU. */
static uint64_t device_of(const recur_trainer *trainer)
{
    const struct recur_gpu *gpu = trainer->model->place.gpu;
    return gpu ? (uint64_t)(10 * gpu->info.capability_major + gpu->info.capability_minor) : 0;
}

enum recur_status recur_trainer_compare_devices(recur_trainer *trainer, recur_error *differ,
                                                recur_error *error)
{
    struct recur_collective *collective = trainer->collective;
    size_t ranks = collective->ranks->count;
    uint64_t own = device_of(trainer), *all;
    RECUR_TRY(recur_alloc(ranks, sizeof *all, "the ranks", &all, error));
    enum recur_status status = recur_collective_all(collective, &own, sizeof own, all, error);
    for (size_t r = 0; r < ranks && status == RECUR_OK; r++)
        if (!all[r])
            recur_error_write(differ, RECUR_ERROR_DEVICE, "rank %zu computes on the CPU", r);
        else if (all[r] != all[0] && !*differ->message)
            recur_error_write(differ, RECUR_ERROR_DEVICE,
                              "rank %zu has a GPU of another compute capability than rank 0", r);
    free(all);
    return status;
}

/* What ranks compare: one number for each thing in which they must not differ. */
struct claims {
    uint64_t *number;
    size_t count;
};

static void claim(struct claims *claims, uint64_t number)
{
    if (claims->number)
        claims->number[claims->count] = number;
    claims->count++;
}

/* In this order come the claims that are no settings. */
static const char *const things[] = {"text or other labelled texts",
                                     "parameters to begin with",
                                     "instruction set (RECUR_ISA)",
                                     "number of minibatches behind it",
                                     "communicator, which drives messages or not,",
                                     "device, the CPU or a GPU of some compute capability,"};
enum { THINGS = sizeof things / sizeof *things };

/* Setting number i, first of those of the run, then of the model's; NULL after the last. */
static const recur_field *setting(size_t i, bool *of_model)
{
    size_t count = 0;
    while (recur_trainer_field(count))
        count++;
    *of_model = i >= count;
    return *of_model ? recur_model_field(i - count) : recur_trainer_field(i);
}

/* Lists the claims; returns how many there are. `number` NULL: only counts. */
static size_t list_claims(recur_trainer *trainer, uint64_t *number)
{
    struct claims claims = {.number = number};
    const struct recur_identity identity = recur_trainer_identity(trainer);
    const struct recur_params *params = &trainer->model->network.params;
    const char *isa = "";
    recur_machine_isa(&isa, NULL);
    recur_model_sync_all(trainer->model);
    claim(&claims, recur_mix64(identity.tokens) ^ identity.fingerprint);
    claim(&claims,
          number ? recur_checksum_of(trainer->model->parameters, params->span * sizeof(real)) : 0);
    claim(&claims, recur_checksum_of(isa, strlen(isa)));
    claim(&claims, trainer->updates);
    claim(&claims, trainer->collective->functions.progress != NULL);
    claim(&claims, device_of(trainer));
    const recur_field *field;
    bool of_model;
    for (size_t i = 0; (field = setting(i, &of_model)); i++) {
        const char *config =
            of_model ? (const char *)&trainer->model->config : (const char *)&trainer->config;
        /* What widths say the parameters say too. */
        bool may_differ = of_model ? recur_field_kind(field) == RECUR_FIELD_WIDTHS
                                   : field->file == RECUR_FILE_NEVER;
        claim(&claims, may_differ ? 0 : recur_checksum_of(config + field->offset, field->size));
    }
    return claims.count;
}

static enum recur_status disagree(size_t rank, size_t thing, recur_error *error)
{
    if (thing < THINGS)
        return recur_fail(error, RECUR_ERROR_DATA, "rank %zu has another %s than rank 0", rank,
                          things[thing]);
    bool of_model;
    const recur_field *field = setting(thing - THINGS, &of_model);
    return recur_fail(error, RECUR_ERROR_DATA, "rank %zu has another %s%s than rank 0", rank,
                      field->option ? "--" : "", field->option ? field->option : field->name);
}

/* Settings come first: from them the others may follow. */
static enum recur_status compare(const uint64_t *numbers, size_t ranks, size_t count,
                                 recur_error *error)
{
    for (size_t r = 1; r < ranks; r++)
        for (size_t i = 0; i < count; i++) {
            size_t thing = (i + THINGS) % count;
            if (numbers[r * count + thing] != numbers[thing])
                return disagree(r, thing, error);
        }
    return RECUR_OK;
}

enum recur_status recur_trainer_agree(recur_trainer *trainer, recur_error *error)
{
    struct recur_collective *collective = trainer->collective;
    if (trainer->agreed || !collective || collective->ranks->count == 1)
        return RECUR_OK;
    size_t count = list_claims(trainer, NULL), ranks = collective->ranks->count;
    uint64_t version[2] = {(uint64_t)recur_version_number(), count}, *all, *own;
    RECUR_TRY(
        recur_alloc(recur_size_mul(ranks + 1, count + 2), sizeof *all, "the ranks", &all, error));
    own = all + ranks * (count + 2);
    enum recur_status status =
        recur_collective_all(collective, version, sizeof version, all, error);
    for (size_t r = 1; r < ranks && status == RECUR_OK; r++)
        if (memcmp(all + 2 * r, all, sizeof version) != 0)
            status = recur_fail(error, RECUR_ERROR_DATA,
                                "rank %zu runs another version of recur than rank 0", r);
    list_claims(trainer, own);
    if (status == RECUR_OK)
        status = recur_collective_all(collective, own, count * sizeof *own, all, error);
    if (status == RECUR_OK)
        status = compare(all, ranks, count, error);
    free(all);
    trainer->agreed = status == RECUR_OK;
    return status;
}
