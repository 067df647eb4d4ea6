/* Continues a prompt and shows each character as soon as it is generated:
 *
 *     stream_text MODEL [PROMPT [TOKENS [SEED]]] */
#include <recur/recur.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Receives whole characters. Stops when nobody reads them any more. */
static enum recur_status show(void *user, const char *bytes, size_t size, recur_error *error)
{
    FILE *stream = user;
    (void)error;
    fwrite(bytes, 1, size, stream);
    return fflush(stream) == 0 ? RECUR_OK : RECUR_STOP;
}

static enum recur_status stream(const recur_model *model, const char *prompt, size_t count,
                                uint64_t seed, recur_error *error)
{
    recur_sampler_config sampling = recur_sampler_config_default();
    recur_generation made;
    sampling.temperature = 0.7F;
    sampling.seed = seed;
    fputs(prompt, stdout);
    enum recur_status status =
        recur_generate(model, prompt, strlen(prompt), count, &sampling, show, stdout, &made, error);
    putchar('\n');
    if (status == RECUR_OK)
        fprintf(stderr, "%zu tokens read, %zu of them unknown, %zu made\n", made.prompt_tokens,
                made.prompt_unknown, made.tokens);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 5) {
        fputs("usage: stream_text MODEL [PROMPT [TOKENS [SEED]]]\n", stderr);
        return 2;
    }
    const char *path = argv[1];
    recur_model *model;
    recur_error error;
    if (recur_model_load(path, &model, &error) != RECUR_OK) {
        fprintf(stderr, "stream_text: %s\n", error.message);
        return 1;
    }
    enum recur_status status =
        stream(model, argc > 2 ? argv[2] : "", argc > 3 ? strtoul(argv[3], NULL, 10) : 200,
               argc > 4 ? strtoull(argv[4], NULL, 10) : 1, &error);
    if (status != RECUR_OK)
        fprintf(stderr, "stream_text: %s\n", error.message);
    recur_model_free(model);
    return status == RECUR_OK ? 0 : 1;
}
