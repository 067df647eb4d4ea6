#define _GNU_SOURCE /* flock, O_DIRECTORY, st_mtim */
#include "io/store_make.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/config.h"
#include "base/files.h"
#include "base/memory.h"
#include "data/corpus_raw.h"
#include "data/pairs.h"
#include "io/fields_json.h"
#include "io/model_file.h"

#define SHARD_IDS ((uint64_t)1 << 24)

RECUR_CONFIG(store, user, .shard_ids = SHARD_IDS)

/* What the shards end in that the pass over the text writes. */
static const char *end_of(const struct recur_store_work *work)
{
    return work->config.known ? ".ids" : ".raw";
}

void recur_store_remove(const struct recur_store_work *work, const char *name)
{
    char *path;
    if (recur_store_path(work->folder, name, &path, NULL) != RECUR_OK)
        return;
    unlink(path);
    free(path);
}

void recur_store_remove_shard(const struct recur_store_work *work, uint64_t number, const char *end)
{
    char *path;
    if (recur_shard_path(work->folder, number, end, &path, NULL) != RECUR_OK)
        return;
    unlink(path);
    free(path);
}

/* Writes the shard that is being filled, with what is needed to go on behind it. */
static enum recur_status write_shard(struct recur_store_work *work, recur_error *error)
{
    struct recur_store_bytes tail = {0};
    const recur_vocab *known = work->config.known;
    struct recur_shard_header header = {
        .width = recur_shard_width(known ? recur_vocab_size(known) : work->counted.size),
        .number = work->number,
        .count = work->filled,
        .unknown = work->unknown,
    };
    char *path;
    RECUR_TRY(recur_shard_path(work->folder, work->number, end_of(work), &path, error));
    enum recur_status status = recur_store_tail_put(work, &tail, error);
    header.tail = tail.size;
    if (status == RECUR_OK)
        status = recur_shard_write(path, work->shard, &header, tail.bytes, error);
    work->told = work->counted.size;
    work->number++;
    work->filled = 0;
    work->unknown = 0;
    free(tail.bytes);
    free(path);
    return status;
}

/* Adds ids, or numbers, to the shard that is being filled. */
static enum recur_status push(struct recur_store_work *work, const uint32_t *ids, size_t count,
                              recur_error *error)
{
    while (count > 0) {
        size_t room = (size_t)work->config.shard_ids - work->filled;
        size_t taken = count < room ? count : room;
        memcpy(work->shard + work->filled, ids, taken * sizeof *ids);
        for (size_t i = 0; work->config.known && i < taken; i++)
            work->unknown += ids[i] == RECUR_UNKNOWN;
        work->filled += taken;
        work->in_block += taken;
        ids += taken;
        count -= taken;
        if (work->filled == work->config.shard_ids)
            RECUR_TRY(write_shard(work, error));
    }
    return RECUR_OK;
}

/* How many of the next `count` ids earlier work has kept. */
static size_t skip(struct recur_store_work *work, size_t count)
{
    struct recur_store_place *place = &work->place;
    if (place->text.read != work->block) {
        work->block = place->text.read;
        work->in_block = 0;
    }
    size_t skipped = place->skip < count ? (size_t)place->skip : count;
    place->skip -= skipped;
    work->in_block += skipped;
    return skipped;
}

static enum recur_status count_chunk(void *user, const recur_token *tokens, size_t count,
                                     bool line_end, recur_error *error)
{
    struct recur_store_work *work = user;
    uint32_t numbers[RECUR_CHUNK];
    (void)line_end;
    size_t skipped = skip(work, count);
    tokens += skipped;
    count -= skipped;
    RECUR_TRY(recur_token_table_count(&work->counted, tokens, count, numbers, error));
    return push(work, numbers, count, error);
}

