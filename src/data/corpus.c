#include "recur/corpus.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/corpus_raw.h"
#include "data/mapping.h"
#include "data/pairs.h"
#include "data/token_kind.h"
#include "data/vocab_make.h"

#define NARROW_IDS ((size_t)UINT16_MAX + 1) /* so many ids fit into two bytes each */

struct recur_corpus {
    struct recur_mapping mapping; /* of a store; if it has no base, the ids are in memory: */
    void *ids;                    /* uint16_t, or uint32_t where `wide` */
    size_t size, capacity;
    bool wide;
    size_t vocabulary_size;
    size_t unknown;
    recur_text_stats stats;
    uint64_t marks; /* byte order marks that were left out, but for those at the start of a file */
};

RECUR_CONFIG(corpus, max_tokens, .max_tokens = 0)

static size_t width(const recur_corpus *corpus)
{
    return corpus->wide ? sizeof(uint32_t) : sizeof(uint16_t);
}

static uint32_t get(const recur_corpus *corpus, size_t at)
{
    return corpus->wide ? ((const uint32_t *)corpus->ids)[at] : ((const uint16_t *)corpus->ids)[at];
}

static enum recur_status create(size_t vocabulary_size, recur_corpus **corpus, recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof **corpus, "a corpus", corpus, error));
    (*corpus)->vocabulary_size = vocabulary_size;
    (*corpus)->wide = vocabulary_size > NARROW_IDS;
    return RECUR_OK;
}

void recur_corpus_free(recur_corpus *corpus)
{
    if (!corpus)
        return;
    recur_mapping_free(&corpus->mapping);
    free(corpus->ids);
    free(corpus);
}

/* Widens ids from two bytes to four, from the last id to the first, so that none is overwritten. */
static enum recur_status widen(recur_corpus *corpus, recur_error *error)
{
    size_t bytes = recur_size_mul(corpus->capacity, sizeof(uint32_t));
    void *ids = bytes < PTRDIFF_MAX ? realloc(corpus->ids, bytes) : NULL;
    if (!ids)
        return recur_fail_memory(error, bytes, "the corpus");
    corpus->ids = ids;
    corpus->wide = true;
    for (size_t i = corpus->size; i-- > 0;)
        ((uint32_t *)ids)[i] = ((const uint16_t *)ids)[i];
    return RECUR_OK;
}

/* Appends ids. An id of NARROW_IDS or more widens a narrow corpus. */
static enum recur_status append(recur_corpus *corpus, const uint32_t *ids, size_t count,
                                recur_error *error)
{
    if (!count)
        return RECUR_OK;
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = ids[i] > largest ? ids[i] : largest;
    if (largest >= NARROW_IDS && !corpus->wide)
        RECUR_TRY(widen(corpus, error));
    RECUR_TRY(recur_grow(&corpus->ids, &corpus->capacity, recur_size_add(corpus->size, count),
                         width(corpus), "the corpus", error));
    uint16_t *narrow = (uint16_t *)corpus->ids + corpus->size;
    if (corpus->wide)
        memcpy((uint32_t *)corpus->ids + corpus->size, ids, count * sizeof *ids);
    else
        for (size_t i = 0; i < count; i++)
            narrow[i] = (uint16_t)ids[i];
    corpus->size += count;
    return RECUR_OK;
}

/* Releases the memory that the corpus does not need. A failure only wastes that memory. */
static void trim(recur_corpus *corpus)
{
    void *ids = corpus->size ? realloc(corpus->ids, corpus->size * width(corpus)) : NULL;
    if (ids) {
        corpus->ids = ids;
        corpus->capacity = corpus->size;
    }
}

/* What receives the stream's chunks: either `counted` or `vocab` is there. */
struct builder {
    recur_corpus *corpus;
    uint64_t max_tokens;
    struct recur_token_table *counted; /* every token is counted, a new one is added; or: */
    const recur_vocab *vocab;          /* the vocabulary that exists */
    uint32_t numbers[RECUR_CHUNK];     /* the tokens' numbers in `counted` */
    struct recur_id_list ids;          /* the tokens' ids in `vocab` */
    uint64_t encoded;                  /* how many there were, before any limit */
};

static enum recur_status append_kept(struct builder *builder, const uint32_t *ids, size_t count,
                                     recur_error *error)
{
    uint64_t room = builder->max_tokens - builder->corpus->size;
    return append(builder->corpus, ids, room < count ? (size_t)room : count, error);
}

