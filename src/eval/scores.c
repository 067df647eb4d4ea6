#include "eval/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/spans.h"
#include "recur/vocab.h"

/* One label: its name; if it is a part of a span, the part (B, I, O, E or S) and its type, an index
 * of `type`. */
struct label {
    recur_token name;
    char part;
    int32_t type;
    size_t truths, predictions, hits;
};

struct comparison {
    const recur_token *truth, *predicted;
    const recur_vocab *known; /* the labels that the model knows; NULL: there is no model */
    size_t count;
    int32_t *ids; /* (2, count): true labels, then predicted ones */
    struct label *label;
    size_t labels;
    recur_score_cell *type; /* the counts of each type */
    size_t types;
    struct recur_score_table *table;
};

static enum recur_status number_labels(struct comparison *c, recur_error *error)
{
    recur_token *all;
    recur_vocab *vocab = NULL;
    RECUR_TRY(recur_alloc(recur_size_mul(c->count, 2), sizeof *all, "scores", &all, error));
    if (c->count) {
        memcpy(all, c->truth, c->count * sizeof *all);
        memcpy(all + c->count, c->predicted, c->count * sizeof *all);
    }
    enum recur_status status;
    RECUR_TRY_GOTO(
        recur_alloc(recur_size_mul(c->count, 2), sizeof *c->ids, "scores", &c->ids, error), done);
    RECUR_TRY_GOTO(recur_vocab_build(all, 2 * c->count, NULL, NULL, &vocab, error), done);
    c->labels = recur_vocab_size(vocab);
    RECUR_TRY_GOTO(recur_alloc(c->labels, sizeof *c->label, "scores", &c->label, error), done);
    recur_vocab_ids(vocab, all, 2 * c->count, c->ids);
    for (size_t i = 0; i < 2 * c->count; i++)
        c->label[c->ids[i]].name = all[i];
done:
    free(all);
    recur_vocab_free(vocab);
    return status;
}

/* Does the data write spans as IOB1 does? There I- begins a span, and B- does so only right after
 * another span of its type. */
static bool are_iob1(const struct comparison *c, const size_t *lengths, size_t sequences)
{
    bool inner = false, needless = false;
    for (size_t i = 0, first = 0; i < sequences; first += lengths[i++])
        for (size_t t = 0; t < lengths[i]; t++) {
            const struct label *now = &c->label[c->ids[first + t]];
            const struct label *before = t ? &c->label[c->ids[first + t - 1]] : NULL;
            bool behind = before && before->part != 'O' && before->type == now->type;
            inner |= now->part == 'I' && !behind;
            needless |= now->part == 'B' && !behind;
        }
    return inner && !needless;
}

/* Numbers the types of the labels and makes room to count them. */
static enum recur_status number_types(struct comparison *c, const struct recur_span_label *read,
                                      recur_error *error)
{
    recur_token *names;
    recur_vocab *vocab = NULL;
    RECUR_TRY(recur_alloc(c->labels, sizeof *names, "scores", &names, error));
    for (size_t i = 0; i < c->labels; i++)
        names[i] = read[i].type;
    enum recur_status status = recur_vocab_build(names, c->labels, NULL, NULL, &vocab, error);
    if (status == RECUR_OK) {
        c->types = recur_vocab_size(vocab);
        status = recur_alloc(c->types, sizeof *c->type, "scores", &c->type, error);
    }
    for (size_t i = 0; i < c->labels && status == RECUR_OK; i++) {
        struct label *label = &c->label[i];
        label->part = read[i].part;
        label->type = names[i].size ? recur_vocab_id(vocab, names[i]) : 0;
        c->type[label->type].truth = c->type[label->type].predicted = names[i];
        c->table->scores.strays += read[i].fits ? 0 : label->truths;
    }
    free(names);
    recur_vocab_free(vocab);
    return status;
}

/* Reads the labels as parts of spans. Their scheme follows from these labels and those that the
 * model knows. */