static enum recur_status encode_chunk(void *user, const recur_token *tokens, size_t count,
                                      bool line_end, recur_error *error)
{
    struct recur_store_work *work = user;
    const recur_vocab *known = work->config.known;
    (void)line_end;
    work->ids.count = 0;
    RECUR_TRY(recur_token_kind_of(&work->text)->encode(known, tokens, count, &work->ids, error));
    size_t skipped = skip(work, work->ids.count);
    return push(work, (const uint32_t *)work->ids.id + skipped, work->ids.count - skipped, error);
}

/* Reads the texts from the place on. */
static enum recur_status read_texts(struct recur_store_work *work, const char *const *paths,
                                    size_t count, recur_error *error)
{
    struct recur_text_place *place = &work->place.text;
    recur_chunk_fn *chunk = work->config.known ? encode_chunk : count_chunk;
    for (; work->place.file < count; work->place.file++) {
        struct recur_raw_text text = {
            .path = paths[work->place.file], .marks = &work->marks, .place = place};
        work->block = UINT64_MAX;
        RECUR_TRY(recur_text_stream(&text, &work->text, false, chunk, work, &work->stats, error));
        place->read = place->checksum = 0;
        place->raw_size = place->text_size = 0;
        place->open_line = place->in_line = place->gap = place->space_after = place->spaced = false;
        work->place.skip = 0;
    }
    return work->filled > 0 ? write_shard(work, error) : RECUR_OK;
}

/* Counts the numbers of a shard that is whole. */
static enum recur_status recount(void *user, const uint32_t *ids, size_t count, recur_error *error)
{
    struct recur_store_work *work = user;
    (void)error;
    for (size_t i = 0; i < count; i++)
        work->counted.entries[ids[i]].count++;
    return RECUR_OK;
}

/* Takes up an open shard that is whole: its tokens, and the place behind it. */
static enum recur_status take_shard(struct recur_store_work *work, const char *path, int descriptor,
                                    const struct recur_shard_header *header, recur_error *error)
{
    unsigned char *tail;
    RECUR_TRY(recur_shard_tail(path, descriptor, header, &tail, error));
    enum recur_status status = recur_store_tail_take(work, tail, (size_t)header->tail, error);
    if (status == RECUR_ERROR_FORMAT)
        recur_error_prefix(error, recur_show_name(path).text);
    free(tail);
    if (status != RECUR_OK)
        return status;
    return work->config.known ? recur_shard_check(path, descriptor, header,
                                                  recur_vocab_size(work->config.known), error)
                              : recur_shard_read(path, descriptor, header, work->counted.size,
                                                 recount, work, error);
}

/* Takes up the shards that earlier work has left. The last is made again, if it is not full, and so
 * is what follows it. */
static enum recur_status take_shards(struct recur_store_work *work, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (bool full = true; full && status == RECUR_OK;) {
        struct recur_shard_header header;
        int descriptor;
        char *path;
        RECUR_TRY(recur_shard_path(work->folder, work->number, end_of(work), &path, error));
        full = access(path, F_OK) == 0;
        if (full)
            status = recur_shard_open(path, &header, &descriptor, error);
        if (full && status == RECUR_OK) {
            full = header.count == work->config.shard_ids && header.number == work->number;
            if (full)
                status = take_shard(work, path, descriptor, &header, error);
            close(descriptor);
            work->number += full;
        }
        free(path);
    }
    work->stats = work->place.text.stats;
    work->marks = work->place.text.marks;
    return status;
}

static enum recur_status put_files(recur_json_writer *json, const char *const *paths, size_t count,
                                   recur_error *error)
{
    recur_json_open(json, "files", '[');
    for (size_t i = 0; i < count; i++) {
        struct stat info;
        int failed =
            strcmp(paths[i], "-") == 0 ? fstat(STDIN_FILENO, &info) : stat(paths[i], &info);
        if (failed)
            return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s",
                              recur_file_name(paths[i]).text, strerror(errno));
        bool regular = S_ISREG(info.st_mode);
        recur_json_open(json, NULL, '[');
        recur_json_put_u64(json, NULL, regular ? (uint64_t)info.st_size : 0);
        recur_json_put_u64(json, NULL, regular ? (uint64_t)info.st_mtim.tv_sec : 0);
        recur_json_put_u64(json, NULL, regular ? (uint64_t)info.st_mtim.tv_nsec : 0);
        recur_json_close(json, ']');
    }
    recur_json_close(json, ']');
    return RECUR_OK;
}

