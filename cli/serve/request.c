#include "serve/request.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/need.h"

bool recur_refuse(struct refusal *refusal, unsigned status, const char *code, const char *param,
                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(refusal->message, sizeof refusal->message, format, arguments);
    va_end(arguments);
    snprintf(refusal->param, sizeof refusal->param, "%s", param ? param : "");
    refusal->status = status;
    refusal->code = code;
    return false;
}

/* A member that a request may have. */
struct member {
    const char *name;
    enum {
        MEMBER_BOOL,
        MEMBER_COUNT,  /* uint64_t in [least, most] */
        MEMBER_FLOAT,  /* float in [low, high] */
        MEMBER_DOUBLE, /* double in [low, high] */
        MEMBER_TEXT,   /* const char * */
        MEMBER_ANY,    /* const recur_json * */
        MEMBER_IDLE,   /* changes nothing of the answer */
        MEMBER_ABSENT, /* would change the answer, and recur cannot do it */
    } kind;
    size_t at;
    uint64_t least, most;
    double low, high;
    bool above_low;
    bool any; /* a count may also be -1, which becomes UINT64_MAX */
};

static bool wrong(struct refusal *refusal, const char *name, const char *expected)
{
    return recur_refuse(refusal, 422, "invalid_value", name, "\"%s\": expected %s", name, expected);
}

static bool set_number(const struct member *member, const recur_json *value, void *to,
                       struct refusal *refusal)
{
    double number = 0;
    if (!recur_json_get_number(value, &number) || number < member->low || number > member->high ||
        (member->above_low && number <= member->low))
        return recur_refuse(refusal, 422, "invalid_value", member->name,
                            "\"%s\": expected a number %s %g and at most %g", member->name,
                            member->above_low ? "above" : "from", member->low, member->high);
    if (member->kind == MEMBER_FLOAT)
        *(float *)to = (float)number;
    else
        *(double *)to = number;
    return true;
}

static bool set_count(const struct member *member, const recur_json *value, uint64_t *to,
                      struct refusal *refusal)
{
    if (member->any && recur_json_is(value, RECUR_JSON_INTEGER) && value->negative &&
        value->magnitude == 1) {
        *to = UINT64_MAX;
        return true;
    }
    if (!recur_json_is(value, RECUR_JSON_INTEGER) || value->negative ||
        value->magnitude < member->least || value->magnitude > member->most)
        return recur_refuse(refusal, 422, "invalid_value", member->name,
                            "\"%s\": expected a whole number from %llu to %llu", member->name,
                            (unsigned long long)member->least, (unsigned long long)member->most);
    *to = value->magnitude;
    return true;
}

static bool set_member(const struct member *member, const recur_json *value, void *request,
                       struct refusal *refusal)
{
    void *to = (char *)request + member->at;
    switch (member->kind) {
    case MEMBER_BOOL:
        if (!recur_json_is(value, RECUR_JSON_BOOL))
            return wrong(refusal, member->name, "true or false");
        *(bool *)to = value->truth;
        return true;
    case MEMBER_COUNT: return set_count(member, value, to, refusal);
    case MEMBER_FLOAT:
    case MEMBER_DOUBLE: return set_number(member, value, to, refusal);
    case MEMBER_TEXT:
        if (!recur_json_text(value))
            return wrong(refusal, member->name, "a text");
        *(const char **)to = value->text;
        return true;
    case MEMBER_ANY: *(const recur_json **)to = value; return true;
    case MEMBER_IDLE: return true;
    case MEMBER_ABSENT: break;
    }
    return recur_refuse(refusal, 422, "unsupported_parameter", member->name,
                        "\"%s\" is not supported", member->name);
}

/* Sets the members of a request; null is as good as absent. */
static bool set_members(const recur_json *json, const struct member *members, void *request,
                        struct refusal *refusal)
{
    if (!recur_json_is(json, RECUR_JSON_OBJECT))
        return recur_refuse(refusal, 400, "invalid_json", NULL, "expected an object");
    const recur_json *key = recur_json_first(json);
    for (size_t i = 0; i < json->size; i++, key = recur_json_next(recur_json_next(key))) {
        const recur_json *value = recur_json_next(key);
        const struct member *member = members;
        while (member->name && strcmp(member->name, key->text) != 0)
            member++;
        if (!member->name) {
            recur_printable name = recur_show(key->text, key->size, 50, NULL);
            return recur_refuse(refusal, 422, "unknown_parameter", name.text,
                                "\"%s\" is no parameter of this request", name.text);
        }
        if (value->kind != RECUR_JSON_NULL && !set_member(member, value, request, refusal))
            return false;
    }
    return true;
}

