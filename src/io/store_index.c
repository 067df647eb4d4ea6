#define _POSIX_C_SOURCE 200809L /* PATH_MAX */
#include "io/store_index.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/model_file.h"
#include "recur/file.h"

#define FORMAT "recur store"
#define VERSION 1
enum { HEX = 16 };

enum recur_status recur_store_path(const char *folder, const char *name, char **path,
                                   recur_error *error)
{
    size_t room = strlen(folder) + strlen(name) + 2;
    RECUR_TRY(recur_alloc(room, 1, "a file name", path, error));
    snprintf(*path, room, "%s/%s", folder, name);
    return RECUR_OK;
}

bool recur_store_has(const char *folder, const char *name)
{
    char path[PATH_MAX]; /* the answer must not depend on memory */
    size_t size = (size_t)snprintf(path, sizeof path, "%s/%s", folder, name);
    return size < sizeof path && access(path, F_OK) == 0;
}

bool recur_store_is(const char *path)
{
    return recur_store_has(path, RECUR_STORE_INDEX) || recur_store_has(path, RECUR_STORE_WORK) ||
           recur_store_has(path, RECUR_STORE_VOCAB) || recur_store_has(path, "00000.ids");
}

enum recur_status recur_store_load(const char *folder, const char *name, unsigned char **bytes,
                                   size_t *size, recur_error *error)
{
    char *path;
    FILE *file;
    RECUR_TRY(recur_store_path(folder, name, &path, error));
    enum recur_status status = recur_file_open(path, &file, error);
    if (status == RECUR_OK) {
        status = recur_file_read(file, path, SIZE_MAX, bytes, size, error);
        recur_file_close(file);
    }
    free(path);
    return status;
}

enum recur_status recur_store_save(const char *folder, const char *name, const void *bytes,
                                   size_t size, recur_error *error)
{
    char *path;
    RECUR_TRY(recur_store_path(folder, name, &path, error));
    enum recur_status status = recur_file_write(path, bytes, size, error);
    free(path);
    return status;
}

struct recur_shards recur_store_shards(const char *folder, const struct recur_store_index *index)
{
    return (struct recur_shards){
        .folder = folder,
        .each = (size_t)index->info.shard_ids,
        .tokens = index->info.tokens,
        .width = (uint32_t)index->info.id_bytes,
        .vocabulary = index->info.vocabulary,
        .checksums = index->checksums,
    };
}

void recur_store_index_free(struct recur_store_index *index)
{
    free(index->checksums);
    index->checksums = NULL;
}

static enum recur_status get_checksum(const recur_json *json, uint64_t *checksum,
                                      recur_error *error)
{
    const char *text = recur_json_text(json);
    char *end = NULL;
    if (text && json->size == HEX && strspn(text, "0123456789abcdef") == HEX)
        *checksum = strtoull(text, &end, 16);
    if (!end)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "a checksum of the index is not %d hexadecimal digits", HEX);
    return RECUR_OK;
}

static void put_checksum(recur_json_writer *json, const char *key, uint64_t checksum)
{
    char text[HEX + 1];
    snprintf(text, sizeof text, "%016" PRIx64, checksum);
    recur_json_put_text(json, key, text);
}

static enum recur_status get_text(const recur_json *json, struct recur_store_index *index,
                                  recur_error *error)
{
    recur_text_stats *text = &index->info.text;
    const struct recur_json_field fields[] = {
        {"files", RECUR_JSON_FIELD_U64, false, &index->info.files},
        {"bytes", RECUR_JSON_FIELD_U64, false, &text->bytes},
        {"lines", RECUR_JSON_FIELD_U64, false, &text->lines},
        {"characters", RECUR_JSON_FIELD_U64, false, &text->characters},
        {"tokens", RECUR_JSON_FIELD_U64, false, &text->tokens},
        {"invalid", RECUR_JSON_FIELD_U64, false, &text->invalid},
        {"marks", RECUR_JSON_FIELD_U64, false, &index->marks},
    };
    return recur_json_get_fields(json, "text", fields, sizeof fields / sizeof *fields, error);
}

static enum recur_status get_vocab(const recur_json *json, struct recur_store_index *index,
                                   recur_error *error)
{
    const recur_json *checksum = NULL;
    const struct recur_json_field fields[] = {
        {"size", RECUR_JSON_FIELD_SIZE, false, &index->info.vocabulary},
        {"bytes", RECUR_JSON_FIELD_U64, false, &index->vocab_bytes},
        {"checksum", RECUR_JSON_FIELD_ANY, false, &checksum},
    };
    RECUR_TRY(recur_json_get_fields(json, "vocabulary", fields, 3, error));
    return get_checksum(checksum, &index->vocab_checksum, error);
}