static enum recur_status count_chunk(void *user, const recur_token *tokens, size_t count,
                                     bool line_end, recur_error *error)
{
    (void)line_end;
    struct builder *builder = user;
    uint32_t *numbers = builder->numbers;
    RECUR_TRY(recur_token_table_count(builder->counted, tokens, count, numbers, error));
    return append_kept(builder, numbers, count, error);
}

static enum recur_status encode_chunk(void *user, const recur_token *tokens, size_t count,
                                      bool line_end, recur_error *error)
{
    (void)line_end;
    struct builder *builder = user;
    struct recur_id_list *ids = &builder->ids;
    const struct recur_token_kind *kind = recur_token_kind_of(recur_vocab_text(builder->vocab));
    ids->count = 0;
    RECUR_TRY(kind->encode(builder->vocab, tokens, count, ids, error));
    builder->encoded += ids->count;
    return append_kept(builder, (const uint32_t *)ids->id, ids->count, error);
}

enum recur_status recur_corpus_fail_empty(const char *path, size_t count,
                                          const recur_text_config *config,
                                          const recur_text_stats *stats, recur_error *error)
{
    const char *nothing = recur_token_kind_of(config)->nothing;
    const char *cause = !stats->bytes ? NULL
                        : config->clean == RECUR_CLEAN_LETTERS
                            ? "cleaning by letters keeps nothing "
                              "but A-Z and a-z, and there are none"
                            : nothing;
    return recur_fail(error, RECUR_ERROR_DATA, "%s %s no tokens (%" PRIu64 " %s read)%s%s",
                      path ? recur_file_name(path).text : "the text",
                      count > 1 ? "and the files after it have" : "has", stats->bytes,
                      stats->bytes == 1 ? "byte was" : "bytes were", cause ? "; " : "",
                      cause ? cause : "");
}

/* Reads all texts as one. */
static enum recur_status read_texts(const struct recur_raw_text *texts, size_t count,
                                    const recur_text_config *config, recur_chunk_fn *chunk,
                                    struct builder *builder, recur_error *error)
{
    recur_text_stats *stats = &builder->corpus->stats;
    for (size_t i = 0; i < count; i++) {
        struct recur_raw_text text = texts[i];
        text.most = builder->max_tokens;
        text.marks = &builder->corpus->marks;
        RECUR_TRY(recur_text_stream(&text, config, false, chunk, builder, stats, error));
    }
    return stats->tokens
               ? RECUR_OK
               : recur_corpus_fail_empty(count ? texts[0].path : NULL, count, config, stats, error);
}

static void set(recur_corpus *corpus, size_t at, uint32_t id)
{
    if (corpus->wide)
        ((uint32_t *)corpus->ids)[at] = id;
    else
        ((uint16_t *)corpus->ids)[at] = (uint16_t)id;
}

/* Replaces numbers in order of first appearance by the dictionary's ids. A corpus of a text's first
 * tokens may have narrow numbers where the dictionary, which knows the whole text, has wide ids. */
static enum recur_status renumber(recur_corpus *corpus, const uint32_t *ids, size_t vocabulary_size,
                                  recur_error *error)
{
    if (vocabulary_size > NARROW_IDS && !corpus->wide)
        RECUR_TRY(widen(corpus, error));
    recur_corpus from = *corpus;
    corpus->vocabulary_size = vocabulary_size;
    corpus->wide = vocabulary_size > NARROW_IDS;
    for (size_t i = 0; i < corpus->size; i++) {
        uint32_t id = ids[get(&from, i)];
        set(corpus, i, id);
        corpus->unknown += id == RECUR_UNKNOWN;
    }
    return RECUR_OK;
}

static uint64_t limit(uint64_t max_tokens)
{
    return max_tokens ? max_tokens : UINT64_MAX;
}

static void count_unknown(recur_corpus *corpus)
{
    for (size_t i = 0; i < corpus->size; i++)
        corpus->unknown += get(corpus, i) == RECUR_UNKNOWN;
}

/* Reads the texts with the builder's vocabulary. The corpus is the caller's. */
static enum recur_status encode_texts(const struct recur_raw_text *texts, size_t count,
                                      const recur_text_config *cut, struct builder *builder,
                                      recur_corpus **corpus, recur_error *error)
{
    recur_corpus *made;
    RECUR_TRY(create(recur_vocab_size(builder->vocab), &made, error));
    builder->corpus = made;
    enum recur_status status = read_texts(texts, count, cut, encode_chunk, builder, error);
    recur_id_list_free(&builder->ids);
    if (status != RECUR_OK) {
        recur_corpus_free(made);
        return status;
    }
    made->stats.tokens = builder->encoded;
    count_unknown(made);
    trim(made);
    *corpus = made;
    return RECUR_OK;
}

