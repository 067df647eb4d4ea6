#include "data/labels_store.h"

#include <stdlib.h>

#include "base/config.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/rng.h"
#include "data/text_input.h"
#include "data/token_kind.h"
#include "data/words.h"

RECUR_CONFIG(labels, header, .longest = 65536, .task = RECUR_TASK_CLASSIFY)
RECUR_NAMED_ENUM(layout, "layout", "auto", "columns", "conllu", "sentences", "characters")

static void store_free(struct recur_labels_store *store)
{
    if (!store || atomic_fetch_sub(&store->references, 1) > 1)
        return;
    recur_vocab_free(store->known);
    recur_token_table_free(&store->forms);
    recur_token_table_free(&store->alphabet);
    recur_token_table_free(&store->lowers);
    free(store->lower);
    free(store->bytes);
    free(store->form);
    free(store->line);
    free(store->first);
    free(store);
}

bool recur_labels_as_they_stand(const struct recur_labels_store *store)
{
    return recur_token_kind_of(&store->text)->as_it_stands;
}

static enum recur_status take_config(struct recur_labels_store *store,
                                     const recur_labels_config *config, recur_error *error)
{
    store->config = recur_labels_config_default();
    store->text = recur_text_config_default();
    RECUR_TRY(recur_config_take(&store->config, config, "recur_labels_config", error));
    enum recur_task task = store->config.task;
    store->words = recur_task_serves(task, RECUR_USE_LABEL_WORDS);
    if (!store->words && !recur_task_serves(task, RECUR_USE_LABEL_TEXTS))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "labelled texts are for the tasks tag and classify, not for task %d",
                          (int)task);
    RECUR_TRY(recur_config_take(&store->text, store->config.text, "recur_text_config", error));
    store->config.text = NULL;
    RECUR_TRY(recur_layout_check(store->config.layout, error));
    if (store->config.known_labels)
        store->known = recur_vocab_share(store->config.known_labels);
    if (store->config.word_column && store->config.word_column == store->config.label_column)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "column %zu cannot be both the %s and its label",
                          store->config.word_column, store->words ? "word" : "text");
    if (store->words)
        store->text.tokens = RECUR_TOKENS_WORD;
    if (store->words && store->text.clean != RECUR_CLEAN_NONE)
        return recur_fail(
            error, RECUR_ERROR_ARGUMENT,
            "the words of the task tag are read as they stand: they cannot be cleaned");
    RECUR_TRY(recur_tokens_check(store->text.tokens, error));
    if (recur_token_kind_of(&store->text)->parts)
        return recur_fail(
            error, RECUR_ERROR_ARGUMENT,
            "labelled texts are read by words, characters or bytes, not by byte pairs");
    return recur_text_check_encoding(store->text.encoding, recur_labels_as_they_stand(store),
                                     error);
}

static enum recur_status read_file(struct recur_labels_store *store, const char *path,
                                   recur_error *error)
{
    char *bytes;
    size_t size;
    uint64_t invalid;
    RECUR_TRY(recur_text_input_whole(path, store->text.encoding, recur_labels_as_they_stand(store),
                                     &bytes, &size, &invalid, error));
    store->stats.invalid += invalid;
    enum recur_status status =
        recur_labels_parse(store, bytes, size, recur_file_name(path).text, error);
    free(bytes);
    return status;
}

/* Makes the lower case of every form. */
static enum recur_status make_lowers(struct recur_labels_store *store, recur_error *error)
{
    size_t forms = store->forms.size, capacity = 0;
    char *lower = NULL;
    if (!store->words)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(forms, sizeof *store->lower, "the words", &store->lower, error));
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < forms && status == RECUR_OK; i++) {
        recur_token form = recur_token_table_at(&store->forms, i);
        RECUR_TRY_GOTO(recur_grow(&lower, &capacity,
                                  recur_size_add(recur_size_mul(form.size, RECUR_LOWER_GROWTH), 4),
                                  1, "a word", error),
                       done);
        recur_token token = {lower, recur_word_lower(form, lower)};
        status = recur_token_table_intern(&store->lowers, token, &store->lower[i], error);
    }
done:
    free(lower);
    return status;
}

