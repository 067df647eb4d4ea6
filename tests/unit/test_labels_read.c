/* Labelled texts as people write them: columns, headers, comments, CoNLL-U, plain sentences, and
 * what is doubtful in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/labels.h"

enum { ROOM = 4096 };

static recur_labels_config task(enum recur_task task, bool unlabelled)
{
    recur_labels_config config = recur_labels_config_default();
    config.task = task;
    config.unlabelled = unlabelled;
    return config;
}

static recur_labels *read_text(const recur_labels_config *config, const char *text)
{
    recur_labels *labels = NULL;
    recur_error error = {0};
    if (recur_labels_read_memory(text, strlen(text), config, &labels, &error) != RECUR_OK)
        fail_msg("%s: %s", text, error.message);
    return labels;
}

static void append(char *dump, recur_token token)
{
    size_t used = strlen(dump);
    assert_true(used + token.size + 2 < ROOM);
    memcpy(dump + used, token.bytes, token.size);
    dump[used + token.size] = '\0';
}

/* "word/label word/label|word/label" of sentences, "text/label|text/label" of texts. */
static void dump_labels(const recur_labels *labels, char *dump)
{
    bool tags = recur_labels_task(labels) == RECUR_TASK_TAG;
    *dump = '\0';
    for (size_t i = 0; i < recur_labels_count(labels); i++) {
        strcat(dump, i ? "|" : "");
        for (size_t t = 0; t < recur_labels_length(labels, i); t++) {
            strcat(dump, t && tags ? " " : "");
            append(dump, recur_labels_form(labels, recur_labels_sequence(labels, i)[t]));
            if (!tags)
                continue;
            strcat(dump, "/");
            append(dump, recur_labels_label(labels, i, t));
        }
        if (tags)
            continue;
        strcat(dump, "/");
        append(dump, recur_labels_label(labels, i, 0));
    }
}

static void expect_read(const recur_labels_config *config, const char *text, const char *expected)
{
    char dump[ROOM];
    recur_labels *labels = read_text(config, text);
    dump_labels(labels, dump);
    assert_string_equal(dump, expected);
    recur_labels_free(labels);
}

static void expect_refused(const recur_labels_config *config, const char *text,
                           const char *sentence)
{
    recur_labels *labels = NULL;
    recur_error error = {0};
    assert_int_equal(recur_labels_read_memory(text, strlen(text), config, &labels, &error),
                     RECUR_ERROR_DATA);
    assert_string_equal(error.message, sentence);
}

static void white_space_is_no_part_of_a_cell(void **state)
{
    (void)state;
    recur_labels_config words = task(RECUR_TASK_TAG, false);
    recur_labels_config texts = task(RECUR_TASK_CLASSIFY, false);
    expect_read(&words, "a \tO\nb\tO \n c\t\xe3\x80\x80O\xc2\xa0\r\n", "a/O b/O c/O");
    expect_read(&words, "a O \n  b   O\n", "a/O b/O");
    /* White space alone is a word, as a Chinese text may have it, and never a label. */
    expect_read(&words, "\xe3\x80\x80\tO\n\xe3\x80\x80 O\n", "\xe3\x80\x80/O \xe3\x80\x80/O");
    expect_refused(&words, "a\t \n", "the text: line 1: its last column is empty");
    expect_read(&texts, "pos \tgood\npos\t fine \n\xc2\xa0neg\xe3\x80\x80\tso so\xe3\x80\x80\n",
                "good/pos|fine/pos|so so/neg");
}

