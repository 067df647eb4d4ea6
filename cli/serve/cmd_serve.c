/* recur serve: models behind HTTP. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "common/output.h"
#include "common/timing.h"
#include "http/listen.h"
#include "options/model_options.h"
#include "options/options.h"
#include "recur/machine.h"
#include "serve/service.h"

struct serve_options {
    struct text_list models, names;
    const char *host, *key_file, *device;
    uint64_t port, threads, streams, queue, connections, body, prompt, tokens, cache;
    double patience, longest, grace;
    bool insecure;
};

enum { WATCH_MS = 100, QUEUE_OF_LANES = 256 };

static void hand_over(struct lane *lane, void (*answer)(void *, struct http_exchange *),
                      struct service *service, struct http_exchange *exchange)
{
    if (!recur_lane_add(lane, answer, service, exchange))
        recur_http_fail(exchange, 429, "queue_full", NULL,
                        "too many requests wait already, try again later");
}

/* The lane of each address. */
#define LANE(name, lane)                                                                           \
    static void add_##name(void *user, struct http_exchange *exchange)                             \
    {                                                                                              \
        struct service *service = user;                                                            \
        hand_over(service->lane, recur_answer_##name, service, exchange);                          \
    }
LANE(completion, quick)
LANE(tokenize, quick)
LANE(detokenize, quick)
LANE(embeddings, slow)
LANE(activations, slow)
LANE(explain, slow)
LANE(fill, slow)
LANE(classify, slow)
LANE(tag, slow)

static const struct http_route routes[] = {
    {"GET", "/healthz", true, recur_answer_health},
    {"GET", "/v1/models", false, recur_answer_models},
    {"GET", "/v1/models/", false, recur_answer_model},
    {"POST", "/v1/completions", false, add_completion},
    {"POST", "/completion", false, add_completion},
    {"POST", "/v1/embeddings", false, add_embeddings},
    {"POST", "/v1/activations", false, add_activations},
    {"POST", "/v1/fill", false, add_fill},
    {"POST", "/v1/classify", false, add_classify},
    {"POST", "/v1/tag", false, add_tag},
    {"POST", "/explain.json", false, add_explain},
    {"POST", "/tokenize", false, add_tokenize},
    {"POST", "/detokenize", false, add_detokenize},
    {"GET", "/metrics", false, recur_answer_metrics},
    {.path = NULL},
};

static void count(void *user, const struct http_record *record)
{
    struct service *service = user;
    recur_metrics_count(&service->metrics, record);
}

static int start_work(struct service *service, const struct serve_options *options)
{
    recur_error error;
    size_t threads = options->threads ? (size_t)options->threads : recur_machine_threads();
    service->cache = recur_cache_create((size_t)options->cache << 20);
    service->quick = recur_lane_create(1, QUEUE_OF_LANES);
    service->slow = recur_lane_create(threads, QUEUE_OF_LANES);
    if (!service->cache || !service->quick || !service->slow)
        return recur_failure(service->command, "out of memory for the server");
    const struct scheduler_config scheduler = {
        .models = &service->models,
        .cache = service->cache,
        .threads = threads,
        .streams = (size_t)options->streams,
        .queue = (size_t)options->queue,
    };
    if (recur_scheduler_create(&scheduler, &service->scheduler, &error) != RECUR_OK)
        return recur_library_failure(service->command, &error);
    return 0;
}

/* Ends the threads, the requests first, for texts end where nobody reads them any more. */
static void end_work(struct service *service)
{
    if (service->http)
        recur_http_stop(service->http);
    recur_lane_free(service->quick);
    recur_lane_free(service->slow);
    if (service->scheduler)
        recur_scheduler_free(service->scheduler);
    recur_cache_free(service->cache);
}

static int start_http(struct service *service, const struct serve_options *options)
{
    const struct http_config config = {
        .command = service->command,
        .host = options->host,
        .port = options->port,
        .key_file = options->key_file,
        .insecure = options->insecure,
        .names = options->names.items,
        .name_count = options->names.count,
        .connections = options->connections,
        .body = options->body << 10,
        .patience = options->patience,
        .longest = options->longest,
        .routes = routes,
        .files = recur_serve_files,
        .user = service,
        .done = count,
    };
    return recur_http_start(&config, &service->http);
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = WATCH_MS * 1000000L}, NULL);
}

/* Due several times a second: prints what a GPU failed with, once. */
static void watch_devices(const struct service *service, bool *failed)
{
    recur_error error;
    if (*failed || recur_models_check(&service->models, &error))
        return;
    *failed = true;
    recur_failure(service->command,
                  "%s; requests that it computes fail until the server is started anew",
                  error.message);
}

/* Serves until a signal comes; then takes no more requests and ends those that there are. */
static void serve_until_told(struct service *service, double grace)
{
    fprintf(stderr, "serving on %s\n", recur_http_address(service->http));
    recur_http_notify("READY=1");
    bool failed = false;
    while (!recur_interrupt()) {
        recur_http_watch(service->http);
        watch_devices(service, &failed);
        rest();
    }
    recur_http_notify("STOPPING=1");
    recur_http_drain(service->http);
    double end = recur_seconds() + grace;
    while (recur_http_busy(service->http) > 0 && recur_seconds() < end) {
        recur_http_watch(service->http);
        rest();
    }
    size_t left = recur_http_busy(service->http);
    if (left > 0)
        fprintf(stderr, "recur serve: %zu request%s not answered within %g s\n", left,
                left == 1 ? " was" : "s were", grace);
}