/* Puts the checksum of the vocabulary's entries, if there is a vocabulary. */
static enum recur_status put_vocab(recur_json_writer *json, const char *name,
                                   const recur_vocab *vocab, recur_error *error)
{
    recur_json_writer text = {0}, entries = {0};
    if (!vocab)
        return RECUR_OK;
    recur_vocab_to_json(vocab, &text, &entries);
    enum recur_status status = recur_json_check(&entries, "what a store is made of", error);
    if (status == RECUR_OK)
        recur_json_put_u64(json, name, recur_checksum_of(entries.text, entries.size));
    recur_json_writer_free(&text);
    recur_json_writer_free(&entries);
    return status;
}

/* Describes what a store is made of. Work goes on only with what is described alike. The least
 * count of a token is left out, since it matters only when all tokens are counted. */
static enum recur_status describe(const struct recur_store_work *work, const char *const *paths,
                                  size_t count, recur_json_writer *json, recur_error *error)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "format", "recur store, unfinished");
    recur_json_put_u64(json, "version", 1);
    recur_json_put_u64(json, "shard_ids", work->config.shard_ids);
    recur_json_open(json, "text", '{');
    recur_fields_put(json, recur_text_field, &work->text, false);
    recur_fields_put(json, recur_text_field, &work->text, true);
    recur_json_close(json, '}');
    recur_json_put_text(json, "encoding", work->text.encoding ? work->text.encoding : "");
    RECUR_TRY(put_vocab(json, "known", work->config.known, error));
    RECUR_TRY(put_vocab(json, "base", work->dictionary.base, error));
    recur_json_open(json, "reserved", '[');
    for (size_t i = 0; i < work->dictionary.reserved_count; i++)
        recur_json_put_bytes(json, NULL, work->dictionary.reserved[i].bytes,
                             work->dictionary.reserved[i].size);
    recur_json_close(json, ']');
    RECUR_TRY(put_files(json, paths, count, error));
    recur_json_close(json, '}');
    return recur_json_check(json, "what a store is made of", error);
}

/* Is there anything in the folder but what a kill left before the work was described? */
static bool is_empty(const char *folder)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    bool empty = open != NULL;
    while (empty && (entry = readdir(open)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                (strncmp(entry->d_name, RECUR_STORE_WORK, strlen(RECUR_STORE_WORK)) == 0 &&
                 recur_path_ends(entry->d_name, ".tmp"));
    if (open)
        closedir(open);
    return empty;
}

/* Finds out whether the work begins or goes on. */
static enum recur_status begin(struct recur_store_work *work, const recur_json_writer *now,
                               recur_error *error)
{
    recur_printable name = recur_show_name(work->folder);
    unsigned char *then;
    size_t size;
    bool begun = recur_store_has(work->folder, RECUR_STORE_WORK);
    if (!begun && recur_store_has(work->folder, RECUR_STORE_INDEX))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "%s holds a store already: give another name, or remove it", name.text);
    if (!begun) {
        if (!is_empty(work->folder))
            return recur_fail(error, RECUR_ERROR_ARGUMENT,
                              "%s is not empty and holds no store: give another name", name.text);
        work->fresh = true;
        return recur_store_save(work->folder, RECUR_STORE_WORK, now->text, now->size, error);
    }
    RECUR_TRY(recur_store_load(work->folder, RECUR_STORE_WORK, &then, &size, error));
    bool same = size == now->size && memcmp(then, now->text, size) == 0;
    free(then);
    return same ? RECUR_OK
                : recur_fail(error, RECUR_ERROR_ARGUMENT,
                             "%s holds the unfinished store of other texts or settings, or the "
                             "texts have changed since: give another name, or remove it",
                             name.text);
}