/* Byte pairs are learnt before the text is encoded, so it is read twice. */
static enum recur_status build_pairs(const struct recur_raw_text *texts, size_t count,
                                     const recur_text_config *cut, uint64_t max_tokens,
                                     const recur_vocab_config *dictionary, recur_corpus **corpus,
                                     recur_vocab **vocab, recur_error *error)
{
    struct recur_pieces pieces = {.most = max_tokens};
    struct builder builder = {.max_tokens = max_tokens};
    recur_vocab *made = NULL;
    enum recur_status status = recur_pieces_read(&pieces, texts, count, cut, dictionary, error);
    if (status == RECUR_OK)
        status = recur_pieces_vocab(&pieces, cut, dictionary, &made, error);
    builder.vocab = made;
    if (status == RECUR_OK)
        status = encode_texts(pieces.texts, count, cut, &builder, corpus, error);
    if (status == RECUR_OK) {
        uint64_t tokens = (*corpus)->stats.tokens;
        (*corpus)->stats = pieces.stats; /* a text that was kept has become valid */
        (*corpus)->stats.tokens = tokens;
        *vocab = made;
        made = NULL;
    }
    recur_vocab_free(made);
    recur_pieces_free(&pieces);
    return status;
}

enum recur_status recur_corpus_build_raw(const struct recur_raw_text *texts, size_t count,
                                         const recur_corpus_config *given, recur_corpus **corpus,
                                         recur_vocab **vocab, recur_error *error)
{
    recur_corpus_config config = recur_corpus_config_default();
    recur_vocab_config dictionary = recur_vocab_config_default();
    struct recur_token_table counted = {0};
    recur_corpus *made = NULL;
    recur_text_config cut;
    uint32_t *ids = NULL;
    enum recur_status status;
    RECUR_TRY(recur_config_take(&config, given, "recur_corpus_config", error));
    RECUR_TRY(recur_text_take_config(config.text, &cut, error));
    RECUR_TRY(recur_config_take(&dictionary, config.vocab, "recur_vocab_config", error));
    if (recur_token_kind_of(&cut)->parts)
        return build_pairs(texts, count, &cut, limit(config.max_tokens), &dictionary, corpus, vocab,
                           error);
    RECUR_TRY_GOTO(create(0, &made, error), done);
    RECUR_TRY_GOTO(recur_vocab_begin(&counted, &cut, &dictionary, error), done);
    struct builder builder = {
        .corpus = made, .max_tokens = limit(config.max_tokens), .counted = &counted};
    RECUR_TRY_GOTO(read_texts(texts, count, &cut, count_chunk, &builder, error), done);
    RECUR_TRY_GOTO(recur_vocab_finish(&counted, &cut, &dictionary, vocab, &ids, error), done);
    status = renumber(made, ids, recur_vocab_size(*vocab), error);
    if (status != RECUR_OK) {
        recur_vocab_free(*vocab);
        *vocab = NULL;
        goto done;
    }
    trim(made);
    *corpus = made;
    made = NULL;
done:
    recur_corpus_free(made);
    recur_token_table_free(&counted);
    free(ids);
    return status;
}

/* One text for each path; `*texts` belongs to the caller. */
static enum recur_status make_texts(const char *const *paths, size_t count,
                                    struct recur_raw_text **texts, recur_error *error)
{
    RECUR_TRY(recur_alloc(count, sizeof **texts, "the list of files", texts, error));
    for (size_t i = 0; i < count; i++)
        (*texts)[i].path = paths[i];
    return RECUR_OK;
}

enum recur_status recur_corpus_build(const char *const *paths, size_t count,
                                     const recur_corpus_config *config, recur_corpus **corpus,
                                     recur_vocab **vocab, recur_error *error)
{
    struct recur_raw_text *texts;
    RECUR_TRY(make_texts(paths, count, &texts, error));
    enum recur_status status = recur_corpus_build_raw(texts, count, config, corpus, vocab, error);
    free(texts);
    return status;
}

