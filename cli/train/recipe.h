/* What suits a text: the network and the settings of a run that recur train chooses where the user
 * does not. */
#ifndef RECUR_CLI_TRAIN_RECIPE_H
#define RECUR_CLI_TRAIN_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

struct recipe {
    double tokens;          /* it suits texts of up to so many */
    size_t width, layers;   /* of the network, where nobody says how much time there is */
    size_t widest, deepest; /* the largest network that such a text is worth */
    size_t batch, steps;
    double lr, dropout, weight_drop; /* of a network that sees the text in `epochs` */
    double epochs;                   /* where nobody says how much time there is */
    double most;                     /* with more epochs it would only over-fit */
    double ar;                       /* beside weight drop: of the activation regularisation */
    size_t sampled;                  /* tokens of a sampled softmax; 0: the whole one */
    bool average;                    /* a run of `epochs` keeps its rate, and a mean of the
                                        parameters (--average ema); else the rate falls as a cosine */
    bool tied;                       /* the output layer has the weights of the embedding */
    bool fixed;                      /* dropout and weight drop, however many epochs there are */
    bool plain;                      /* for a GPU: recur_recipe_plain */
    bool normalised;                 /* with --time: a cell with layer normalisation */
    bool drops_inputs;               /* recur_recipe_drop_inputs helps */
    double input_dropout;            /* of embeddings */
    double by_heart; /* how much is learnt so, beside a model that continues texts */
    double blanks;   /* share of tokens that are blank while training; 0: of a model
                        that fills none */
};

/* The recipe for a text of so many tokens to learn from, in a vocabulary of so many (0: labelled
 * texts, which have their own). */
struct recipe recur_recipe(double tokens, size_t vocabulary);

/* The same for a run that goes on from a model (--init-from), on a text or on labelled texts. */
struct recipe recur_recipe_onward(struct recipe recipe, bool labels);

/* The same for a model that fills blanks. */
struct recipe recur_recipe_fill(struct recipe recipe);

/* The same for a new model that continues texts and reads embeddings, on the CPU: where these are
 * dropped, less is to be dropped behind them, and more epochs help. */
struct recipe recur_recipe_drop_inputs(struct recipe recipe);

/* A network that --time may choose. */
struct network_size {
    size_t width, layers;
};

/* The networks from small to large; NULL after the last. */
const struct network_size *recur_network_size(size_t index);

/* Is a network of so many parameters small enough to be trained with so many tokens, `seen`, out of
 * a text of `tokens`? Measured on Tiny Shakespeare: in 3 million tokens 384 units (1.466 nats, 4
 * times the parameters) are better than 512 in 2 million (1.516, twice), which take as long; two
 * layers of 512 with twice the parameters, 7 epochs, reach 1.451. */
bool recur_recipe_affords(double parameters, double seen, double tokens);

/* The learning rate for a network: wider and deeper ones diverge at the rates that suit others. */
double recur_recipe_lr(const struct recipe *recipe, const struct network_size *size);

/* The dropout for a run of so many epochs: what is seen a few times cannot be learnt by heart. */
double recur_recipe_dropout(const struct recipe *recipe, double epochs, size_t layers);

/* The weight drop for a run of so many epochs of a network with so many parameters for each token
 * of the text. It counts how much could be learnt by heart. */
double recur_recipe_weight_drop(const struct recipe *recipe, double epochs, double parameters);

/* The weight of the activation regularisation (--ar) of a run with that weight drop: both are for
 * what could be learnt by heart. */
double recur_recipe_ar(const struct recipe *recipe, double weight_drop);

/* How many tokens to hold out at most of a run that sees so many, where reading a token in a
 * validation takes so long beside training on one, a third where both have the whole softmax. */
double recur_recipe_held_out(double seen, double reading);

/* The same recipe for a device that drops no weights, regularises no activations, makes no mean of
 * parameters, ties nothing, has the whole softmax and no layer normalisation: a GPU. */
struct recipe recur_recipe_plain(struct recipe recipe);

#endif
