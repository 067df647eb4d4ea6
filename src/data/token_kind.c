#include "data/token_kind.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/cuts.h"
#include "data/unicode_words.h"
#include "data/words.h"

/* Cuts text into tokens of one character or one byte each. */
static inline enum recur_status cut_units(struct recur_cutter *cutter, bool bytes)
{
    bool keep_line_feed = cutter->keep_line_feed;
    const char *end = cutter->end, *next;
    size_t count = 0;
    for (const char *at = cutter->text; at < end; at = next) {
        next = at + (bytes ? 1 : recur_utf8_length(*at));
        bool line_feed = *at == '\n';
        if (!line_feed || keep_line_feed)
            RECUR_TRY(recur_cutter_add(cutter, &count, at, next));
        if (line_feed)
            RECUR_TRY(recur_cutter_end_line(cutter, &count));
    }
    return count ? recur_cutter_hand_over(cutter, &count, false) : RECUR_OK;
}

static enum recur_status cut_characters(struct recur_cutter *cutter)
{
    return cut_units(cutter, false);
}

static enum recur_status cut_bytes(struct recur_cutter *cutter)
{
    return cut_units(cutter, true);
}

static enum recur_status cut_words(struct recur_cutter *cutter)
{
    const char *word = cutter->begun ? cutter->text : NULL;
    const char *end = cutter->end, *next;
    size_t count = 0;
    for (const char *at = cutter->text + cutter->begun; at < end; at = next) {
        size_t length = recur_utf8_length(*at);
        next = at + length;
        bool plain = *at > ' ' && length == 1; /* true for most characters of most texts */
        if (plain || (*at != ' ' && !recur_is_space(at, at + length, &next))) {
            word = word ? word : at;
            continue;
        }
        if (word)
            RECUR_TRY(recur_cutter_add(cutter, &count, word, at));
        word = NULL;
        if (*at == '\n')
            RECUR_TRY(recur_cutter_end_line(cutter, &count));
    }
    if (word && cutter->last)
        RECUR_TRY(recur_cutter_add(cutter, &count, word, end));
    cutter->begun = word ? (size_t)(end - word) : 0;
    return count ? recur_cutter_hand_over(cutter, &count, false) : RECUR_OK;
}

/* Gives each token the id of its entry in the vocabulary, or RECUR_UNKNOWN. */
static enum recur_status look_up(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                 struct recur_id_list *ids, recur_error *error)
{
    RECUR_TRY(recur_grow(&ids->id, &ids->capacity, ids->count + count, sizeof *ids->id,
                         "a text's ids", error));
    ids->unknown += recur_vocab_ids(vocab, tokens, count, ids->id + ids->count);
    ids->count += count;
    return RECUR_OK;
}

static bool always(recur_token token)
{
    (void)token;
    return true;
}

static const struct recur_token_kind kinds[] = {
    [RECUR_TOKENS_CHAR] = {.one_character = true,
                           .blank = "this character is left out where texts are read",
                           .cut = cut_characters,
                           .encode = look_up},
    [RECUR_TOKENS_WORD] = {.spaced = true,
                           .words = true,
                           .space_after = always,
                           .space_before = always,
                           .nothing = "all of it is white space",
                           .blank = "a model of words fills whole words, parted by spaces",
                           .cut = cut_words,
                           .encode = look_up},
    [RECUR_TOKENS_BYTE] = {.as_it_stands = true,
                           .parts_of_character = true,
                           .blank = "a model of bytes needs a blank of one byte",
                           .cut = cut_bytes,
                           .encode = look_up},
    [RECUR_TOKENS_BPE] = {.parts_of_character = true,
                          .parts = true,
                          .exact = true,
                          .cut = recur_cut_pieces,
                          .encode = recur_vocab_divide},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* RECUR_TOKENS_WORD by RECUR_WORD_RULE_UNICODE. */
static const struct recur_token_kind unicode_words = {.words = true,
                                                      .exact = true,
                                                      .blank = "a model of words fills whole words",
                                                      .space_after = recur_unicode_space_after,
                                                      .space_before = recur_unicode_space_before,
                                                      .join = RECUR_TOKEN_JOIN,
                                                      .cut = recur_cut_unicode_words,
                                                      .encode = look_up};

RECUR_NAMED_ENUM(tokens, "token kind", "char", "word", "byte", "bpe")
static_assert(sizeof tokens_names / sizeof *tokens_names == KINDS, "a name for each kind");

RECUR_NAMED_ENUM(word_rule, "word rule", "space", "unicode")

const struct recur_token_kind *recur_token_kind_of(const recur_text_config *text)
{
    if (text->tokens == RECUR_TOKENS_WORD && text->word_rule == RECUR_WORD_RULE_UNICODE)
        return &unicode_words;
    return &kinds[text->tokens];
}

recur_token recur_token_written(const struct recur_token_kind *kind, recur_token token)
{
    bool join = kind->join && token.size == strlen(kind->join) &&
                memcmp(token.bytes, kind->join, token.size) == 0;
    return join ? (recur_token){"", 0} : token;
}

bool recur_text_parts(const recur_text_config *text)
{
    return (size_t)text->tokens < KINDS && recur_token_kind_of(text)->parts;
}

bool recur_tokens_as_they_stand(enum recur_tokens tokens)
{
    return (size_t)tokens < KINDS && kinds[tokens].as_it_stands;
}

bool recur_tokens_spaced(enum recur_tokens tokens)
{
    return (size_t)tokens < KINDS && kinds[tokens].spaced;
}

bool recur_text_words(const recur_text_config *text)
{
    return text->tokens == RECUR_TOKENS_WORD;
}
