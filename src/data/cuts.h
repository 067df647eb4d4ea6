/* The cuts of token kinds that are more than a loop; see token_kind.h. */
#ifndef RECUR_DATA_CUTS_H
#define RECUR_DATA_CUTS_H

#include "data/cutter.h"

/* Words, punctuation, line ends and runs of spaces, by Unicode's word boundaries; a space that two
 * tokens imply is none. */
enum recur_status recur_cut_unicode_words(struct recur_cutter *cutter);

/* The pieces that byte pairs are learnt in. */
enum recur_status recur_cut_pieces(struct recur_cutter *cutter);

#endif
