/* Writes the seeds of the corpora into the folder given: seeds FOLDER. They are committed; this is
 * how they were made, and how they are made again when a format changes. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recur/checkpoint.h"
#include "recur/convert.h"
#include "seed_run.h"

_Noreturn void fuzz_broken(const char *format, ...)
{
    fprintf(stderr, "seeds: %s\n", format);
    exit(1);
}

static const char *root;

static const char *place(const char *target, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    return path;
}

#define TRY(call) FUZZ_CHECK((call) == RECUR_OK, #call)

static void write_text(const char *target, const char *name, const char *text, size_t size)
{
    FILE *file = fopen(place(target, name), "wb");
    FUZZ_CHECK(file && fwrite(text, 1, size, file) == size && fclose(file) == 0, "cannot write");
}

static const size_t widths[] = {2, 2};

static recur_model *make_model(enum recur_cell cell, size_t layers, bool words,
                               enum recur_task task)
{
    static const recur_token entries[] = {
        {"<unk>", 5}, {"<pad>", 5}, {"\xe4\xbd\xa0", 3}, {"\"", 1}, {"\0", 1}};
    const uint64_t counts[] = {0, 0, 7, 7, UINT64_MAX};
    const recur_text_config text = recur_text_config_default();
    recur_model_config config = recur_model_config_default();
    recur_vocab *vocab = NULL;
    recur_model *model;
    config.task = task;
    config.bidirectional = task == RECUR_TASK_FILL;
    config.cell = cell;
    config.layers = layers;
    config.hidden = widths;
    config.vocabulary = SEED_VOCABULARY;
    config.embedding = layers > 1 ? 2 : 0;
    if (words)
        TRY(recur_vocab_from_entries(entries, counts, SEED_VOCABULARY, 1, &text, &vocab, NULL));
    TRY(recur_model_create(&config, vocab, &model, NULL));
    recur_vocab_free(vocab);
    return model;
}

static void models(void)
{
    recur_model *lstm = make_model(RECUR_CELL_LSTM, 2, true, RECUR_TASK_LM);
    const recur_epoch epoch = {1, 2.5, 2.75, 0.125, 0.1, 1e6, 3, 0.5, 0.25, 0.5, NAN};
    TRY(recur_model_add_epoch(lstm, &epoch, NULL));
    TRY(recur_model_save(lstm, place("safetensors", "lstm"), NULL));
    TRY(recur_model_export(lstm, RECUR_FORMAT_PYTORCH, place("pytorch", "module"), NULL));
    TRY(recur_model_export(lstm, RECUR_FORMAT_PYTORCH_WORD_LM, place("pytorch", "word-lm"), NULL));
    TRY(recur_model_export(lstm, RECUR_FORMAT_ONNX, place("onnx", "lstm"), NULL));
    recur_model_free(lstm);
    recur_model *gru = make_model(RECUR_CELL_GRU, 1, false, RECUR_TASK_LM);
    TRY(recur_model_save(gru, place("safetensors", "gru"), NULL));
    TRY(recur_model_export(gru, RECUR_FORMAT_PYTORCH_BARE, place("pytorch", "bare"), NULL));
    TRY(recur_model_export(gru, RECUR_FORMAT_ONNX, place("onnx", "gru"), NULL));
    recur_model_free(gru);
    recur_model *rnn = make_model(RECUR_CELL_RNN, 1, false, RECUR_TASK_LM);
    TRY(recur_model_export(rnn, RECUR_FORMAT_PYTORCH, place("pytorch", "rnn"), NULL));
    TRY(recur_model_export(rnn, RECUR_FORMAT_ONNX, place("onnx", "rnn"), NULL));
    recur_model_free(rnn);
    recur_model *ln_lstm = make_model(RECUR_CELL_LN_LSTM, 2, false, RECUR_TASK_LM);
    TRY(recur_model_export(ln_lstm, RECUR_FORMAT_ONNX, place("onnx", "ln-lstm"), NULL));
    recur_model_free(ln_lstm);
    recur_model *fill = make_model(RECUR_CELL_RNN, 1, true, RECUR_TASK_FILL);
    TRY(recur_model_save(fill, place("safetensors", "fill"), NULL));
    recur_model_free(fill);
}

/* Whatever can be of width 1; two tokens, or one number that is read. */
static recur_model *narrow_model(const size_t *hidden, size_t layers, bool numbers)
{
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.cell = RECUR_CELL_GRU;
    config.layers = layers;
    config.hidden = hidden;
    config.embedding = numbers ? 0 : 1;
    config.inputs = numbers ? 1 : 0;
    config.vocabulary = numbers ? 1 : 2;
    TRY(recur_model_create(&config, NULL, &model, NULL));
    return model;
}