/* Lists the shards in the index. */
static enum recur_status list_shards(const struct recur_store_work *work,
                                     struct recur_store_index *index, recur_error *error)
{
    recur_store_info *info = &index->info;
    enum recur_status status = RECUR_OK;
    RECUR_TRY(recur_alloc((size_t)work->number, sizeof *index->checksums,
                          "the checksums of a store", &index->checksums, error));
    info->shards = work->number;
    info->shard_ids = work->config.shard_ids;
    info->id_bytes = recur_shard_width(info->vocabulary);
    for (uint64_t i = 0; i < work->number && status == RECUR_OK; i++) {
        struct recur_shard_header header;
        int descriptor;
        char *path;
        RECUR_TRY(recur_shard_path(work->folder, i, ".ids", &path, error));
        status = recur_shard_open(path, &header, &descriptor, error);
        free(path);
        if (status != RECUR_OK)
            break;
        close(descriptor);
        index->checksums[i] = header.checksum;
        info->tokens += header.count;
        info->unknown += header.unknown;
    }
    return status;
}

/* Removes what belongs to the work and not to the store, also the temporary files of work that was
 * killed. What says that there was work goes last. */
static void clean_up(const struct recur_store_work *work)
{
    DIR *open = opendir(work->folder);
    const struct dirent *entry;
    while (open && (entry = readdir(open)))
        if (recur_path_ends(entry->d_name, ".raw") || recur_path_ends(entry->d_name, ".tmp") ||
            strcmp(entry->d_name, RECUR_STORE_NUMBERS) == 0)
            recur_store_remove(work, entry->d_name);
    if (open)
        closedir(open);
    recur_store_remove(work, RECUR_STORE_WORK);
}

/* Makes the dictionary, the ids and the index. */
static enum recur_status finish(struct recur_store_work *work, size_t files, recur_error *error)
{
    struct recur_store_index index = {.checksums = NULL};
    const recur_vocab *known = work->config.known;
    enum recur_status status;
    if (known) {
        index.info.vocabulary = recur_vocab_size(known);
        RECUR_TRY(recur_store_vocab_write(work->folder, known, error));
    } else {
        RECUR_TRY(recur_store_number(work, &index.info.vocabulary, error));
    }
    index.info.files = files;
    index.info.text = work->stats;
    index.marks = work->marks;
    RECUR_TRY_GOTO(recur_store_vocab_measure(work->folder, &index, error), done);
    RECUR_TRY_GOTO(list_shards(work, &index, error), done);
    index.info.text.tokens = index.info.tokens; /* of what is cut a vocabulary may make several */
    RECUR_TRY_GOTO(recur_store_index_write(work->folder, &index, error), done);
    clean_up(work);
done:
    recur_store_index_free(&index);
    return status;
}

static enum recur_status make(struct recur_store_work *work, const char *const *paths, size_t count,
                              recur_error *error)
{
    recur_json_writer now = {0};
    enum recur_status status = describe(work, paths, count, &now, error);
    if (status == RECUR_OK)
        status = begin(work, &now, error);
    recur_json_writer_free(&now);
    RECUR_TRY(status);
    if (recur_store_has(work->folder, RECUR_STORE_INDEX)) {
        clean_up(work); /* nothing else was left to do */
        return RECUR_OK;
    }
    if (recur_store_has(work->folder, RECUR_STORE_NUMBERS))
        return finish(work, count, error);
    if (!work->config.known)
        RECUR_TRY(recur_vocab_begin(&work->counted, &work->text, &work->dictionary, error));
    work->told = work->counted.size;
    RECUR_TRY(recur_alloc((size_t)work->config.shard_ids, sizeof *work->shard, "a shard of ids",
                          &work->shard, error));
    RECUR_TRY(take_shards(work, error));
    RECUR_TRY(read_texts(work, paths, count, error));
    if (!work->number)
        return recur_corpus_fail_empty(count ? paths[0] : NULL, count, &work->text, &work->stats,
                                       error);
    return finish(work, count, error);
}

