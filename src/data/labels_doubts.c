/* Finds signs that labelled texts are not what they were read as. */
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/memory.h"
#include "base/rng.h"
#include "data/labels_reading.h"

/* A smaller number of these is no evidence. */
enum { LEAST_COUNTED = 4, LEAST_LABELS = 10, LEAST_TEXTS = 20, LONGEST_SENTENCE = 64 };

/* More labels than this are not labels but something else. */
enum { MOST_LABELS = 4096 };

struct doubting {
    const recur_labels *labels;
    recur_doubt *doubt;
    size_t *count;
    recur_error *error;
};

static bool tags(const struct doubting *d)
{
    return d->labels->store->words;
}

static recur_doubt *add(const struct doubting *d, enum recur_doubt_kind kind)
{
    recur_doubt *doubt = &d->doubt[(*d->count)++];
    *doubt = (recur_doubt){.kind = kind, .columns = d->labels->store->columns};
    return doubt;
}

static void doubt_counter(const struct doubting *d)
{
    const struct recur_labels_store *store = d->labels->store;
    size_t others = store->config.unlabelled ? 1 : 2; /* a word, and a label if it must be there */
    if (store->counted >= LEAST_COUNTED && store->counted == store->lines &&
        (!tags(d) || store->columns > others))
        add(d, RECUR_DOUBT_COUNTER)->count = store->lines;
}

bool recur_labels_name_columns(recur_token label)
{
    static const char *const names[] = {
        "label",   "labels",    "tag",      "tags",      "ner",       "ner_tag",   "ner_tags",
        "pos",     "pos_tag",   "upos",     "xpos",      "chunk",     "chunks",    "entity",
        "class",   "category",  "target",   "sentiment", "topic",     "intent",    "polarity",
        "rating",  "stars",     "score",    "emotion",   "y",         "id",        "index",
        "text",    "texts",     "text_a",   "sentence",  "sentence1", "sentences", "review",
        "content", "comment",   "tweet",    "message",   "title",     "body",      "question",
        "query",   "utterance", "headline", "news",      "summary",   "word",      "words",
        "token",   "tokens",    "form",     "lemma",     "标签",      "类别",      "类型",
        "分类",    "文本",      "内容",     "句子",      "评论",      "词",        "字"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]), same = 0;
        while (same < size && same < label.size &&
               (label.bytes[same] == names[i][same] ||
                (label.bytes[same] >= 'A' && label.bytes[same] <= 'Z' &&
                 label.bytes[same] + 'a' - 'A' == names[i][same])))
            same++;
        if (same == size && size == label.size)
            return true;
    }
    return false;
}

