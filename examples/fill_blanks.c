/* Fills the blanks of a text with a model of the task fill and shows the most probable fillings
 * first:
 *
 *     fill_blanks MODEL TEXT      where "_" stands for one token */
#include <recur/recur.h>

#include <stdio.h>
#include <string.h>

static enum recur_status print(void *user, const recur_filling *filling, recur_error *error)
{
    (void)user;
    (void)error;
    printf("%.4f  %.*s\n", filling->probability, (int)filling->size, filling->text);
    return RECUR_OK;
}

static enum recur_status fill(const recur_model *model, const char *text, recur_error *error)
{
    recur_filler *filler = NULL;
    recur_fill_config config = recur_fill_config_default();
    config.alternatives = 3;
    enum recur_status status = recur_filler_create(model, &config, &filler, error);
    if (status == RECUR_OK)
        status = recur_fill(filler, text, strlen(text), print, NULL, error);
    recur_filler_free(filler);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: fill_blanks MODEL TEXT\n", stderr);
        return 2;
    }
    recur_error error;
    recur_model *model = NULL;
    enum recur_status status = recur_model_load(argv[1], &model, &error);
    if (status == RECUR_OK)
        status = fill(model, argv[2], &error);
    if (status != RECUR_OK)
        fprintf(stderr, "fill_blanks: %s\n", error.message);
    recur_model_free(model);
    return status == RECUR_OK ? 0 : 1;
}
