#include "files/store.h"

#include <stdio.h>

#include "common/message.h"
#include "common/progress.h"
#include "common/quote.h"
#include "files/vocabulary.h"

int recur_open_store(const struct command *command, const char *folder, uint64_t max_tokens,
                     recur_corpus **corpus, recur_vocab **vocab)
{
    recur_error error;
    recur_store_open_config config = recur_store_open_config_default();
    config.max_tokens = max_tokens;
    config.parts = 0;
    enum recur_status status = recur_store_open(folder, &config, corpus, vocab, &error);
    return status == RECUR_OK ? 0 : recur_library_failure(command, &error);
}

int recur_check_store(const struct command *command, const char *folder, uint64_t max_tokens)
{
    recur_error error;
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_store_open_config config = recur_store_open_config_default();
    config.max_tokens = max_tokens;
    config.watch = recur_progress_at;
    recur_progress_count("checking", "tokens");
    enum recur_status status = recur_store_open(folder, &config, &corpus, &vocab, &error);
    recur_progress_end();
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return 0;
}

static int print_json(const struct command *command, const recur_store_info *info,
                      const recur_vocab *vocab)
{
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    recur_json_put_u64(&json, "tokens", info->tokens);
    recur_json_put_u64(&json, "unknown", info->unknown);
    recur_json_put_u64(&json, "id_bytes", info->id_bytes);
    recur_json_put_u64(&json, "shards", info->shards);
    recur_json_put_u64(&json, "shard_ids", info->shard_ids);
    recur_json_open(&json, "text", '{');
    recur_json_put_u64(&json, "files", info->files);
    recur_json_put_u64(&json, "bytes", info->text.bytes);
    recur_json_put_u64(&json, "lines", info->text.lines);
    recur_json_put_u64(&json, "characters", info->text.characters);
    recur_json_put_u64(&json, "invalid", info->text.invalid);
    recur_json_close(&json, '}');
    recur_put_vocab(&json, vocab);
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
}

static void print_lines(const char *folder, const recur_store_info *info, const recur_vocab *vocab)
{
    printf("%s: a store of %llu token%s", recur_path(folder).text, (unsigned long long)info->tokens,
           recur_plural(info->tokens));
    if (info->unknown)
        printf(", %llu of them <unk>", (unsigned long long)info->unknown);
    printf("\nshards    %llu of up to %llu ids, %llu byte%s each\n",
           (unsigned long long)info->shards, (unsigned long long)info->shard_ids,
           (unsigned long long)info->id_bytes, recur_plural(info->id_bytes));
    printf("text      %llu byte%s, %llu line%s, %llu file%s\n",
           (unsigned long long)info->text.bytes, recur_plural(info->text.bytes),
           (unsigned long long)info->text.lines, recur_plural(info->text.lines),
           (unsigned long long)info->files, recur_plural(info->files));
    recur_print_vocab(vocab);
}

int recur_print_store(const struct command *command, const char *folder, bool json)
{
    recur_error error;
    recur_store_info info;
    recur_corpus *corpus;
    recur_vocab *vocab;
    if (recur_store_read_info(folder, &info, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    int status = recur_open_store(command, folder, 0, &corpus, &vocab);
    if (status != 0)
        return status;
    if (json)
        status = print_json(command, &info, vocab);
    else
        print_lines(folder, &info, vocab);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return status;
}
