/* Learns byte pairs: the most frequent pair of neighbours becomes a token, again and again. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "data/pairs.h"

/* Two neighbouring tokens. */
struct pair {
    uint32_t left, right;
    uint64_t count;  /* how often they stand in the text */
    uint32_t places; /* the list of the pieces that have, or had, the pair: a place + 1; 0: none */
    uint32_t merge;  /* the last merge in which the count grew, from 1 */
};

struct place {
    uint32_t piece, next; /* next: a place + 1 */
};

/* A pair with the count that it had; the largest count is the first of the heap. */
struct waiting {
    uint64_t count;
    uint32_t pair;
};

struct piece {
    size_t first; /* of its tokens in `tokens` */
    uint32_t size;
    uint64_t count;
};

struct learning {
    struct recur_token_table *table;
    size_t first;    /* the id of byte 0 */
    uint64_t least;  /* a pair that is met less often makes no token */
    uint32_t merges; /* so far */
    struct piece *pieces;
    size_t pieces_count;
    uint32_t *tokens; /* the ids of all pieces' tokens */
    struct pair *pairs;
    size_t pairs_count, pairs_capacity;
    uint32_t *slots; /* a pair + 1 by its tokens; 0: free */
    size_t slots_count;
    struct place *places;
    size_t places_count, places_capacity;
    uint32_t unused; /* the list of places that are free again */
    struct waiting *heap;
    size_t heap_count, heap_capacity;
    uint32_t *grown; /* the pairs whose count this merge has increased */
    size_t grown_count, grown_capacity;
    recur_error *error;
};

static void learning_free(struct learning *l)
{
    free(l->pieces);
    free(l->tokens);
    free(l->pairs);
    free(l->slots);
    free(l->places);
    free(l->heap);
    free(l->grown);
}

/* Is `a` to be taken before `b`? Of equal counts the pair with the smaller ids is. */
static bool is_before(const struct learning *l, struct waiting a, struct waiting b)
{
    const struct pair *one = &l->pairs[a.pair], *other = &l->pairs[b.pair];
    if (a.count != b.count)
        return a.count > b.count;
    return one->left != other->left ? one->left < other->left : one->right < other->right;
}

