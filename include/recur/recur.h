/* recur/recur.h - all of librecur: recurrent neural networks from C.
 *
 * text -> vocab -> corpus -> batches -> trainer -> model -> session, generate, fill, features,
 * evaluate. A checkpoint is a trainer's run in a file. For labelled texts: labels -> trainer ->
 * model -> predict. For training loops of your own: buckets, model -> stack. Each word is a header.
 * It begins with a loop that works, and says who may call what. The following holds for all
 * headers:
 *
 * Objects are opaque. An object from recur_x_create or a similar function belongs to the caller,
 * who releases it with recur_x_free; NULL is fine there. Comments say what an object needs for its
 * work; this has to outlive the object.
 *
 * Configurations are open structs. A configuration begins as recur_x_config_default(). The call
 * that it is given to reads it and never keeps it. Where a function takes a configuration, NULL
 * stands for the defaults.
 *
 * Enumerations: recur_KIND_name gives each value the name that the command line and model files
 * use, and any other number the name "unknown". Functions that are given such a number fail with
 * ARGUMENT.
 *
 * Shapes: arrays are row-major. B is the batch, T the time steps, L the layers, D the directions, G
 * the gates; I is the width of an input, H of a hidden state, E of an embedding; V is the size of
 * the vocabulary. Losses are in nats, times in seconds, sizes in bytes unless a comment says
 * otherwise.
 *
 * Errors: recur/status.h. The library never prints, exits or aborts, and installs no signal
 * handlers. It has no global state that changes: all state is in objects.
 *
 * Threads: different objects do not interfere, and any thread may use any of them. Any number of
 * threads may call functions at the same time that take one object as const. While a thread calls a
 * function that takes the object as non-const, no other thread may call any function on it.
 * Functions without an object may be called by any thread at any time. A header says so where more
 * is allowed.
 *
 * Processes: after fork() the child may go on with every object that no thread of the parent was
 * using during the fork. From then on parent and child have separate copies. A child does not
 * inherit threads. An object with threads (a trainer, a stack, a stepper) starts new ones in the
 * child at the first call that needs them, with the same results. Where it cannot start them, the
 * call fails with MEMORY and changes nothing, but a stepper goes on with one thread. Freeing an
 * object in the child waits for no thread.
 *
 * Versions: numbers follow Semantic Versioning (semver.org). Within a major version, and for as
 * long as the major version is 0 within a minor one, a program that compiles keeps compiling and
 * does what these comments say. Additions raise the minor version.
 *
 * The shared library's soname (librecur.so.0) changes with every release that breaks compiled
 * programs, and with no other: a program runs with the library it was linked to and with any later
 * one that has the same soname. So functions are only added, their types stay, enumerations grow at
 * the end, configurations grow at the end (a library that is older than a program's headers refuses
 * them with a sentence), and structs that do not begin with their size do not grow at all.
 *
 * Every version reads the model files of all earlier releases. It is not promised that two
 * versions, two instruction sets or two compilers compute the same last bits. */
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
#include "recur/ranks.h"
#include "recur/sample_text.h"
#include "recur/session.h"
#include "recur/stack.h"
#include "recur/status.h"
#include "recur/store.h"
#include "recur/text.h"
#include "recur/trainer.h"
#include "recur/training.h"
#include "recur/vocab.h"

#endif
