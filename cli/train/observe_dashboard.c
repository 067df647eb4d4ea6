/* --dashboard: a page that shows the run while it trains, beside the other runs whose logs are in
 * the same folder. The page's numbers come from the logs, so that it shows the same after a reload
 * and after the run was taken up again. What logs do not have stands in a file of notes beside the
 * log: the gradient's norm after clipping, and a sample. The server's thread reads files and one
 * small struct, and nothing that is computed with. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/message.h"
#include "common/quote.h"
#include "common/timing.h"
#include "http/http.h"
#include "train/dashboard.h"
#include "train/observer.h"
#include "train/run.h"
#include "train/run_lines.h"

/* A sample may cost so much of a run's time. */
#define SAMPLE_SHARE 0.005

/* Where the run is. */
struct live {
    recur_step step;
    double share, left, tokens_per_second;
    uint64_t epochs; /* that the run is to have; 0: it fits a time */
};

struct dashboard {
    struct http_server *server; /* NULL: there is no page */
    pthread_t thread;           /* watches its connections */
    pthread_cond_t ends;
    pthread_mutex_t lock; /* of `live` and `ended` */
    struct live live;
    bool watched, ended;
    char *folder, *notes_path;
    const char *log; /* its name in the folder */
    FILE *notes;     /* NULL: there are none, or no longer */
    double clipped;  /* the sum of the epoch's norms after clipping */
    size_t steps;
    double sampled, cost; /* when the last sample was made, and how long one takes */
};

static char *copy(const struct run *run, const char *text, size_t size, const char *ending)
{
    char *made = recur_need(run->command, size + strlen(ending) + 1, 1, "a file's name");
    memcpy(made, text, size);
    memcpy(made + size, ending, strlen(ending));
    return made;
}

int recur_run_plan_dashboard(struct run *run)
{
    const struct output_options *out = &run->options.out;
    char *end;
    if (!out->dashboard)
        return 0;
    unsigned long port = strtoul(out->dashboard, &end, 10);
    if (*end || end == out->dashboard || *out->dashboard == '-' || port > 65535)
        return recur_usage_error(run->command,
                                 "--dashboard expects a port from 0 to 65535 (0: any that is "
                                 "free), got %s",
                                 recur_word(out->dashboard).text);
    if (!out->log) {
        size_t size =
            strlen(out->output) - (recur_ends_in(out->output, MODEL_END) ? strlen(MODEL_END) : 0);
        run->log = copy(run, out->output, size, LOG_END);
        run->options.out.log = run->log;
    }
    struct stat info;
    bool file = recur_ends_in(run->options.out.log, LOG_END) &&
                (stat(run->options.out.log, &info) != 0 || S_ISREG(info.st_mode));
    return file ? 0
                : recur_usage_error(run->command,
                                    "--dashboard reads the log: --log must name a file that ends "
                                    "in " LOG_END ", got %s",
                                    recur_path(run->options.out.log).text);
}

/* Keeps the notes of epochs that the run has; the others are those of an earlier run. */
static int open_notes(struct run *run, struct dashboard *board)
{
    char *line = NULL;
    size_t room = 0;
    struct grown_text kept = {0};
    FILE *old = run->options.out.resume ? fopen(board->notes_path, "re") : NULL;
    while (old && recur_need_line(run->command, &line, &room, old) > 0) {
        recur_error error;
        uint64_t epoch;
        if (recur_dashboard_epoch(line, strlen(line), &epoch) && epoch <= run->epoch.epoch)
            recur_need_success(run->command,
                               recur_grow_text(&kept, line, strlen(line), "the notes", &error),
                               &error);
    }
    free(line);
    if (old)
        fclose(old);
    board->notes = fopen(board->notes_path, "we");
    bool good = board->notes && (kept.size == 0 || fputs(kept.bytes, board->notes) >= 0) &&
                fflush(board->notes) == 0;
    free(kept.bytes);
    return good ? 0
                : recur_failure(run->command, "--dashboard: cannot write %s: %s",
                                recur_path(board->notes_path).text, strerror(errno));
}

