/* Shows what a model is made of, and what it costs on this machine:
 *
 *     show_model MODEL */
#include <recur/recur.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints the settings under the names that model files use. The widths are not among them, because
 * the tensors' shapes show them. */
static void print_settings(const recur_model_config *config)
{
    for (size_t i = 0; recur_model_field(i); i++) {
        const recur_field *field = recur_model_field(i);
        recur_value value = recur_field_get(field, config);
        if (!recur_field_applies(field, config))
            continue;
        if (value.name)
            printf("%s %s\n", recur_field_name(field), value.name);
        else if (!value.widths)
            printf("%s %g\n", recur_field_name(field), value.number);
    }
}

/* Prints the tensors with PyTorch's names, and how large their numbers are. */
static void print_tensors(const recur_model *model)
{
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        size_t count = tensor.shape[0] * tensor.shape[1];
        float *values = malloc(count * sizeof *values);
        double squares = 0;
        if (!values)
            return;
        recur_model_get_tensor(model, i, values);
        for (size_t j = 0; j < count; j++)
            squares += (double)values[j] * (double)values[j];
        printf("%-20s (%zu, %zu), root mean square %.3f\n", tensor.name, tensor.shape[0],
               tensor.shape[1], sqrt(squares / (double)count));
        free(values);
    }
}

static enum recur_status print_cost(const recur_model *model, recur_error *error)
{
    const char *isa;
    double flops;
    recur_gauge *gauge = NULL;
    size_t threads = recur_machine_threads();
    enum recur_status status = recur_machine_isa(&isa, error);
    if (status == RECUR_OK)
        status = recur_gauge_create_peak(RECUR_PEAK_F32, threads, &gauge, error);
    if (status == RECUR_OK)
        status = recur_gauge_measure(gauge, 0.1, &flops, error);
    if (status == RECUR_OK)
        printf("%s, %zu threads: at most %.0f trained tokens per second\n", isa, threads,
               flops / recur_machine_flop_per_token(model));
    recur_gauge_free(gauge);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: show_model MODEL\n", stderr);
        return 2;
    }
    printf("compiled for recur %s, running recur %s\n", RECUR_VERSION, recur_version());
    if (recur_version_number() < RECUR_VERSION_NUMBER)
        fputs("the library is older than the headers\n", stderr);

    recur_error error;
    recur_model *model = NULL;
    enum recur_status status = recur_model_load(argv[1], &model, &error);
    if (status == RECUR_OK) {
        print_settings(recur_model_get_config(model));
        print_tensors(model);
        status = print_cost(model, &error);
    }
    if (status != RECUR_OK)
        fprintf(stderr, "show_model: %s\n", error.message);
    recur_model_free(model);
    return status == RECUR_OK ? 0 : 1;
}
