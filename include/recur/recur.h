/* recur/recur.h - all of librecur: recurrent neural networks from C.
 *
 * text -> vocab -> corpus -> batches -> trainer -> model -> session, generate, fill, features,
 * evaluate; checkpoint, a trainer's run in a file; labels -> trainer -> model -> predict; and for
 * training loops of one's own: buckets,
 * model -> stack. Each word is a header, which opens with a loop that works and says who may call
 * what. What holds for all of them:
 *
 * Objects are opaque. What recur_x_create and its kin hand out belongs to the caller, who gives it
 * back with recur_x_free; NULL may be given back. What an object needs for its work, and names as
 * such, has to outlive it.
 *
 * Configurations are open structs. One begins as recur_x_config_default() and is read by the call
 * it is given to, never kept; where one is asked for, NULL stands for the defaults.
 *
 * Enumerations: recur_KIND_name gives each value the name that the command line and model files
 * use, and any other number "unknown"; functions that are handed one fail with ARGUMENT.
 *
 * Shapes: arrays are row-major. B is the batch, T time steps, L layers, D directions, I the width
 * of an input, H that of a hidden state, G gates, E that of an embedding, V that of the vocabulary.
 * Losses are in nats, times in seconds, sizes in bytes unless a comment says otherwise.
 *
 * Errors: recur/status.h. The library never prints, exits or aborts, installs no signal handlers
 * and has no state of its own that could change: all of it is in objects.
 *
 * Threads: different objects never meet, and any thread may use any of them. On one object any
 * number of threads may at the same time call functions that take it as const; while one calls a
 * function that takes it as non-const, nobody else may call any. Functions without an object may be
 * called by any thread at any time. A header says so where more is allowed.
 *
 * Processes: after fork() the child may go on with every object that no thread of the parent was
 * using meanwhile; what the two do with their copies from then on does not meet. Threads do not
 * follow into a child. What has some (a trainer, a stack, a stepper) starts its own at the first
 * call that needs them, with the same results; where it may not, the call fails with MEMORY and
 * changes nothing, and a stepper goes on with one thread. To free an object waits for nobody there.
 *
 * Versions: numbers follow Semantic Versioning (semver.org). Within a major version, and for as
 * long as the major version is 0 within a minor one, a program that compiles goes on compiling and
 * does what these comments say; what is added raises the minor version.
 *
 * The shared library's soname (librecur.so.0) rises with every release that breaks compiled
 * programs, and with no other: a program runs with the library it was linked to and with any
 * later one of the same soname. So functions are only added, their types stay, enumerations grow at
 * the end, configurations grow at the end (a library that is older than a program's headers refuses
 * them with a sentence), and structs that do not begin with their size do not grow at all.
 *
 * Model files of any released version are read by every later one. Not promised: that two versions,
 * two instruction sets or two compilers compute the same last bits. */
#ifndef RECUR_H
#define RECUR_H

#include "recur/api.h"
#include "recur/batches.h"
#include "recur/buckets.h"
#include "recur/checkpoint.h"
#include "recur/convert.h"
#include "recur/corpus.h"
#include "recur/evaluate.h"
#include "recur/features.h"
#include "recur/fields.h"
#include "recur/file.h"
#include "recur/fill.h"
#include "recur/generate.h"
#include "recur/labels.h"
#include "recur/machine.h"
#include "recur/model.h"
#include "recur/ngrams.h"
#include "recur/predict.h"
#include "recur/sample_text.h"
#include "recur/session.h"
#include "recur/stack.h"
#include "recur/status.h"
#include "recur/text.h"
#include "recur/trainer.h"
#include "recur/training.h"
#include "recur/vocab.h"

#endif