static void answer_now(void *user, struct http_exchange *exchange)
{
    struct dashboard *board = user;
    recur_json_writer json = {0};
    pthread_mutex_lock(&board->lock);
    struct live live = board->live;
    pthread_mutex_unlock(&board->lock);
    recur_json_open(&json, NULL, '{');
    recur_json_put_text(&json, "log",
                        recur_show(board->log, strlen(board->log), SIZE_MAX, NULL).text);
    recur_json_put_u64(&json, "version", recur_dashboard_version(board->folder));
    recur_json_put_u64(&json, "epoch", live.step.epoch);
    if (live.epochs)
        recur_json_put_u64(&json, "epochs", live.epochs);
    else
        recur_json_put_null(&json, "epochs");
    recur_json_put_u64(&json, "minibatch", live.step.minibatch);
    recur_json_put_u64(&json, "minibatches", live.step.minibatches);
    recur_json_put_number(&json, "share", live.share, 5);
    recur_json_put_number(&json, "seconds_left", live.left, 4);
    recur_json_put_number(&json, "loss", live.step.epoch_loss, 6);
    recur_json_put_number(&json, "gradient_norm", live.step.gradient_norm, 4);
    recur_json_put_number(&json, "lr", live.step.lr, 6);
    recur_json_put_number(&json, "tokens_per_second", live.tokens_per_second, 6);
    recur_json_close(&json, '}');
    recur_http_answer_json(exchange, 200, &json);
}

static void answer_runs(void *user, struct http_exchange *exchange)
{
    const struct dashboard *board = user;
    struct grown_text json = {0};
    recur_error error;
    if (recur_dashboard_put_runs(&json, board->folder, board->log, &error) == RECUR_OK)
        recur_http_answer(exchange, 200, "application/json", json.bytes, json.size);
    else {
        free(json.bytes);
        recur_http_fail(exchange, 503, "out_of_memory", NULL, "%s", error.message);
    }
}

static const struct http_route routes[] = {
    {"GET", "/now.json", true, answer_now},
    {"GET", "/runs.json", true, answer_runs},
    {.path = NULL},
};

static void *watch(void *user)
{
    struct dashboard *board = user;
    pthread_mutex_lock(&board->lock);
    while (!board->ended) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&board->ends, &board->lock, &until);
        pthread_mutex_unlock(&board->lock);
        recur_http_watch(board->server);
        pthread_mutex_lock(&board->lock);
    }
    pthread_mutex_unlock(&board->lock);
    return NULL;
}

/* The server's threads get no signals. */
static int start(struct run *run, struct dashboard *board)
{
    const struct http_config config = {
        .command = run->command,
        .host = "127.0.0.1",
        .port = strtoul(run->options.out.dashboard, NULL, 10),
        .connections = 64,
        .body = 1024,
        .patience = 30,
        .longest = 60,
        .routes = routes,
        .files = recur_dashboard_files,
        .user = board,
    };
    sigset_t all, before;
    pthread_mutex_init(&board->lock, NULL);
    pthread_cond_init(&board->ends, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = recur_http_start(&config, &board->server);
    board->watched = status == 0 && pthread_create(&board->thread, NULL, watch, board) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == 0 && (!run->options.out.quiet || config.port == 0))
        fprintf(stderr, "dashboard on %s\n", recur_http_address(board->server));
    return status;
}

/* Starts the server before anything is written: its port may be taken. */
static int check(struct run *run, void *state)
{
    struct dashboard *board = state;
    const char *log = run->options.out.log;
    if (!run->options.out.dashboard)
        return 0;
    const char *slash = strrchr(log, '/');
    board->folder = slash ? copy(run, log, (size_t)(slash - log), slash == log ? "/" : "")
                          : copy(run, ".", 1, "");
    board->log = slash ? slash + 1 : log;
    board->notes_path = copy(run, log, strlen(log) - strlen(LOG_END), NOTES_END);
    return start(run, board);
}

