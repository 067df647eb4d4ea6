/* Trains on several processes of this machine, which send each other bytes through sockets of
 * their own, without MPI:
 *
 *     own_ranks MODEL [RANKS]
 *
 * The model is the same, to the bit, for any number of ranks. */
#include <recur/recur.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RANKS_MAX = 8 };

/* A message that is under way. */
struct message {
    char *to;         /* of one that is received */
    const char *from; /* of one that is sent */
    size_t left;
    size_t number; /* among all messages, in the order in which they were begun */
};

/* Messages in their order; the first ones are through. */
struct queue {
    struct message *message;
    size_t count, through, room;
};

/* What one rank has to do with another. */
struct peer {
    int socket;
    struct queue out, in;
};

struct mail {
    size_t rank, ranks;
    size_t begun; /* messages since the last wait */
    struct peer peer[RANKS_MAX];
};

static enum recur_status put(struct mail *mail, struct queue *queue, struct message message,
                             recur_error *error)
{
    if (queue->count == queue->room) {
        size_t room = queue->room ? 2 * queue->room : 16;
        struct message *more = realloc(queue->message, room * sizeof *more);
        if (!more) {
            snprintf(error->message, sizeof error->message, "out of memory: messages");
            return RECUR_ERROR_MEMORY;
        }
        queue->message = more;
        queue->room = room;
    }
    message.number = mail->begun++;
    queue->message[queue->count++] = message;
    return RECUR_OK;
}

static enum recur_status send_bytes(void *user, size_t to, const void *data, size_t bytes,
                                    recur_error *error)
{
    struct mail *mail = user;
    return put(mail, &mail->peer[to].out, (struct message){.from = data, .left = bytes}, error);
}

static enum recur_status receive_bytes(void *user, size_t from, void *data, size_t bytes,
                                       recur_error *error)
{
    struct mail *mail = user;
    return put(mail, &mail->peer[from].in, (struct message){.to = data, .left = bytes}, error);
}

/* The message that is next; NULL: all are through. */
static struct message *next_of(const struct queue *queue)
{
    return queue->through < queue->count ? &queue->message[queue->through] : NULL;
}

/* Has a socket failed, rather than that it takes or has nothing now? */
static int failed(ssize_t moved)
{
    return moved < 0 && errno != EAGAIN && errno != EINTR;
}

