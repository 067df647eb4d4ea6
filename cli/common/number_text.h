/* Formats numbers for people, each into a text of its own. */
#ifndef RECUR_CLI_COMMON_NUMBER_TEXT_H
#define RECUR_CLI_COMMON_NUMBER_TEXT_H

/* The perplexity of a loss in nats, with four digits. */
struct perplexity {
    char text[24];
};
struct perplexity recur_perplexity(double loss);

/* Seconds, shown as minutes (2:05) or as hours (1:02:05). */
struct duration {
    char text[24];
};
struct duration recur_duration(double seconds);

#endif