static void narrow_models(void)
{
    static const size_t unequal[] = {1, 3, 1}, ones[] = {1, 1};
    recur_model *model = narrow_model(unequal, 3, false);
    TRY(recur_model_export(model, RECUR_FORMAT_ONNX, place("onnx", "narrow"), NULL));
    TRY(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, NULL));
    TRY(recur_model_save(model, place("safetensors", "narrow-int8"), NULL));
    recur_model_free(model);
    model = narrow_model(ones, 2, false);
    TRY(recur_model_export(model, RECUR_FORMAT_PYTORCH, place("pytorch", "narrow"), NULL));
    TRY(recur_model_quantize(model, RECUR_QUANTIZATION_BF16, NULL));
    TRY(recur_model_save(model, place("safetensors", "narrow-bf16"), NULL));
    recur_model_free(model);
    model = narrow_model(ones, 2, true);
    TRY(recur_model_export(model, RECUR_FORMAT_ONNX, place("onnx", "narrow-number"), NULL));
    TRY(recur_model_export(model, RECUR_FORMAT_PYTORCH, place("pytorch", "narrow-number"), NULL));
    TRY(recur_model_save(model, place("safetensors", "narrow-number"), NULL));
    recur_model_free(model);
}

/* One of the book's networks from scratch: a gru of width 1 for two tokens, in half precision. */
static void book(void)
{
    char header[2000] = "{", text[2100];
    size_t used = 1, at = 0;
    const char *const gates[] = {"z", "r", "h"};
    for (size_t g = 0; g < 3; g++)
        used += (size_t)snprintf(header + used, sizeof header - used,
                                 "\"W_x%s\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":"
                                 "[%zu,%zu]},\"W_h%s\":{\"dtype\":\"F16\",\"shape\":[1,1],"
                                 "\"data_offsets\":[%zu,%zu]},\"b_%s\":{\"dtype\":\"F16\","
                                 "\"shape\":[1],\"data_offsets\":[%zu,%zu]},",
                                 gates[g], at + 8 * g, at + 8 * g + 4, gates[g], at + 8 * g + 4,
                                 at + 8 * g + 6, gates[g], at + 8 * g + 6, at + 8 * g + 8);
    used += (size_t)snprintf(header + used, sizeof header - used,
                             "\"W_hq\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":"
                             "[24,32]},\"b_q\":{\"dtype\":\"F32\",\"shape\":[2],"
                             "\"data_offsets\":[32,40]}}");
    for (size_t i = 0; i < 8; i++)
        text[i] = (char)(used >> 8 * i);
    memcpy(text + 8, header, used);
    memset(text + 8 + used, 0, 40);
    write_text("pytorch", "book", text, 8 + used + 40);
}

static recur_trainer_config training(enum recur_optimizer optimizer, float validation)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 2;
    config.steps = 3;
    config.epochs = 5;
    config.threads = 1;
    config.optimizer = optimizer;
    config.validation = validation;
    return config;
}

/* In the middle of its second epoch. */
static void write_checkpoint(recur_trainer *trainer, const char *name)
{
    TRY(recur_trainer_epoch(trainer, NULL, NULL));
    TRY(recur_trainer_step(trainer, NULL, NULL));
    TRY(recur_checkpoint_save(trainer, "{\"options\":[]}", place("checkpoint", name), NULL));
    /* The model that it would end with, which says where it comes from. */
    recur_model *model = recur_trainer_model(trainer);
    TRY(recur_trainer_finish(trainer, NULL));
    TRY(recur_model_set_origin(model, "a text", "recur train --lr 0.1 text", NULL));
    if (strcmp(name, "adam") == 0)
        TRY(recur_model_save(model, place("safetensors", "trained"), NULL));
    recur_trainer_free(trainer);
}

