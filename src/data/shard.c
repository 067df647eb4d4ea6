#define _GNU_SOURCE /* pread, O_CLOEXEC */
#include "data/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/files.h"
#include "base/memory.h"

#define MAGIC "recurids"
#define VERSION 1
#define PIECE ((size_t)32 << 10) /* ids that are read at once */

uint32_t recur_shard_width(uint64_t size)
{
    return size <= (uint64_t)UINT8_MAX + 1 ? 1 : size <= (uint64_t)UINT16_MAX + 1 ? 2 : 4;
}

static void put(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

/* Where the fields of a header stand; the last is the checksum of all before it. */
enum {
    AT_VERSION = 8,
    AT_WIDTH = 12,
    AT_NUMBER = 16,
    AT_COUNT = 24,
    AT_UNKNOWN = 32,
    AT_CHECKSUM = 40,
    AT_TAIL = 48,
    AT_TAIL_CHECKSUM = 56,
    AT_OWN = 72,
};

void recur_shard_encode(const struct recur_shard_header *header,
                        unsigned char bytes[RECUR_SHARD_HEADER])
{
    memset(bytes, 0, RECUR_SHARD_HEADER);
    memcpy(bytes, MAGIC, AT_VERSION);
    put(bytes + AT_VERSION, VERSION, 4);
    put(bytes + AT_WIDTH, header->width, 4);
    put(bytes + AT_NUMBER, header->number, 8);
    put(bytes + AT_COUNT, header->count, 8);
    put(bytes + AT_UNKNOWN, header->unknown, 8);
    put(bytes + AT_CHECKSUM, header->checksum, 8);
    put(bytes + AT_TAIL, header->tail, 8);
    put(bytes + AT_TAIL_CHECKSUM, header->tail_checksum, 8);
    put(bytes + AT_OWN, recur_checksum_of(bytes, AT_OWN), 8);
}

enum recur_status recur_shard_decode(const unsigned char *bytes, size_t size,
                                     struct recur_shard_header *header, recur_error *error)
{
    if (size < RECUR_SHARD_HEADER || memcmp(bytes, MAGIC, AT_VERSION) != 0)
        return recur_fail(error, RECUR_ERROR_FORMAT, "it is no shard of ids");
    uint64_t version = get(bytes + AT_VERSION, 4);
    if (version != VERSION)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "it is a shard of version %" PRIu64 ", and this build reads version %d",
                          version, VERSION);
    if (get(bytes + AT_OWN, 8) != recur_checksum_of(bytes, AT_OWN))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "its header is damaged: the checksum is not that of the header");
    *header = (struct recur_shard_header){
        .width = (uint32_t)get(bytes + AT_WIDTH, 4),
        .number = get(bytes + AT_NUMBER, 8),
        .count = get(bytes + AT_COUNT, 8),
        .unknown = get(bytes + AT_UNKNOWN, 8),
        .checksum = get(bytes + AT_CHECKSUM, 8),
        .tail = get(bytes + AT_TAIL, 8),
        .tail_checksum = get(bytes + AT_TAIL_CHECKSUM, 8),
    };
    if (header->width != 1 && header->width != 2 && header->width != 4)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "its header says %" PRIu32 " bytes for each id; 1, 2 or 4 are possible",
                          header->width);
    if (header->unknown > header->count)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "its header says that %" PRIu64 " of %" PRIu64 " ids are <unk>",
                          header->unknown, header->count);
    return RECUR_OK;
}

/* Reads up to `size` bytes at `offset`; fewer only where the file ends. */
static enum recur_status read_at(const char *path, int descriptor, void *to, size_t size,
                                 uint64_t offset, size_t *got, recur_error *error)
{
    for (*got = 0; *got < size;) {
        ssize_t read = pread(descriptor, (char *)to + *got, size - *got, (off_t)(offset + *got));
        if (read < 0 && errno == EINTR)
            continue;
        if (read < 0)
            return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s",
                              recur_show_name(path).text, strerror(errno));
        if (read == 0)
            break;
        *got += (size_t)read;
    }
    return RECUR_OK;
}