static bool parse(const char *body, size_t size, const struct member *members, void *request,
                  recur_json **json, struct refusal *refusal)
{
    recur_error error;
    enum recur_status status = recur_json_parse(body, size, true, "the body", json, &error);
    if (status == RECUR_ERROR_MEMORY)
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "%s", error.message);
    if (status != RECUR_OK)
        return recur_refuse(refusal, 400, "invalid_json", NULL, "%s", error.message);
    if (set_members(*json, members, request, refusal))
        return true;
    free(*json);
    *json = NULL;
    return false;
}

void recur_request_free(struct request *request)
{
    free(request->inputs.item);
    free(request->json);
    *request = (struct request){0};
}

/* Frees what a request has and returns false. */
static bool give_up(struct request *request)
{
    recur_request_free(request);
    return false;
}

static bool is_ids(const recur_json *list)
{
    const recur_json *item = recur_json_first(list);
    bool ids = true;
    for (size_t i = 0; i < list->size; i++, item = recur_json_next(item))
        ids &= recur_json_is(item, RECUR_JSON_INTEGER) && !item->negative &&
               item->magnitude <= INT32_MAX;
    return ids;
}

/* Reads one text or list of ids; `*next` is room for ids. */
static bool set_input(const recur_json *value, struct request_input *input, int32_t **next)
{
    if (recur_json_is(value, RECUR_JSON_TEXT)) {
        *input = (struct request_input){.text = value->text, .size = value->size};
        return true;
    }
    if (!recur_json_is(value, RECUR_JSON_LIST) || !is_ids(value))
        return false;
    *input = (struct request_input){.ids = *next, .count = value->size};
    const recur_json *item = recur_json_first(value);
    for (size_t i = 0; i < value->size; i++, item = recur_json_next(item))
        *(*next)++ = (int32_t)item->magnitude;
    return true;
}

/* A text, a list of texts, ids, or a list of lists of ids. */
static bool read_inputs(const recur_json *value, const char *name, struct request_inputs *inputs,
                        struct refusal *refusal)
{
    static const char expected[] =
        "a text, a list of texts, a list of token ids, or a list of such "
        "lists";
    if (!value)
        return recur_refuse(refusal, 422, "missing_parameter", name, "\"%s\" is missing", name);
    bool list = recur_json_is(value, RECUR_JSON_LIST);
    bool many = list && value->size > 0 && !is_ids(value);
    size_t count = many ? value->size : 1;
    if (count > REQUEST_INPUTS)
        return recur_refuse(refusal, 422, "too_many_inputs", name,
                            "\"%s\" has %zu texts, at most %d are possible", name, count,
                            REQUEST_INPUTS);
    /* A list has no more ids than it has values. */
    inputs->item = recur_try(count * sizeof *inputs->item + value->values * sizeof(int32_t), 1);
    if (!inputs->item)
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "out of memory for \"%s\"", name);
    int32_t *next = (int32_t *)(inputs->item + count);
    const recur_json *item = many ? recur_json_first(value) : value;
    for (size_t i = 0; i < count; i++, item = recur_json_next(item), inputs->count++)
        if (!set_input(item, &inputs->item[i], &next))
            return wrong(refusal, name, expected);
    return true;
}

/* The texts alone: no ids. */
static bool read_texts(const recur_json *value, const char *name, struct request_inputs *inputs,
                       struct refusal *refusal)
{
    if (!read_inputs(value, name, inputs, refusal))
        return false;
    for (size_t i = 0; i < inputs->count; i++)
        if (!inputs->item[i].text)
            return wrong(refusal, name, "a text or a list of texts");
    return true;
}

static bool read_stops(const recur_json *value, struct completion_request *request,
                       struct refusal *refusal)
{
    static const char expected[] = "a text that is not empty, or a list of at most 16";
    if (!value)
        return true;
    bool list = recur_json_is(value, RECUR_JSON_LIST);
    size_t count = list ? value->size : 1;
    const recur_json *item = list ? recur_json_first(value) : value;
    if (count > REQUEST_STOPS)
        return wrong(refusal, "stop", expected);
    for (size_t i = 0; i < count; i++, item = recur_json_next(item)) {
        if (!recur_json_is(item, RECUR_JSON_TEXT) || item->size == 0)
            return wrong(refusal, "stop", expected);
        request->stop[request->stops++] = item;
    }
    return true;
}

