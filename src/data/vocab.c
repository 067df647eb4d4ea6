#include "recur/vocab.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "data/pairs.h"
#include "data/text_stream.h"
#include "data/token_kind.h"
#include "data/vocab_make.h"

struct recur_vocab {
    atomic_size_t references;
    struct recur_token_table table; /* a token's index is its id */
    size_t reserved;
    recur_text_config text;
};

static const recur_token unknown = {"<unk>", 5};

RECUR_CONFIG(vocab, entries, .base = NULL)

static enum recur_status create(const recur_text_config *text, size_t reserved, recur_vocab **vocab,
                                recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof **vocab, "a vocabulary", vocab, error));
    atomic_init(&(*vocab)->references, 1);
    (*vocab)->reserved = reserved;
    (*vocab)->text = *text;
    (*vocab)->text.encoding = NULL;
    return RECUR_OK;
}

recur_vocab *recur_vocab_share(recur_vocab *vocab)
{
    atomic_fetch_add_explicit(&vocab->references, 1, memory_order_relaxed);
    return vocab;
}

void recur_vocab_free(recur_vocab *vocab)
{
    if (!vocab || atomic_fetch_sub_explicit(&vocab->references, 1, memory_order_acq_rel) > 1)
        return;
    recur_token_table_free(&vocab->table);
    free(vocab);
}

static recur_printable shown(recur_token token)
{
    return recur_show(token.bytes, token.size, RECUR_WORD_SHOWN, NULL);
}

/* Can a model file hold the token? It holds text and, where tokens may be parts of characters, any
 * byte. */
static bool can_be_saved(recur_token token, const recur_text_config *text)
{
    return recur_utf8_valid(token.bytes, token.size) ||
           (token.size == 1 && recur_token_kind_of(text)->parts_of_character);
}

/* Begins with the entries of the dictionary that is to grow. */
static enum recur_status begin_with(struct recur_token_table *counted,
                                    const recur_text_config *text, const recur_vocab_config *config,
                                    recur_error *error)
{
    const recur_vocab *base = config->base;
    if (config->reserved_count)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a vocabulary that grows has its own reserved tokens and gets no others");
    if (text->tokens != base->text.tokens)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a vocabulary of the tokens %s cannot grow by tokens %s",
                          recur_tokens_name(base->text.tokens), recur_tokens_name(text->tokens));
    if (text->tokens == RECUR_TOKENS_WORD && text->word_rule != base->text.word_rule)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a vocabulary of words by the word rule %s cannot grow by words by the "
                          "word rule %s",
                          recur_word_rule_name(base->text.word_rule),
                          recur_word_rule_name(text->word_rule));
    for (size_t i = 0; i < base->table.size; i++) {
        RECUR_TRY(recur_token_table_add(counted, recur_token_table_at(&base->table, i), error));
        counted->entries[i].count = base->table.entries[i].count;
    }
    return RECUR_OK;
}

enum recur_status recur_vocab_begin(struct recur_token_table *counted,
                                    const recur_text_config *text, const recur_vocab_config *config,
                                    recur_error *error)
{
    if (config->base)
        return begin_with(counted, text, config, error);
    RECUR_TRY(recur_token_table_add(counted, unknown, error));
    for (size_t i = 0; i < config->reserved_count; i++) {
        recur_token token = config->reserved[i];
        if (!token.size)
            return recur_fail(error, RECUR_ERROR_ARGUMENT, "reserved token %zu is empty", i + 1);
        if (!can_be_saved(token, text))
            return recur_fail(error, RECUR_ERROR_ARGUMENT,
                              "reserved token %zu, \"%s\", is not UTF-8", i + 1, shown(token).text);
        uint32_t found = recur_token_table_find(counted, token);
        if (found != RECUR_TOKEN_NONE)
            return recur_fail(error, RECUR_ERROR_ARGUMENT, "reserved token %zu, \"%s\", %s", i + 1,
                              shown(token).text,
                              found ? "is given twice" : "is in every vocabulary already");
        RECUR_TRY(recur_token_table_add(counted, token, error));
    }
    return RECUR_OK;
}

struct rank {
    uint64_t count;
    uint32_t index;
};

