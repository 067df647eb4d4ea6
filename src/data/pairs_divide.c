/* Two ways to divide a piece, which give the same tokens. One joins neighbours as docs/formats.md
 * says. The other, for long texts, takes the longest tokens from left to right: tokens are those of
 * their text where each two neighbours alone are divided into themselves, because then nothing is
 * ever joined across a boundary; and as a text has but one such row of tokens, a start of it that
 * has none ends in a dead end and is never tried again. */
#include "data/pairs_divide.h"

#include <stdlib.h>

#include "base/memory.h"

/* Pairs of tokens whose joint token is kept, a power of two each: at first and at most. */
#define MEMO_LEAST ((size_t)1 << 8)
#define MEMO_MOST ((size_t)1 << 16)
#define VERDICTS ((size_t)1 << 16)
#define NO_TOKEN INT32_MAX
#define BLOCK ((size_t)16) /* tokens that are compared at once */

/* The token that two make, or NO_TOKEN; left 0: nothing is kept here. */
struct recur_joint {
    uint32_t left, right;
    int32_t made;
};

/* A token, as it is divided. */
struct token {
    uint32_t left, right; /* the two that are joined last; 0 of a byte */
    int32_t shorter;      /* the longest stable token that it begins with, or NO_TOKEN */
    uint32_t node;        /* the end of its bytes in the tree */
    unsigned char size;   /* in bytes */
    char head;            /* its first byte */
    bool stable;          /* it is divided into itself */
    bool ascending;       /* what is joined has higher and higher ids */
};

/* The token that a node of the tree of all tokens is, or NO_TOKEN; likewise if it is stable. */
struct node {
    int32_t token, stable;
};

/* A byte behind a node. */
struct branch {
    uint32_t from; /* node * 256 + byte */
    uint32_t to;   /* a node; 0: none */
};

struct recur_longest {
    struct token *tokens;    /* by id */
    struct branch *branches; /* by hash */
    size_t branches_size;    /* a power of two */
    struct node *nodes;      /* node 1 + b is byte b */
    uint32_t nodes_count;
    uint64_t *verdicts; /* left << 32 | right | is stable << 31, by hash; 0: nothing is kept here */
};

/* A piece that is being divided. A part has the number of its first byte. */
struct parts {
    size_t size;
    uint32_t id[RECUR_PIECE_MOST];
    unsigned char next[RECUR_PIECE_MOST], before[RECUR_PIECE_MOST + 1];
    /* The token that part i and the next one make. A number that is no part has none. */
    int32_t joined[RECUR_PIECE_MOST];
};

static void longest_free(struct recur_longest *longest)
{
    if (!longest)
        return;
    free(longest->tokens);
    free(longest->branches);
    free(longest->nodes);
    free(longest->verdicts);
    free(longest);
}

void recur_divider_free(struct recur_divider *divider)
{
    free(divider->memo);
    longest_free(divider->longest);
}

/* The token that the bytes of two are, or NO_TOKEN. */
static int32_t find_joint(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    char room[2 * RECUR_PIECE_MOST];
    const recur_token bytes = recur_pair_bytes(divider->table, left, right, room);
    if (bytes.size > RECUR_PIECE_MOST)
        return NO_TOKEN;
    uint32_t id = recur_pair_token(divider->table, divider->first, bytes);
    return id == RECUR_TOKEN_NONE ? NO_TOKEN : (int32_t)id;
}

static int32_t joint(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    /* What stands behind the same token is near, so that bytes need little of a cache. */
    struct recur_joint *kept =
        &divider->memo[(left * 0x9e3779b1u + right) & (divider->memo_size - 1)];
    if (kept->left != left || kept->right != right)
        *kept = (struct recur_joint){left, right, find_joint(divider, left, right)};
    return kept->made;
}

static int32_t joint_at(const struct recur_divider *divider, const struct parts *parts, size_t i)
{
    const size_t next = parts->next[i];
    return next < parts->size ? joint(divider, parts->id[i], parts->id[next]) : NO_TOKEN;
}