static void texts_have_columns(void **state)
{
    (void)state;
    recur_labels_config config = task(RECUR_TASK_CLASSIFY, false);
    expect_read(&config, "a\tb c\td\n", "b c\td/a");
    config.header = 1;
    expect_read(&config, "label\ttext\na\tb\n", "b/a");
    config.header = 0;
    config.label_column = 2;
    expect_read(&config, "b c \t a\nd\te\t f\n", "b c/a|d/e");
    config.word_column = 3;
    expect_read(&config, "1\ta\tb\n2\tc\td\te\n", "b/a|d/c");
    expect_refused(
        &config, "1\ta\n",
        "the text: line 1 does not have both its label in column 2 and its text in column "
        "3, parted by tabs");
    config.word_column = 1;
    config.label_column = 0;
    expect_read(&config, "b\ta\n", "b/a");
    config.unlabelled = 1;
    expect_read(&config, "b\n c d \n\n", "b/|c d/|/");
    config = task(RECUR_TASK_CLASSIFY, false);
    config.label_column = config.word_column = 2;
    recur_labels *labels;
    recur_error error;
    assert_int_equal(recur_labels_read_memory("a\tb", 3, &config, &labels, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "column 2 cannot be both the text and its label");
}

static void words_have_columns(void **state)
{
    (void)state;
    recur_labels_config config = task(RECUR_TASK_TAG, false);
    config.word_column = 2;
    expect_read(&config, "1 Ann B-PER\n2 ran O\n\n1 Bob B-PER\n", "Ann/B-PER ran/O|Bob/B-PER");
    config.label_column = 1;
    expect_read(&config, "B-PER Ann x\nO ran x\n", "Ann/B-PER ran/O");
    config.header = 1;
    expect_read(&config, "tag word x\nB-PER Ann x\n", "Ann/B-PER");
    config = task(RECUR_TASK_TAG, false);
    config.word_column = 3;
    expect_refused(&config, "1 Ann B-PER\n",
                   "the text: line 1: column 3 cannot be the word and its label; expected the "
                   "label's column, too");
    expect_refused(&config, "Ann B-PER\n",
                   "the text: line 1 has 2 columns; expected the word in column 3 and its label in "
                   "another, unless another one is named");
    config.unlabelled = 1;
    expect_read(&config, "1 x Ann\n", "Ann/");
}

static void comments_and_documents_are_no_words(void **state)
{
    (void)state;
    recur_labels_config config = task(RECUR_TASK_TAG, false);
    expect_read(&config,
                "-DOCSTART- -X- O\n\n# one more comment\n##\nAnn NNP B\n# # O\n#x # O\n\n# x O\n",
                "Ann/B #/O #x/O|#/O");
    expect_read(&config, "# id 1\na O\n-DOCSTART-\n# x y\nb O\n", "a/O|b/O");
    expect_refused(
        &config, "a O\n# x y\n",
        "the text: line 2 has 3 columns, but line 1 has 2; expected a word a line, in as "
        "many columns each");
}

static const char conllu[] =
    "# sent_id = 1\n# text = a\tb\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tde\tde\tADP\tP\t_\t3\tcase\t_\t_\n2\tle\tle\tDET\tD\t_\t3\tdet\t_\t_\n"
    "2.1\tx\tx\tVERB\tV\t_\t_\t_\t_\t_\n3\t10 000\t#\tNUM\tN\t_\t0\troot\t_\t_\n\n"
    "#\n1\t#\t#\tSYM\tS\t_\t0\troot\t_\t_\n\n";

static void conllu_is_known(void **state)
{
    (void)state;
    recur_labels_config config = task(RECUR_TASK_TAG, false);
    expect_read(&config, conllu, "de/ADP le/DET 10 000/NUM|#/SYM");
    config.label_column = 5;
    expect_read(&config, conllu, "de/P le/D 10 000/N|#/S");
    config.word_column = 3;
    expect_read(&config, conllu, "de/P le/D #/N|#/S");
    recur_labels *labels = read_text(&config, conllu);
    assert_int_equal(recur_labels_layout(labels), RECUR_LAYOUT_CONLLU);
    assert_int_equal(recur_labels_get_config(labels)->word_column, 3);
    recur_labels_free(labels);
    config = task(RECUR_TASK_TAG, false);
    config.layout = RECUR_LAYOUT_COLUMNS;
    expect_read(&config, "1\ta\t_\tX\t_\t_\t_\t_\t_\tO\n", "1/O");
}

static void sentences_end_where_they_are_said_to(void **state)
{
    static const recur_token ends[] = {{".", 1}, {"\xe3\x80\x82", 3}};
    recur_labels_config config = task(RECUR_TASK_TAG, false);
    (void)state;
    config.ends = ends;
    config.end_count = 2;
    expect_read(&config, "a O\n. O\n\nb O\n\xe3\x80\x82 O\nc O\n.. O\n",
                "a/O ./O|b/O \xe3\x80\x82/O|c/O ../O");
}

/* All of a file stands in the lines of its labels and between them. */
static void nothing_of_a_file_is_lost(void **state)
{
    static const char *const files[] = {
        conllu,
        "\n\n \na O\r\n\r\n\n\nb O\n# no\n\n# x y\n-DOCSTART- x\nc O\n\n\n",
        "a O",
        "\n",
        "",
        "# x\n",
        "\xff\xfe O\na O\n"};
    recur_labels_config config = task(RECUR_TASK_TAG, true);
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        char all[ROOM] = "";
        const char *file = files[f];
        recur_labels *labels = read_text(&config, file);
        for (size_t i = 0; i < recur_labels_count(labels); i++)
            for (size_t t = 0; t < recur_labels_length(labels, i); t++) {
                append(all, recur_labels_before(labels, i, t));
                append(all, recur_labels_line(labels, i, t));
            }
        append(all, recur_labels_before(labels, recur_labels_count(labels), 0));
        assert_memory_equal(all, file, strlen(file));
        assert_string_equal(all + strlen(file),
                            *file && file[strlen(file) - 1] != '\n' ? "\n" : "");
        recur_labels_free(labels);
    }
}

