#include "data/cutter.h"

enum recur_status recur_cutter_hand_over(struct recur_cutter *cutter, size_t *count, bool line_end)
{
    size_t full = *count < cutter->left ? *count : (size_t)cutter->left;
    *count = 0;
    cutter->left -= full;
    cutter->stats->tokens += full;
    return cutter->chunk(cutter->user, cutter->tokens, full, line_end, cutter->error);
}

enum recur_status recur_cutter_end_line(struct recur_cutter *cutter, size_t *count)
{
    cutter->stats->lines++;
    return cutter->by_line ? recur_cutter_hand_over(cutter, count, true) : RECUR_OK;
}