static enum recur_status push(struct learning *l, uint32_t pair)
{
    const struct waiting made = {l->pairs[pair].count, pair};
    if (made.count < l->least)
        return RECUR_OK;
    RECUR_TRY(recur_grow(&l->heap, &l->heap_capacity, l->heap_count + 1, sizeof *l->heap,
                         "the pairs", l->error));
    size_t at = l->heap_count++;
    for (; at > 0 && is_before(l, made, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        l->heap[at] = l->heap[(at - 1) / 2];
    l->heap[at] = made;
    return RECUR_OK;
}

static struct waiting pop(struct learning *l)
{
    struct waiting top = l->heap[0], last = l->heap[--l->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < l->heap_count && is_before(l, l->heap[child + 1], l->heap[child]))
            child++;
        if (child >= l->heap_count || !is_before(l, l->heap[child], last))
            break;
        l->heap[at] = l->heap[child];
        at = child;
    }
    l->heap[at] = last;
    return top;
}

/* The slot of a pair, or the free one where it belongs. */
static size_t slot_of(const struct learning *l, uint32_t left, uint32_t right)
{
    size_t at = recur_mix64((uint64_t)left << 32 | right) & (l->slots_count - 1);
    for (; l->slots[at]; at = (at + 1) & (l->slots_count - 1)) {
        const struct pair *pair = &l->pairs[l->slots[at] - 1];
        if (pair->left == left && pair->right == right)
            break;
    }
    return at;
}

static enum recur_status grow_slots(struct learning *l)
{
    size_t count = l->slots_count ? recur_size_mul(l->slots_count, 2) : 1 << 12;
    uint32_t *slots;
    RECUR_TRY(recur_alloc(count, sizeof *slots, "the pairs", &slots, l->error));
    free(l->slots);
    l->slots = slots;
    l->slots_count = count;
    for (size_t i = 0; i < l->pairs_count; i++)
        slots[slot_of(l, l->pairs[i].left, l->pairs[i].right)] = (uint32_t)i + 1;
    return RECUR_OK;
}

static enum recur_status find_pair(struct learning *l, uint32_t left, uint32_t right,
                                   uint32_t *pair)
{
    if (l->pairs_count >= l->slots_count / 2)
        RECUR_TRY(grow_slots(l));
    uint32_t *slot = &l->slots[slot_of(l, left, right)];
    if (!*slot) {
        RECUR_TRY(recur_grow(&l->pairs, &l->pairs_capacity, l->pairs_count + 1, sizeof *l->pairs,
                             "the pairs", l->error));
        l->pairs[l->pairs_count++] = (struct pair){.left = left, .right = right};
        *slot = (uint32_t)l->pairs_count;
    }
    *pair = *slot - 1;
    return RECUR_OK;
}

/* Notes that a piece has the pair. */
static enum recur_status add_place(struct learning *l, struct pair *pair, uint32_t piece)
{
    uint32_t at = l->unused;
    if (pair->places && l->places[pair->places - 1].piece == piece)
        return RECUR_OK;
    if (at) {
        l->unused = l->places[at - 1].next;
    } else {
        RECUR_TRY(recur_grow(&l->places, &l->places_capacity, l->places_count + 1,
                             sizeof *l->places, "the places of pairs", l->error));
        at = (uint32_t)++l->places_count;
    }
    l->places[at - 1] = (struct place){piece, pair->places};
    pair->places = at;
    return RECUR_OK;
}

static enum recur_status add(struct learning *l, uint32_t left, uint32_t right, uint32_t piece)
{
    uint32_t found;
    RECUR_TRY(find_pair(l, left, right, &found));
    struct pair *pair = &l->pairs[found];
    pair->count += l->pieces[piece].count;
    if (pair->merge != l->merges) {
        RECUR_TRY(recur_grow(&l->grown, &l->grown_capacity, l->grown_count + 1, sizeof *l->grown,
                             "the pairs", l->error));
        l->grown[l->grown_count++] = found;
        pair->merge = l->merges;
    }
    return add_place(l, pair, piece);
}

static void subtract(struct learning *l, uint32_t left, uint32_t right, uint64_t count)
{
    uint32_t found = l->slots[slot_of(l, left, right)];
    if (!found)
        return;
    struct pair *pair = &l->pairs[found - 1];
    pair->count -= pair->count < count ? pair->count : count;
}

/* The pairs whose count has grown wait with their new count. */
static enum recur_status push_grown(struct learning *l)
{
    for (size_t i = 0; i < l->grown_count; i++)
        RECUR_TRY(push(l, l->grown[i]));
    l->grown_count = 0;
    return RECUR_OK;
}

/* Joins left and right to `made` wherever they stand in the piece. */
static enum recur_status join_in(struct learning *l, uint32_t number, uint32_t left, uint32_t right,
                                 uint32_t made)
{
    struct piece *piece = &l->pieces[number];
    uint32_t *token = l->tokens + piece->first, kept = 0;
    for (uint32_t at = 0; at < piece->size; at++) {
        bool joins = at + 1 < piece->size && token[at] == left && token[at + 1] == right;
        token[kept++] = joins ? made : token[at];
        if (!joins)
            continue;
        at++;
        if (kept > 1) {
            subtract(l, token[kept - 2], left, piece->count);
            RECUR_TRY(add(l, token[kept - 2], made, number));
        }
        if (at + 1 < piece->size) {
            subtract(l, right, token[at + 1], piece->count);
            RECUR_TRY(add(l, made, token[at + 1], number));
        }
    }
    piece->size = kept;
    return RECUR_OK;
}

/* Makes a token of the pair, unless there is one of the same bytes, and joins the pair everywhere.
 */
static enum recur_status merge(struct learning *l, uint32_t number)
{
    const uint32_t left = l->pairs[number].left, right = l->pairs[number].right;
    recur_token a = recur_token_table_at(l->table, left);
    recur_token b = recur_token_table_at(l->table, right);
    char bytes[2 * RECUR_PIECE_MOST];
    uint32_t made;
    memcpy(bytes, a.bytes, a.size);
    memcpy(bytes + a.size, b.bytes, b.size);
    RECUR_TRY(
        recur_token_table_intern(l->table, (recur_token){bytes, a.size + b.size}, &made, l->error));
    l->merges++;
    uint32_t places = l->pairs[number].places;
    l->pairs[number].count = 0;
    l->pairs[number].places = 0;
    if (made < l->first)
        return RECUR_OK; /* a reserved token is none of the text */
    while (places) {
        struct place place = l->places[places - 1];
        RECUR_TRY(join_in(l, place.piece, left, right, made));
        l->places[places - 1].next = l->unused;
        l->unused = places;
        places = place.next;
    }
    l->pairs[number].count = 0; /* of three equal tokens two were a pair as well */
    return push_grown(l);
}

/* Takes the pieces that were counted, each as its bytes. */
static enum recur_status take_pieces(struct learning *l, const struct recur_token_table *pieces)
{
    size_t used = 0;
    RECUR_TRY(recur_alloc(pieces->size, sizeof *l->pieces, "the pieces", &l->pieces, l->error));
    RECUR_TRY(recur_alloc(pieces->bytes_size + 1, sizeof *l->tokens, "the pieces' tokens",
                          &l->tokens, l->error));
    for (size_t i = RECUR_UNKNOWN + 1; i < pieces->size; i++) {
        recur_token piece = recur_token_table_at(pieces, i);
        if (!pieces->entries[i].count || piece.size > RECUR_PIECE_MOST)
            continue;
        l->pieces[l->pieces_count++] =
            (struct piece){used, (uint32_t)piece.size, pieces->entries[i].count};
        for (size_t k = 0; k < piece.size; k++)
            l->tokens[used++] = (uint32_t)l->first + (unsigned char)piece.bytes[k];
    }
    for (size_t i = 0; i < l->pieces_count; i++)
        for (size_t k = 0; k + 1 < l->pieces[i].size; k++) {
            const uint32_t *token = l->tokens + l->pieces[i].first + k;
            RECUR_TRY(add(l, token[0], token[1], (uint32_t)i));
        }
    return push_grown(l);
}

/* 512 entries for the smallest texts, about 2048 for 1 MB, 8192 for 16 MB, at most 32 768. */
static size_t suitable(const struct learning *l)
{
    size_t entries = 512;
    uint64_t bytes = 0;
    for (size_t i = 0; i < l->pieces_count; i++)
        bytes += l->pieces[i].count * l->pieces[i].size;
    for (; bytes > (uint64_t)1 << 16 && entries < 32768; bytes /= 4)
        entries *= 2;
    return entries;
}

static enum recur_status add_bytes(struct learning *l)
{
    for (unsigned byte = 0; byte < RECUR_PAIR_BYTES; byte++) {
        const char own = (char)byte;
        if (recur_token_table_find(l->table, (recur_token){&own, 1}) != RECUR_TOKEN_NONE)
            return recur_fail(l->error, RECUR_ERROR_ARGUMENT,
                              "reserved token \"%s\" is a byte, and byte pairs have all bytes "
                              "already",
                              recur_show(&own, 1, RECUR_WORD_SHOWN, NULL).text);
        RECUR_TRY(recur_token_table_add(l->table, (recur_token){&own, 1}, l->error));
    }
    return RECUR_OK;
}

static enum recur_status learn(struct learning *l, const struct recur_token_table *pieces,
                               size_t entries)
{
    RECUR_TRY(add_bytes(l));
    if (entries && entries < l->table->size)
        return recur_fail(l->error, RECUR_ERROR_ARGUMENT,
                          "a vocabulary of byte pairs needs at least %zu entries, \"<unk>\", the "
                          "reserved tokens and the 256 bytes, got %zu",
                          l->table->size, entries);
    RECUR_TRY(take_pieces(l, pieces));
    entries = entries ? entries : suitable(l);
    while (l->heap_count > 0 && l->table->size < entries) {
        struct waiting top = pop(l);
        if (l->pairs[top.pair].count == top.count)
            RECUR_TRY(merge(l, top.pair));
        else if (l->pairs[top.pair].count < top.count)
            RECUR_TRY(push(l, top.pair));
    }
    for (size_t i = 0; i < l->pieces_count; i++)
        for (size_t k = 0; k < l->pieces[i].size; k++)
            l->table->entries[l->tokens[l->pieces[i].first + k]].count += l->pieces[i].count;
    return RECUR_OK;
}

enum recur_status recur_pairs_learn(const struct recur_token_table *pieces,
                                    const recur_vocab_config *config,
                                    struct recur_token_table *table, recur_error *error)
{
    struct learning l = {.table = table,
                         .first = table->size,
                         .least = config->min_count > 2 ? config->min_count : 2,
                         .merges = 1,
                         .error = error};
    enum recur_status status = learn(&l, pieces, (size_t)config->entries);
    learning_free(&l);
    return status;
}
