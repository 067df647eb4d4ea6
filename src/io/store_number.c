/* Gives shards of numbers, in order of first appearance, their ids. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/store_make.h"

/* Writes which id each number became. With this file the pass over the text is over. */
static enum recur_status write_numbers(const struct recur_store_work *work, size_t vocabulary,
                                       uint32_t *ids, recur_error *error)
{
    struct recur_shard_header header = {.width = sizeof *ids, .count = work->counted.size};
    struct recur_store_bytes tail = {0};
    char *path = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(recur_store_put_stats(&tail, &work->stats, work->marks, error), done);
    RECUR_TRY_GOTO(recur_store_put_u64(&tail, work->dictionary.min_count, error), done);
    RECUR_TRY_GOTO(recur_store_put_u64(&tail, vocabulary, error), done);
    header.tail = tail.size;
    RECUR_TRY_GOTO(recur_store_path(work->folder, RECUR_STORE_NUMBERS, &path, error), done);
    RECUR_TRY_GOTO(recur_shard_write(path, ids, &header, tail.bytes, error), done);
done:
    free(tail.bytes);
    free(path);
    return status;
}

struct ids {
    uint32_t *id;
    size_t count;
};

static enum recur_status take_ids(void *user, const uint32_t *ids, size_t count, recur_error *error)
{
    struct ids *list = user;
    (void)error;
    for (size_t i = 0; i < count; i++)
        list->id[list->count++] = ids[i];
    return RECUR_OK;
}

static enum recur_status take_end(struct recur_store_work *work, const unsigned char *tail,
                                  size_t size, size_t *vocabulary, recur_error *error)
{
    struct recur_store_reader from = {tail, size, false};
    recur_store_get_stats(&from, &work->stats, &work->marks);
    uint64_t min_count = recur_store_get_u64(&from);
    *vocabulary = (size_t)recur_store_get_u64(&from);
    if (from.short_of)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s: its end is missing", RECUR_STORE_NUMBERS);
    if (min_count != work->dictionary.min_count)
        return recur_fail(
            error, RECUR_ERROR_ARGUMENT,
            "%s holds the unfinished store of tokens that are met %" PRIu64
            " times or more, and %" PRIu64 " are asked for: give another name, or remove it",
            recur_show_name(work->folder).text, min_count, work->dictionary.min_count);
    return RECUR_OK;
}

/* Reads that file. `ids->id` is allocated. */
static enum recur_status read_numbers(struct recur_store_work *work, const char *path,
                                      struct ids *ids, size_t *vocabulary, recur_error *error)
{
    struct recur_shard_header header;
    unsigned char *tail = NULL;
    int descriptor;
    enum recur_status status;
    RECUR_TRY(recur_shard_open(path, &header, &descriptor, error));
    RECUR_TRY_GOTO(recur_shard_tail(path, descriptor, &header, &tail, error), done);
    RECUR_TRY_GOTO(take_end(work, tail, (size_t)header.tail, vocabulary, error), done);
    RECUR_TRY_GOTO(
        recur_alloc((size_t)header.count, sizeof *ids->id, "the tokens' ids", &ids->id, error),
        done);
    status = recur_shard_read(path, descriptor, &header, *vocabulary, take_ids, ids, error);
done:
    free(tail);
    close(descriptor);
    return status;
}

/* A shard that gets its ids. */
struct renumbering {
    const struct ids *ids;
    uint32_t *shard;
    size_t count;
    uint64_t unknown;
};

static enum recur_status take_numbers(void *user, const uint32_t *numbers, size_t count,
                                      recur_error *error)
{
    struct renumbering *to = user;
    (void)error;
    const uint32_t *ids = to->ids->id;
    uint32_t *shard = to->shard + to->count;
    uint64_t unknown = 0;
    for (size_t i = 0; i < count; i++) {
        shard[i] = ids[numbers[i]];
        unknown += shard[i] == RECUR_UNKNOWN;
    }
    to->count += count;
    to->unknown += unknown;
    return RECUR_OK;
}