/* Moves as many bytes as the socket takes or has. Returns 0 if the other rank has gone. */
static int move(struct peer *peer, short ready)
{
    struct message *out = next_of(&peer->out), *in = next_of(&peer->in);
    if (ready & POLLOUT && out) {
        ssize_t n = send(peer->socket, out->from, out->left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (failed(n))
            return 0;
        out->from += n > 0 ? n : 0;
        out->left -= n > 0 ? (size_t)n : 0;
        peer->out.through += out->left == 0;
    }
    if (ready & (POLLIN | POLLHUP) && in) {
        ssize_t n = recv(peer->socket, in->to, in->left, MSG_DONTWAIT);
        in->to += n > 0 ? n : 0;
        in->left -= n > 0 ? (size_t)n : 0;
        peer->in.through += in->left == 0;
        return n != 0 && !failed(n);
    }
    return 1;
}

/* Moves what can be moved within so many milliseconds. *missing is a rank from which something is
 * missing; the number of ranks: nothing is. Returns STOP where nothing moved. */
static enum recur_status move_all(struct mail *mail, int milliseconds, size_t *missing,
                                  recur_error *error)
{
    struct pollfd waiting[RANKS_MAX];
    size_t rank[RANKS_MAX];
    nfds_t count = 0;
    *missing = mail->ranks;
    for (size_t r = 0; r < mail->ranks; r++) {
        const struct peer *peer = &mail->peer[r];
        short in = next_of(&peer->in) ? POLLIN : 0, out = next_of(&peer->out) ? POLLOUT : 0;
        if (!in && !out)
            continue;
        rank[count] = *missing = r;
        waiting[count++] = (struct pollfd){.fd = peer->socket, .events = (short)(in | out)};
    }
    if (count == 0)
        return RECUR_OK;
    if (poll(waiting, count, milliseconds) == 0)
        return RECUR_STOP;
    for (nfds_t i = 0; i < count; i++)
        if (!move(&mail->peer[rank[i]], waiting[i].revents)) {
            snprintf(error->message, sizeof error->message, "rank %zu has closed its connection",
                     rank[i]);
            return RECUR_ERROR_FILE;
        }
    return RECUR_OK;
}

static enum recur_status wait_for_all(void *user, double seconds, size_t *late, recur_error *error)
{
    struct mail *mail = user;
    do {
        enum recur_status status = move_all(mail, (int)(seconds * 1000), late, error);
        if (status != RECUR_OK)
            return status;
    } while (*late < mail->ranks);
    for (size_t r = 0; r < mail->ranks; r++) {
        struct peer *peer = &mail->peer[r];
        peer->in.count = peer->in.through = peer->out.count = peer->out.through = 0;
    }
    mail->begun = 0;
    return RECUR_OK;
}

/* With this function gradients travel while back-propagation goes on. */
static enum recur_status progress(void *user, size_t *through, recur_error *error)
{
    struct mail *mail = user;
    size_t missing;
    enum recur_status status = move_all(mail, 0, &missing, error);
    *through = mail->begun;
    for (size_t r = 0; r < mail->ranks; r++) {
        const struct message *out = next_of(&mail->peer[r].out), *in = next_of(&mail->peer[r].in);
        *through = out && out->number < *through ? out->number : *through;
        *through = in && in->number < *through ? in->number : *through;
    }
    return status == RECUR_STOP ? RECUR_OK : status;
}

/* Trains; rank 0 says how far it is. */
static enum recur_status train(recur_model *model, const recur_corpus *corpus, struct mail *mail,
                               recur_error *error)
{
    recur_trainer *trainer;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 16;
    config.epochs = 3;
    config.threads = 1;
    recur_ranks ranks = {.size = sizeof ranks,
                         .rank = mail->rank,
                         .count = mail->ranks,
                         .user = mail,
                         .send = send_bytes,
                         .receive = receive_bytes,
                         .wait = wait_for_all,
                         .progress = progress};
    config.ranks = &ranks;
    enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
    if (status != RECUR_OK)
        return status;
    for (size_t e = 0; e < config.epochs && status == RECUR_OK; e++) {
        recur_epoch epoch;
        status = recur_trainer_epoch(trainer, &epoch, error);
        if (status == RECUR_OK && mail->rank == 0)
            printf("epoch %zu: %.4f nats per token\n", e + 1, epoch.loss);
    }
    if (status == RECUR_OK)
        status = recur_trainer_finish(trainer, error);
    recur_trainer_free(trainer);
    return status;
}

/* What each process does. Rank 0 saves the model. */
static enum recur_status be_rank(struct mail *mail, const char *path, recur_error *error)
{
    size_t size;
    const char *story = recur_sample_text(&size);
    const size_t hidden[] = {32};
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_model *model = NULL;
    recur_model_config model_config = recur_model_config_default();
    model_config.hidden = hidden;
    enum recur_status status = recur_corpus_build_memory(story, size, NULL, &corpus, &vocab, error);
    if (status == RECUR_OK)
        status = recur_model_create(&model_config, vocab, &model, error);
    if (status == RECUR_OK)
        status = train(model, corpus, mail, error);
    if (status == RECUR_OK && mail->rank == 0)
        status = recur_model_save(model, path, error);
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
    return status;
}

int main(int argc, char **argv)
{
    size_t ranks = argc > 2 ? strtoul(argv[2], NULL, 10) : 2;
    static int end[RANKS_MAX][RANKS_MAX]; /* of rank r, towards rank s */
    if (argc < 2 || ranks < 1 || ranks > RANKS_MAX) {
        fputs("usage: own_ranks MODEL [RANKS], at most 8\n", stderr);
        return 2;
    }
    for (size_t r = 0; r < ranks; r++)
        for (size_t s = 0; s < r; s++) {
            int both[2];
            if (socketpair(AF_UNIX, SOCK_STREAM, 0, both) != 0) {
                perror("own_ranks");
                return 1;
            }
            end[r][s] = both[0];
            end[s][r] = both[1];
        }
    struct mail mail = {.ranks = ranks};
    for (size_t r = 1; r < ranks && mail.rank == 0; r++)
        if (fork() == 0)
            mail.rank = r;
    for (size_t r = 0; r < ranks; r++)
        for (size_t s = 0; s < ranks; s++) {
            if (r == mail.rank)
                mail.peer[s].socket = end[r][s];
            else if (r != s)
                close(end[r][s]); /* so that a rank that ends closes its sockets */
        }
    recur_error error;
    enum recur_status status = be_rank(&mail, argv[1], &error);
    if (status != RECUR_OK)
        fprintf(stderr, "own_ranks: rank %zu: %s\n", mail.rank, error.message);
    for (size_t r = 0; r < ranks; r++) {
        free(mail.peer[r].out.message);
        free(mail.peer[r].in.message);
    }
    while (mail.rank == 0 && wait(NULL) > 0) {
    }
    return status == RECUR_OK ? 0 : 1;
}
