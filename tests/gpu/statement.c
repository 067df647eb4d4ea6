/* Statements of PTX: guard, mnemonic, operands. */
#include <ctype.h>
#include <string.h>

#include "read.h"

static struct word trimmed(struct word w)
{
    while (w.n && isspace((unsigned char)*w.s)) {
        w.s++;
        w.n--;
    }
    while (w.n && isspace((unsigned char)w.s[w.n - 1]))
        w.n--;
    return w;
}

/* Takes what is in front of the first of `stops`. */
static struct word take(struct word *rest, const char *stops)
{
    struct word taken = {rest->s, 0};
    while (taken.n < rest->n && !strchr(stops, rest->s[taken.n]))
        taken.n++;
    rest->s += taken.n;
    rest->n -= taken.n;
    return trimmed(taken);
}

static void add_token(struct statement *s, struct word word, bool address, bool bar)
{
    if (s->count == OPERANDS_MAX)
        gpu_end_at_line(s->line, "more than %d operands", OPERANDS_MAX);
    if (!word.n)
        gpu_end_at_line(s->line, "an operand is missing in '%.*s'", (int)s->whole.n, s->whole.s);
    s->tokens[s->count++] = (struct token){.word = word, .address = address, .bar = bar};
}

/* {a, b}, also as (a, b) in calls. */
static void add_group(struct statement *s, struct word inside)
{
    uint32_t first = s->count;
    while (inside.n) {
        add_token(s, take(&inside, ","), false, false);
        if (inside.n) {
            inside.s++;
            inside.n--;
        }
    }
    if (s->count > first)
        s->tokens[first].group = (uint8_t)(s->count - first);
}

static void add_operand(struct statement *s, struct word *rest)
{
    char first = *rest->s;
    if (first == '[' || first == '{' || first == '(') {
        rest->s++;
        rest->n--;
        struct word inside = take(rest, first == '[' ? "]" : first == '{' ? "}" : ")");
        if (!rest->n)
            gpu_end_at_line(s->line, "a bracket is not closed");
        rest->s++;
        rest->n--;
        if (first == '[')
            add_token(s, inside, true, false);
        else
            add_group(s, inside);
        return;
    }
    struct word word = take(rest, ",");
    struct word head = take(&word, "|");
    add_token(s, head, false, false);
    if (word.n) {
        word.s++;
        word.n--;
        add_token(s, trimmed(word), false, true);
    }
}

void gpu_statement_split(struct statement *s, struct word whole, uint32_t line)
{
    *s = (struct statement){.whole = trimmed(whole), .line = line};
    struct word rest = s->whole;
    if (*rest.s == '@') {
        rest.s++;
        rest.n--;
        if (*rest.s == '!') {
            s->guard_negated = true;
            rest.s++;
            rest.n--;
        }
        s->guard = take(&rest, " \t\n");
        rest = trimmed(rest);
    }
    s->mnemonic = take(&rest, " \t\n([{");
    rest = trimmed(rest);
    while (rest.n) {
        add_operand(s, &rest);
        rest = trimmed(rest);
        if (!rest.n)
            break;
        if (*rest.s != ',')
            gpu_end_at_line(s->line, "'%.*s' has '%c' where a comma was expected", (int)s->whole.n,
                            s->whole.s, *rest.s);
        rest.s++;
        rest.n--;
        rest = trimmed(rest);
    }
}