static enum recur_status read_spans(struct comparison *c, enum recur_scheme scheme,
                                    const size_t *lengths, size_t sequences, recur_error *error)
{
    recur_scores *scores = &c->table->scores;
    size_t known = c->known ? recur_vocab_size(c->known) : 0, count = c->labels + known;
    struct recur_span_label *read;
    enum recur_scheme chosen = scheme;
    bool suffix = false;
    RECUR_TRY(recur_alloc(count, sizeof *read, "scores", &read, error));
    /* Number 0 is <unk>, which is no label. */
    for (size_t i = 1; i < c->labels; i++)
        read[i] = (struct recur_span_label){.name = c->label[i].name, .weight = c->label[i].truths};
    for (size_t i = 1; i < known; i++)
        read[c->labels + i].name = recur_vocab_token(c->known, (int32_t)i);
    recur_spans_read(read, count, &chosen, &suffix);
    enum recur_status status = RECUR_OK;
    if (chosen != RECUR_SCHEME_NONE)
        status = number_types(c, read, error);
    free(read);
    if (status == RECUR_OK && scheme == RECUR_SCHEME_AUTO && chosen == RECUR_SCHEME_BIO &&
        are_iob1(c, lengths, sequences))
        chosen = RECUR_SCHEME_IOB1;
    scores->scheme = chosen;
    scores->suffix = suffix;
    return status;
}

/* Counts the spans of labels [first, first + length). A span is right if both its beginning and its
 * end are. */
static void count_spans(const struct comparison *c, size_t first, size_t length)
{
    const struct label outside = {.part = 'O'};
    const struct label *before[2] = {&outside, &outside};
    bool together = false;
    for (size_t i = first; i <= first + length; i++) {
        const struct label *now[2] = {&outside, &outside};
        bool begun[2], ended[2];
        for (size_t k = 0; k < 2; k++) {
            if (i < first + length)
                now[k] = &c->label[c->ids[k * c->count + i]];
            bool other = before[k]->type != now[k]->type;
            ended[k] = recur_span_ends(before[k]->part, now[k]->part, other);
            begun[k] = recur_span_begins(before[k]->part, now[k]->part, other);
        }
        if (together && ended[0] && ended[1] && before[0]->type == before[1]->type)
            c->type[before[0]->type].right++;
        if (ended[0] || ended[1] || now[0]->type != now[1]->type)
            together = false;
        if (begun[0] && begun[1] && now[0]->type == now[1]->type)
            together = true;
        c->type[now[0]->type].count += begun[0];
        c->type[now[1]->type].predictions += begun[1];
        before[0] = now[0];
        before[1] = now[1];
    }
}