/* Creates a view with room for `count` sequences; none is chosen yet. */
static enum recur_status create(struct recur_labels_store *store, size_t count,
                                recur_labels **labels, recur_error *error)
{
    struct recur_labels *made;
    RECUR_TRY(recur_alloc(1, sizeof *made, "labelled texts", &made, error));
    enum recur_status status =
        recur_alloc(count, sizeof *made->member, "labelled texts", &made->member, error);
    if (status != RECUR_OK) {
        free(made);
        return status;
    }
    made->store = store;
    *labels = made;
    return RECUR_OK;
}

static void add_member(struct recur_labels *labels, size_t sequence)
{
    const size_t *first = labels->store->first;
    labels->member[labels->count++] = sequence;
    labels->tokens += first[sequence + 1] - first[sequence];
}

/* Reads the files or, where there are none, the text, and makes a view of all sequences. */
static enum recur_status read_all(const char *const *paths, size_t count, recur_token text,
                                  const recur_labels_config *config, recur_labels **labels,
                                  recur_error *error)
{
    struct recur_labels_store *store;
    RECUR_TRY(recur_alloc(1, sizeof *store, "labelled texts", &store, error));
    atomic_init(&store->references, 1);
    enum recur_status status = take_config(store, config, error);
    if (status == RECUR_OK) /* a text without tokens needs its beginning too */
        status = recur_grow(&store->form, &store->form_capacity, 1, sizeof *store->form,
                            "labelled texts", error);
    for (size_t i = 0; i < count && status == RECUR_OK; i++)
        status = read_file(store, paths[i], error);
    if (status == RECUR_OK && !count)
        status =
            recur_labels_parse(store, text.size ? text.bytes : "", text.size, "the text", error);
    if (status == RECUR_OK && !store->sequences && !store->config.unlabelled)
        status = recur_fail(error, RECUR_ERROR_DATA, "%s: there is not one %s to label",
                            count ? recur_file_name(paths[0]).text : "the text",
                            store->words ? "sentence" : "text");
    store->text.encoding = NULL; /* it was that of the files */
    if (status == RECUR_OK)
        status = make_lowers(store, error);
    if (status == RECUR_OK)
        status = create(store, store->sequences, labels, error);
    if (status != RECUR_OK) {
        store_free(store);
        return status;
    }
    store->config.ends = NULL; /* what belongs to the caller is not kept */
    store->config.known_words = NULL;
    store->config.known_labels = NULL;
    for (size_t i = 0; i < store->sequences; i++)
        add_member(*labels, i);
    return RECUR_OK;
}

enum recur_status recur_labels_read(const char *const *paths, size_t count,
                                    const recur_labels_config *config, recur_labels **labels,
                                    recur_error *error)
{
    if (!count)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "there is no file to read");
    return read_all(paths, count, (recur_token){0}, config, labels, error);
}

enum recur_status recur_labels_read_memory(const char *bytes, size_t size,
                                           const recur_labels_config *config, recur_labels **labels,
                                           recur_error *error)
{
    return read_all(NULL, 0, (recur_token){bytes, size}, config, labels, error);
}

void recur_labels_free(recur_labels *labels)
{
    if (!labels)
        return;
    store_free(labels->store);
    free(labels->member);
    free(labels);
}

enum recur_status recur_labels_split(recur_labels *labels, double share, uint64_t seed,
                                     recur_labels **rest, recur_error *error)
{
    if (!(share >= 0 && share <= 0.9))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the share to hold out must be at least 0 and at most 0.9, got %g",
                          share);
    *rest = NULL;
    if (share == 0)
        return RECUR_OK;
    size_t count = labels->count, out = (size_t)((double)count * share);
    if (!out)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "%g of %zu sequence%s is too little to hold out: at least 1 is needed; 0 "
                          "holds none out",
                          share, count, recur_plural(count));
    size_t *order;
    RECUR_TRY(recur_alloc(count, sizeof *order, "labelled texts", &order, error));
    enum recur_status status = create(labels->store, out, rest, error);
    if (status != RECUR_OK) {
        free(order);
        return status;
    }
    atomic_fetch_add(&labels->store->references, 1);
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, RECUR_PURPOSE_HOLD_OUT);
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    recur_rng_shuffle(&rng, order, count);
    for (size_t i = 0; i < out; i++) /* marks the sequences that leave */
        labels->member[order[i]] = ~labels->member[order[i]];
    free(order);
    labels->count = labels->tokens = 0;
    for (size_t i = 0; i < count; i++) {
        size_t member = labels->member[i];
        bool leaves = member > SIZE_MAX / 2;
        add_member(leaves ? *rest : labels, leaves ? ~member : member);
    }
    return RECUR_OK;
}

