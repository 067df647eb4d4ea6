/* Schemes of spans: "B-PER" (or "PER-B") is a part of a span and its type.
 *
 * The letters of all schemes are mapped to the four parts of BIOES, so that one pair of rules
 * counts the spans of every scheme. The rules are those of conlleval (Tjong Kim Sang & Buchholz
 * 2000; the script's version of 2004) as seqeval's default mode extends them to E and S. */
#include "eval/spans.h"

#include <stdint.h>
#include <string.h>

#include "base/names.h"

RECUR_NAMED_ENUM(scheme, "scheme", "auto", "none", "bio", "iob1", "ioe", "bioes", "bilou", "bmes")

/* Each letter of a scheme stands for the part below it. Schemes are tried in this order. */
static const struct letters {
    enum recur_scheme scheme;
    const char *letters, *parts;
} schemes[] = {
    {RECUR_SCHEME_BIO, "BI", "BI"},       {RECUR_SCHEME_IOB1, "BI", "BI"},
    {RECUR_SCHEME_IOE, "IE", "IE"},       {RECUR_SCHEME_BIOES, "BIES", "BIES"},
    {RECUR_SCHEME_BILOU, "BILU", "BIES"}, {RECUR_SCHEME_BMES, "BMES", "BIES"},
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static const char every_letter[] = "BIESLUM";

static bool is_outside(recur_token label)
{
    return label.size == 1 && *label.bytes == 'O';
}

/* The label's letter, if it is one of `letters`, and its type; 0: the label is not part of a
 * span. */
static char split(recur_token label, const char *letters, bool suffix, recur_token *type)
{
    if (!label.size)
        return 0;
    char letter = suffix ? label.bytes[label.size - 1] : *label.bytes;
    if (!letter || !strchr(letters, letter))
        return 0;
    if (label.size == 1) {
        *type = (recur_token){"_", 1};
        return letter;
    }
    if (label.size < 3 || label.bytes[suffix ? label.size - 2 : 1] != '-')
        return 0;
    *type = (recur_token){label.bytes + (suffix ? 0 : 2), label.size - 2};
    return letter;
}

/* How labels look if their letters are read at the front, or at the end. */
struct look {
    unsigned letters, bare; /* bit i: letter i of `every_letter` occurs; `bare`: without a type */
    size_t fits, strays;    /* how many words have labels of this look, how many have others */
};

static struct look look_at(const struct recur_span_label *labels, size_t count, bool suffix)
{
    struct look look = {0, 0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        recur_token type, name = labels[i].name;
        if (!name.size || is_outside(name))
            continue;
        char letter = split(name, every_letter, suffix, &type);
        if (letter) {
            unsigned bit = 1U << (strchr(every_letter, letter) - every_letter);
            *(name.size == 1 ? &look.bare : &look.letters) |= bit;
            look.fits += labels[i].weight;
        } else {
            look.strays += labels[i].weight;
        }
    }
    return look;
}

static unsigned bits_of(const char *letters)
{
    unsigned bits = 0;
    for (; *letters; letters++)
        bits |= 1U << (strchr(every_letter, *letters) - every_letter);
    return bits;
}

/* The scheme that has all letters of the look. Labels of single letters can mean many things: they
 * are spans only where one begins and goes on. A few labels of another kind, in fewer than one in
 * ten words, are errors of the data and do not make it data of another kind. */
static enum recur_scheme choose(const struct look *look)
{
    unsigned begin = bits_of("B"), on = bits_of("IEML"), all = look->letters | look->bare;
    if (!all || look->strays > look->fits / 10)
        return RECUR_SCHEME_NONE;
    if (!look->letters && !((all & begin) && (all & on)))
        return RECUR_SCHEME_NONE;
    for (size_t i = 0; i < SCHEMES; i++)
        if (!(all & ~bits_of(schemes[i].letters)))
            return schemes[i].scheme;
    return RECUR_SCHEME_NONE;
}

void recur_spans_read(struct recur_span_label *labels, size_t count, enum recur_scheme *scheme,
                      bool *suffix)
{
    const struct look front = look_at(labels, count, false), back = look_at(labels, count, true);
    *suffix = back.fits > front.fits || (back.fits == front.fits && !front.letters && back.letters);
    if (*scheme == RECUR_SCHEME_AUTO)
        *scheme = choose(*suffix ? &back : &front);
    const struct letters *s = schemes;
    while (s < schemes + SCHEMES && s->scheme != *scheme)
        s++;
    if (s == schemes + SCHEMES) {
        *scheme = RECUR_SCHEME_NONE;
        *suffix = false;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct recur_span_label *label = &labels[i];
        char letter = split(label->name, s->letters, *suffix, &label->type);
        label->fits = letter || is_outside(label->name);
        label->part = letter ? s->parts[strchr(s->letters, letter) - s->letters] : 'O';
        if (!letter)
            label->type = (recur_token){"", 0};
    }
}

bool recur_span_begins(char before, char now, bool other_type)
{
    bool inner = now == 'I' || now == 'E';
    return now == 'B' || now == 'S' ||
           (inner && (other_type || before == 'O' || before == 'E' || before == 'S'));
}

bool recur_span_ends(char before, char now, bool other_type)
{
    bool open = before == 'B' || before == 'I';
    return before == 'E' || before == 'S' ||
           (open && (other_type || now == 'B' || now == 'S' || now == 'O'));
}