static bool read_stream_options(const recur_json *value, struct completion_request *request,
                                struct refusal *refusal)
{
    static const struct member members[] = {
        {"include_usage", MEMBER_BOOL, .at = offsetof(struct completion_request, include_usage)},
        {.name = "include_obfuscation", .kind = MEMBER_IDLE},
        {.name = NULL},
    };
    if (!value)
        return true;
    if (!recur_json_is(value, RECUR_JSON_OBJECT))
        return wrong(refusal, "stream_options", "an object");
    return set_members(value, members, request, refusal);
}

/* Members whose values are looked at again. */
struct loose {
    struct completion_request request;
    uint64_t top_k;
    const recur_json *prompt, *stop, *stream_options;
};

#define AT(field) offsetof(struct loose, request.field)
#define LOOSE(field) offsetof(struct loose, field)

/* OpenAI's names, and llama.cpp's where they differ. */
static const struct member completion_members[] = {
    {"model", MEMBER_TEXT, .at = AT(of.model)},
    {"prompt", MEMBER_ANY, .at = LOOSE(prompt)},
    {"max_tokens", MEMBER_COUNT, .at = AT(max_tokens), .most = INT32_MAX},
    {"n_predict", MEMBER_COUNT, .at = AT(max_tokens), .most = INT32_MAX, .any = true},
    {"temperature", MEMBER_FLOAT, .at = AT(sampling.temperature), .high = 1000},
    {"top_p", MEMBER_FLOAT, .at = AT(sampling.top_p), .high = 1, .above_low = true},
    {"top_k", MEMBER_COUNT, .at = LOOSE(top_k), .most = INT32_MAX},
    {"min_p", MEMBER_FLOAT, .at = AT(sampling.min_p), .high = 1},
    {"typical_p", MEMBER_DOUBLE, .at = AT(sampling.typical_p), .high = 1},
    {"seed", MEMBER_COUNT, .at = AT(sampling.seed), .most = INT64_MAX, .any = true},
    {"repetition_penalty", MEMBER_DOUBLE, .at = AT(sampling.repetition_penalty), .high = 1000},
    {"repeat_penalty", MEMBER_DOUBLE, .at = AT(sampling.repetition_penalty), .high = 1000},
    {"frequency_penalty", MEMBER_DOUBLE, .at = AT(sampling.frequency_penalty), .low = -100,
     .high = 100},
    {"presence_penalty", MEMBER_DOUBLE, .at = AT(sampling.presence_penalty), .low = -100,
     .high = 100},
    {"stop", MEMBER_ANY, .at = LOOSE(stop)},
    {"logprobs", MEMBER_COUNT, .at = AT(logprobs), .most = REQUEST_LOGPROBS},
    {"n_probs", MEMBER_COUNT, .at = AT(logprobs), .most = REQUEST_LOGPROBS},
    {"n", MEMBER_COUNT, .at = AT(n), .least = 1, .most = REQUEST_CANDIDATES},
    {"best_of", MEMBER_COUNT, .at = AT(best_of), .least = 1, .most = REQUEST_CANDIDATES},
    {"echo", MEMBER_BOOL, .at = AT(echo)},
    {"stream", MEMBER_BOOL, .at = AT(stream)},
    {"stream_options", MEMBER_ANY, .at = LOOSE(stream_options)},
    {"cache_prompt", MEMBER_BOOL, .at = AT(cache)},
    {.name = "user", .kind = MEMBER_IDLE},
    {.name = "metadata", .kind = MEMBER_IDLE},
    {.name = "suffix", .kind = MEMBER_ABSENT},
    {.name = "logit_bias", .kind = MEMBER_ABSENT},
    {.name = NULL},
};

#undef AT
#undef LOOSE

static bool check_completion(struct completion_request *request, struct refusal *refusal)
{
    if (request->best_of == 0)
        request->best_of = request->n;
    if (request->best_of < request->n)
        return recur_refuse(refusal, 422, "invalid_value", "best_of",
                            "\"best_of\" is %llu, expected at least \"n\", %llu",
                            (unsigned long long)request->best_of, (unsigned long long)request->n);
    if (request->stream && request->best_of > request->n)
        return recur_refuse(refusal, 422, "invalid_value", "best_of",
                            "the best of several texts is known at their end: \"best_of\" above "
                            "\"n\" cannot be streamed");
    if (request->of.inputs.count * request->best_of > REQUEST_INPUTS)
        return recur_refuse(refusal, 422, "too_many_inputs", "prompt",
                            "%zu prompts with %llu texts each are more than %d",
                            request->of.inputs.count, (unsigned long long)request->best_of,
                            REQUEST_INPUTS);
    return true;
}