static recur_vocab *vocab_of(const char *words)
{
    recur_token tokens[64];
    size_t count = 0;
    recur_vocab *vocab;
    for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
        tokens[count++] = (recur_token){at, strcspn(at, " ")};
    assert_int_equal(recur_vocab_build(tokens, count, NULL, NULL, &vocab, NULL), RECUR_OK);
    return vocab;
}

struct layout_case {
    const char *text;
    enum recur_layout layout;
    const char *read;
};

/* A model that knows "ann ran . the dog" and the labels O, B-PER, NN. */
static const struct layout_case layout_cases[] = {
    {"Ann ran .\nThe dog ran .\n", RECUR_LAYOUT_SENTENCES, "Ann/ ran/ ./|The/ dog/ ran/ ./"},
    {"Ann ran .\nBob ran .\n", RECUR_LAYOUT_SENTENCES, "Ann/ ran/ ./|Bob/ ran/ ./"},
    {"Ann  ran\xe3\x80\x80.\n\n\nThe dog\n", RECUR_LAYOUT_SENTENCES, "Ann/ ran/ ./|The/ dog/"},
    {"Xy zq flurb\n", RECUR_LAYOUT_SENTENCES, "Xy/ zq/ flurb/"},
    {"Ann ran\n", RECUR_LAYOUT_SENTENCES, "Ann/ ran/"},
    /* Columns: words alone, with other columns, with labels, with an index. */
    {"Ann\nran\n.\n", RECUR_LAYOUT_COLUMNS, "Ann/ ran/ ./"},
    {"Ann NNP\nran VBD\n. .\n", RECUR_LAYOUT_COLUMNS, "Ann/NNP ran/VBD ./."},
    {"Ann NNP I\nran VBD O\n. . O\n\nThe DT O\n", RECUR_LAYOUT_COLUMNS, "Ann/I ran/O ./O|The/O"},
    {"Ann O\nran O\n", RECUR_LAYOUT_COLUMNS, "Ann/O ran/O"},
    {"The ran O\ndog the O\n", RECUR_LAYOUT_COLUMNS, "The/O dog/O"},
    {"1 Ann\n2 ran\n\n1 The\n2 dog\n", RECUR_LAYOUT_COLUMNS, "1/Ann 2/ran|1/The 2/dog"},
    {"Ann\tran\n", RECUR_LAYOUT_COLUMNS, "Ann/ran"},
    {"# the dog ran\nAnn NNP\nran VBD\n. .\n", RECUR_LAYOUT_COLUMNS, "Ann/NNP ran/VBD ./."},
};

