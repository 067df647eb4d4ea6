/* recur/recur.h - all of librecur: recurrent neural networks from C.
 *
 * text -> vocab -> corpus -> batches -> trainer -> model -> session, generate, fill, features,
 * evaluate */
#ifndef RECUR_H
#define RECUR_H

#include "recur/batches.h"
#include "recur/checkpoint.h"
#include "recur/convert.h"
#include "recur/corpus.h"
#include "recur/evaluate.h"
#include "recur/features.h"
#include "recur/file.h"
#include "recur/fill.h"
#include "recur/generate.h"
#include "recur/machine.h"
#include "recur/model.h"
#include "recur/sample_text.h"
#include "recur/session.h"
#include "recur/status.h"
#include "recur/text.h"
#include "recur/trainer.h"
#include "recur/vocab.h"

#endif