static int compare_tokens(recur_token a, recur_token b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_cells(const void *first, const void *second)
{
    const recur_score_cell *a = first, *b = second;
    int order = compare_tokens(a->truth, b->truth);
    return order ? order : compare_tokens(a->predicted, b->predicted);
}

static int compare_keys(const void *first, const void *second)
{
    const uint64_t *a = first, *b = second;
    return (*a > *b) - (*a < *b);
}

/* Makes the confusion matrix, keeping only pairs that occurred. */
static enum recur_status make_cells(struct comparison *c, recur_error *error)
{
    struct recur_score_table *table = c->table;
    uint64_t *key;
    RECUR_TRY(recur_alloc(c->count, sizeof *key, "scores", &key, error));
    for (size_t i = 0; i < c->count; i++)
        key[i] = (uint64_t)c->ids[i] * c->labels + (uint64_t)c->ids[c->count + i];
    qsort(key, c->count, sizeof *key, compare_keys);
    for (size_t i = 0; i < c->count; i++)
        table->cells += !i || key[i] != key[i - 1];
    enum recur_status status =
        recur_alloc(table->cells, sizeof *table->cell, "scores", &table->cell, error);
    recur_score_cell *cell = table->cell;
    for (size_t i = 0, end; i < c->count && status == RECUR_OK; i = end, cell++) {
        for (end = i + 1; end < c->count && key[end] == key[i];)
            end++;
        *cell = (recur_score_cell){.truth = c->label[key[i] / c->labels].name,
                                   .predicted = c->label[key[i] % c->labels].name,
                                   .count = end - i};
    }
    free(key);
    if (status == RECUR_OK)
        qsort(table->cell, table->cells, sizeof *table->cell, compare_cells);
    return status;
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double harmonic(double a, double b)
{
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
}

/* Sums over all spans, and sorts the types of spans by name. */
static enum recur_status sum_spans(struct comparison *c, recur_error *error)
{
    struct recur_score_table *table = c->table;
    recur_scores *scores = &table->scores;
    RECUR_TRY(recur_alloc(c->types, sizeof *table->span, "scores", &table->span, error));
    for (size_t i = 0; i < c->types; i++) {
        const recur_score_cell *type = &c->type[i];
        scores->spans += type->count;
        scores->predicted += type->predictions;
        scores->right += type->right;
        if (type->count || type->predictions)
            table->span[table->spans++] = *type;
    }
    qsort(table->span, table->spans, sizeof *table->span, compare_cells);
    if (!table->spans)
        return RECUR_OK;
    scores->precision = share(scores->right, scores->predicted);
    scores->recall = share(scores->right, scores->spans);
    scores->f1 = harmonic(scores->precision, scores->recall);
    return RECUR_OK;
}

/* Averages over the labels that occur. */
static void average_labels(struct comparison *c)
{
    recur_scores *scores = &c->table->scores;
    size_t met = 0;
    double precision = 0, recall = 0, f1 = 0;
    for (size_t i = 0; i < c->labels; i++) {
        const struct label *label = &c->label[i];
        if (!label->truths && !label->predictions)
            continue;
        double p = share(label->hits, label->predictions), r = share(label->hits, label->truths);
        precision += p;
        recall += r;
        f1 += harmonic(p, r);
        met++;
    }
    if (!met)
        return;
    scores->precision = precision / (double)met;
    scores->recall = recall / (double)met;
    scores->f1 = f1 / (double)met;
}

static void count_labels(struct comparison *c)
{
    size_t hits = 0;
    for (size_t i = 0; i < c->count; i++) {
        int32_t truth = c->ids[i], predicted = c->ids[c->count + i];
        c->label[truth].truths++;
        c->label[predicted].predictions++;
        c->label[truth].hits += truth == predicted;
        hits += truth == predicted;
    }
    c->table->scores.labels = c->count;
    if (c->count)
        c->table->scores.accuracy = share(hits, c->count);
}

/* Compares the labels of words, as spans where the labels follow a scheme. */
static enum recur_status compare_words(struct comparison *c, const size_t *lengths,
                                       size_t sequences, enum recur_scheme scheme,
                                       recur_error *error)
{
    RECUR_TRY(read_spans(c, scheme, lengths, sequences, error));
    if (c->table->scores.scheme == RECUR_SCHEME_NONE)
        return RECUR_OK;
    for (size_t i = 0, first = 0; i < sequences; first += lengths[i++])
        count_spans(c, first, lengths[i]);
    return sum_spans(c, error);
}

enum recur_status recur_scores_make(const struct recur_label_pairs *pairs, bool words,
                                    enum recur_scheme scheme, recur_score_table **out,
                                    recur_error *error)
{
    struct recur_score_table *table;
    RECUR_TRY(recur_scheme_check(scheme, error));
    RECUR_TRY(recur_alloc(1, sizeof *table, "scores", &table, error));
    table->scores = (recur_scores){.sequences = pairs->sequences,
                                   .loss = NAN,
                                   .accuracy = NAN,
                                   .precision = NAN,
                                   .recall = NAN,
                                   .f1 = NAN,
                                   .scheme = RECUR_SCHEME_NONE};
    struct comparison c = {.truth = pairs->truth,
                           .predicted = pairs->predicted,
                           .count = pairs->count,
                           .known = pairs->known,
                           .table = table};
    enum recur_status status = number_labels(&c, error);
    if (status == RECUR_OK) {
        count_labels(&c);
        status = make_cells(&c, error);
    }
    if (status == RECUR_OK && words)
        status = compare_words(&c, pairs->lengths, pairs->sequences, scheme, error);
    else if (status == RECUR_OK)
        average_labels(&c);
    free(c.ids);
    free(c.label);
    free(c.type);
    if (status == RECUR_OK)
        *out = table;
    else
        recur_score_table_free(table);
    return status;
}

enum recur_status recur_scores_compare(const recur_token *truth, const recur_token *predicted,
                                       size_t count, const size_t *lengths, size_t sequences,
                                       bool spans, recur_score_table **out, recur_error *error)
{
    const struct recur_label_pairs pairs = {truth, predicted, count, lengths, sequences, NULL};
    return recur_scores_make(&pairs, spans, RECUR_SCHEME_AUTO, out, error);
}

enum recur_status recur_scores_compare_spans(const recur_token *truth, const recur_token *predicted,
                                             size_t count, const size_t *lengths, size_t sequences,
                                             enum recur_scheme scheme, recur_score_table **out,
                                             recur_error *error)
{
    const struct recur_label_pairs pairs = {truth, predicted, count, lengths, sequences, NULL};
    return recur_scores_make(&pairs, true, scheme, out, error);
}

void recur_score_table_free(recur_score_table *table)
{
    if (!table)
        return;
    free(table->cell);
    free(table->span);
    free(table);
}

const recur_scores *recur_score_table_scores(const recur_score_table *table)
{
    return &table->scores;
}

const recur_score_cell *recur_score_table_cells(const recur_score_table *table, size_t *count)
{
    *count = table->cells;
    return table->cell;
}

const recur_score_cell *recur_score_table_spans(const recur_score_table *table, size_t *count)
{
    *count = table->spans;
    return table->span;
}