/* Those of a run that fits a time are an estimate, which moves until its end. */
static size_t epochs_of(const struct run *run)
{
    return run->fit.end > 0 ? 0 : run->config.epochs;
}

static int open_board(struct run *run, void *state)
{
    struct dashboard *board = state;
    if (!board->server)
        return 0;
    pthread_mutex_lock(&board->lock);
    board->live.epochs = epochs_of(run);
    pthread_mutex_unlock(&board->lock);
    return open_notes(run, board);
}

static int step(struct run *run, void *state)
{
    struct dashboard *board = state;
    const recur_step *step = &run->step;
    double clip = (double)run->config.clip, norm = step->gradient_norm;
    if (!board->server)
        return 0;
    board->clipped += clip > 0 && norm > clip ? clip : norm;
    board->steps++;
    double share = recur_run_share(run, step->minibatch);
    const struct live live = {*step, share, recur_run_seconds_left(run, share),
                              (double)(step->minibatch * run->tokens) / step->seconds,
                              epochs_of(run)};
    pthread_mutex_lock(&board->lock);
    board->live = live;
    pthread_mutex_unlock(&board->lock);
    return 0;
}

/* Puts what the model makes of the first prefix, unless that would take too long. */
static void put_sample(const struct run *run, struct dashboard *board, recur_json_writer *json)
{
    double begun = recur_seconds();
    char *text;
    size_t size;
    recur_error error;
    bool due = board->sampled <= 0 || begun - board->sampled >= board->cost / SAMPLE_SHARE;
    if (run->options.labels || run->options.out.predict.count == 0 || !due ||
        recur_run_continue(run, 0, run->epoch.epoch, 0, &text, &size, &error) != RECUR_OK)
        return;
    recur_json_put_repaired(json, "sample", text, size);
    free(text);
    board->sampled = recur_seconds();
    double cost = board->sampled - begun; /* the least: others were interrupted */
    board->cost = board->cost > 0 && board->cost < cost ? board->cost : cost;
}

static int epoch(struct run *run, void *state)
{
    struct dashboard *board = state;
    recur_json_writer json = {0};
    recur_error error;
    if (!board->notes)
        return 0;
    recur_json_open(&json, NULL, '{');
    recur_json_put_u64(&json, "epoch", run->epoch.epoch);
    recur_json_put_number(&json, "clipped_norm", board->clipped / (double)board->steps, 7);
    put_sample(run, board, &json);
    recur_json_close(&json, '}');
    board->clipped = 0;
    board->steps = 0;
    bool good = recur_json_check(&json, "a note", &error) == RECUR_OK &&
                fprintf(board->notes, "%s\n", json.text) > 0 && fflush(board->notes) == 0;
    recur_json_writer_free(&json);
    if (good)
        return 0;
    recur_warning(run->command, "--dashboard: cannot write %s; the page goes on without samples",
                  recur_path(board->notes_path).text);
    fclose(board->notes);
    board->notes = NULL;
    return 0;
}

static int close_board(struct run *run, void *state)
{
    struct dashboard *board = state;
    (void)run;
    if (board->server) {
        pthread_mutex_lock(&board->lock);
        board->ended = true;
        pthread_cond_signal(&board->ends);
        pthread_mutex_unlock(&board->lock);
        if (board->watched)
            pthread_join(board->thread, NULL);
        recur_http_stop(board->server);
    }
    if (board->notes)
        fclose(board->notes);
    free(board->folder);
    free(board->notes_path);
    return 0;
}

const struct observer recur_observe_dashboard = {
    .size = sizeof(struct dashboard),
    .at = {[MOMENT_CHECK] = check,
           [MOMENT_OPEN] = open_board,
           [MOMENT_STEP] = step,
           [MOMENT_EPOCH] = epoch,
           [MOMENT_CLOSE] = close_board},
};