enum recur_task recur_labels_task(const recur_labels *labels)
{
    return labels->store->config.task;
}

const recur_labels_config *recur_labels_get_config(const recur_labels *labels)
{
    return &labels->store->config;
}

const recur_text_config *recur_labels_text(const recur_labels *labels)
{
    return &labels->store->text;
}

uint64_t recur_labels_marks(const recur_labels *labels)
{
    return labels->store->marks;
}

const recur_text_stats *recur_labels_stats(const recur_labels *labels)
{
    return &labels->store->stats;
}

size_t recur_labels_count(const recur_labels *labels)
{
    return labels->count;
}

size_t recur_labels_length(const recur_labels *labels, size_t sequence)
{
    const size_t *first = labels->store->first + labels->member[sequence];
    return first[1] - first[0];
}

size_t recur_labels_tokens(const recur_labels *labels)
{
    return labels->tokens;
}

static const struct recur_labels_line *line_of(const recur_labels *labels, size_t sequence,
                                               size_t token)
{
    const struct recur_labels_store *store = labels->store;
    size_t member = labels->member[sequence];
    return &store->line[store->words ? store->first[member] + token : member];
}

recur_token recur_labels_label(const recur_labels *labels, size_t sequence, size_t token)
{
    uint32_t label = line_of(labels, sequence, token)->label;
    return label == RECUR_TOKEN_NONE ? (recur_token){"", 0}
                                     : recur_token_table_at(&labels->store->alphabet, label);
}

recur_token recur_labels_line(const recur_labels *labels, size_t sequence, size_t token)
{
    const struct recur_labels_line *line = line_of(labels, sequence, token);
    return (recur_token){labels->store->bytes + line->at, line->size};
}

recur_token recur_labels_before(const recur_labels *labels, size_t sequence, size_t token)
{
    const struct recur_labels_store *store = labels->store;
    size_t begin = 0, end = store->bytes_size, line = store->lines;
    if (sequence < labels->count) {
        const struct recur_labels_line *at = line_of(labels, sequence, token);
        line = (size_t)(at - store->line);
        end = at->at;
    } else if (labels->count) {
        size_t member = labels->member[labels->count - 1];
        line = store->words ? store->first[member + 1] : member + 1;
        end = line < store->lines ? store->line[line].at : end;
    }
    if (line)
        begin = store->line[line - 1].at + store->line[line - 1].size;
    return (recur_token){store->bytes ? store->bytes + begin : "", end - begin};
}

enum recur_layout recur_labels_layout(const recur_labels *labels)
{
    return labels->store->layout;
}

/* Each step maps `sum` one to one: a change is never lost again. */
static uint64_t add_token(uint64_t sum, recur_token token)
{
    sum = recur_mix64(sum ^ token.size);
    for (size_t i = 0; i < token.size; i++)
        sum = recur_mix64(sum ^ (unsigned char)token.bytes[i]);
    return sum;
}

uint64_t recur_labels_fingerprint(const recur_labels *labels)
{
    uint64_t sum = labels->count;
    for (size_t i = 0; i < labels->count; i++) {
        const uint32_t *form = recur_labels_sequence(labels, i);
        size_t length = recur_labels_length(labels, i);
        sum = recur_mix64(sum ^ length);
        for (size_t t = 0; t < length; t++)
            sum = add_token(sum, recur_labels_form(labels, form[t]));
        for (size_t t = 0; t < (labels->store->words ? length : 1); t++)
            sum = add_token(sum, recur_labels_label(labels, i, t));
    }
    return sum;
}

size_t recur_labels_forms(const recur_labels *labels)
{
    return labels->store->forms.size;
}

recur_token recur_labels_form(const recur_labels *labels, size_t form)
{
    return recur_token_table_at(&labels->store->forms, form);
}

const uint32_t *recur_labels_sequence(const recur_labels *labels, size_t sequence)
{
    return labels->store->form + labels->store->first[labels->member[sequence]];
}

recur_token recur_labels_lower(const recur_labels *labels, size_t form)
{
    const struct recur_labels_store *store = labels->store;
    return store->lower ? recur_token_table_at(&store->lowers, store->lower[form])
                        : recur_labels_form(labels, form);
}

enum recur_word_case recur_labels_case(const recur_labels *labels, size_t form)
{
    return recur_word_case_of(recur_labels_form(labels, form));
}