/* The size that the file of such a shard has; UINT64_MAX where there can be no such file. */
static uint64_t file_size(const struct recur_shard_header *header)
{
    uint64_t most = (uint64_t)INT64_MAX / 4;
    if (header->count > most / header->width || header->tail > most)
        return UINT64_MAX;
    return RECUR_SHARD_PAGE + header->count * header->width + header->tail;
}

static enum recur_status read_header(const char *path, int descriptor,
                                     struct recur_shard_header *header, recur_error *error)
{
    unsigned char bytes[RECUR_SHARD_HEADER];
    struct stat info;
    size_t got;
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is no regular file",
                          recur_show_name(path).text);
    RECUR_TRY(read_at(path, descriptor, bytes, sizeof bytes, 0, &got, error));
    enum recur_status status = recur_shard_decode(bytes, got, header, error);
    if (status != RECUR_OK) {
        recur_error_prefix(error, recur_show_name(path).text);
        return status;
    }
    if ((uint64_t)info.st_size != file_size(header))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%s has %" PRId64 " bytes, but %" PRIu64 " ids of %" PRIu32
                          " byte%s each go with %" PRIu64,
                          recur_show_name(path).text, (int64_t)info.st_size, header->count,
                          header->width, recur_plural(header->width), file_size(header));
    return RECUR_OK;
}

enum recur_status recur_shard_open(const char *path, struct recur_shard_header *header,
                                   int *descriptor, recur_error *error)
{
    /* What is no file, a pipe, would make an opener wait. */
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
        return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s", recur_show_name(path).text,
                          strerror(errno));
    enum recur_status status = read_header(path, opened, header, error);
    if (status == RECUR_OK)
        *descriptor = opened;
    else
        close(opened);
    return status;
}

static void widen(uint32_t *restrict ids, const unsigned char *restrict from, size_t count,
                  uint32_t width)
{
    if (width == 1)
        for (size_t i = 0; i < count; i++)
            ids[i] = from[i];
    else if (width == 2)
        for (size_t i = 0; i < count; i++) {
            uint16_t id;
            memcpy(&id, from + 2 * i, sizeof id);
            ids[i] = id;
        }
    else
        memcpy(ids, from, count * sizeof *ids);
}

static enum recur_status check_ids(const char *path, const uint32_t *ids, size_t count,
                                   uint64_t limit, recur_error *error)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = ids[i] > largest ? ids[i] : largest;
    if (largest >= limit)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%s has the id %" PRIu32 ", but the vocabulary has %" PRIu64 " %s",
                          recur_show_name(path).text, largest, limit,
                          limit == 1 ? "entry" : "entries");
    return RECUR_OK;
}

static enum recur_status fail_damaged(const char *path, const char *what, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FORMAT,
                      "%s is damaged: the checksum in its header is not that of %s",
                      recur_show_name(path).text, what);
}

/* A piece of a shard: as it is in the file, and widened. */
struct piece {
    unsigned char bytes[PIECE * sizeof(uint32_t)];
    uint32_t ids[PIECE];
};

static enum recur_status read_pieces(const char *path, int descriptor,
                                     const struct recur_shard_header *header, uint64_t limit,
                                     struct piece *piece, recur_shard_fn *take, void *user,
                                     recur_error *error)
{
    struct recur_checksum sum = {.size = 0};
    uint64_t at = RECUR_SHARD_PAGE;
    for (uint64_t left = header->count; left > 0;) {
        size_t count = left < PIECE ? (size_t)left : PIECE, size = count * header->width, got;
        RECUR_TRY(read_at(path, descriptor, piece->bytes, size, at, &got, error));
        if (got < size)
            return fail_damaged(path, "its ids", error);
        recur_checksum_add(&sum, piece->bytes, size);
        widen(piece->ids, piece->bytes, count, header->width);
        RECUR_TRY(check_ids(path, piece->ids, count, limit, error));
        if (take)
            RECUR_TRY(take(user, piece->ids, count, error));
        left -= count;
        at += size;
    }
    return recur_checksum_end(&sum) == header->checksum ? RECUR_OK
                                                        : fail_damaged(path, "its ids", error);
}