static void plain_sentences_are_told_from_columns(void **state)
{
    recur_labels_config config = task(RECUR_TASK_TAG, true);
    recur_vocab *words = vocab_of("ann ran . the dog"), *labels = vocab_of("O B-PER NN");
    (void)state;
    config.known_words = words;
    config.known_labels = labels;
    for (size_t i = 0; i < sizeof layout_cases / sizeof *layout_cases; i++) {
        char dump[ROOM];
        recur_labels *read = read_text(&config, layout_cases[i].text);
        dump_labels(read, dump);
        assert_string_equal(dump, layout_cases[i].read);
        assert_int_equal(recur_labels_layout(read), layout_cases[i].layout);
        recur_labels_free(read);
    }
    config.layout = RECUR_LAYOUT_SENTENCES;
    expect_read(&config, "Ann NNP\n1 2\n", "Ann/ NNP/|1/ 2/");
    config.layout = RECUR_LAYOUT_COLUMNS;
    expect_read(&config, "Ann ran\n", "Ann/ran");
    config.layout = RECUR_LAYOUT_AUTO;
    config.unlabelled = 0;
    expect_refused(&config, "Ann ran .\nThe dog\n",
                   "the text: line 1 is a plain sentence: it has no labels to compare with");
    recur_vocab_free(words);
    recur_vocab_free(labels);
}

/* A model of single characters knows no longer words, and one of words does. */
static void characters_are_words_where_a_model_knows_them_so(void **state)
{
    recur_labels_config config = task(RECUR_TASK_TAG, true);
    recur_vocab *characters = vocab_of("我 爱 北 京 天 安 门"), *labels = vocab_of("O B-LOC");
    recur_vocab *words = vocab_of("我 爱 北京 天安门");
    (void)state;
    config.known_labels = labels;
    config.known_words = characters;
    expect_read(&config, "我爱北京\n我 爱天安门x\n", "我/ 爱/ 北/ 京/|我/ 爱/ 天/ 安/ 门/ x/");
    expect_read(&config, "我\n爱\n北\n京\n", "我/ 爱/ 北/ 京/");
    expect_read(&config, "我 O\n爱 O\n", "我/O 爱/O");
    config.known_words = words;
    expect_read(&config, "我\n爱\n北京\n", "我/ 爱/ 北京/");
    recur_vocab_free(words);
    recur_vocab_free(characters);
    recur_vocab_free(labels);
}

struct doubt_case {
    enum recur_task task;
    const char *begin, *repeated; /* the text, of which the second part comes so many times */
    int times;
    const char *kinds; /* a letter for each doubt: C, H, S, R, U, W, A */
};