/* Do the numbers of an index go together? */
static enum recur_status check(const recur_store_info *info, size_t listed, recur_error *error)
{
    if (info->id_bytes != 1 && info->id_bytes != 2 && info->id_bytes != 4)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "an id of %" PRIu64 " bytes is not possible, 1, 2 or 4 are",
                          info->id_bytes);
    if (!info->shard_ids || info->shard_ids > RECUR_STORE_SHARD_MOST ||
        info->shard_ids % RECUR_SHARD_PAGE)
        return recur_fail(error, RECUR_ERROR_FORMAT, "shards of %" PRIu64 " ids are not possible",
                          info->shard_ids);
    if (!info->tokens || !info->vocabulary || info->vocabulary > INT32_MAX ||
        info->unknown > info->tokens)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%" PRIu64 " tokens, %" PRIu64
                          " of them unknown, and a vocabulary of %zu are not possible",
                          info->tokens, info->unknown, info->vocabulary);
    if (listed != (info->tokens - 1) / info->shard_ids + 1)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%zu shard%s of %" PRIu64 " ids do not hold %" PRIu64 " tokens", listed,
                          recur_plural(listed), info->shard_ids, info->tokens);
    return RECUR_OK;
}

static enum recur_status get_checksums(const recur_json *list, struct recur_store_index *index,
                                       recur_error *error)
{
    enum recur_status status = RECUR_OK;
    const recur_json *item = recur_json_first(list);
    RECUR_TRY(recur_alloc(list->size, sizeof *index->checksums, "the checksums of a store",
                          &index->checksums, error));
    for (size_t i = 0; i < list->size && status == RECUR_OK; i++, item = recur_json_next(item))
        status = get_checksum(item, &index->checksums[i], error);
    if (status != RECUR_OK)
        recur_store_index_free(index);
    return status;
}

static enum recur_status get_index(const recur_json *json, struct recur_store_index *index,
                                   recur_error *error)
{
    uint64_t version = 0;
    const char *format = NULL;
    const recur_json *vocab = NULL, *text = NULL, *list = NULL;
    const struct recur_json_field fields[] = {
        {"format", RECUR_JSON_FIELD_TEXT, false, &format},
        {"version", RECUR_JSON_FIELD_U64, false, &version},
        {"tokens", RECUR_JSON_FIELD_U64, false, &index->info.tokens},
        {"unknown", RECUR_JSON_FIELD_U64, false, &index->info.unknown},
        {"id_bytes", RECUR_JSON_FIELD_U64, false, &index->info.id_bytes},
        {"shard_ids", RECUR_JSON_FIELD_U64, false, &index->info.shard_ids},
        {"vocabulary", RECUR_JSON_FIELD_ANY, false, &vocab},
        {"text", RECUR_JSON_FIELD_ANY, false, &text},
        {"shards", RECUR_JSON_FIELD_LIST, false, &list},
    };
    const recur_json *said = recur_json_member(json, "version");
    if (said && recur_json_get_u64(said, "version", &version, NULL) == RECUR_OK &&
        version != VERSION)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "it is the index of a store of version %" PRIu64
                          ", and this build reads version %d",
                          version, VERSION);
    RECUR_TRY(
        recur_json_get_fields(json, "the index", fields, sizeof fields / sizeof *fields, error));
    if (strcmp(format, FORMAT) != 0)
        return recur_fail(error, RECUR_ERROR_FORMAT, "it is no index of a store");
    RECUR_TRY(get_vocab(vocab, index, error));
    RECUR_TRY(get_text(text, index, error));
    index->info.shards = list->size;
    RECUR_TRY(check(&index->info, list->size, error));
    return get_checksums(list, index, error);
}

enum recur_status recur_store_index_parse(const char *text, size_t size,
                                          struct recur_store_index *index, recur_error *error)
{
    recur_json *json;
    *index = (struct recur_store_index){.checksums = NULL};
    RECUR_TRY(recur_json_parse(text, size, false, "the index", &json, error));
    enum recur_status status = get_index(json, index, error);
    free(json);
    return status;
}

/* Puts the name of a file before a sentence about what is in it. */
static enum recur_status blame(enum recur_status status, const char *folder, const char *name,
                               recur_error *error)
{
    char *path;
    if (status == RECUR_OK || status == RECUR_ERROR_MEMORY)
        return status;
    if (recur_store_path(folder, name, &path, NULL) == RECUR_OK) {
        recur_error_prefix(error, recur_show_name(path).text);
        free(path);
    }
    return status;
}

enum recur_status recur_store_index_read(const char *folder, struct recur_store_index *index,
                                         recur_error *error)
{
    unsigned char *bytes;
    size_t size;
    if (!recur_store_has(folder, RECUR_STORE_INDEX) && recur_store_has(folder, RECUR_STORE_WORK))
        return recur_fail(
            error, RECUR_ERROR_FORMAT,
            "the store %s is not finished; to make it of the same texts again goes on "
            "with it",
            recur_show_name(folder).text);
    RECUR_TRY(recur_store_load(folder, RECUR_STORE_INDEX, &bytes, &size, error));
    enum recur_status status = recur_store_index_parse((char *)bytes, size, index, error);
    free(bytes);
    return blame(status, folder, RECUR_STORE_INDEX, error);
}