static void checkpoints(void)
{
    static const enum recur_optimizer optimizers[] = {RECUR_OPTIMIZER_SGD, RECUR_OPTIMIZER_ADAM};
    static const char *const names[] = {"sgd", "adam"};
    for (size_t i = 0; i < 2; i++) {
        struct seed_data data = seed_data_make(RECUR_TASK_LM);
        recur_model *model = make_model(i ? RECUR_CELL_GRU : RECUR_CELL_RNN, 1, i, RECUR_TASK_LM);
        recur_trainer *trainer;
        const recur_trainer_config config = training(optimizers[i], i ? 0.2F : 0);
        TRY(recur_trainer_create(model, data.corpus, &config, &trainer, NULL));
        write_checkpoint(trainer, names[i]);
        recur_model_free(model);
        seed_data_free(&data);
    }
}

/* The last one is of width 1 throughout. */
static void checkpoints_of_labels(void)
{
    static const enum recur_task tasks[] = {RECUR_TASK_TAG, RECUR_TASK_CLASSIFY, RECUR_TASK_TAG};
    static const char *const names[] = {"tag", "classify", "tag-narrow"};
    static const size_t narrow[] = {1};
    for (size_t i = 0; i < 3; i++) {
        struct seed_data data = seed_data_make(tasks[i]);
        recur_model_config shape = recur_model_config_default();
        recur_model *model;
        recur_trainer *trainer;
        const recur_trainer_config config = training(RECUR_OPTIMIZER_SGD, 0);
        shape.cell = RECUR_CELL_GRU;
        shape.hidden = i == 2 ? narrow : widths;
        shape.embedding = shape.character_embedding = shape.character_hidden = *shape.hidden;
        shape.decoder = i == 1 ? RECUR_DECODER_SOFTMAX : RECUR_DECODER_CRF;
        shape.bidirectional = true;
        TRY(recur_model_create_labels(&shape, data.train, NULL, &model, NULL));
        TRY(recur_trainer_create_labels(model, data.train, data.valid, &config, &trainer, NULL));
        write_checkpoint(trainer, names[i]);
        recur_model_free(model);
        seed_data_free(&data);
    }
}

#define SEED(target, name, text) write_text(target, name, text, sizeof(text) - 1)

static void stores(void)
{
    SEED("store", "index",
         "\4{\"format\": \"recur store\", \"version\": 1, \"tokens\": 70000, \"unknown\": 3, "
         "\"id_bytes\": 1, \"shard_ids\": 65536, \"vocabulary\": {\"size\": 28, \"bytes\": 9, "
         "\"checksum\": \"0123456789abcdef\"}, \"text\": {\"files\": 1, \"bytes\": 9, "
         "\"lines\": 1, \"characters\": 9, \"tokens\": 9, \"invalid\": 0, \"marks\": 0}, "
         "\"shards\": [\"0123456789abcdef\", \"fedcba9876543210\"]}");
    char shard[1 + 80 + 12] = {2, 1, 4}; /* ids of two bytes, and a tail */
    shard[1 + 80] = 7;
    write_text("store", "shard", shard, sizeof shard);
    shard[0] = 1;
    memcpy(shard + 1, "recurids\1", 9);
    write_text("store", "shard-unsealed", shard, sizeof shard);
    char tail[1 + 15 * 8 + 2] = {3, 1, 2, 0};
    tail[1 + 13 * 8] = 1; /* one token of two bytes */
    tail[1 + 14 * 8] = 2;
    memcpy(tail + 1 + 15 * 8, "ab", 2);
    write_text("store", "tail", tail, sizeof tail);
}