/* The first of the lowest. `count` is a multiple of BLOCK. */
static size_t lowest(const int32_t *joined, size_t count)
{
    int32_t best = NO_TOKEN;
    size_t at = 0;
    for (size_t block = 0; block < count; block += BLOCK) {
        int32_t low = joined[block];
        for (size_t i = 1; i < BLOCK; i++)
            low = joined[block + i] < low ? joined[block + i] : low;
        at = low < best ? block : at;
        best = low < best ? low : best;
    }
    while (joined[at] != best)
        at++;
    return at;
}

/* Takes the piece as its bytes. */
static void begin(const struct recur_divider *divider, recur_token piece, struct parts *parts)
{
    parts->size = piece.size;
    for (size_t i = 0; i < piece.size; i++) {
        parts->id[i] = (uint32_t)divider->first + (unsigned char)piece.bytes[i];
        parts->next[i] = (unsigned char)(i + 1);
        parts->before[i + 1] = (unsigned char)i;
    }
    for (size_t i = 0; i < piece.size; i++)
        parts->joined[i] = joint_at(divider, parts, i);
    for (size_t i = piece.size; i < RECUR_PIECE_MOST; i++)
        parts->joined[i] = NO_TOKEN;
}

/* Joins neighbours until none make a token. Says in `last`, which may be NULL, what was joined. */
static void join_parts(const struct recur_divider *divider, struct parts *parts, struct token *last)
{
    const size_t searched = (parts->size + BLOCK - 1) / BLOCK * BLOCK;
    int32_t before = 0;
    for (;;) {
        const size_t i = lowest(parts->joined, searched);
        const int32_t made = parts->joined[i];
        if (made == NO_TOKEN)
            return;
        const size_t gone = parts->next[i];
        if (last) {
            last->ascending &= made >= before;
            last->left = parts->id[i];
            last->right = parts->id[gone];
            before = made;
        }
        parts->id[i] = (uint32_t)made;
        parts->next[i] = parts->next[gone];
        parts->before[parts->next[i]] = (unsigned char)i;
        parts->joined[gone] = NO_TOKEN;
        parts->joined[i] = joint_at(divider, parts, i);
        if (i > 0)
            parts->joined[parts->before[i]] = joint_at(divider, parts, parts->before[i]);
    }
}

static size_t divide_by_joining(const struct recur_divider *divider, recur_token piece,
                                int32_t ids[RECUR_PIECE_MOST])
{
    struct parts parts;
    size_t count = 0;
    begin(divider, piece, &parts);
    join_parts(divider, &parts, NULL);
    for (size_t i = 0; i < piece.size; i = parts.next[i])
        ids[count++] = (int32_t)parts.id[i];
    return count;
}

/* The branch of a node by a byte, or the free one where it belongs. */
static struct branch *branch_of(const struct recur_longest *longest, uint32_t node, char byte)
{
    const uint32_t from = node << 8 | (unsigned char)byte;
    size_t at = (from * 0x9e3779b1u >> 8) & (longest->branches_size - 1);
    while (longest->branches[at].to && longest->branches[at].from != from)
        at = (at + 1) & (longest->branches_size - 1);
    return &longest->branches[at];
}

static uint32_t node_of_byte(char byte)
{
    return 1u + (unsigned char)byte;
}

/* The longest token at the start of the bytes. */
static int32_t find_longest(const struct recur_longest *longest, const char *bytes, size_t size)
{
    uint32_t node = node_of_byte(*bytes);
    int32_t found = longest->nodes[node].stable;
    for (size_t i = 1; i < size; i++) {
        node = branch_of(longest, node, bytes[i])->to;
        if (!node)
            break;
        found = longest->nodes[node].stable == NO_TOKEN ? found : longest->nodes[node].stable;
    }
    return found;
}

static enum recur_status grow_branches(struct recur_longest *longest, recur_error *error)
{
    const size_t size = longest->branches_size, grown = size ? 2 * size : 1 << 10;
    struct branch *before = longest->branches;
    RECUR_TRY(recur_alloc(grown, sizeof *before, "the pieces' tokens", &longest->branches, error));
    longest->branches_size = grown;
    for (size_t i = 0; i < size; i++)
        if (before[i].to)
            *branch_of(longest, before[i].from >> 8, (char)before[i].from) = before[i];
    free(before);
    return RECUR_OK;
}

