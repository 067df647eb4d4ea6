#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "io/store_index.h"

RECUR_CONFIG(store_open, user, .parts = 1)

enum recur_status recur_store_read_info(const char *folder, recur_store_info *info,
                                        recur_error *error)
{
    struct recur_store_index index;
    RECUR_TRY(recur_store_index_read(folder, &index, error));
    *info = index.info;
    recur_store_index_free(&index);
    return RECUR_OK;
}

/* Reads a shard and compares its checksum. */
static enum recur_status check_shard(const struct recur_shards *shards, size_t number,
                                     recur_error *error)
{
    struct recur_shard_header header;
    int descriptor;
    char *path;
    RECUR_TRY(recur_shard_path(shards->folder, number, ".ids", &path, error));
    enum recur_status status = recur_shards_open(shards, number, &header, &descriptor, error);
    if (status == RECUR_OK) {
        status = recur_shard_check(path, descriptor, &header, shards->vocabulary, error);
        close(descriptor);
    }
    free(path);
    return status;
}

/* Checks the part of the first `size` ids that the configuration says. */
static enum recur_status check_part(const struct recur_shards *shards, uint64_t size,
                                    const recur_store_open_config *config, recur_error *error)
{
    for (uint64_t first = 0; first < size && config->parts > 0; first += shards->each) {
        size_t number = (size_t)(first / shards->each);
        if (config->watch)
            config->watch(config->user, first, size);
        if (number % config->parts == config->part)
            RECUR_TRY(check_shard(shards, number, error));
    }
    return RECUR_OK;
}

static enum recur_status open_index(const char *folder, const struct recur_store_index *index,
                                    const recur_store_open_config *config, recur_corpus **corpus,
                                    recur_vocab **vocab, recur_error *error)
{
    struct recur_shards shards = recur_store_shards(folder, index);
    struct recur_mapping mapping = {.base = NULL};
    recur_vocab *made;
    uint64_t size = index->info.tokens;
    size = config->max_tokens && config->max_tokens < size ? config->max_tokens : size;
    RECUR_TRY(recur_store_vocab_read(folder, index, &made, error));
    enum recur_status status = recur_mapping_make(&shards, size, &mapping, error);
    if (status == RECUR_OK)
        status = check_part(&shards, size, config, error);
    if (status == RECUR_OK)
        status = recur_corpus_of_mapping(&mapping, (size_t)size, index->info.vocabulary,
                                         &index->info.text, index->marks, corpus, error);
    else
        recur_mapping_free(&mapping);
    if (status == RECUR_OK)
        *vocab = made;
    else
        recur_vocab_free(made);
    return status;
}

enum recur_status recur_store_open(const char *folder, const recur_store_open_config *given,
                                   recur_corpus **corpus, recur_vocab **vocab, recur_error *error)
{
    recur_store_open_config config = recur_store_open_config_default();
    struct recur_store_index index;
    RECUR_TRY(recur_config_take(&config, given, "recur_store_open_config", error));
    RECUR_TRY(recur_store_index_read(folder, &index, error));
    enum recur_status status = open_index(folder, &index, &config, corpus, vocab, error);
    recur_store_index_free(&index);
    return status;
}
