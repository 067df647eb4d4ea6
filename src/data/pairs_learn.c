/* Learns byte pairs: the most frequent pair of neighbours becomes a token, again and again. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "data/pairs.h"

#define AHEAD 8 /* so many places ahead are fetched */

/* Two neighbouring tokens. */
struct pair {
    uint32_t left, right;
    uint64_t count; /* how often they stand in the text, or stood before other merges */
    uint32_t lists; /* where they stand: the first of some lists of places, + 1; 0: none */
    bool grown;     /* this merge has increased the count */
};

/* Places where a pair stands, or stood before another merge took a part of it. */
struct list {
    uint32_t pair, next; /* next: another list of the pair, + 1; 0: none */
    size_t first, size;  /* in `places` */
};

/* A pair with the count that it had; the largest count is the first of the heap. */
struct waiting {
    uint64_t count;
    uint32_t pair;
};

/* Pieces that are met equally often, one behind the other. */
struct run {
    uint32_t end; /* the place behind the last of them */
    uint64_t count;
};

/* A token beside the pair that is merged: before it, or behind it. */
struct neighbour {
    uint64_t count; /* how often it stands there in the text, */
    uint32_t size;  /* in how many places, */
    size_t at;      /* and where in `places` the next of these goes */
};

struct neighbours {
    struct neighbour *of; /* by id */
    uint32_t *met;        /* the ids of those that this merge has met */
    size_t count, capacity;
};

/* A place where the pair was merged, and the tokens beside it; RECUR_TOKEN_NONE: the piece ends. */
struct join {
    uint32_t at, before, behind;
};

struct learning {
    struct recur_token_table *table;
    size_t first;   /* the id of byte 0 */
    uint64_t least; /* a pair that is met less often makes no token */
    size_t entries; /* of the vocabulary, at most */
    /* All pieces, those that are met most often first. Of a token of n bytes the first and the last
     * of n items are its id, and RECUR_TOKEN_NONE those between and between two pieces. */
    uint32_t *tokens;
    size_t used;    /* items of `tokens` */
    uint64_t bytes; /* of all pieces, each as often as it is met */
    struct run *runs;
    size_t runs_count, runs_capacity;
    unsigned char *sizes; /* of tokens in bytes, by id */
    struct pair *pairs;
    size_t pairs_count, pairs_capacity;
    uint32_t *slots; /* a pair + 1 by its tokens; 0: free */
    size_t slots_count;
    uint32_t *places;
    size_t places_count, places_capacity, places_most;
    struct list *lists;
    size_t lists_count, lists_capacity;
    struct waiting *heap;
    size_t heap_count, heap_capacity;
    uint32_t *grown; /* the pairs whose count this merge has increased */
    size_t grown_count, grown_capacity;
    struct join *joins; /* of this merge */
    size_t joins_count, joins_capacity;
    struct neighbours before, behind;
    recur_error *error;
};