static enum recur_status add_to_tree(struct recur_longest *longest, recur_token token, int32_t id,
                                     recur_error *error)
{
    uint32_t node = node_of_byte(*token.bytes);
    for (size_t i = 1; i < token.size; i++) {
        if (2 * (size_t)longest->nodes_count >= longest->branches_size)
            RECUR_TRY(grow_branches(longest, error));
        struct branch *branch = branch_of(longest, node, token.bytes[i]);
        if (!branch->to) {
            branch->from = node << 8 | (unsigned char)token.bytes[i];
            branch->to = longest->nodes_count;
            longest->nodes[longest->nodes_count++] = (struct node){NO_TOKEN, NO_TOKEN};
        }
        node = branch->to;
    }
    longest->nodes[node].token = id;
    longest->nodes[node].stable = longest->tokens[id].stable ? id : NO_TOKEN;
    longest->tokens[id].node = node;
    return RECUR_OK;
}

static enum recur_status fill(const struct recur_divider *divider, struct recur_longest *longest,
                              recur_error *error)
{
    const struct recur_token_table *table = divider->table;
    struct parts parts;
    longest->nodes_count = 1 + RECUR_PAIR_BYTES;
    for (size_t id = divider->first; id < table->size; id++) {
        const recur_token bytes = recur_token_table_at(table, id);
        struct token *token = &longest->tokens[id];
        token->size = (unsigned char)bytes.size;
        token->head = *bytes.bytes;
        token->ascending = true;
        begin(divider, bytes, &parts);
        join_parts(divider, &parts, token);
        token->stable = parts.id[0] == id;
        RECUR_TRY(add_to_tree(longest, bytes, (int32_t)id, error));
    }
    for (size_t id = divider->first; id < table->size; id++) {
        const recur_token bytes = recur_token_table_at(table, id);
        longest->tokens[id].shorter =
            bytes.size > 1 ? find_longest(longest, bytes.bytes, bytes.size - 1) : NO_TOKEN;
    }
    return RECUR_OK;
}

static enum recur_status make_longest(struct recur_divider *divider, recur_error *error)
{
    const struct recur_token_table *table = divider->table;
    const size_t nodes = recur_size_add(table->bytes_size, 1 + RECUR_PAIR_BYTES);
    struct recur_longest *made;
    enum recur_status status;
    RECUR_TRY(recur_alloc(1, sizeof *made, "the pieces' tokens", &made, error));
    RECUR_TRY_GOTO(
        recur_alloc(table->size, sizeof *made->tokens, "the pieces' tokens", &made->tokens, error),
        failed);
    RECUR_TRY_GOTO(grow_branches(made, error), failed);
    RECUR_TRY_GOTO(
        recur_alloc(nodes, sizeof *made->nodes, "the pieces' tokens", &made->nodes, error), failed);
    RECUR_TRY_GOTO(
        recur_alloc(VERDICTS, sizeof *made->verdicts, "the pieces' tokens", &made->verdicts, error),
        failed);
    RECUR_TRY_GOTO(fill(divider, made, error), failed);
    divider->longest = made;
    return RECUR_OK;
failed:
    longest_free(made);
    return status;
}

/* The token that the bytes of two are, or NO_TOKEN; by the tree, whose first step mostly tells. */
static int32_t joint_in_tree(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    const struct recur_longest *longest = divider->longest;
    const struct token *token = &longest->tokens[right];
    uint32_t node = branch_of(longest, longest->tokens[left].node, token->head)->to;
    if (!node || token->size == 1)
        return node ? longest->nodes[node].token : NO_TOKEN;
    const char *bytes = recur_token_table_at(divider->table, right).bytes;
    for (size_t i = 1; i < token->size && node; i++)
        node = branch_of(longest, node, bytes[i])->to;
    return node ? longest->nodes[node].token : NO_TOKEN;
}

/* Are two tokens divided into themselves? What both were made of is undone from the last on, and
 * where their neighbouring parts have a token with an id below what came next, they are not. */