static int by_falling_count(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Adds entry `index` of `counted` to the vocabulary. */
static enum recur_status take_entry(recur_vocab *vocab, const struct recur_token_table *counted,
                                    size_t index, uint32_t *ids, recur_error *error)
{
    ids[index] = (uint32_t)vocab->table.size;
    RECUR_TRY(recur_token_table_add(&vocab->table, recur_token_table_at(counted, index), error));
    vocab->table.entries[ids[index]].count = counted->entries[index].count;
    return RECUR_OK;
}

/* Fails because every token of the text was too rare and the dictionary would be empty. */
static enum recur_status fail_rare(const struct recur_token_table *counted, size_t fixed,
                                   uint64_t min_count, recur_error *error)
{
    size_t most = fixed;
    for (size_t i = fixed; i < counted->size; i++)
        if (counted->entries[i].count > counted->entries[most].count)
            most = i;
    return recur_fail(error, RECUR_ERROR_DATA,
                      "no token is met %" PRIu64
                      " times: the most frequent, \"%s\", is met %" PRIu64
                      " time%s; choose a smaller number",
                      min_count, shown(recur_token_table_at(counted, most)).text,
                      counted->entries[most].count, recur_plural(counted->entries[most].count));
}

/* `ranks` has room for every entry of `counted`. */
static enum recur_status fill(recur_vocab *vocab, const struct recur_token_table *counted,
                              const recur_vocab_config *config, struct rank *ranks, uint32_t *ids,
                              recur_error *error)
{
    size_t fixed = config->base ? config->base->table.size : 1 + vocab->reserved, ranked = 0;
    uint64_t min_count = config->min_count, dropped = 0;
    for (size_t i = 0; i < fixed; i++)
        RECUR_TRY(take_entry(vocab, counted, i, ids, error));
    if (recur_token_kind_of(&vocab->text)->parts)
        return config->base ? RECUR_OK : recur_pairs_learn(counted, config, &vocab->table, error);
    for (size_t i = fixed; i < counted->size; i++) {
        uint64_t count = counted->entries[i].count;
        if (count >= min_count)
            ranks[ranked++] = (struct rank){count, (uint32_t)i};
        else
            dropped += count;
    }
    if (!ranked && dropped > 0 && !config->base)
        return fail_rare(counted, fixed, min_count, error);
    qsort(ranks, ranked, sizeof *ranks, by_falling_count);
    for (size_t i = 0; i < ranked; i++)
        RECUR_TRY(take_entry(vocab, counted, ranks[i].index, ids, error));
    vocab->table.entries[RECUR_UNKNOWN].count += dropped;
    return RECUR_OK;
}

enum recur_status recur_vocab_finish(const struct recur_token_table *counted,
                                     const recur_text_config *text,
                                     const recur_vocab_config *config, recur_vocab **vocab,
                                     uint32_t **ids, recur_error *error)
{
    recur_vocab *made = NULL;
    struct rank *ranks = NULL;
    uint32_t *map = NULL;
    enum recur_status status;
    size_t reserved = config->base ? config->base->reserved : config->reserved_count;
    RECUR_TRY_GOTO(create(text, reserved, &made, error), failed);
    RECUR_TRY_GOTO(recur_alloc(counted->size, sizeof *ranks, "the dictionary", &ranks, error),
                   failed);
    RECUR_TRY_GOTO(recur_alloc(counted->size, sizeof *map, "the dictionary", &map, error), failed);
    RECUR_TRY_GOTO(fill(made, counted, config, ranks, map, error), failed);
    free(ranks);
    *vocab = made;
    *ids = map;
    return RECUR_OK;
failed:
    recur_vocab_free(made);
    free(ranks);
    free(map);
    return status;
}

enum recur_status recur_vocab_build(const recur_token *tokens, size_t count,
                                    const recur_text_config *text, const recur_vocab_config *given,
                                    recur_vocab **vocab, recur_error *error)
{
    recur_vocab_config config = recur_vocab_config_default();
    struct recur_token_table counted = {0};
    recur_text_config cut;
    uint32_t *ids = NULL;
    enum recur_status status;
    RECUR_TRY(recur_config_take(&config, given, "recur_vocab_config", error));
    RECUR_TRY(recur_text_take_config(text, &cut, error));
    RECUR_TRY_GOTO(recur_vocab_begin(&counted, &cut, &config, error), done);
    for (size_t i = 0; i < count; i++) {
        uint32_t index = RECUR_UNKNOWN;
        if (tokens[i].size)
            RECUR_TRY_GOTO(recur_token_table_intern(&counted, tokens[i], &index, error), done);
        if (index < counted.size)
            counted.entries[index].count++;
    }
    RECUR_TRY_GOTO(recur_vocab_finish(&counted, &cut, &config, vocab, &ids, error), done);
done:
    recur_token_table_free(&counted);
    free(ids);
    return status;
}

static enum recur_status check_entry(const struct recur_token_table *table, recur_token entry,
                                     recur_error *error)
{
    if (!entry.size)
        return recur_fail(error, RECUR_ERROR_FORMAT, "vocabulary entry %zu is empty", table->size);
    uint32_t found = recur_token_table_find(table, entry);
    if (found != RECUR_TOKEN_NONE)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "vocabulary entry %zu, \"%s\", is the same as entry %u", table->size,
                          shown(entry).text, (unsigned)found);
    return RECUR_OK;
}