/* Reads a shard of numbers into a shard of ids. */
static enum recur_status read_raw(const struct recur_store_work *work, uint64_t number,
                                  struct renumbering *to, recur_error *error)
{
    struct recur_shard_header header;
    int descriptor;
    char *path;
    RECUR_TRY(recur_shard_path(work->folder, number, ".raw", &path, error));
    enum recur_status status = recur_shard_open(path, &header, &descriptor, error);
    if (status == RECUR_OK) {
        if (header.count > work->config.shard_ids)
            status = recur_fail(error, RECUR_ERROR_FORMAT, "%s has too many ids",
                                recur_show_name(path).text);
        else
            status = recur_shard_read(path, descriptor, &header, to->ids->count, take_numbers, to,
                                      error);
        close(descriptor);
    }
    free(path);
    return status;
}

/* Is there a shard of ids already? What is there was written whole. */
static bool is_done(const char *path, uint64_t number)
{
    struct recur_shard_header header;
    int descriptor;
    if (recur_shard_open(path, &header, &descriptor, NULL) != RECUR_OK)
        return false;
    close(descriptor);
    return header.number == number;
}

static enum recur_status renumber(struct recur_store_work *work, uint64_t number,
                                  const struct ids *ids, size_t vocabulary, recur_error *error)
{
    struct renumbering to = {.ids = ids, .shard = work->shard};
    char *path;
    RECUR_TRY(recur_shard_path(work->folder, number, ".ids", &path, error));
    enum recur_status status = RECUR_OK;
    if (!is_done(path, number)) {
        status = read_raw(work, number, &to, error);
        struct recur_shard_header header = {
            .width = recur_shard_width(vocabulary),
            .number = number,
            .count = to.count,
            .unknown = to.unknown,
        };
        if (status == RECUR_OK)
            status = recur_shard_write(path, work->shard, &header, NULL, error);
    }
    free(path);
    if (status == RECUR_OK)
        recur_store_remove_shard(work, number, ".raw");
    return status;
}

static enum recur_status renumber_all(struct recur_store_work *work, const struct ids *ids,
                                      size_t vocabulary, recur_error *error)
{
    uint64_t each = work->config.shard_ids, tokens = work->stats.tokens;
    if (!work->shard)
        RECUR_TRY(
            recur_alloc((size_t)each, sizeof *work->shard, "a shard of ids", &work->shard, error));
    work->number = tokens ? (tokens - 1) / each + 1 : 0;
    for (uint64_t i = 0; i < work->number; i++) {
        RECUR_TRY(renumber(work, i, ids, vocabulary, error));
        if (work->config.watch)
            work->config.watch(work->config.user, i + 1 < work->number ? (i + 1) * each : tokens,
                               tokens);
    }
    return RECUR_OK;
}

/* Makes the dictionary of what was counted, and writes it. */
static enum recur_status make_vocab(struct recur_store_work *work, recur_error *error)
{
    recur_vocab *vocab;
    uint32_t *ids;
    RECUR_TRY(
        recur_vocab_finish(&work->counted, &work->text, &work->dictionary, &vocab, &ids, error));
    enum recur_status status = recur_store_vocab_write(work->folder, vocab, error);
    if (status == RECUR_OK)
        status = write_numbers(work, recur_vocab_size(vocab), ids, error);
    recur_vocab_free(vocab);
    free(ids);
    return status;
}

enum recur_status recur_store_number(struct recur_store_work *work, size_t *vocabulary,
                                     recur_error *error)
{
    struct ids ids = {NULL, 0};
    char *path;
    if (!recur_store_has(work->folder, RECUR_STORE_NUMBERS))
        RECUR_TRY(make_vocab(work, error));
    recur_token_table_free(&work->counted); /* it may be large, and nobody needs it any more */
    work->counted = (struct recur_token_table){0};
    RECUR_TRY(recur_store_path(work->folder, RECUR_STORE_NUMBERS, &path, error));
    enum recur_status status = read_numbers(work, path, &ids, vocabulary, error);
    if (status == RECUR_OK)
        status = renumber_all(work, &ids, *vocabulary, error);
    free(ids.id);
    free(path);
    return status;
}
