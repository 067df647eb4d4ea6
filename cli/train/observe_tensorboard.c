/* --tensorboard: writes the numbers of each epoch as TensorBoard's event files have them: records
 * of TFRecord (length, its checksum, an Event of tensorflow/core/util/event.proto, its checksum).
 * An Event has three kinds of fields, so that its few bytes are put together here and a build
 * without protobuf-c has them too. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "train/observer.h"
#include "train/run.h"

struct tensorboard {
    FILE *file; /* NULL: there is none, or no longer */
    bool failed;
};

/* A message, or a part of one. */
struct message {
    unsigned char bytes[2048];
    size_t size;
};

/* Protocol buffers' wire types. */
enum wire { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

static void put_bytes(struct message *message, const void *bytes, size_t size)
{
    if (size > sizeof message->bytes - message->size)
        return;
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void put_varint(struct message *message, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_bytes(message, &(unsigned char){(unsigned char)(value | 0x80)}, 1);
    put_bytes(message, &(unsigned char){(unsigned char)value}, 1);
}

static void put_key(struct message *message, unsigned field, enum wire wire)
{
    put_varint(message, field << 3 | wire);
}

/* Puts a number's bytes, the least first. */
static void put_little(struct message *message, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put_bytes(message, &(unsigned char){(unsigned char)(value >> 8 * i)}, 1);
}

static void put_part(struct message *message, unsigned field, const void *bytes, size_t size)
{
    put_key(message, field, DELIMITED);
    put_varint(message, size);
    put_bytes(message, bytes, size);
}

/* CRC-32C (Castagnoli), turned and shifted as TFRecord wants it. */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

static bool write_event(FILE *file, const struct message *event)
{
    struct message record = {.size = 0};
    put_little(&record, event->size, 8);
    put_little(&record, checksum(record.bytes, 8), 4);
    put_bytes(&record, event->bytes, event->size);
    put_little(&record, checksum(event->bytes, event->size), 4);
    return fwrite(record.bytes, 1, record.size, file) == record.size && fflush(file) == 0;
}

/* Begins an Event: its time, and its step. */
static struct message begin_event(uint64_t step)
{
    struct message event = {.size = 0};
    struct timespec now;
    uint64_t bits;
    clock_gettime(CLOCK_REALTIME, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    memcpy(&bits, &seconds, sizeof bits);
    put_key(&event, 1, FIXED64);
    put_little(&event, bits, sizeof bits);
    put_key(&event, 2, VARINT);
    put_varint(&event, step);
    return event;
}

/* Adds a number to a Summary, unless it is not finite. */
static void put_scalar(struct message *summary, const char *tag, double value)
{
    struct message scalar = {.size = 0};
    float number = (float)value;
    uint32_t bits;
    if (!isfinite(number))
        return;
    memcpy(&bits, &number, sizeof bits);
    put_part(&scalar, 1, tag, strlen(tag));
    put_key(&scalar, 2, FIXED32);
    put_little(&scalar, bits, sizeof bits);
    put_part(summary, 1, scalar.bytes, scalar.size);
}

static void put_epoch(struct message *summary, const recur_epoch *epoch, bool labels)
{
    put_scalar(summary, "loss/training", epoch->loss);
    put_scalar(summary, "loss/validation", epoch->valid_loss);
    if (!labels) {
        put_scalar(summary, "perplexity/training", exp(epoch->loss));
        put_scalar(summary, "perplexity/validation", exp(epoch->valid_loss));
    }
    put_scalar(summary, "validation/accuracy", epoch->valid_accuracy);
    put_scalar(summary, "validation/f1", epoch->valid_f1);
    put_scalar(summary, "run/gradient_norm", epoch->gradient_norm);
    put_scalar(summary, "run/learning_rate", epoch->lr);
    put_scalar(summary, "run/tokens_per_second", epoch->tokens_per_second);
}

static void close_file(struct tensorboard *board)
{
    if (board->file && fclose(board->file) != 0)
        board->failed = true;
    board->file = NULL;
}

/* Adds an epoch. If that fails, prints a warning, and the run goes on. */
static void add(const struct run *run, struct tensorboard *board, const recur_epoch *epoch)
{
    struct message summary = {.size = 0}, event = begin_event(epoch->epoch);
    if (!board->file)
        return;
    put_epoch(&summary, epoch, run->options.labels);
    put_part(&event, 5, summary.bytes, summary.size);
    if (write_event(board->file, &event))
        return;
    recur_warning(run->command, "--tensorboard: cannot write to %s: %s; training goes on without",
                  recur_path(run->options.out.tensorboard).text, strerror(errno));
    board->failed = true;
    close_file(board);
}

/* Makes the folder and in it a file, which is this start's alone. */
static int open_board(struct run *run, void *state)
{
    static const char version[] = "brain.Event:2";
    struct tensorboard *board = state;
    const char *folder = run->options.out.tensorboard;
    char path[4096], host[64] = "";
    if (!folder)
        return 0;
    gethostname(host, sizeof host - 1);
    int size = snprintf(path, sizeof path, "%s/events.out.tfevents.%lld.%s.%ld", folder,
                        (long long)time(NULL), host, (long)getpid());
    bool made = mkdir(folder, 0777) == 0 || errno == EEXIST;
    board->file = made && (size_t)size < sizeof path ? fopen(path, "wb") : NULL;
    struct message first = begin_event(0);
    put_part(&first, 3, version, sizeof version - 1);
    if (!board->file || !write_event(board->file, &first))
        return recur_failure(run->command, "--tensorboard: cannot write to the folder %s: %s",
                             recur_path(folder).text, strerror(errno));
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count; i++) /* of a run that is resumed */
        add(run, board, &history[i]);
    return 0;
}

static int epoch(struct run *run, void *state)
{
    add(run, state, &run->epoch);
    return 0;
}

static int close_board(struct run *run, void *state)
{
    struct tensorboard *board = state;
    close_file(board);
    if (!board->failed || !run->kept)
        return 0;
    return recur_failure(run->command,
                         "--tensorboard: %s lacks epochs: it could not be written; the model is in "
                         "%s",
                         recur_path(run->options.out.tensorboard).text,
                         recur_path(run->options.out.output).text);
}

const struct observer recur_observe_tensorboard = {
    .size = sizeof(struct tensorboard),
    .at = {[MOMENT_OPEN] = open_board, [MOMENT_EPOCH] = epoch, [MOMENT_CLOSE] = close_board},
};