enum recur_status recur_vocab_from_entries(const recur_token *entries, const uint64_t *counts,
                                           size_t size, size_t reserved,
                                           const recur_text_config *text, recur_vocab **vocab,
                                           recur_error *error)
{
    if (!size || entries[0].size != unknown.size ||
        memcmp(entries[0].bytes, unknown.bytes, unknown.size) != 0)
        return recur_fail(error, RECUR_ERROR_FORMAT, "vocabulary entry 0 is not \"<unk>\"");
    if (reserved >= size)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "a vocabulary of %zu %s cannot have %zu reserved token%s", size,
                          size == 1 ? "entry" : "entries", reserved, recur_plural(reserved));
    recur_vocab *made = NULL;
    recur_text_config cut;
    enum recur_status status;
    RECUR_TRY(recur_text_take_config(text, &cut, error));
    RECUR_TRY_GOTO(create(&cut, reserved, &made, error), failed);
    for (size_t i = 0; i < size; i++) {
        RECUR_TRY_GOTO(check_entry(&made->table, entries[i], error), failed);
        RECUR_TRY_GOTO(recur_token_table_add(&made->table, entries[i], error), failed);
        made->table.entries[i].count = counts ? counts[i] : 0;
    }
    if (recur_token_kind_of(&cut)->parts)
        RECUR_TRY_GOTO(recur_pairs_check(&made->table, 1 + reserved, error), failed);
    *vocab = made;
    return RECUR_OK;
failed:
    recur_vocab_free(made);
    return status;
}

size_t recur_vocab_size(const recur_vocab *vocab)
{
    return vocab->table.size;
}

size_t recur_vocab_reserved(const recur_vocab *vocab)
{
    return vocab->reserved;
}

const recur_text_config *recur_vocab_text(const recur_vocab *vocab)
{
    return &vocab->text;
}

int32_t recur_vocab_id(const recur_vocab *vocab, recur_token token)
{
    uint32_t index = recur_token_table_find(&vocab->table, token);
    return index == RECUR_TOKEN_NONE ? RECUR_UNKNOWN : (int32_t)index;
}

size_t recur_vocab_ids(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                       int32_t *ids)
{
    size_t unknowns = 0;
    uint32_t indices[RECUR_CHUNK];
    for (size_t at = 0; at < count; at += RECUR_CHUNK) {
        size_t some = count - at < RECUR_CHUNK ? count - at : RECUR_CHUNK;
        recur_token_table_find_all(&vocab->table, tokens + at, some, indices);
        for (size_t i = 0; i < some; i++) {
            ids[at + i] = indices[i] == RECUR_TOKEN_NONE ? RECUR_UNKNOWN : (int32_t)indices[i];
            unknowns += ids[at + i] == RECUR_UNKNOWN;
        }
    }
    return unknowns;
}

static size_t index_of(const recur_vocab *vocab, int32_t id)
{
    return (size_t)id < vocab->table.size ? (size_t)id : RECUR_UNKNOWN; /* negative ids are huge */
}

recur_token recur_vocab_token(const recur_vocab *vocab, int32_t id)
{
    return recur_token_table_at(&vocab->table, index_of(vocab, id));
}

void recur_vocab_tokens(const recur_vocab *vocab, const int32_t *ids, size_t count,
                        recur_token *tokens)
{
    for (size_t i = 0; i < count; i++)
        tokens[i] = recur_vocab_token(vocab, ids[i]);
}

uint64_t recur_vocab_count(const recur_vocab *vocab, int32_t id)
{
    return vocab->table.entries[index_of(vocab, id)].count;
}

enum recur_status recur_vocab_divide(const recur_vocab *vocab, const recur_token *pieces,
                                     size_t count, struct recur_id_list *ids, recur_error *error)
{
    return recur_pairs_encode(&vocab->table, 1 + vocab->reserved, pieces, count, ids, error);
}

struct encoding {
    const recur_vocab *vocab;
    struct recur_id_list ids;
};

static enum recur_status encode_chunk(void *user, const recur_token *tokens, size_t count,
                                      bool line_end, recur_error *error)
{
    (void)line_end;
    struct encoding *encoding = user;
    return recur_token_kind_of(&encoding->vocab->text)
        ->encode(encoding->vocab, tokens, count, &encoding->ids, error);
}

enum recur_status recur_vocab_encode(const recur_vocab *vocab, const char *text, size_t size,
                                     int32_t **ids, size_t *count, size_t *unknown_count,
                                     recur_error *error)
{
    struct encoding encoding = {.vocab = vocab};
    recur_text_stats stats = {0};
    enum recur_status status;
    RECUR_TRY_GOTO(recur_grow(&encoding.ids.id, &encoding.ids.capacity, 1, sizeof *encoding.ids.id,
                              "a text's ids", error),
                   failed);
    RECUR_TRY_GOTO(recur_text_stream(&(struct recur_raw_text){.bytes = text, .size = size},
                                     &vocab->text, false, encode_chunk, &encoding, &stats, error),
                   failed);
    *ids = encoding.ids.id;
    *count = encoding.ids.count;
    if (unknown_count)
        *unknown_count = encoding.ids.unknown;
    encoding.ids.id = NULL;
failed:
    recur_id_list_free(&encoding.ids);
    return status;
}