static void learning_free(struct learning *l)
{
    free(l->tokens);
    free(l->runs);
    free(l->sizes);
    free(l->pairs);
    free(l->slots);
    free(l->places);
    free(l->lists);
    free(l->heap);
    free(l->grown);
    free(l->joins);
    free(l->before.of);
    free(l->before.met);
    free(l->behind.of);
    free(l->behind.met);
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

/* Increases the count of a pair, which gets a list of `size` places: `*at` is where they go. */
static enum recur_status add(struct learning *l, uint32_t left, uint32_t right,
                             struct neighbour *added)
{
    uint32_t found;
    RECUR_TRY(find_pair(l, left, right, &found));
    RECUR_TRY(recur_grow(&l->grown, &l->grown_capacity, l->grown_count + 1, sizeof *l->grown,
                         "the pairs", l->error));
    RECUR_TRY(recur_grow(&l->lists, &l->lists_capacity, l->lists_count + 1, sizeof *l->lists,
                         "the places of pairs", l->error));
    RECUR_TRY(recur_grow(&l->places, &l->places_capacity, l->places_count + added->size,
                         sizeof *l->places, "the places of pairs", l->error));
    struct pair *pair = &l->pairs[found];
    pair->count += added->count;
    if (!pair->grown)
        l->grown[l->grown_count++] = found;
    pair->grown = true;
    l->lists[l->lists_count++] = (struct list){found, pair->lists, l->places_count, added->size};
    pair->lists = (uint32_t)l->lists_count;
    added->at = l->places_count;
    l->places_count += added->size;
    return RECUR_OK;
}

/* The pairs whose count has grown wait with their new count. */
static enum recur_status push_grown(struct learning *l)
{
    for (size_t i = 0; i < l->grown_count; i++) {
        l->pairs[l->grown[i]].grown = false;
        RECUR_TRY(push(l, l->grown[i]));
    }
    l->grown_count = 0;
    return RECUR_OK;
}

static bool stands(const struct learning *l, const struct pair *pair, size_t at)
{
    return l->tokens[at] == pair->left && l->tokens[at + l->sizes[pair->left]] == pair->right;
}

/* How often the piece is met that has this place. */
static uint64_t count_at(const struct learning *l, uint32_t at)
{
    size_t first = 0, count = l->runs_count;
    if (count < 2 || at >= l->runs[count - 2].end)
        return l->runs[count - 1].count; /* as most pieces of a large text */
    while (count > 1) {
        size_t half = count / 2;
        if (l->runs[first + half - 1].end <= at)
            first += half;
        else
            half = count - half;
        count -= half;
    }
    return l->runs[first].count;
}

/* Counts how often the pair stands in the text by now, and forgets where it stands no more. */
static uint64_t count_again(struct learning *l, struct pair *pair)
{
    pair->count = 0;
    for (uint32_t number = pair->lists; number; number = l->lists[number - 1].next) {
        struct list *list = &l->lists[number - 1];
        size_t kept = list->first;
        for (size_t i = list->first; i < list->first + list->size; i++) {
            const uint32_t at = l->places[i];
            if (i + AHEAD < l->places_count)
                __builtin_prefetch(&l->tokens[l->places[i + AHEAD]]);
            if (!stands(l, pair, at))
                continue;
            pair->count += count_at(l, at);
            l->places[kept++] = at;
        }
        list->size = kept - list->first;
    }
    return pair->count;
}

/* Drops the places where a pair stands no more, once they are many. */
static void drop_places(struct learning *l)
{
    size_t lists = 0, places = 0;
    if (l->places_count <= l->places_most)
        return;
    for (size_t i = 0; i < l->pairs_count; i++)
        l->pairs[i].lists = 0;
    for (size_t i = 0; i < l->lists_count; i++) {
        struct list list = l->lists[i], kept = {.pair = list.pair, .first = places};
        struct pair *pair = &l->pairs[list.pair];
        for (size_t k = 0; k < list.size; k++)
            if (stands(l, pair, l->places[list.first + k]))
                l->places[places++] = l->places[list.first + k];
        kept.size = places - kept.first;
        kept.next = pair->lists;
        if (!kept.size)
            continue;
        l->lists[lists++] = kept;
        pair->lists = (uint32_t)lists;
    }
    l->lists_count = lists;
    l->places_count = places;
}

static enum recur_status meet(struct learning *l, struct neighbours *side, uint32_t token,
                              uint64_t count)
{
    if (token == RECUR_TOKEN_NONE)
        return RECUR_OK;
    struct neighbour *neighbour = &side->of[token];
    if (!neighbour->size) {
        RECUR_TRY(recur_grow(&side->met, &side->capacity, side->count + 1, sizeof *side->met,
                             "the pairs", l->error));
        side->met[side->count++] = token;
    }
    neighbour->count += count;
    neighbour->size++;
    return RECUR_OK;
}

/* Joins the pair that stands at a place to `made`. */
static enum recur_status join_at(struct learning *l, const struct pair *pair, uint32_t at,
                                 uint32_t made)
{
    uint32_t *left = l->tokens + at, *right = left + l->sizes[pair->left];
    uint32_t *behind = right + l->sizes[pair->right];
    const struct join join = {at, left[-1], *behind};
    uint64_t count = count_at(l, at);
    RECUR_TRY(recur_grow(&l->joins, &l->joins_capacity, l->joins_count + 1, sizeof *l->joins,
                         "the places of pairs", l->error));
    l->joins[l->joins_count++] = join;
    right[-1] = *right = RECUR_TOKEN_NONE;
    *left = behind[-1] = made;
    RECUR_TRY(meet(l, &l->before, join.before, count));
    return meet(l, &l->behind, join.behind, count);
}

/* Joins the pair wherever it stands. Of a token that is met thrice or more often, one behind the
 * other, the first two are joined first. */
static enum recur_status join_all(struct learning *l, const struct pair *pair, uint32_t made)
{
    const bool same = pair->left == pair->right;
    const uint32_t step = l->sizes[pair->left];
    for (uint32_t number = pair->lists; number; number = l->lists[number - 1].next) {
        const struct list *list = &l->lists[number - 1];
        for (size_t i = 0; i < list->size; i++) {
            uint32_t at = l->places[list->first + i];
            if (i + AHEAD < list->size)
                __builtin_prefetch(&l->tokens[l->places[list->first + i + AHEAD]], 1);
            if (!stands(l, pair, at))
                continue;
            while (same && l->tokens[at - 1] == pair->left)
                at -= step;
            do {
                RECUR_TRY(join_at(l, pair, at, made));
                at += 2 * step;
            } while (same && stands(l, pair, at));
        }
    }
    return RECUR_OK;
}

/* Counts the pairs that the new token makes with its neighbours. Those that its parts made are
 * counted again once they come first of all. */
static enum recur_status count_joins(struct learning *l, uint32_t made)
{
    struct neighbours *before = &l->before, *behind = &l->behind;
    for (size_t i = 0; i < before->count; i++)
        RECUR_TRY(add(l, before->met[i], made, &before->of[before->met[i]]));
    for (size_t i = 0; i < behind->count; i++)
        RECUR_TRY(add(l, made, behind->met[i], &behind->of[behind->met[i]]));
    for (size_t i = 0; i < l->joins_count; i++) {
        const struct join *join = &l->joins[i];
        if (join->before != RECUR_TOKEN_NONE)
            l->places[before->of[join->before].at++] = join->at - l->sizes[join->before];
        if (join->behind != RECUR_TOKEN_NONE)
            l->places[behind->of[join->behind].at++] = join->at;
    }
    for (size_t i = 0; i < before->count; i++)
        before->of[before->met[i]] = (struct neighbour){0};
    for (size_t i = 0; i < behind->count; i++)
        behind->of[behind->met[i]] = (struct neighbour){0};
    l->joins_count = before->count = behind->count = 0;
    return RECUR_OK;
}

/* Makes a token of the pair, unless there is one of the same bytes, and joins the pair everywhere.
 */
static enum recur_status merge(struct learning *l, uint32_t number)
{
    const struct pair pair = l->pairs[number];
    char room[2 * RECUR_PIECE_MOST];
    const recur_token bytes = recur_pair_bytes(l->table, pair.left, pair.right, room);
    uint32_t made;
    RECUR_TRY(recur_token_table_intern(l->table, bytes, &made, l->error));
    l->pairs[number].lists = 0;
    if (made >= l->first) { /* a reserved token is none of the text */
        l->sizes[made] = (unsigned char)bytes.size;
        RECUR_TRY(join_all(l, &pair, made));
        RECUR_TRY(count_joins(l, made));
    }
    l->pairs[number].count = 0;
    drop_places(l);
    return push_grown(l);
}

struct piece {
    uint32_t number;
    uint64_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct piece *one = a, *other = b;
    return (one->count < other->count) - (one->count > other->count);
}

/* Appends a piece as its bytes, and the end of it. */
static enum recur_status take_piece(struct learning *l, recur_token piece, uint64_t count,
                                    uint32_t *used)
{
    for (size_t k = 0; k < piece.size; k++)
        l->tokens[(*used)++] = (uint32_t)l->first + (unsigned char)piece.bytes[k];
    l->tokens[(*used)++] = RECUR_TOKEN_NONE;
    l->bytes += count * piece.size;
    if (l->runs_count && l->runs[l->runs_count - 1].count == count) {
        l->runs[l->runs_count - 1].end = *used;
        return RECUR_OK;
    }
    RECUR_TRY(recur_grow(&l->runs, &l->runs_capacity, l->runs_count + 1, sizeof *l->runs,
                         "the pieces", l->error));
    l->runs[l->runs_count++] = (struct run){*used, count};
    return RECUR_OK;
}

/* Takes the pieces that were counted. */
static enum recur_status take_pieces(struct learning *l, const struct recur_token_table *pieces)
{
    struct piece *order;
    size_t count = 0, room = recur_size_add(pieces->bytes_size, pieces->size + 1);
    uint32_t used = 0; /* NONE comes first too */
    enum recur_status status = RECUR_OK;
    if (room > UINT32_MAX)
        return recur_fail(l->error, RECUR_ERROR_DATA,
                          "byte pairs are learnt of at most 4 GiB of different pieces");
    RECUR_TRY(recur_alloc(room, sizeof *l->tokens, "the pieces' tokens", &l->tokens, l->error));
    RECUR_TRY(recur_alloc(pieces->size, sizeof *order, "the pieces", &order, l->error));
    for (size_t i = RECUR_UNKNOWN + 1; i < pieces->size; i++)
        if (pieces->entries[i].count && pieces->entries[i].size <= RECUR_PIECE_MOST)
            order[count++] = (struct piece){(uint32_t)i, pieces->entries[i].count};
    qsort(order, count, sizeof *order, by_count);
    l->tokens[used++] = RECUR_TOKEN_NONE;
    for (size_t i = 0; i < count && status == RECUR_OK; i++)
        status =
            take_piece(l, recur_token_table_at(pieces, order[i].number), order[i].count, &used);
    free(order);
    l->used = used;
    return status;
}

/* Pairs of neighbouring bytes. A short text has few of them, and room for few. */
struct byte_pairs {
    uint16_t *number; /* from 1 on, by left * 256 + right; NULL: that is the number */
    struct neighbour *of;
    size_t met;
};
enum { BYTE_PAIRS = RECUR_PAIR_BYTES * RECUR_PAIR_BYTES };

/* Makes room for the pairs of so many tokens. */
static enum recur_status byte_pairs_create(size_t tokens, struct byte_pairs *pairs,
                                           recur_error *error)
{
    bool few = tokens < BYTE_PAIRS;
    pairs->number = NULL;
    pairs->met = 0;
    RECUR_TRY(recur_alloc(few ? tokens + 1 : BYTE_PAIRS, sizeof *pairs->of, "the pairs", &pairs->of,
                          error));
    return few ? recur_alloc(BYTE_PAIRS, sizeof *pairs->number, "the pairs", &pairs->number, error)
               : RECUR_OK;
}

/* The pair of the tokens before place `at` and at it; false where one of them is none. */
static bool byte_pair(const struct learning *l, struct byte_pairs *pairs, size_t at,
                      struct neighbour **pair)
{
    const uint32_t left = l->tokens[at - 1], right = l->tokens[at], first = (uint32_t)l->first;
    if (left == RECUR_TOKEN_NONE || right == RECUR_TOKEN_NONE)
        return false;
    size_t place = (left - first) * RECUR_PAIR_BYTES + right - first;
    if (pairs->number && !pairs->number[place])
        pairs->number[place] = (uint16_t)++pairs->met;
    *pair = &pairs->of[pairs->number ? pairs->number[place] : place];
    return true;
}

/* Adds the pairs that were met, in the order of their bytes. */
static enum recur_status add_byte_pairs(struct learning *l, const struct byte_pairs *pairs)
{
    const uint32_t first = (uint32_t)l->first;
    enum recur_status status = RECUR_OK;
    for (uint32_t place = 0; place < BYTE_PAIRS && status == RECUR_OK; place++) {
        struct neighbour *pair = &pairs->of[pairs->number ? pairs->number[place] : place];
        if (pair->size)
            status =
                add(l, first + place / RECUR_PAIR_BYTES, first + place % RECUR_PAIR_BYTES, pair);
    }
    return status;
}

/* Counts the pairs of neighbouring bytes. */
static enum recur_status count_bytes(struct learning *l)
{
    struct byte_pairs pairs;
    struct neighbour *pair;
    enum recur_status status = byte_pairs_create(l->used, &pairs, l->error);
    for (size_t run = 0, at = 1; run < l->runs_count && status == RECUR_OK; run++)
        for (; at < l->runs[run].end; at++)
            if (byte_pair(l, &pairs, at, &pair)) {
                pair->count += l->runs[run].count;
                pair->size++;
            }
    if (status == RECUR_OK)
        status = add_byte_pairs(l, &pairs);
    for (size_t at = 1; at < l->used && status == RECUR_OK; at++)
        if (byte_pair(l, &pairs, at, &pair))
            l->places[pair->at++] = (uint32_t)at - 1;
    free(pairs.number);
    free(pairs.of);
    l->places_most = l->places_count + l->places_count / 4;
    return status == RECUR_OK ? push_grown(l) : status;
}

/* 512 entries for the smallest texts, about 2048 for 1 MB, 8192 for 16 MB, at most 32 768. */
static size_t suitable(uint64_t bytes)
{
    size_t entries = 512;
    for (; bytes > (uint64_t)1 << 16 && entries < 32768; bytes /= 4)
        entries *= 2;
    return entries;
}

/* Room for what is known of tokens. There are no more than there are places to join. */
static enum recur_status make_room(struct learning *l)
{
    size_t count = l->table->size + l->used;
    count = l->entries < count ? l->entries : count;
    RECUR_TRY(recur_alloc(count, 1, "the tokens", &l->sizes, l->error));
    RECUR_TRY(recur_alloc(count, sizeof *l->before.of, "the tokens", &l->before.of, l->error));
    RECUR_TRY(recur_alloc(count, sizeof *l->behind.of, "the tokens", &l->behind.of, l->error));
    memset(l->sizes + l->first, 1, RECUR_PAIR_BYTES);
    return RECUR_OK;
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
    l->entries = entries ? entries : suitable(l->bytes);
    RECUR_TRY(make_room(l));
    RECUR_TRY(count_bytes(l));
    while (l->heap_count > 0 && l->table->size < l->entries) {
        struct waiting top = pop(l);
        struct pair *pair = &l->pairs[top.pair];
        if (pair->count != top.count)
            continue; /* it waits with its new count too */
        if (count_again(l, pair) == top.count)
            RECUR_TRY(merge(l, top.pair));
        else
            RECUR_TRY(push(l, top.pair));
    }
    for (size_t run = 0, at = 0; run < l->runs_count; run++)
        while (at < l->runs[run].end) {
            const uint32_t token = l->tokens[at];
            if (token != RECUR_TOKEN_NONE)
                l->table->entries[token].count += l->runs[run].count;
            at += token != RECUR_TOKEN_NONE ? l->sizes[token] : 1;
        }
    return RECUR_OK;
}

enum recur_status recur_pairs_learn(const struct recur_token_table *pieces,
                                    const recur_vocab_config *config,
                                    struct recur_token_table *table, recur_error *error)
{
    struct learning l = {.table = table,
                         .first = table->size,
                         .least = config->min_count > 2 ? config->min_count : 2,
                         .error = error};
    enum recur_status status = learn(&l, pieces, (size_t)config->entries);
    learning_free(&l);
    return status;
}