static const struct doubt_case doubt_cases[] = {
    {RECUR_TASK_TAG, "", "1 Ann B-PER\n2 ran O\n\n", 20, "C"},
    {RECUR_TASK_TAG, "", "0 Ann B-PER\n1 ran O\n2 . O\n\n", 20, "C"},
    {RECUR_TASK_CLASSIFY, "label\ttext\n", "pos\tgood\nneg\tbad\n", 20, "H"},
    {RECUR_TASK_CLASSIFY, "Label\tReview\n", "pos\tgood film\nneg\tbad\n", 20, "H"},
    {RECUR_TASK_CLASSIFY, "标签\t内容\n", "pos\tgood film\nneg\tbad\n", 20, "H"},
    {RECUR_TASK_TAG, "token ner_tag\n\n", "Ann B-PER\nran O\n\n", 20, "H"},
    {RECUR_TASK_TAG, "", "a O\nb O\n", 40, "U"},
    {RECUR_TASK_TAG, "", "a film of today\tpos\nit was bad\tneg\n\n", 20, "W"},
    {RECUR_TASK_TAG, "", "a B-PER\nb B-Per\n\n", 5, "A"},
    {RECUR_TASK_CLASSIFY, "", "A\ta\n\xef\xbc\xa1\tb\n", 5, "A"}, /* full width */
    /* Data of all common kinds is not doubted. */
    {RECUR_TASK_TAG, "-DOCSTART- -X- -X- O\n\n", "EU NNP B-NP B-ORG\n. . O O\n\n", 20, ""},
    {RECUR_TASK_TAG, "", "Confidence NN B-NP\nin IN B-PP\n1 CD B-NP\n2 CD I-NP\n\n", 20, ""},
    {RECUR_TASK_TAG, "", "1 O\n2 O\n3 O\n\n", 20, ""}, /* there is nothing else to be the word */
    {RECUR_TASK_TAG, "", "0 x O\n1 x O\n0 x B\n\n", 20, ""},
    {RECUR_TASK_TAG, "", "海 O\n厦 B-LOC\n门 I-LOC\n\xe3\x80\x80 O\n\n", 20, ""},
    {RECUR_TASK_TAG, "", "ph\xc3\xa1t tri\xe1\xbb\x83n\tNOUN\n10 000 000\tNUM\n.\tPUNCT\n\n", 20,
     ""},
    {RECUR_TASK_TAG, "label O\n", "tag O\nb B\n\n", 20, ""},
    {RECUR_TASK_CLASSIFY, "", "0\ta film\n1\tb film\n", 20, ""},
    {RECUR_TASK_CLASSIFY, "", "pos\ta film\nneg\tb film\n", 20, ""},
    {RECUR_TASK_CLASSIFY, "", "text\ta film\nreview\tb film\n", 20, ""},
    {RECUR_TASK_CLASSIFY, "pos\tgood\n", "neg\tbad\nneg\tworse\n", 20, ""},
    {RECUR_TASK_CLASSIFY, "class\tof its own\n", "pos\ta film\nneg\tb film\n", 20, ""},
};

static void expect_doubts(const recur_labels *labels, const char *text, const char *kinds)
{
    char found[RECUR_DOUBTS + 1] = "";
    recur_doubt doubt[RECUR_DOUBTS];
    size_t count;
    assert_int_equal(recur_labels_doubts(labels, doubt, &count, NULL), RECUR_OK);
    assert_true(count <= RECUR_DOUBTS);
    for (size_t i = 0; i < count; i++)
        found[i] = "CHSRUWA"[doubt[i].kind];
    if (strcmp(found, kinds) != 0)
        fail_msg("%s: doubts \"%s\", expected \"%s\"", text, found, kinds);
}

static void doubts_are_true_and_rare(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubt_cases / sizeof *doubt_cases; i++) {
        const struct doubt_case *c = &doubt_cases[i];
        recur_labels_config config = task(c->task, false);
        char text[ROOM];
        strcpy(text, c->begin);
        for (int k = 0; k < c->times; k++)
            strcat(text, c->repeated);
        recur_labels *labels = read_text(&config, text), *rest;
        expect_doubts(labels, c->repeated, c->kinds);
        assert_int_equal(recur_labels_split(labels, 0.5, 1, &rest, NULL),
                         recur_labels_count(labels) > 1 ? RECUR_OK : RECUR_ERROR_DATA);
        expect_doubts(labels, c->repeated, c->kinds); /* of all that was read */
        recur_labels_free(rest);
        recur_labels_free(labels);
    }
}

