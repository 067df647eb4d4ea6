/* Prints the average length of the highest layer's state vector after the tokens of a text:
 *
 *     layer_features MODEL TEXT */
#include <recur/recur.h>

#include <math.h>
#include <stdio.h>

/* Where the rows are sent. */
struct sink {
    size_t width;
    size_t tokens;
    double squares;
};

/* Receives some rows of `width` numbers each. */
static enum recur_status take(void *user, const float *rows, size_t count, recur_error *error)
{
    struct sink *sink = user;
    (void)error;
    for (size_t i = 0; i < count * sink->width; i++)
        sink->squares += (double)rows[i] * (double)rows[i];
    sink->tokens += count;
    return RECUR_OK;
}

static enum recur_status print_features(const recur_model *model, const char *path,
                                        recur_error *error)
{
    recur_vocab *vocab = recur_model_vocab(model);
    recur_corpus *corpus = NULL;
    size_t layer = recur_model_get_config(model)->layers - 1;
    if (!vocab) {
        error->status = RECUR_ERROR_ARGUMENT;
        snprintf(error->message, sizeof error->message, "the model has no vocabulary");
        return error->status;
    }
    struct sink sink = {recur_features_width(model, layer), 0, 0};
    enum recur_status status = recur_corpus_encode(&path, 1, vocab, 0, &corpus, error);
    if (status == RECUR_OK)
        status = recur_features(model, corpus, layer, 0, take, &sink, error);
    if (status == RECUR_OK)
        printf("%zu tokens, rows of %zu numbers, their length %.3f on average (root mean square)\n",
               sink.tokens, sink.width, sqrt(sink.squares / (double)sink.tokens));
    recur_corpus_free(corpus);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: layer_features MODEL TEXT\n", stderr);
        return 2;
    }
    recur_error error;
    recur_model *model = NULL;
    enum recur_status status = recur_model_load(argv[1], &model, &error);
    if (status == RECUR_OK)
        status = print_features(model, argv[2], &error);
    if (status != RECUR_OK)
        fprintf(stderr, "layer_features: %s\n", error.message);
    recur_model_free(model);
    return status == RECUR_OK ? 0 : 1;
}
