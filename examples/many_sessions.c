/* Generates thousands of streams of text with one shared model:
 *
 *     many_sessions MODEL [SESSIONS [THREADS [TOKENS]]]
 *
 * Each thread advances all sessions of its share together, one token at a time. What a session
 * writes does not depend on the others or on the number of threads. */
#include <recur/recur.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* One stream. */
struct stream {
    recur_session *session;
    recur_sampler *sampler;
    int32_t *written; /* ids, one per token */
};

/* A thread's share of the streams. */
struct share {
    pthread_t thread;
    const recur_model *model;
    struct stream *streams;
    size_t count, tokens;
    enum recur_status status;
    recur_error error;
};

/* What the loop works on. All of it is allocated before the first token. */
struct loop {
    recur_stepper *stepper;
    recur_session **sessions;
    int32_t *ids;
    float *logits; /* (count, V) */
};

static enum recur_status out_of_memory(recur_error *error)
{
    error->status = RECUR_ERROR_MEMORY;
    snprintf(error->message, sizeof error->message, "out of memory");
    return RECUR_ERROR_MEMORY;
}

static enum recur_status run(struct loop *loop, struct share *share)
{
    struct stream *streams = share->streams;
    recur_error *error = &share->error;
    recur_stepper *stepper = loop->stepper;
    recur_session **sessions = loop->sessions;
    size_t count = share->count, vocabulary = recur_model_get_config(share->model)->vocabulary;
    int32_t *ids = loop->ids;
    float *logits = loop->logits;
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < count; i++) {
        sessions[i] = streams[i].session;
        ids[i] = RECUR_UNKNOWN; /* nothing has been read yet */
    }
    for (size_t t = 0; t < share->tokens && status == RECUR_OK; t++) {
        status = recur_stepper_feed_many(stepper, sessions, ids, count, logits, error);
        for (size_t i = 0; i < count && status == RECUR_OK; i++) {
            ids[i] = recur_sample(streams[i].sampler, logits + i * vocabulary);
            streams[i].written[t] = ids[i];
        }
    }
    return status;
}

static void *serve(void *argument)
{
    struct share *share = argument;
    struct loop loop = {NULL, NULL, NULL, NULL};
    size_t vocabulary = recur_model_get_config(share->model)->vocabulary;
    loop.sessions = calloc(share->count + 1, sizeof *loop.sessions);
    loop.ids = calloc(share->count + 1, sizeof *loop.ids);
    loop.logits = calloc(share->count * vocabulary + 1, sizeof *loop.logits);
    if (loop.sessions && loop.ids && loop.logits)
        /* Up to 64 rows in one batch, on this one thread. */
        share->status = recur_stepper_create(share->model, 64, 1, &loop.stepper, &share->error);
    else
        share->status = out_of_memory(&share->error);
    if (share->status == RECUR_OK)
        share->status = run(&loop, share);
    recur_stepper_free(loop.stepper);
    free(loop.logits);
    free(loop.ids);
    free(loop.sessions);
    return NULL;
}

static enum recur_status open_stream(struct stream *stream, const recur_model *model, size_t number,
                                     size_t tokens, recur_error *error)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    recur_sampler_config sampling = recur_sampler_config_default();
    sampling.seed = number;
    stream->written = calloc(tokens + 1, sizeof *stream->written);
    if (!stream->written)
        return out_of_memory(error);
    enum recur_status status = recur_session_create(model, &stream->session, error);
    if (status == RECUR_OK)
        status =
            recur_sampler_create(&sampling, recur_model_get_config(model)->vocabulary,
                                 vocab ? recur_vocab_reserved(vocab) : 0, &stream->sampler, error);
    return status;
}

/* Runs each share on its own thread. */
static enum recur_status serve_all(struct share *shares, size_t threads, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    size_t started = 0;
    while (started < threads &&
           pthread_create(&shares[started].thread, NULL, serve, &shares[started]) == 0)
        started++;
    for (size_t i = 0; i < started; i++) {
        pthread_join(shares[i].thread, NULL);
        if (shares[i].status != RECUR_OK) {
            status = shares[i].status;
            *error = shares[i].error;
        }
    }
    return started == threads ? status : out_of_memory(error);
}

static void print_stream(const recur_model *model, const struct stream *stream, size_t number,
                         size_t tokens)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    printf("%zu: ", number);
    for (size_t t = 0; t < tokens; t++) {
        recur_token token = recur_vocab_token(vocab, stream->written[t]);
        if (token.size == 1 && token.bytes[0] == '\n')
            fputs("\\n", stdout);
        else
            fwrite(token.bytes, 1, token.size, stdout);
    }
    putchar('\n');
}

static enum recur_status run_all(const recur_model *model, struct stream *streams, size_t count,
                                 size_t threads, size_t tokens, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    struct share *shares = calloc(threads, sizeof *shares);
    if (!shares)
        return out_of_memory(error);
    for (size_t i = 0; i < count && status == RECUR_OK; i++)
        status = open_stream(&streams[i], model, i, tokens, error);
    for (size_t i = 0; i < threads; i++) {
        size_t first = count * i / threads;
        shares[i].model = model;
        shares[i].streams = streams + first;
        shares[i].count = count * (i + 1) / threads - first;
        shares[i].tokens = tokens;
    }
    if (status == RECUR_OK)
        status = serve_all(shares, threads, error);
    free(shares);
    for (size_t i = 0; i < count && i < 3 && status == RECUR_OK && recur_model_vocab(model); i++)
        print_stream(model, &streams[i], i, tokens);
    return status;
}

/* The number on the command line or, without one, the usual number. */
static size_t number_at(int argc, char **argv, int index, size_t usual)
{
    size_t number = argc > index ? strtoul(argv[index], NULL, 10) : usual;
    return number > 0 ? number : 1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 5) {
        fputs("usage: many_sessions MODEL [SESSIONS [THREADS [TOKENS]]]\n", stderr);
        return 2;
    }
    size_t count = number_at(argc, argv, 2, 2000), tokens = number_at(argc, argv, 4, 50);
    size_t threads = number_at(argc, argv, 3, recur_machine_threads());
    recur_error error;
    recur_model *model = NULL;
    struct stream *streams = calloc(count, sizeof *streams);
    enum recur_status status =
        streams ? recur_model_load(argv[1], &model, &error) : out_of_memory(&error);
    if (status == RECUR_OK) {
        printf("%zu sessions of %zu bytes over one model of %zu parameters\n", count,
               recur_session_bytes(model), recur_model_parameters(model));
        status = run_all(model, streams, count, threads, tokens, &error);
    }
    if (status != RECUR_OK)
        fprintf(stderr, "many_sessions: %s\n", error.message);
    for (size_t i = 0; streams && i < count; i++) {
        recur_session_free(streams[i].session);
        recur_sampler_free(streams[i].sampler);
        free(streams[i].written);
    }
    free(streams);
    recur_model_free(model);
    return status == RECUR_OK ? 0 : 1;
}