static void doubt_header(const struct doubting *d)
{
    const struct recur_labels_store *store = d->labels->store;
    uint32_t head = store->lines ? store->line[0].label : RECUR_TOKEN_NONE;
    if (head == RECUR_TOKEN_NONE || store->lines == store->heads || !store->head_is_name)
        return;
    recur_token label = recur_token_table_at(&store->alphabet, head);
    size_t met = 0;
    for (size_t i = 0; i < store->lines && met <= store->heads; i++)
        met += store->line[i].label == head;
    if (met == store->heads && recur_labels_name_columns(label))
        add(d, RECUR_DOUBT_HEADER)->label = label;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Counts the different texts. */
static enum recur_status count_texts(const struct doubting *d, size_t *count)
{
    const struct recur_labels_store *store = d->labels->store;
    uint64_t *hash;
    RECUR_TRY(recur_alloc(store->sequences, sizeof *hash, "the texts", &hash, d->error));
    for (size_t i = 0; i < store->sequences; i++) {
        hash[i] = store->first[i + 1] - store->first[i];
        for (size_t t = store->first[i]; t < store->first[i + 1]; t++)
            hash[i] = recur_mix64(hash[i] ^ store->form[t]);
    }
    qsort(hash, store->sequences, sizeof *hash, compare_hashes);
    *count = 0;
    for (size_t i = 0; i < store->sequences; i++)
        *count += !i || hash[i] != hash[i - 1];
    free(hash);
    return RECUR_OK;
}

/* A word or a text determines its label, so there cannot be many more labels than different words
 * or texts. */
static enum recur_status doubt_labels(const struct doubting *d)
{
    const struct recur_labels_store *store = d->labels->store;
    size_t labels = store->alphabet.size, others = store->forms.size;
    if (labels < LEAST_LABELS)
        return RECUR_OK;
    if (!tags(d))
        RECUR_TRY(count_texts(d, &others));
    enum recur_doubt_kind kind = RECUR_DOUBT_SWAPPED;
    if (labels <= 2 * others) {
        bool rare = store->lines >= LEAST_TEXTS && 2 * labels > store->lines;
        if (tags(d) || !rare || store->config.unlabelled)
            return RECUR_OK;
        kind = RECUR_DOUBT_RARE;
        others = store->lines;
    }
    recur_doubt *doubt = add(d, kind);
    doubt->count = labels;
    doubt->of = others;
    return RECUR_OK;
}

struct folded {
    char *bytes;
    uint32_t label;
};

static int compare_folded(const void *a, const void *b)
{
    const struct folded *x = a, *y = b;
    int order = strcmp(x->bytes, y->bytes);
    return order ? order : (x->label > y->label) - (x->label < y->label);
}

/* Folds a label by Unicode's NFKC_Casefold, which removes differences of case and width. */
static enum recur_status fold(recur_token name, char **folded, recur_error *error)
{
    const utf8proc_option_t options = (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                          UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)name.bytes;
    utf8proc_ssize_t size = (utf8proc_ssize_t)name.size, length, written;
    utf8proc_int32_t *codes;
    length = utf8proc_decompose(bytes, size, NULL, 0, options);
    if (length < 0) /* never of a label, which is UTF-8 */
        return recur_fail(error, RECUR_ERROR_DATA, "a label cannot be compared");
    RECUR_TRY(recur_alloc((size_t)length + 1, sizeof *codes, "the labels", &codes, error));
    utf8proc_decompose(bytes, size, codes, length, options);
    written = utf8proc_reencode(codes, length, options); /* in place, with a 0 at the end */
    *folded = (char *)codes;
    if (written < 0)
        return recur_fail(error, RECUR_ERROR_DATA, "a label cannot be compared");
    return RECUR_OK;
}

/* The labels of the data, then those that are known; "" where a number has no label of its own. */
static recur_token label_at(const struct recur_labels_store *store, size_t index)
{
    if (index < store->alphabet.size)
        return recur_token_table_at(&store->alphabet, index);
    recur_token known = recur_vocab_token(store->known, (int32_t)(index - store->alphabet.size));
    bool other = index > store->alphabet.size &&
                 recur_token_table_find(&store->alphabet, known) == RECUR_TOKEN_NONE;
    return other ? known : (recur_token){"", 0};
}

static enum recur_status fold_all(const struct doubting *d, struct folded *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        all[i].label = (uint32_t)i;
        RECUR_TRY(fold(label_at(d->labels->store, i), &all[i].bytes, d->error));
    }
    return RECUR_OK;
}

static enum recur_status doubt_alike(const struct doubting *d)
{
    const struct recur_labels_store *store = d->labels->store;
    size_t count = store->alphabet.size + (store->known ? recur_vocab_size(store->known) : 0);
    struct folded *all;
    if (count < 2 || count > MOST_LABELS)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(count, sizeof *all, "the labels", &all, d->error));
    enum recur_status status = fold_all(d, all, count);
    if (status == RECUR_OK) {
        qsort(all, count, sizeof *all, compare_folded);
        for (size_t i = 1; i < count; i++) {
            if (!*all[i].bytes || strcmp(all[i].bytes, all[i - 1].bytes) != 0)
                continue;
            recur_doubt *doubt = add(d, RECUR_DOUBT_ALIKE);
            doubt->label = label_at(store, all[i - 1].label);
            doubt->other = label_at(store, all[i].label);
            break;
        }
    }
    for (size_t i = 0; i < count; i++)
        free(all[i].bytes);
    free(all);
    return status;
}

enum recur_status recur_labels_doubts(const recur_labels *labels, recur_doubt *doubt, size_t *count,
                                      recur_error *error)
{
    const struct doubting d = {labels, doubt, count, error};
    const struct recur_labels_store *store = labels->store;
    bool labelled = !store->config.unlabelled; /* else the column may hold anything */
    *count = 0;
    doubt_header(&d);
    if (labelled || tags(&d))
        doubt_counter(&d);
    bool counts = *count && doubt[*count - 1].kind == RECUR_DOUBT_COUNTER;
    if (!counts && (labelled || !tags(&d)))
        RECUR_TRY(doubt_labels(&d));
    if (tags(&d) && store->unbroken > LONGEST_SENTENCE)
        add(&d, RECUR_DOUBT_UNBROKEN)->count = store->unbroken;
    if (2 * store->spaced > store->lines) {
        recur_doubt *spaced = add(&d, RECUR_DOUBT_SENTENCES);
        spaced->count = store->spaced;
        spaced->of = store->lines;
    }
    return labelled ? doubt_alike(&d) : RECUR_OK;
}
