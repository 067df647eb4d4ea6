/* Makes minibatches of about equal length from the lines of a text, which are sequences of
 * different lengths:
 *
 *     bucket_lines TEXT */
#include <recur/recur.h>

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 4 };

struct lines {
    size_t *length; /* in words */
    size_t count, capacity;
};

/* Receives the words of one line. */
static enum recur_status add_line(void *user, const recur_token *words, size_t count,
                                  recur_error *error)
{
    struct lines *lines = user;
    (void)words;
    if (lines->count == lines->capacity) {
        lines->capacity = 2 * lines->capacity + 8;
        size_t *more = realloc(lines->length, lines->capacity * sizeof *more);
        if (!more) {
            *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the lines' lengths"};
            return error->status;
        }
        lines->length = more;
    }
    lines->length[lines->count++] = count;
    return RECUR_OK;
}

static enum recur_status print_minibatches(const struct lines *lines, recur_error *error)
{
    recur_buckets *buckets;
    recur_buckets_config config = recur_buckets_config_default();
    config.batch = BATCH;
    enum recur_status status =
        recur_buckets_create(lines->length, lines->count, &config, &buckets, error);
    if (status != RECUR_OK)
        return status;
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        const size_t *members;
        size_t minibatches = recur_buckets_start(buckets, epoch), count;
        printf("epoch %d, minibatches: %zu\n", (int)epoch, minibatches);
        while ((count = recur_buckets_next(buckets, &members)) > 0)
            for (size_t b = 0; b < count; b++)
                printf("line %zu of length %zu%s", members[b] + 1, lines->length[members[b]],
                       b + 1 < count ? ", " : "\n");
    }
    recur_buckets_free(buckets);
    return RECUR_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: bucket_lines TEXT\n", stderr);
        return 2;
    }
    recur_error error;
    struct lines lines = {NULL, 0, 0};
    recur_text_config words = recur_text_config_default();
    words.tokens = RECUR_TOKENS_WORD;
    enum recur_status status = recur_text_read(argv[1], &words, add_line, &lines, NULL, &error);
    if (status == RECUR_OK)
        status = print_minibatches(&lines, &error);
    if (status != RECUR_OK)
        fprintf(stderr, "bucket_lines: %s\n", error.message);
    free(lines.length);
    return status == RECUR_OK ? 0 : 1;
}
