/* Counts pieces in bounded memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/corpus_raw.h"
#include "data/pairs.h"
#include "data/vocab_make.h"

/* So many pieces, of so many bytes together, are counted at once. */
#define PIECES_MOST ((size_t)1 << 20)
#define BYTES_MOST ((size_t)2 << 20)

static bool is_full(const struct recur_token_table *pieces, size_t part)
{
    return pieces->size > PIECES_MOST / part || pieces->bytes_size > BYTES_MOST / part;
}

/* Forgets every second of the rarest pieces where there are too many: of those met once, then of
 * those met up to twice and so on. Those that stay are of all of the text that was read. */
static enum recur_status forget_rare(struct recur_token_table *pieces, size_t fixed,
                                     recur_error *error)
{
    enum recur_status status = RECUR_OK;
    if (!is_full(pieces, 1))
        return RECUR_OK;
    for (uint64_t rare = 1; is_full(pieces, 2) && pieces->size > fixed && status == RECUR_OK;
         rare *= 2) {
        struct recur_token_table kept = {0};
        bool second = false;
        for (size_t i = 0; i < pieces->size && status == RECUR_OK; i++) {
            uint64_t count = pieces->entries[i].count;
            second ^= i >= fixed && count <= rare;
            if (i >= fixed && count <= rare && second)
                continue;
            status = recur_token_table_add(&kept, recur_token_table_at(pieces, i), error);
            if (status == RECUR_OK)
                kept.entries[kept.size - 1].count = count;
        }
        recur_token_table_free(pieces);
        *pieces = kept;
    }
    return status;
}

static enum recur_status copy_piece(struct recur_pieces *pieces, recur_token piece,
                                    recur_error *error)
{
    RECUR_TRY(recur_grow(&pieces->copy, &pieces->capacity,
                         recur_size_add(pieces->copied, piece.size), 1,
                         "a text that can be read once only", error));
    memcpy(pieces->copy + pieces->copied, piece.bytes, piece.size);
    pieces->copied += piece.size;
    return RECUR_OK;
}

static enum recur_status count_pieces(void *user, const recur_token *tokens, size_t count,
                                      bool line_end, recur_error *error)
{
    struct recur_pieces *pieces = user;
    uint32_t numbers[RECUR_CHUNK];
    for (size_t i = 0; pieces->copies && i < count; i++)
        RECUR_TRY(copy_piece(pieces, tokens[i], error));
    if (line_end && pieces->adds_ends)
        RECUR_TRY(copy_piece(pieces, (recur_token){"\n", 1}, error));
    if (pieces->known)
        return RECUR_OK;
    RECUR_TRY(recur_token_table_count(&pieces->counted, tokens, count, numbers, error));
    return forget_rare(&pieces->counted, pieces->fixed, error);
}

bool recur_raw_text_stays(const struct recur_raw_text *text)
{
    struct stat info;
    return !text->path || (strcmp(text->path, "-") != 0 &&
                           (stat(text->path, &info) != 0 || S_ISREG(info.st_mode)));
}

/* Reads one text. Where it cannot be read again, its copy stands in for it. */
static enum recur_status read_one(struct recur_pieces *pieces, size_t number,
                                  const recur_text_config *cut, recur_error *error)
{
    struct recur_raw_text text = pieces->texts[number], copy = {.size = pieces->copied};
    uint64_t marks = 0;
    text.most = pieces->most;
    text.marks = &marks;
    pieces->copies = !recur_raw_text_stays(&text);
    pieces->adds_ends = pieces->copies && cut->clean != RECUR_CLEAN_NONE;
    RECUR_TRY(
        recur_text_stream(&text, cut, pieces->copies, count_pieces, pieces, &pieces->stats, error));
    if (!pieces->copies)
        return RECUR_OK;
    copy.size = pieces->copied - copy.size;
    pieces->texts[number] = copy;
    return RECUR_OK;
}

enum recur_status recur_pieces_read(struct recur_pieces *pieces, const struct recur_raw_text *texts,
                                    size_t count, const recur_text_config *cut,
                                    const recur_vocab_config *config, recur_error *error)
{
    RECUR_TRY(
        recur_alloc(count, sizeof *pieces->texts, "the list of files", &pieces->texts, error));
    RECUR_TRY(recur_vocab_begin(&pieces->counted, cut, config, error));
    pieces->fixed = pieces->counted.size;
    pieces->known = config->base != NULL;
    for (size_t i = 0; i < count; i++)
        pieces->texts[i] = texts[i];
    for (size_t i = 0; i < count; i++)
        RECUR_TRY(read_one(pieces, i, cut, error));
    for (size_t i = 0, at = 0; i < count; i++) { /* the copy moves no more */
        if (!texts[i].path || pieces->texts[i].path)
            continue;
        pieces->texts[i].bytes = pieces->copy + at;
        at += pieces->texts[i].size;
    }
    return pieces->stats.tokens ? RECUR_OK
                                : recur_corpus_fail_empty(count ? texts[0].path : NULL, count, cut,
                                                          &pieces->stats, error);
}

enum recur_status recur_pieces_vocab(const struct recur_pieces *pieces,
                                     const recur_text_config *cut, const recur_vocab_config *config,
                                     recur_vocab **vocab, recur_error *error)
{
    uint32_t *ids;
    RECUR_TRY(recur_vocab_finish(&pieces->counted, cut, config, vocab, &ids, error));
    free(ids);
    return RECUR_OK;
}

void recur_pieces_free(struct recur_pieces *pieces)
{
    recur_token_table_free(&pieces->counted);
    free(pieces->texts);
    free(pieces->copy);
}