enum recur_status recur_corpus_build_memory(const char *bytes, size_t size,
                                            const recur_corpus_config *config,
                                            recur_corpus **corpus, recur_vocab **vocab,
                                            recur_error *error)
{
    struct recur_raw_text text = {.bytes = bytes, .size = size};
    return recur_corpus_build_raw(&text, 1, config, corpus, vocab, error);
}

enum recur_status recur_corpus_encode_files(const char *const *paths, size_t count,
                                            recur_vocab *vocab, const recur_corpus_config *given,
                                            recur_corpus **corpus, recur_error *error)
{
    recur_corpus_config config = recur_corpus_config_default();
    recur_text_config cut = recur_text_config_default();
    struct recur_raw_text *texts;
    RECUR_TRY(recur_config_take(&config, given, "recur_corpus_config", error));
    RECUR_TRY(recur_config_take(&cut, config.text, "recur_text_config", error));
    const char *encoding = cut.encoding;
    cut = *recur_vocab_text(vocab);
    cut.encoding = encoding;
    struct builder builder = {.max_tokens = limit(config.max_tokens), .vocab = vocab};
    RECUR_TRY(make_texts(paths, count, &texts, error));
    enum recur_status status = encode_texts(texts, count, &cut, &builder, corpus, error);
    free(texts);
    return status;
}

enum recur_status recur_corpus_encode(const char *const *paths, size_t count, recur_vocab *vocab,
                                      uint64_t max_tokens, recur_corpus **corpus,
                                      recur_error *error)
{
    recur_corpus_config config = recur_corpus_config_default();
    config.max_tokens = max_tokens;
    return recur_corpus_encode_files(paths, count, vocab, &config, corpus, error);
}

enum recur_status recur_corpus_from_ids(const int32_t *ids, size_t count, size_t vocabulary_size,
                                        recur_corpus **corpus, recur_error *error)
{
    for (size_t i = 0; i < count; i++)
        if ((size_t)ids[i] >= vocabulary_size) /* a negative id becomes a huge number */
            return recur_fail(error, RECUR_ERROR_ARGUMENT,
                              "id %" PRId32 " at place %zu is outside a vocabulary of %zu %s",
                              ids[i], i, vocabulary_size,
                              vocabulary_size == 1 ? "entry" : "entries");
    recur_corpus *made = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(create(vocabulary_size, &made, error), failed);
    RECUR_TRY_GOTO(append(made, (const uint32_t *)ids, count, error), failed);
    count_unknown(made);
    made->stats.tokens = count;
    trim(made);
    *corpus = made;
    return RECUR_OK;
failed:
    recur_corpus_free(made);
    return status;
}

size_t recur_corpus_size(const recur_corpus *corpus)
{
    return corpus->size;
}

size_t recur_corpus_vocabulary_size(const recur_corpus *corpus)
{
    return corpus->vocabulary_size;
}

const recur_text_stats *recur_corpus_stats(const recur_corpus *corpus)
{
    return &corpus->stats;
}

uint64_t recur_corpus_marks(const recur_corpus *corpus)
{
    return corpus->marks;
}

size_t recur_corpus_unknown(const recur_corpus *corpus)
{
    return corpus->unknown;
}

void recur_corpus_read(const recur_corpus *corpus, size_t first, size_t count, int32_t *ids)
{
    assert(first <= corpus->size && count <= corpus->size - first);
    if (corpus->mapping.base) {
        recur_mapping_read(&corpus->mapping, corpus->vocabulary_size, first, count, ids);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ids[i] = (int32_t)get(corpus, first + i);
}

enum recur_status recur_corpus_of_mapping(struct recur_mapping *mapping, size_t size,
                                          size_t vocabulary, const recur_text_stats *stats,
                                          uint64_t marks, recur_corpus **corpus, recur_error *error)
{
    recur_corpus *made;
    enum recur_status status = create(vocabulary, &made, error);
    if (status != RECUR_OK) {
        recur_mapping_free(mapping);
        return status;
    }
    made->mapping = *mapping;
    made->size = size;
    made->stats = *stats;
    made->marks = marks;
    made->unknown = (size_t)made->mapping.unknown;
    *corpus = made;
    return RECUR_OK;
}

uint64_t recur_corpus_fingerprint(const recur_corpus *corpus)
{
    if (corpus->mapping.base)
        return corpus->mapping.fingerprint;
    uint64_t sum = corpus->size;
    for (size_t i = 0; i < corpus->size; i++)
        sum = recur_mix64(sum ^ get(corpus, i)); /* maps `sum` one to one: keeps every change */
    return sum;
}