bool recur_read_completion(const char *body, size_t size, struct completion_request *request,
                           struct refusal *refusal)
{
    struct loose loose = {.request = {.max_tokens = 16,
                                      .n = 1,
                                      .logprobs = UINT64_MAX,
                                      .cache = true,
                                      .sampling = recur_sampler_config_default()}};
    loose.request.sampling.temperature = 1;
    recur_json *json;
    if (!parse(body, size, completion_members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    request->sampling.top_k = (size_t)loose.top_k;
    const recur_json *seed = recur_json_member(json, "seed");
    request->seeded = seed && seed->kind != RECUR_JSON_NULL && !seed->negative;
    return (read_inputs(loose.prompt, "prompt", &request->of.inputs, refusal) &&
            read_stops(loose.stop, request, refusal) &&
            read_stream_options(loose.stream_options, request, refusal) &&
            check_completion(request, refusal)) ||
           give_up(&request->of);
}

/* The members of requests with one text or list of ids. */
struct loose_tokens {
    struct token_request request;
    const recur_json *input;
};

static bool read_tokens(const char *body, size_t size, const struct member *members,
                        const char *name, struct token_request *request, struct refusal *refusal)
{
    struct loose_tokens loose = {.input = NULL};
    recur_json *json;
    if (!parse(body, size, members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    if (!read_inputs(loose.input, name, &request->of.inputs, refusal))
        return give_up(&request->of);
    return true;
}

/* llama.cpp's name, and vLLM's. */
bool recur_read_tokenize(const char *body, size_t size, struct token_request *request,
                         struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_tokens, request.of.model)},
        {"content", MEMBER_ANY, .at = offsetof(struct loose_tokens, input)},
        {"prompt", MEMBER_ANY, .at = offsetof(struct loose_tokens, input)},
        {"with_pieces", MEMBER_BOOL, .at = offsetof(struct loose_tokens, request.pieces)},
        {.name = "add_special", .kind = MEMBER_IDLE},
        {.name = "add_special_tokens", .kind = MEMBER_IDLE},
        {.name = NULL},
    };
    if (!read_tokens(body, size, members, "content", request, refusal))
        return false;
    if (request->of.inputs.count == 1 && request->of.inputs.item->text)
        return true;
    wrong(refusal, "content", "a text");
    return give_up(&request->of);
}

bool recur_read_detokenize(const char *body, size_t size, struct token_request *request,
                           struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_tokens, request.of.model)},
        {"tokens", MEMBER_ANY, .at = offsetof(struct loose_tokens, input)},
        {.name = NULL},
    };
    if (!read_tokens(body, size, members, "tokens", request, refusal))
        return false;
    if (request->of.inputs.count == 1 && !request->of.inputs.item->text)
        return true;
    wrong(refusal, "tokens", "a list of token ids");
    return give_up(&request->of);
}

/* The place of a word in a list that ends with NULL. */
static bool find_word(const char *word, const char *const *words, const char *name, size_t *place,
                      struct refusal *refusal)
{
    char list[200] = "";
    for (*place = 0; words[*place]; ++*place) {
        if (strcmp(word, words[*place]) == 0)
            return true;
        size_t size = strlen(list);
        snprintf(list + size, sizeof list - size, "%s%s", *place ? ", " : "one of ", words[*place]);
    }
    return wrong(refusal, name, list);
}

struct loose_embedding {
    struct embedding_request request;
    const recur_json *input;
    const char *format, *pooling;
};

#define AT(field) offsetof(struct loose_embedding, field)
static const struct member embedding_members[] = {
    {"model", MEMBER_TEXT, .at = AT(request.of.model)},
    {"input", MEMBER_ANY, .at = AT(input)},
    {"encoding_format", MEMBER_TEXT, .at = AT(format)},
    {"dimensions", MEMBER_COUNT, .at = AT(request.dimensions), .least = 1, .most = INT32_MAX},
    {"pooling", MEMBER_TEXT, .at = AT(pooling)},
    {"layer", MEMBER_COUNT, .at = AT(request.layer), .most = INT32_MAX},
    {.name = "user", .kind = MEMBER_IDLE},
    {.name = NULL},
};
#undef AT