static void put_index(recur_json_writer *json, const struct recur_store_index *index)
{
    const recur_store_info *info = &index->info;
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "format", FORMAT);
    recur_json_put_u64(json, "version", VERSION);
    recur_json_put_u64(json, "tokens", info->tokens);
    recur_json_put_u64(json, "unknown", info->unknown);
    recur_json_put_u64(json, "id_bytes", info->id_bytes);
    recur_json_put_u64(json, "shard_ids", info->shard_ids);
    recur_json_open(json, "vocabulary", '{');
    recur_json_put_u64(json, "size", info->vocabulary);
    recur_json_put_u64(json, "bytes", index->vocab_bytes);
    put_checksum(json, "checksum", index->vocab_checksum);
    recur_json_close(json, '}');
    recur_json_open(json, "text", '{');
    recur_json_put_u64(json, "files", info->files);
    recur_json_put_u64(json, "bytes", info->text.bytes);
    recur_json_put_u64(json, "lines", info->text.lines);
    recur_json_put_u64(json, "characters", info->text.characters);
    recur_json_put_u64(json, "tokens", info->text.tokens);
    recur_json_put_u64(json, "invalid", info->text.invalid);
    recur_json_put_u64(json, "marks", index->marks);
    recur_json_close(json, '}');
    recur_json_open(json, "shards", '[');
    for (size_t i = 0; i < info->shards; i++)
        put_checksum(json, NULL, index->checksums[i]);
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

enum recur_status recur_store_index_write(const char *folder, const struct recur_store_index *index,
                                          recur_error *error)
{
    recur_json_writer json = {.pretty = true};
    put_index(&json, index);
    enum recur_status status = recur_json_check(&json, "the index of a store", error);
    if (status == RECUR_OK)
        status = recur_store_save(folder, RECUR_STORE_INDEX, json.text, json.size, error);
    recur_json_writer_free(&json);
    return status;
}

enum recur_status recur_store_vocab_write(const char *folder, const recur_vocab *vocab,
                                          recur_error *error)
{
    recur_json_writer json = {0}, text = {0}, entries = {0};
    RECUR_TRY(recur_vocab_check_saved(vocab, error));
    recur_vocab_to_json(vocab, &text, &entries);
    recur_json_open(&json, NULL, '{');
    recur_json_put_written(&json, RECUR_KEY_TEXT, &text);
    recur_json_put_written(&json, RECUR_KEY_VOCAB, &entries);
    recur_json_close(&json, '}');
    enum recur_status status = recur_json_check(&json, "the vocabulary of a store", error);
    if (status == RECUR_OK)
        status = recur_store_save(folder, RECUR_STORE_VOCAB, json.text, json.size, error);
    recur_json_writer_free(&json);
    recur_json_writer_free(&text);
    recur_json_writer_free(&entries);
    return status;
}

enum recur_status recur_store_vocab_measure(const char *folder, struct recur_store_index *index,
                                            recur_error *error)
{
    unsigned char *bytes;
    size_t size;
    RECUR_TRY(recur_store_load(folder, RECUR_STORE_VOCAB, &bytes, &size, error));
    index->vocab_bytes = size;
    index->vocab_checksum = recur_checksum_of(bytes, size);
    free(bytes);
    return RECUR_OK;
}

/* Parses the file of a vocabulary. */
static enum recur_status parse_vocab(const char *bytes, size_t size, recur_vocab **vocab,
                                     recur_error *error)
{
    recur_json *json;
    const recur_json *text = NULL, *entries = NULL;
    const struct recur_json_field fields[] = {
        {RECUR_KEY_TEXT, RECUR_JSON_FIELD_ANY, false, &text},
        {RECUR_KEY_VOCAB, RECUR_JSON_FIELD_ANY, false, &entries},
    };
    RECUR_TRY(recur_json_parse(bytes, size, true, "the vocabulary", &json, error));
    enum recur_status status = recur_json_get_fields(json, "the vocabulary", fields, 2, error);
    if (status == RECUR_OK)
        status = recur_vocab_from_json(text, entries, vocab, error);
    free(json);
    return status;
}

/* Checks the file of a vocabulary, and parses it. */
static enum recur_status take_vocab(const char *bytes, size_t size,
                                    const struct recur_store_index *index, recur_vocab **vocab,
                                    recur_error *error)
{
    if (size != index->vocab_bytes || recur_checksum_of(bytes, size) != index->vocab_checksum)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "it is damaged or belongs to another store: the index has another "
                          "checksum for it");
    RECUR_TRY(parse_vocab(bytes, size, vocab, error));
    if (recur_vocab_size(*vocab) == index->info.vocabulary)
        return RECUR_OK;
    enum recur_status status =
        recur_fail(error, RECUR_ERROR_FORMAT, "it has %zu entries, but the index says %zu",
                   recur_vocab_size(*vocab), index->info.vocabulary);
    recur_vocab_free(*vocab);
    return status;
}

enum recur_status recur_store_vocab_read(const char *folder, const struct recur_store_index *index,
                                         recur_vocab **vocab, recur_error *error)
{
    unsigned char *bytes;
    size_t size;
    RECUR_TRY(recur_store_load(folder, RECUR_STORE_VOCAB, &bytes, &size, error));
    enum recur_status status = take_vocab((char *)bytes, size, index, vocab, error);
    free(bytes);
    return blame(status, folder, RECUR_STORE_VOCAB, error);
}
