#include "files/store.h"

#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/progress.h"
#include "common/quote.h"
#include "recur/fields.h"

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

bool recur_same_vocab(const recur_vocab *one, const recur_vocab *other)
{
    size_t size = one ? recur_vocab_size(one) : 0, id = 0;
    if (!one || !other || size != recur_vocab_size(other))
        return false;
    for (bool same = true; same && id < size; id += same) {
        recur_token a = recur_vocab_token(one, (int32_t)id);
        recur_token b = recur_vocab_token(other, (int32_t)id);
        same = a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
    }
    return id == size;
}

void recur_put_entries(recur_json_writer *json, const char *key, const recur_vocab *vocab,
                       size_t first)
{
    recur_json_open(json, key, '[');
    for (size_t id = first; id < recur_vocab_size(vocab); id++)
        recur_json_put_token(json, NULL, recur_vocab_token(vocab, (int32_t)id));
    recur_json_close(json, ']');
}

void recur_print_entries(const recur_vocab *vocab, size_t first)
{
    enum { SHOWN = 16 };
    size_t size = recur_vocab_size(vocab), shown = size < SHOWN ? size : SHOWN;
    for (size_t id = first; id < shown; id++)
        printf(" %s", recur_quote(recur_vocab_token(vocab, (int32_t)id)).text);
    printf("%s\n", shown < size ? " ..." : "");
}

static int print_json(const struct command *command, const recur_store_info *info,
                      const recur_vocab *vocab)
{
    recur_json_writer json = RECUR_JSON_SHOWN;
    const recur_field *field;
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
    recur_json_open(&json, "vocabulary", '{');
    for (size_t i = 0; (field = recur_text_field(i)); i++) {
        recur_value value = recur_field_get(field, recur_vocab_text(vocab));
        if (value.name)
            recur_json_put_text(&json, recur_field_name(field), value.name);
    }
    recur_json_put_u64(&json, "size", recur_vocab_size(vocab));
    recur_json_put_u64(&json, "reserved", recur_vocab_reserved(vocab));
    recur_put_entries(&json, "entries", vocab, 0);
    recur_json_close(&json, '}');
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
}

static void print_lines(const char *folder, const recur_store_info *info, const recur_vocab *vocab)
{
    size_t size = recur_vocab_size(vocab);
    const recur_text_config *text = recur_vocab_text(vocab);
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
    printf("\nvocabulary: %zu %s, tokens %s, clean %s\n", size, size == 1 ? "entry" : "entries",
           recur_tokens_name(text->tokens), recur_clean_name(text->clean));
    recur_print_entries(vocab, 0);
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
