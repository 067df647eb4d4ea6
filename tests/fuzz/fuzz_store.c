/* The files of stores: indices, shards, and tails, by which the making of a store goes on. The
 * first byte says which; a shard is its header of 80 bytes, which may get a checksum that fits, and
 * what follows the page. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "fuzz.h"
#include "io/store_make.h"

enum { INDEX, SHARD, SEALED_SHARD, TAIL, KINDS, VOCABULARY = 28 };

static void read_index(const uint8_t *bytes, size_t size)
{
    struct recur_store_index index;
    recur_error error;
    enum recur_status status = recur_store_index_parse((const char *)bytes, size, &index, &error);
    fuzz_check_error(status, &error);
    if (status != RECUR_OK)
        return;
    const recur_store_info *info = &index.info;
    FUZZ_CHECK(info->tokens > (info->shards - 1) * info->shard_ids &&
                   info->tokens <= info->shards * info->shard_ids,
               "the shards do not hold the tokens");
    FUZZ_CHECK(info->unknown <= info->tokens && info->vocabulary > 0, "impossible numbers");
    recur_store_index_free(&index);
}

static enum recur_status take(void *user, const uint32_t *ids, size_t count, recur_error *error)
{
    size_t *sum = user;
    (void)error;
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(ids[i] < VOCABULARY, "id %u is out of range", ids[i]);
    *sum += count;
    return RECUR_OK;
}

static void read_shard(const char *path)
{
    struct recur_shard_header header;
    recur_error error;
    unsigned char *tail;
    size_t sum = 0;
    int descriptor;
    enum recur_status status = recur_shard_open(path, &header, &descriptor, &error);
    fuzz_check_error(status, &error);
    if (status != RECUR_OK)
        return;
    status = recur_shard_read(path, descriptor, &header, VOCABULARY, take, &sum, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK(status != RECUR_OK || sum == header.count, "%zu ids of %llu", sum,
               (unsigned long long)header.count);
    status = recur_shard_tail(path, descriptor, &header, &tail, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK)
        free(tail);
    close(descriptor);
}

/* The file of a shard. Sealed, it has fitting checksums, and what is behind the header is its ids
 * and, as long as the header says, its tail. */
static struct fuzz_file make_shard(const uint8_t *bytes, size_t size, bool sealed)
{
    size_t head = size < RECUR_SHARD_HEADER ? size : RECUR_SHARD_HEADER, rest = size - head;
    unsigned char *page = calloc(1, RECUR_SHARD_PAGE + rest);
    FUZZ_CHECK(page, "no memory");
    memcpy(page, bytes, head);
    memcpy(page + RECUR_SHARD_PAGE, bytes + head, rest);
    if (sealed) {
        static const uint32_t widths[] = {1, 2, 4, 3};
        size_t tail = page[1] < rest ? page[1] : rest;
        struct recur_shard_header header = {.width = widths[page[0] & 3], .tail = tail};
        header.count = (rest - tail) / header.width + (page[0] >> 7);
        header.number = page[2];
        header.unknown = page[3];
        const unsigned char *ids = page + RECUR_SHARD_PAGE;
        header.checksum = recur_checksum_of(ids, rest - tail);
        header.tail_checksum = recur_checksum_of(ids + rest - tail, tail);
        recur_shard_encode(&header, page);
    }
    struct fuzz_file file = fuzz_file_make(page, RECUR_SHARD_PAGE + rest);
    free(page);
    return file;
}

/* What was accepted is written as it was read. */
static void take_tail(const uint8_t *bytes, size_t size)
{
    struct recur_store_work work = {.text = recur_text_config_default()};
    struct recur_store_bytes again = {0};
    recur_error error;
    enum recur_status status = recur_store_tail_take(&work, bytes, size, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        work.told = 0;
        work.in_block = work.place.skip;
        FUZZ_CHECK(recur_store_tail_put(&work, &again, &error) == RECUR_OK, "%s", error.message);
        FUZZ_CHECK(again.size <= size, "%zu bytes became %zu", size, again.size);
    }
    recur_token_table_free(&work.counted);
    free(work.place.text.text);
    free(again.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!size)
        return 0;
    int kind = *bytes++ % KINDS;
    size--;
    bool shard = kind == SHARD || kind == SEALED_SHARD;
    struct fuzz_file file = {.descriptor = -1};
    if (shard)
        file = make_shard(bytes, size, kind == SEALED_SHARD);
    ptrdiff_t before = fuzz_memory_begin();
    if (kind == INDEX)
        read_index(bytes, size);
    else if (kind == TAIL)
        take_tail(bytes, size);
    else
        read_shard(file.path);
    /* A shard is read in pieces of 256 KiB. */
    fuzz_memory_end_within(before, size,
                           FUZZ_EXTRA + FUZZ_FACTOR * size + (shard ? (size_t)FUZZ_EXTRA : 0));
    if (shard)
        fuzz_file_end(&file);
    return 0;
}