static bool is_apart(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    const struct token *tokens = divider->longest->tokens;
    const uint32_t bytes_end = (uint32_t)divider->first + RECUR_PAIR_BYTES;
    int64_t limit = NO_TOKEN;
    for (;;) {
        if (joint_in_tree(divider, left, right) < limit)
            return false;
        if (left < bytes_end && right < bytes_end)
            return true;
        if (left > right) {
            limit = left;
            left = tokens[left].right;
        } else {
            limit = (int64_t)right + 1; /* of the same id the first from the left is joined first */
            right = tokens[right].left;
        }
    }
}

static bool judge(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    const struct token *tokens = divider->longest->tokens;
    char room[2 * RECUR_PIECE_MOST];
    int32_t ids[RECUR_PIECE_MOST];
    if (tokens[left].ascending && tokens[right].ascending)
        return is_apart(divider, left, right);
    return divide_by_joining(divider, recur_pair_bytes(divider->table, left, right, room), ids) ==
               2 &&
           ids[0] == (int32_t)left && ids[1] == (int32_t)right;
}

static bool fit(const struct recur_divider *divider, uint32_t left, uint32_t right)
{
    const uint64_t pair = (uint64_t)left << 32 | right, yes = (uint64_t)1 << 31;
    uint64_t *kept =
        &divider->longest
             ->verdicts[(left * 0x9e3779b1u + right * 0x85ebca6bu) >> 7 & (VERDICTS - 1)];
    if ((*kept & ~yes) != pair)
        *kept = pair | (judge(divider, left, right) ? yes : 0);
    return *kept & yes;
}

/* Takes the longest tokens from left to right, and shorter ones where they do not fit. */
static size_t divide_by_longest(const struct recur_divider *divider, recur_token piece,
                                int32_t ids[RECUR_PIECE_MOST])
{
    const struct token *tokens = divider->longest->tokens;
    bool dead[RECUR_PIECE_MOST + 1] = {false};
    size_t count = 0, at = 0;
    int32_t token = find_longest(divider->longest, piece.bytes, piece.size);
    for (;;) {
        if (token == NO_TOKEN) { /* nothing fits here; and there is a row that fits */
            if (!count)
                return divide_by_joining(divider, piece, ids);
            dead[at] = true;
            token = ids[--count];
            at -= tokens[token].size;
        }
        const size_t end = at + tokens[token].size;
        if (dead[end] || (count && !fit(divider, (uint32_t)ids[count - 1], (uint32_t)token))) {
            token = tokens[token].shorter;
            continue;
        }
        ids[count++] = token;
        at = end;
        if (at == piece.size)
            return count;
        token = find_longest(divider->longest, piece.bytes + at, piece.size - at);
    }
}

/* Makes room for what pairs make, in step with what is divided. */
static enum recur_status grow_memo(struct recur_divider *divider, recur_error *error)
{
    size_t size = divider->memo_size ? divider->memo_size : MEMO_LEAST;
    while (size < divider->divided && size < MEMO_MOST)
        size *= 2;
    if (size == divider->memo_size)
        return RECUR_OK;
    free(divider->memo);
    divider->memo = NULL;
    divider->memo_size = 0;
    RECUR_TRY(
        recur_alloc(size, sizeof *divider->memo, "the pieces' tokens", &divider->memo, error));
    divider->memo_size = size;
    return RECUR_OK;
}

enum recur_status recur_divide(struct recur_divider *divider, recur_token piece,
                               int32_t ids[RECUR_PIECE_MOST], size_t *count, recur_error *error)
{
    const size_t most = ((size_t)1 << 24) - 1 - RECUR_PAIR_BYTES; /* of a node's number */
    divider->divided += piece.size;
    RECUR_TRY(grow_memo(divider, error));
    if (!divider->longest && divider->divided > MEMO_MOST &&
        divider->divided > divider->table->bytes_size && divider->table->bytes_size < most)
        RECUR_TRY(make_longest(divider, error));
    *count = divider->longest ? divide_by_longest(divider, piece, ids)
                              : divide_by_joining(divider, piece, ids);
    return RECUR_OK;
}
