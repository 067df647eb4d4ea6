#include "io/foreign.h"

#include "nn/cell.h"

enum recur_status recur_foreign_model(const struct recur_foreign *found, recur_vocab *vocab,
                                      recur_tensor_fn *source, void *user, recur_model **model,
                                      recur_error *error)
{
    const recur_model_config *config = &found->config;
    recur_model *made;
    if (vocab && recur_vocab_size(vocab) != config->vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the vocabulary has %zu %s, the model is made for %zu",
                          recur_vocab_size(vocab),
                          recur_vocab_size(vocab) == 1 ? "entry" : "entries", config->vocabulary);
    RECUR_TRY(
        recur_blame_file(recur_model_check_tensors(config, source, user, error), NULL, error));
    RECUR_TRY(recur_model_create(config, vocab, &made, error));
    enum recur_status status = recur_model_read_tensors(made, source, user, error);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

static enum recur_status settle_activation(const recur_import_config *said, bool ask,
                                           recur_model_config *config, recur_error *error)
{
    bool activated = recur_cell_kind_of(config->cell)->activated;
    if (said->activation && !activated)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "an activation can be given for a cell rnn only, this one is %s",
                          recur_cell_name(config->cell));
    if (said->activation)
        config->activation = *said->activation;
    else if (ask && activated)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the activation of an rnn does not show in its tensors and must be "
                          "given: activation tanh or relu");
    return RECUR_OK;
}

enum recur_status recur_foreign_cell(const enum recur_cell *cells, size_t count, size_t gates,
                                     const recur_import_config *said, bool ask,
                                     recur_model_config *config, recur_error *error)
{
    const enum recur_cell *cell = said->cell;
    for (size_t i = 0; !cell && i < count; i++)
        if (recur_cell_kind_of(cells[i])->gates == gates)
            cell = &cells[i];
    if (!cell)
        return recur_fail(error, RECUR_ERROR_FORMAT, "no cell has %zu gates", gates);
    size_t expected = recur_cell_kind_of(*cell)->gates, i = 0;
    if (gates != expected)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the cell cannot be %s: that has %zu gate%s, the tensors have %zu",
                          recur_cell_name(*cell), expected, recur_plural(expected), gates);
    while (i < count && cells[i] != *cell)
        i++;
    if (i == count)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the cell cannot be %s: files like this one do not express it",
                          recur_cell_name(*cell));
    config->cell = *cell;
    return settle_activation(said, ask, config, error);
}