/* Makes the folder, unless it is there, and sees to it that nobody else works in it. */
static enum recur_status lock(const char *folder, int *descriptor, bool *made, recur_error *error)
{
    recur_printable name = recur_show_name(folder);
    *made = mkdir(folder, 0777) == 0;
    int opened = *made || errno == EEXIST ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (opened < 0)
        return recur_fail(error, RECUR_ERROR_FILE, "cannot make the folder %s: %s", name.text,
                          strerror(errno));
    if (flock(opened, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(opened);
        return recur_fail(error, RECUR_ERROR_FILE, "%s is being made by another process",
                          name.text);
    }
    *descriptor = opened;
    return RECUR_OK;
}

static enum recur_status take_config(struct recur_store_work *work, const recur_store_config *given,
                                     recur_error *error)
{
    recur_store_config *config = &work->config;
    *config = recur_store_config_default();
    work->dictionary = recur_vocab_config_default();
    RECUR_TRY(recur_config_take(config, given, "recur_store_config", error));
    RECUR_TRY(recur_text_take_config(config->text, &work->text, error));
    if (config->known) {
        const char *encoding = work->text.encoding;
        work->text = *recur_vocab_text(config->known);
        work->text.encoding = encoding;
    } else {
        RECUR_TRY(recur_config_take(&work->dictionary, config->vocab, "recur_vocab_config", error));
    }
    if (!config->shard_ids || config->shard_ids % RECUR_SHARD_PAGE ||
        config->shard_ids > RECUR_STORE_SHARD_MOST)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "shards of %" PRIu64 " ids are not possible: a multiple of %zu up to "
                          "%" PRIu64 " is needed",
                          config->shard_ids, RECUR_SHARD_PAGE, RECUR_STORE_SHARD_MOST);
    return RECUR_OK;
}

/* Byte pairs are learnt before the texts are encoded. `*learnt` is then the vocabulary. */
static enum recur_status learn_pairs(struct recur_store_work *work, const char *const *paths,
                                     size_t count, recur_vocab **learnt, recur_error *error)
{
    struct recur_pieces pieces = {.most = UINT64_MAX};
    struct recur_raw_text *texts;
    if (work->config.known || !recur_token_kind_of(&work->text)->parts)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(count, sizeof *texts, "the list of files", &texts, error));
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < count && status == RECUR_OK; i++) {
        texts[i].path = paths[i];
        if (!recur_raw_text_stays(&texts[i]))
            status = recur_fail(error, RECUR_ERROR_ARGUMENT,
                                "byte pairs are learnt from a text before it is encoded, and %s "
                                "can be read only once: give a file, or a vocabulary",
                                recur_file_name(paths[i]).text);
    }
    if (status == RECUR_OK)
        status = recur_pieces_read(&pieces, texts, count, &work->text, &work->dictionary, error);
    if (status == RECUR_OK)
        status = recur_pieces_vocab(&pieces, &work->text, &work->dictionary, learnt, error);
    recur_pieces_free(&pieces);
    free(texts);
    work->config.known = *learnt;
    return status;
}

enum recur_status recur_store_make(const char *const *paths, size_t count,
                                   const recur_store_config *config, const char *folder,
                                   recur_error *error)
{
    struct recur_store_work work = {.folder = folder};
    int descriptor;
    bool made;
    recur_vocab *learnt = NULL;
    RECUR_TRY(take_config(&work, config, error));
    RECUR_TRY(learn_pairs(&work, paths, count, &learnt, error));
    enum recur_status status = lock(folder, &descriptor, &made, error);
    if (status != RECUR_OK) {
        recur_vocab_free(learnt);
        return status;
    }
    status = make(&work, paths, count, error);
    recur_vocab_free(learnt);
    if (status != RECUR_OK && work.fresh && !work.number)
        recur_store_remove(&work, RECUR_STORE_WORK);
    if (status != RECUR_OK && made)
        rmdir(folder); /* it goes if nothing is in it */
    close(descriptor);
    recur_token_table_free(&work.counted);
    recur_id_list_free(&work.ids);
    free(work.place.text.text);
    free(work.shard);
    return status;
}
