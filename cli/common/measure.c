#include "common/measure.h"

#include <math.h>

static double training(const recur_epoch *epoch)
{
    return exp(epoch->loss);
}

static double validation(const recur_epoch *epoch)
{
    return exp(epoch->valid_loss);
}

static double accuracy(const recur_epoch *epoch)
{
    return epoch->valid_accuracy;
}

static double f1(const recur_epoch *epoch)
{
    return epoch->valid_f1;
}

static double loss(const recur_epoch *epoch)
{
    return epoch->loss;
}

/* Does any epoch have the number? */
static bool found(const recur_epoch *epochs, size_t count, double (*value)(const recur_epoch *))
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(value(&epochs[i])))
            return true;
    return false;
}

struct measure recur_measure(const recur_epoch *epochs, size_t count, bool labels)
{
    bool two = found(epochs, count, labels ? f1 : validation);
    if (!labels)
        return (struct measure){.name = "perplexity",
                                .curves = two ? 2 : 1,
                                .curve = {"training", "validation"},
                                .value = {training, validation},
                                .judged = two ? 1 : 0,
                                .logarithmic = true,
                                .of_training = true};
    if (found(epochs, count, accuracy))
        return (struct measure){.name = "score on held-out data",
                                .curves = two ? 2 : 1,
                                .curve = {"accuracy", "F1"},
                                .value = {accuracy, f1}};
    return (struct measure){
        .name = "loss", .curves = 1, .curve = {"training"}, .value = {loss}, .of_training = true};
}