bool recur_read_embedding(const char *body, size_t size, struct embedding_request *request,
                          struct refusal *refusal)
{
    static const char *const formats[] = {"float", "base64", NULL};
    static const char *const poolings[] = {"mean", "last", "max", NULL};
    struct loose_embedding loose = {.request = {.layer = UINT64_MAX, .dimensions = UINT64_MAX},
                                    .format = "float",
                                    .pooling = "mean"};
    recur_json *json;
    size_t format, pooling;
    if (!parse(body, size, embedding_members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    if (!find_word(loose.format, formats, "encoding_format", &format, refusal) ||
        !find_word(loose.pooling, poolings, "pooling", &pooling, refusal) ||
        !read_inputs(loose.input, "input", &request->of.inputs, refusal))
        return give_up(&request->of);
    request->base64 = format == 1;
    request->pooling = (enum request_pooling)pooling;
    return true;
}

struct loose_activation {
    struct activation_request request;
    const recur_json *input;
};

bool recur_read_activation(const char *body, size_t size, struct activation_request *request,
                           struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_activation, request.of.model)},
        {"input", MEMBER_ANY, .at = offsetof(struct loose_activation, input)},
        {"layer", MEMBER_COUNT, .at = offsetof(struct loose_activation, request.layer),
         .most = INT32_MAX},
        {"unit", MEMBER_COUNT, .at = offsetof(struct loose_activation, request.unit),
         .most = INT32_MAX},
        {.name = NULL},
    };
    struct loose_activation loose = {.request = {.layer = UINT64_MAX, .unit = UINT64_MAX}};
    recur_json *json;
    if (!parse(body, size, members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    if (!read_texts(loose.input, "input", &request->of.inputs, refusal))
        return give_up(&request->of);
    if (request->of.inputs.count == 1)
        return true;
    wrong(refusal, "input", "one text");
    return give_up(&request->of);
}

struct loose_fill {
    struct fill_request request;
    const recur_json *input;
};

bool recur_read_fill(const char *body, size_t size, struct fill_request *request,
                     struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_fill, request.of.model)},
        {"input", MEMBER_ANY, .at = offsetof(struct loose_fill, input)},
        {"blank", MEMBER_TEXT, .at = offsetof(struct loose_fill, request.blank)},
        {"top", MEMBER_COUNT, .at = offsetof(struct loose_fill, request.alternatives), .least = 1,
         .most = 100},
        {"beam", MEMBER_COUNT, .at = offsetof(struct loose_fill, request.beam), .least = 1,
         .most = 1000},
        {.name = NULL},
    };
    struct loose_fill loose = {.request = {.blank = "_", .alternatives = 1, .beam = 16}};
    recur_json *json;
    if (!parse(body, size, members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    return read_texts(loose.input, "input", &request->of.inputs, refusal) || give_up(&request->of);
}

struct loose_labels {
    struct label_request request;
    const recur_json *input;
};

static bool read_labels(const char *body, size_t size, const struct member *members,
                        struct label_request *request, struct refusal *refusal)
{
    struct loose_labels loose = {.request = {.top = 3}};
    recur_json *json;
    if (!parse(body, size, members, &loose, &json, refusal))
        return false;
    *request = loose.request;
    request->of.json = json;
    return read_texts(loose.input, "input", &request->of.inputs, refusal) || give_up(&request->of);
}

bool recur_read_classify(const char *body, size_t size, struct label_request *request,
                         struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_labels, request.of.model)},
        {"input", MEMBER_ANY, .at = offsetof(struct loose_labels, input)},
        {"top", MEMBER_COUNT, .at = offsetof(struct loose_labels, request.top), .least = 1,
         .most = INT32_MAX},
        {.name = NULL},
    };
    return read_labels(body, size, members, request, refusal);
}

bool recur_read_tag(const char *body, size_t size, struct label_request *request,
                    struct refusal *refusal)
{
    static const struct member members[] = {
        {"model", MEMBER_TEXT, .at = offsetof(struct loose_labels, request.of.model)},
        {"input", MEMBER_ANY, .at = offsetof(struct loose_labels, input)},
        {"characters", MEMBER_BOOL, .at = offsetof(struct loose_labels, request.characters)},
        {.name = NULL},
    };
    return read_labels(body, size, members, request, refusal);
}