static void requests(void)
{
    SEED("request", "completion",
         "\006{\"prompt\":[\"a\",\"b\"],\"max_tokens\":5,\"temperature\":0.5,\"top_k\":3,"
         "\"top_p\":0.9,\"min_p\":0.1,\"seed\":1,\"stop\":[\"x\",\"yz\"],\"logprobs\":2,\"n\":2,"
         "\"best_of\":3,\"echo\":true,\"frequency_penalty\":0.5,\"presence_penalty\":-0.5,"
         "\"repetition_penalty\":1.1,\"user\":null}");
    SEED(
        "request", "events",
        "\006{\"prompt\":[[1,2],[3]],\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    SEED("request", "tokenize", "\000{\"content\":\"a\",\"with_pieces\":true,\"model\":\"m\"}");
    SEED("request", "detokenize", "\001{\"tokens\":[1,2,2147483647]}");
    SEED("request", "embeddings",
         "\002{\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\",\"pooling\":\"last\","
         "\"layer\":0}");
    SEED("request", "fill", "\003{\"input\":\"a_\",\"blank\":\"_\",\"top\":3,\"beam\":4}");
    SEED("request", "classify", "\004{\"input\":[\"a\\u0000\"],\"top\":2}");
    SEED("request", "tag", "\005{\"input\":\"a b\",\"characters\":true}");
    SEED("request", "activations",
         "\010{\"input\":\"a b\",\"layer\":1,\"unit\":2,\"model\":\"m\"}");
    SEED("request", "explain-empty", "\011{}");
    SEED("request", "explain-settings",
         "\011{\"text\":\"to be or not to be\",\"tokens\":\"word\",\"cell\":\"gru\",\"clip\":0.1,"
         "\"steps\":3,\"batch\":2,\"sampling\":\"random\",\"lr\":0.5,\"seed\":7}");
    SEED("request", "explain-more",
         "\011{\"text\":\"Ab, \u00e9 "
         "ab.\\nab\",\"clean\":\"letters\",\"cell\":\"rnn\",\"activation\":"
         "\"relu\",\"embedding\":2,\"biases\":1,\"init\":\"normal\",\"optimizer\":\"adam\"}");
    SEED("request", "host", "\007[::1]:8080");
    SEED("request", "key", "\007Bearer a key");
}

static void texts(void)
{
    SEED("vocab", "entries", "\0\1<unk>\n<pad>\na\nb\n\xc3\xbc\n");
    SEED("vocab", "words", "\1\0<unk>\nnaive\nthe\n\xf0\x9f\x98\x80");
    SEED("vocab", "bytes", "\2\0<unk>\na\n\xff\n");
    SEED("vocab", "built", "\x18\1to\nbe\nor\nnot\nto\nbe\n");
    SEED("vocab", "twice", "\0\0<unk>\na\na\n");
    SEED("corpus", "char", "\0\0The time traveller (for so it will\r\nbe convenient)\n\n\xc3\xbc");
    SEED("corpus", "word-letters", "\5\0The time traveller, for so it will\n be convenient");
    SEED("corpus", "byte",
         "\2\x11"
         "a\xff\xfe\r\n\0b");
    SEED("corpus", "invalid", "\0\2\xc3\x28\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82");
    SEED("corpus", "word-unicode",
         "\x11\0It's 3.14, \xe2\x80\x9c\xe4\xbd\xa0\xe5\xa5\xbd\xe2\x80\x9d (a,b)\r\n  c "
         "\xef\xbb\xbf");
    SEED("corpus", "bpe",
         "\3\0low low low lower newest newest\r\n \xe4\xbd\xa0\xe5\xa5\xbd it's  3.14");
    SEED("corpus", "kinds-unknown", "\x0f\0text");
    SEED("columns", "tag",
         "\1\0\x93\x09\0\0The DT O\nNew York\n\nJo NN B-PER\nlu VB O\n\nJo NN B-PER\n\nlu VB O\n");
    SEED("columns", "crf",
         "\1\0\xc1\x0d\0\0The DT O\nYork NN B\n\nJo NN B\nlu VB O\n\nJo NN B\n\nlu VB O\n");
    SEED("columns", "tabs",
         "\1\x09\x52\0\0\0New York\tNNP\tB-LOC\r\n\xef\xbb\xbf\tx\tO\n \t\na\t\tI-LOC");
    SEED("columns", "unlabelled-words", "\3\0\x12\0\0\0pa\npo\n\nKi\n");
    SEED("columns", "classify", "\0\0\x17\1\0\0Latu\tba ko\nZukh\tpli\nLatu\tbako\nZukh\tzu\n");
    SEED("columns", "words-letters", "\x14\0\x19\x18\0\0x\tOne, two\ny\tthree\nx\ttwo");
    SEED("columns", "narrow",
         "\xc1\0\xc1\x0d\0\0The DT O\nYork NN B\n\nJo NN B\nlu VB O\n\nJo NN B\n");
    SEED("columns", "narrow-texts", "\x40\0\x17\x0d\0\0Latu\tba ko\nZukh\tpli\nLatu\tb\nZukh\t\n");
    SEED("columns", "one-label", "\xc1\0\xc1\x08\0\0x O\n");
    SEED("columns", "bytes", "\x08\0\x0b\x04\0\0x\t\xff\xfe\ny\t\n");
    SEED("columns", "invalid", "\2\0\x03\0\0\0x\t\xc3\x28\xed\xa0\x80\n\nno label\n\tnone\n");
    SEED("columns", "too-long", "\0\x04\0\0\0\0x\tabc\ny\tabcde\n");
    SEED("columns", "numbered",
         "\1\0\x93\x09\x0e\0x y\n1 Jo B-PER\n2 lu O\n\n1 New B-LOC\n2 ran O\n\n");
    SEED("columns", "headed", "\0\0\x17\1\x84\0text\tlabel\nba\tLatu\npli\tZukh\n");
    SEED("columns", "conllu",
         "\1\0\x93\x09\0\0# text = "
         "a\n1-2\tal\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tADP\tP\t_\t0\tr\t_\t_\n"
         "1.1\tx\tx\tV\t_\t_\t_\t_\t_\t_\n2\tel\tel\tDET\tD\t_\t1\tdet\t_\t_\n");
    SEED("columns", "comments",
         "\1\0\x93\x09\0\2-DOCSTART- O\n\n# a b\n# O\nJo B-PER\n. O\nlu O\n");
    SEED("columns", "sentences", "\3\0\x93\x09\0\1The York .\nJo lu\n\n\xe3\x80\x80 x");
    SEED("columns", "characters", "\3\0\x93\x09\0\1\xe5\x8c\x97\xe4\xba\xac\n\xff\xe5\x8c\x97\n");
    SEED("columns", "alike", "\0\0\x17\1\0\0Ab\tx\n\xef\xbc\xa1\xe2\x84\xac\tz\naB\ty\n");
    SEED("json", "kinds",
         "{\"a\":[null,true,false,-1,18446744073709551615,0.5e-7,\"\\u00e4\\n\"]}");
    SEED("json", "nested", "[[{\"k\":{\"l\":[]}}],{}]");
    SEED("json", "pair", "\"\\ud83d\\ude00\"");
    SEED("json", "twice", "{\"a\":1,\"a\":2}");
    SEED("options", "train", "\0--preset\nd2l-gru\n--hidden\n32,16\n--lr=0.5\n-o\nfile\ntext");
    SEED("options", "train-more",
         "\0--tokens=word\n--reserved=<pad>,<s>\n--predict\na\n--predict=b");
    SEED("options", "generate", "\1-m\nmodel\n-p\nThe \n-n40\n--temp\n0.7\n--top-k=5\n--seed\n7");
    SEED("options", "fill", "\2-m\nmodel\n--blank\n_\n--top\n3\n--\n-text");
    SEED("options", "ones",
         "\0--hidden\n1,1\n--embed=1\n--batch\n1\n--steps\n1\n--epochs\n1\n--char-hidden\n1\n"
         "--char-embed\n1\n--threads\n1\n--max-tokens\n1\n--validation\n0\ntext");
    SEED("options", "help", "\6--help");
    SEED("options", "unknown", "\11--sed\n5\n-x\n--lr=nan\n--hidden=1,,2");
}

int main(int argc, char **argv)
{
    FUZZ_CHECK(argc == 2, "usage: seeds FOLDER");
    root = argv[1];
    mkdir(root, 0777);
    models();
    narrow_models();
    book();
    checkpoints();
    checkpoints_of_labels();
    texts();
    requests();
    stores();
    return 0;
}