/* Where labels may be missing, anything may stand in their place. */
static void less_is_doubted_of_what_has_no_labels(void **state)
{
    static const struct {
        enum recur_task task;
        const char *format, *kinds;
        bool sentence;
    } cases[] = {
        {RECUR_TASK_CLASSIFY, "%1$d\ta text of %1$d\n", "", false},
        {RECUR_TASK_CLASSIFY, "id%1$d\ttext number %1$d\n", "", false},
        {RECUR_TASK_CLASSIFY, "text number %d\tpos\n", "S", false},
        {RECUR_TASK_TAG, "may%1$d May%1$d\nMay%1$d may%1$d\n\n", "", false},
        {RECUR_TASK_TAG, "x lemma%1$d\n\n", "", false},
        {RECUR_TASK_TAG, "%d\n", "", false},
        {RECUR_TASK_TAG, "0 Ann%d\n1 x\n\n", "C", false},
        {RECUR_TASK_TAG, "x%1$d\ny%1$d\n", "U", false},
        {RECUR_TASK_TAG, "word%1$d and%1$d ", "", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recur_labels_config config = task(cases[i].task, true);
        char text[ROOM] = "";
        for (int k = 0; k < 45; k++)
            sprintf(text + strlen(text), cases[i].format, k);
        if (cases[i].sentence)
            config.layout = RECUR_LAYOUT_SENTENCES;
        recur_labels *labels = read_text(&config, text);
        expect_doubts(labels, cases[i].format, cases[i].kinds);
        recur_labels_free(labels);
    }
}

/* A model's label that the data spells otherwise; the others it may lack. */
static void labels_are_compared_with_those_known(void **state)
{
    recur_vocab *known = vocab_of("pos neg so-so");
    recur_labels_config config = task(RECUR_TASK_CLASSIFY, false);
    (void)state;
    config.known_labels = known;
    recur_labels *labels = read_text(&config, "Pos\ta\nneg\tb\n");
    expect_doubts(labels, "Pos", "A");
    recur_doubt doubt[RECUR_DOUBTS];
    size_t count;
    recur_vocab_free(known); /* the data has its share */
    assert_int_equal(recur_labels_doubts(labels, doubt, &count, NULL), RECUR_OK);
    assert_memory_equal(doubt[0].label.bytes, "Pos", 3);
    assert_memory_equal(doubt[0].other.bytes, "pos", 3);
    recur_labels_free(labels);
    config.known_labels = known = vocab_of("pos neg so-so");
    labels = read_text(&config, "pos\ta\nneg\tb\nother\tc\n");
    expect_doubts(labels, "pos", "");
    recur_labels_free(labels);
    recur_vocab_free(known);
}

/* `format` with the numbers from 0 up. */
static void columns_that_are_swapped_or_ids(void **state)
{
    static const struct {
        enum recur_task task;
        const char *format, *kinds;
        int times;
    } cases[] = {
        {RECUR_TASK_CLASSIFY, "text number %d\tpos\n", "S", 49},
        {RECUR_TASK_CLASSIFY, "%d\tpos\n", "C", 49},
        {RECUR_TASK_CLASSIFY, "id%d\ta text\n", "S", 30},
        {RECUR_TASK_CLASSIFY, "id%1$d\ttext number %1$d\n", "R", 30},
        {RECUR_TASK_CLASSIFY, "id%1$d\ttext number %1$d\nid%1$d\ttext number %1$d0\n", "", 30},
        {RECUR_TASK_TAG, "O word%d\n\n", "S", 49},
        {RECUR_TASK_TAG, "word%1$d L%1$d\n\n", "", 49},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recur_labels_config config = task(cases[i].task, false);
        char text[ROOM] = "";
        for (int k = 0; k < cases[i].times; k++)
            sprintf(text + strlen(text), cases[i].format, k);
        recur_labels *labels = read_text(&config, text);
        expect_doubts(labels, cases[i].format, cases[i].kinds);
        recur_labels_free(labels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_is_no_part_of_a_cell),
        cmocka_unit_test(texts_have_columns),
        cmocka_unit_test(words_have_columns),
        cmocka_unit_test(comments_and_documents_are_no_words),
        cmocka_unit_test(conllu_is_known),
        cmocka_unit_test(sentences_end_where_they_are_said_to),
        cmocka_unit_test(nothing_of_a_file_is_lost),
        cmocka_unit_test(plain_sentences_are_told_from_columns),
        cmocka_unit_test(characters_are_words_where_a_model_knows_them_so),
        cmocka_unit_test(doubts_are_true_and_rare),
        cmocka_unit_test(less_is_doubted_of_what_has_no_labels),
        cmocka_unit_test(labels_are_compared_with_those_known),
        cmocka_unit_test(columns_that_are_swapped_or_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