static int serve_models(struct service *service, const struct serve_options *options)
{
    int status = start_work(service, options);
    if (status == 0)
        status = start_http(service, options);
    if (status == 0)
        serve_until_told(service, options->grace);
    end_work(service);
    return status;
}

static int serve(const struct command *command, int argc, char **argv)
{
    static const char *const standard[] = {STANDARD_MODEL};
    struct serve_options options = {.host = NULL};
    struct service service = {.command = command};
    struct arguments arguments;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    bool some = options.models.count > 0;
    recur_interrupt_catch();
    recur_metrics_begin(&service.metrics);
    service.limits = (struct service_limits){(size_t)options.prompt, (size_t)options.tokens,
                                             (size_t)(options.streams + options.queue)};
    status = recur_models_load(command, some ? options.models.items : standard,
                               some ? options.models.count : 1, options.device, &service.models);
    if (status == 0)
        status = serve_models(&service, &options);
    recur_models_free(&service.models);
    recur_metrics_end(&service.metrics);
    return status;
}

#define AT(field) offsetof(struct serve_options, field)

static const struct option_spec options[] = {
    {OPTION_TEXTS, 'm', "model", "MODEL", AT(models), .shown = STANDARD_MODEL,
     .help = "a model's file; repeat it for several, which clients choose from by the file's name "
             "without .safetensors"},
    {OPTION_TEXT, 0, "host", "ADDRESS", AT(host), .standard = "127.0.0.1",
     .help = "where to listen; to others than this machine only with a key"},
    {OPTION_COUNT, 0, "port", "N", AT(port), .most = 65535, .standard = "8080",
     .help = "at which port; 0: one that is free, which is printed"},
    DEVICE_ROW(struct serve_options, device),
    {OPTION_HEADING, .help = "Who may ask"},
    {OPTION_FILE, 0, "api-key-file", "FILE", AT(key_file), .shown = "none",
     .help = "keys, one a line, of which a client has to send one: Authorization: Bearer KEY"},
    {OPTION_FLAG, 0, "insecure", NULL, AT(insecure),
     .help = "listen to other machines without a key"},
    {OPTION_TEXTS, 0, "allow-host", "NAME", AT(names), .shown = "none",
     .help = "a name that clients may call this server by, besides localhost and addresses; "
             "repeat it for several"},
    {OPTION_HEADING, .help = "Limits"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "threads that make texts; each text is the same on any number"},
    {OPTION_COUNT, 0, "streams", "N", AT(streams), .least = 1, .most = 65536, .standard = "128",
     .help = "texts that are made at once"},
    {OPTION_COUNT, 0, "queue", "N", AT(queue), .most = 65536, .standard = "256",
     .help = "texts that may wait for their turn; more are refused with status 429"},
    {OPTION_COUNT, 0, "connections", "N", AT(connections), .least = 1, .most = 65536,
     .standard = "512", .help = "open connections; more are refused with status 503"},
    {OPTION_COUNT, 0, "max-body", "KIB", AT(body), .least = 1, .most = 1048576, .standard = "1024",
     .help = "kibibytes of a request's body; longer ones are refused with status 413"},
    {OPTION_COUNT, 0, "max-prompt", "N", AT(prompt), .least = 1, .most = INT32_MAX,
     .standard = "65536", .help = "tokens of a text that is read"},
    {OPTION_COUNT, 0, "max-tokens", "N", AT(tokens), .most = 1048576, .standard = "4096",
     .help = "tokens that are made of a prompt"},
    {OPTION_COUNT, 0, "cache", "MIB", AT(cache), .most = 1048576, .standard = "64",
     .help = "mebibytes for states of texts, so that a request that goes on with an earlier text "
             "pays for its new tokens alone; 0: none"},
    {OPTION_NUMBER, 0, "timeout", "S", AT(patience), .low = 0.1, .high = 3600, .standard = "30",
     .help = "seconds in which a request has to arrive, else status 408, and that an idle "
             "connection stays open"},
    {OPTION_NUMBER, 0, "longest", "S", AT(longest), .low = 0.1, .high = 86400, .standard = "600",
     .help = "seconds that an answer may take"},
    {OPTION_NUMBER, 0, "grace", "S", AT(grace), .high = 86400, .standard = "30",
     .help = "seconds that requests have to end after SIGTERM or Ctrl-C"},
    {.help = NULL},
};

const struct command recur_command_serve = {
    .name = "serve",
    .summary = "answer requests over HTTP with models",
    .operands = "",
    .about =
        "Serves models over HTTP on this machine, with addresses that clients of OpenAI's API "
        "know: /v1/completions (whole or streamed) and /v1/models; and /tokenize, /detokenize, "
        "/healthz, /metrics. Texts of many requests are made together, and a request that goes "
        "on with an earlier text pays for its new tokens alone.\n\nIt ends at Ctrl-C or "
        "SIGTERM, when the requests that it has are answered. A proxy adds TLS.",
    .examples =
        "  recur serve -m shakespeare.safetensors\n"
        "  curl -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/completions \\\n"
        "      -d '{\"prompt\": \"ROMEO:\", \"max_tokens\": 100, \"seed\": 1}'\n",
    .options = options,
    .run = serve,
};