enum recur_status recur_shard_read(const char *path, int descriptor,
                                   const struct recur_shard_header *header, uint64_t limit,
                                   recur_shard_fn *take, void *user, recur_error *error)
{
    struct piece *piece;
    RECUR_TRY(recur_alloc(1, sizeof *piece, "a piece of a shard", &piece, error));
    enum recur_status status =
        read_pieces(path, descriptor, header, limit, piece, take, user, error);
    free(piece);
    return status;
}

enum recur_status recur_shard_check(const char *path, int descriptor,
                                    const struct recur_shard_header *header, uint64_t limit,
                                    recur_error *error)
{
    return recur_shard_read(path, descriptor, header, limit, NULL, NULL, error);
}

enum recur_status recur_shard_tail(const char *path, int descriptor,
                                   const struct recur_shard_header *header, unsigned char **tail,
                                   recur_error *error)
{
    unsigned char *bytes;
    size_t size = (size_t)header->tail, got = 0;
    RECUR_TRY(recur_alloc(size, 1, "a shard's tail", &bytes, error));
    enum recur_status status =
        read_at(path, descriptor, bytes, size, file_size(header) - size, &got, error);
    if (status == RECUR_OK &&
        (got < size || recur_checksum_of(bytes, size) != header->tail_checksum))
        status = fail_damaged(path, "its tail", error);
    if (status == RECUR_OK)
        *tail = bytes;
    else
        free(bytes);
    return status;
}

/* Narrows up to LANE ids. */
enum { LANE = 1024 };
static void narrow_lane(unsigned char *restrict to, const uint32_t *restrict ids, size_t count,
                        uint32_t width)
{
    if (width == 1)
        for (size_t i = 0; i < count; i++)
            to[i] = (unsigned char)ids[i];
    else
        for (size_t i = 0; i < count; i++) {
            uint16_t id = (uint16_t)ids[i];
            memcpy(to + 2 * i, &id, sizeof id);
        }
}

/* Narrows ids where they stand, so that they fill the beginning of their room. */
static void narrow(uint32_t *ids, size_t count, uint32_t width)
{
    unsigned char lane[LANE * sizeof(uint16_t)];
    unsigned char *to = (unsigned char *)ids;
    for (size_t at = 0; at < count && width < sizeof *ids; at += LANE) {
        size_t some = count - at < LANE ? count - at : LANE;
        narrow_lane(lane, ids + at, some, width);
        memcpy(to + at * width, lane, some * width);
    }
}

enum recur_status recur_shard_write(const char *path, uint32_t *ids,
                                    struct recur_shard_header *header, const void *tail,
                                    recur_error *error)
{
    struct recur_output output;
    unsigned char *page = NULL;
    size_t size = (size_t)header->count * header->width;
    enum recur_status status;
    narrow(ids, (size_t)header->count, header->width);
    header->checksum = recur_checksum_of(ids, size);
    header->tail_checksum = recur_checksum_of(tail, (size_t)header->tail);
    RECUR_TRY(recur_output_open(path, &output, error));
    RECUR_TRY_GOTO(recur_alloc(RECUR_SHARD_PAGE, 1, "a shard's header", &page, error), failed);
    recur_shard_encode(header, page);
    RECUR_TRY_GOTO(recur_output_write(&output, page, RECUR_SHARD_PAGE, error), failed);
    RECUR_TRY_GOTO(recur_output_write(&output, ids, size, error), failed);
    RECUR_TRY_GOTO(recur_output_write(&output, tail, (size_t)header->tail, error), failed);
    free(page);
    return recur_output_commit(&output, error);
failed:
    free(page);
    recur_output_discard(&output);
    return status;
}
