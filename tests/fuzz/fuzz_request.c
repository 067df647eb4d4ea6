/* Requests of recur serve. The first byte says of which address, the rest is the body. What is
 * accepted keeps the limits; what is refused has a status and a sentence. The server's checks of
 * headers read the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "fuzz.h"
#include "http/guard.h"
#include "serve/request.h"

enum { ADDRESSES = 10, EXPLAIN = 9, EXPLAIN_MOST = 600 };

/* Reads every byte of what the inputs point to. */
static void check_inputs(const struct request *request)
{
    uint64_t sum = 0;
    FUZZ_CHECK(request->inputs.count >= 1 && request->inputs.count <= REQUEST_INPUTS, "%zu inputs",
               request->inputs.count);
    for (size_t i = 0; i < request->inputs.count; i++) {
        const struct request_input *input = &request->inputs.item[i];
        for (size_t k = 0; input->text && k < input->size; k++)
            sum += (unsigned char)input->text[k];
        for (size_t k = 0; k < input->count; k++) {
            FUZZ_CHECK(input->ids[k] >= 0, "id %ld", (long)input->ids[k]);
            sum += (uint64_t)input->ids[k];
        }
    }
    FUZZ_CHECK(sum != UINT64_MAX, "never");
    FUZZ_CHECK(!request->model || strlen(request->model) < SIZE_MAX, "never");
}

static void check_completion(const struct completion_request *request)
{
    const recur_sampler_config *sampling = &request->sampling;
    recur_sampler *sampler = NULL;
    FUZZ_CHECK(recur_sampler_create(sampling, 2, 0, &sampler, NULL) == RECUR_OK,
               "the sampler refuses what the request accepts");
    recur_sampler_free(sampler);
    FUZZ_CHECK(request->n >= 1 && request->n <= request->best_of &&
                   request->best_of <= REQUEST_CANDIDATES &&
                   request->best_of * request->of.inputs.count <= REQUEST_INPUTS,
               "%llu of %llu texts", (unsigned long long)request->n,
               (unsigned long long)request->best_of);
    FUZZ_CHECK(request->logprobs <= REQUEST_LOGPROBS || request->logprobs == UINT64_MAX,
               "logprobs");
    for (size_t i = 0; i < request->stops; i++)
        FUZZ_CHECK(request->stop[i]->size > 0, "an empty stop");
}

static bool read_request(unsigned address, const char *body, size_t size, struct refusal *refusal)
{
    union {
        struct completion_request completion;
        struct token_request tokens;
        struct embedding_request embedding;
        struct activation_request activation;
        struct fill_request fill;
        struct label_request labels;
        struct request any; /* the first member of each */
    } request;
    bool good = false;
    switch (address) {
    case 0: good = recur_read_tokenize(body, size, &request.tokens, refusal); break;
    case 1: good = recur_read_detokenize(body, size, &request.tokens, refusal); break;
    case 2: good = recur_read_embedding(body, size, &request.embedding, refusal); break;
    case 3: good = recur_read_fill(body, size, &request.fill, refusal); break;
    case 4: good = recur_read_classify(body, size, &request.labels, refusal); break;
    case 5: good = recur_read_tag(body, size, &request.labels, refusal); break;
    case 8: good = recur_read_activation(body, size, &request.activation, refusal); break;
    default:
        good = recur_read_completion(body, size, &request.completion, refusal);
        if (good)
            check_completion(&request.completion);
    }
    if (!good)
        return false;
    check_inputs(&request.any);
    recur_request_free(&request.any);
    return true;
}

/* A question for /explain.json is answered whole, so that a text of any kind goes through all
 * stages, in a network so small that this takes no time. */
static void check_explain(const char *body, size_t size)
{
    static const char small[] = "{\"hidden\":[2],\"updates\":1,";
    char question[sizeof small + EXPLAIN_MOST];
    recur_json_writer json = {0};
    recur_error error = {0};
    if (size < 2 || size > EXPLAIN_MOST || body[0] != '{')
        return;
    size_t head = sizeof small - 1 - (body[1] == '}'); /* without the comma */
    memcpy(question, small, head);
    memcpy(question + head, body + 1, size - 1);
    enum recur_status status = explain_answer(question, head + size - 1, &json, &error);
    recur_json *answer = NULL;
    if (status != RECUR_OK)
        FUZZ_CHECK(*error.message, "there is no sentence");
    else
        FUZZ_CHECK(recur_json_parse(json.text, json.size, true, "the answer", &answer, &error) ==
                       RECUR_OK,
                   "the answer is no JSON: %s", error.message);
    free(answer);
    recur_json_writer_free(&json);
}

/* Headers have no zero bytes. */
static void check_headers(const char *text)
{
    char key[1][HTTP_KEY_ROOM] = {"a key"};
    const struct http_keys keys = {key, 1};
    const char *names[] = {"recur.example"};
    recur_http_host_allowed(text, names, 1);
    recur_http_origin_allowed(text, "localhost:8080");
    recur_http_is_json(text);
    FUZZ_CHECK(!recur_http_key_fits(&keys, text) || strlen(text) == strlen("Bearer a key"),
               "another key fits");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    FUZZ_CHECK(text != NULL, "no memory");
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    if (bytes[0] % ADDRESSES == EXPLAIN) {
        check_explain(text, size - 1);
        free(text);
        return 0;
    }
    ptrdiff_t before = fuzz_memory_begin();
    struct refusal refusal = {.status = 0};
    if (!read_request(bytes[0] % ADDRESSES, text, size - 1, &refusal))
        FUZZ_CHECK((refusal.status == 400 || refusal.status == 422) && *refusal.message &&
                       strlen(refusal.message) < sizeof refusal.message &&
                       strlen(refusal.param) < sizeof refusal.param && refusal.code,
                   "refused with status %u: %s", refusal.status, refusal.message);
    check_headers(text);
    fuzz_memory_end(before, size);
    free(text);
    return 0;
}
