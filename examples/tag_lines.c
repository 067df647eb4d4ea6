/* Learns to label the words of sentences, prints how well it does, and labels other sentences:
 *
 *     tag_lines LABELLED [TEXT]
 *
 * The files have one word per line, in columns: the word comes first and, in LABELLED, its label
 * last. Blank lines end sentences. */
#include <recur/recur.h>

#include <stdio.h>

/* Trains a model on nine tenths of the file; `*held_out` is the rest. */
static enum recur_status learn(const char *path, recur_labels **data, recur_labels **held_out,
                               recur_model **model, recur_error *error)
{
    const size_t hidden[] = {48};
    recur_model_config model_config = recur_model_config_default();
    recur_trainer *trainer;
    model_config.hidden = hidden;
    model_config.embedding = 32;
    model_config.bidirectional = true;
    model_config.decoder = RECUR_DECODER_CRF;

    recur_labels_config config = recur_labels_config_default();
    config.task = RECUR_TASK_TAG;
    enum recur_status status = recur_labels_read(&path, 1, &config, data, error);
    if (status == RECUR_OK)
        status = recur_labels_split(*data, 0.1, 1, held_out, error);
    if (status == RECUR_OK)
        status = recur_model_create_labels(&model_config, *data, NULL, model, error);
    if (status == RECUR_OK)
        status = recur_trainer_create_labels(*model, *data, *held_out, NULL, &trainer, error);
    if (status != RECUR_OK)
        return status;

    for (size_t e = 0; e < 10 && status == RECUR_OK; e++)
        status = recur_trainer_epoch(trainer, NULL, error);
    if (status == RECUR_OK)
        status = recur_trainer_finish(trainer, error); /* keeps the best epoch */
    recur_trainer_free(trainer);
    return status;
}

static enum recur_status measure(const recur_model *model, const recur_labels *data,
                                 recur_error *error)
{
    recur_score_table *table;
    enum recur_status status = recur_score(model, data, 0, &table, error);
    if (status != RECUR_OK)
        return status;
    printf("%.2f of the labels are right\n", recur_score_table_scores(table)->accuracy);
    recur_score_table_free(table);
    return status;
}

/* What print_sentence needs. */
struct sentences {
    const recur_model *model;
    const recur_labels *data;
};

/* Prints word/label word/label ... */
static enum recur_status print_sentence(void *user, size_t sequence,
                                        const recur_prediction *prediction, recur_error *error)
{
    const struct sentences *sentences = user;
    const uint32_t *form = recur_labels_sequence(sentences->data, sequence);
    recur_vocab *labels = recur_model_labels(sentences->model);
    (void)error;
    for (size_t t = 0; t < prediction->count; t++) {
        recur_token word = recur_labels_form(sentences->data, form[t]);
        recur_token label = recur_vocab_token(labels, prediction->labels[t] + 1);
        printf("%s%.*s/%.*s", t ? " " : "", (int)word.size, word.bytes, (int)label.size,
               label.bytes);
    }
    putchar('\n');
    return RECUR_OK;
}

static enum recur_status tag(const recur_model *model, const char *path, recur_error *error)
{
    recur_labels *data;
    recur_labels_config config = recur_labels_config_default();
    config.task = RECUR_TASK_TAG;
    config.unlabelled = true;
    enum recur_status status = recur_labels_read(&path, 1, &config, &data, error);
    if (status != RECUR_OK)
        return status;
    struct sentences sentences = {model, data};
    status = recur_predict(model, data, 0, print_sentence, &sentences, error);
    recur_labels_free(data);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: tag_lines LABELLED [TEXT]\n", stderr);
        return 2;
    }
    recur_error error;
    recur_labels *data = NULL, *held_out = NULL;
    recur_model *model = NULL;
    enum recur_status status = learn(argv[1], &data, &held_out, &model, &error);
    if (status == RECUR_OK)
        status = measure(model, held_out, &error);
    if (status == RECUR_OK && argc > 2)
        status = tag(model, argv[2], &error);
    if (status != RECUR_OK)
        fprintf(stderr, "tag_lines: %s\n", error.message);
    recur_model_free(model);
    recur_labels_free(data);
    recur_labels_free(held_out);
    return status == RECUR_OK ? 0 : 1;
}
