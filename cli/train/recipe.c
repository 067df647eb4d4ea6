#include "train/recipe.h"

#include <math.h>

/* Tokens of a text that a large model learns by heart within minutes. */
#define SMALL 6e4

/* Tokens of a text from which on layer normalisation gains enough to do without PyTorch's files and
 * a GPU; of a small one more is learnt by heart with it (docs/ablations.md). */
#define NORMALISED_LEAST 4e5

/* Tokens of a text from which on dropped embeddings help (docs/ablations.md). */
#define DROPPED_INPUTS_LEAST 1e4

/* Tokens of a text up to which activation regularisation was measured. */
#define AR_MOST 4e5

/* Each row stands on a search by hand, held-out loss, of one to three seeds
 * (docs/performance.md#recipes has the figures): 3 KB of Chinese; the built-in story (16 KB) and 20
 * KB of a novel; The Time Machine (179 KB); Tiny Shakespeare (1.1 MB). Between and beyond them the
 * numbers are interpolated: a larger text is worth a larger network, and fewer epochs. */
static const struct recipe recipes[] = {
    /* tokens, network, largest one, batch, steps, lr, dropout, weight drop, epochs, most, ema */
    {6e3, 192, 1, 192, 1, 4, 35, 0.02, 0.5, 0.3, 30, 30, .average = false},
    {SMALL, 192, 1, 256, 1, 4, 35, 0.02, 0.5, 0.3, 30, 30, .average = false},
    {4e5, 256, 1, 512, 1, 8, 64, 0.01, 0.5, 0.2, 14, 40, .average = true},
    {4e6, 256, 1, 1024, 2, 16, 64, 0.01, 0.5, 0, 6, 40, .average = false},
    {4e7, 512, 1, 1536, 2, 64, 64, 0.003, 0.3, 0, 1, 12, .average = false},
    {INFINITY, 512, 1, 2048, 3, 64, 64, 0.003, 0, 0, 1, 4, .average = false},
};

/* A softmax over tokens that are drawn is faster, and over-fits less: 256 of them of 2200 to 4900
 * entries, 1024 of 13000 (docs/ablations.md). Where each entry is met often, smaller vocabularies
 * were not measured. */
static size_t count_samples(bool rare, size_t vocabulary)
{
    if (vocabulary >= 8000)
        return 1024;
    return rare && vocabulary >= 2000 ? 256 : 0;
}

/* Words, and characters of which there are many. Where each is met a few times, a text is learnt by
 * heart within a few epochs, from the first one on. */
static struct recipe of_many(struct recipe recipe, double tokens, size_t vocabulary)
{
    recipe.tied = true;
    bool rare = tokens < 50 * (double)vocabulary;
    recipe.sampled = count_samples(rare, vocabulary);
    recipe.fixed = rare && tokens < 4e5; /* of a larger text --time may see less than an epoch */
    if (rare || vocabulary > 1000) {
        recipe.batch = recipe.batch < 8 ? 8 : recipe.batch;
        recipe.lr = fmin(recipe.lr, rare ? 0.003 : 0.005);
    }
    if (!rare)
        return recipe;
    if (recipe.fixed) {
        recipe.dropout = 0.6;
        recipe.weight_drop = 0.4;
    }
    recipe.epochs = fmin(recipe.epochs, tokens < 1e4 ? 16 : 8);
    recipe.most = fmin(recipe.most, tokens < 1e4 ? 16 : 6);
    recipe.average = true;
    recipe.drops_inputs = recipe.fixed && tokens >= DROPPED_INPUTS_LEAST;
    return recipe;
}

struct recipe recur_recipe(double tokens, size_t vocabulary)
{
    size_t i = 0;
    while (tokens > recipes[i].tokens)
        i++;
    struct recipe recipe = recipes[i];
    recipe.ar = tokens <= AR_MOST ? 2 : 0;
    recipe.by_heart = 1;
    recipe.normalised = tokens >= NORMALISED_LEAST && vocabulary > 0 && vocabulary <= 512;
    if (vocabulary > 512) /* there is an embedding */
        return of_many(recipe, tokens, vocabulary);
    if (vocabulary == 0) {
        recipe.batch = recipe.batch < 8 ? 8 : recipe.batch;
        recipe.lr = fmin(recipe.lr, 0.005);
    }
    return recipe;
}

/* A model that goes on from another one forgets by a large learning rate. A small text it learns by
 * heart, unless much is dropped: docs/adapting.md. */
struct recipe recur_recipe_onward(struct recipe recipe, bool labels)
{
    bool small = recipe.tokens <= SMALL && !labels;
    recipe.lr = fmin(recipe.lr, small ? 0.003 : 0.0015);
    recipe.epochs = fmin(recipe.epochs, small ? 12 : 5);
    recipe.most = fmin(recipe.most, small ? 12 : 5);
    recipe.dropout = fmin(recipe.dropout, small ? 0.4 : 0.5);
    recipe.weight_drop = small ? 0.2 : 0;
    recipe.ar = 0;
    recipe.sampled = 0;
    recipe.normalised = false; /* the cell is the model's */
    recipe.fixed = recipe.fixed || small;
    recipe.average = false;
    recipe.tied = false; /* as the model is */
    return recipe;
}

/* Tokens that are blank in training cost more where single ones are filled than they gain where
 * many are. The text on both sides says so much of a token that a network learns less by heart,
 * except of small texts: docs/ablations.md. */
struct recipe recur_recipe_fill(struct recipe recipe)
{
    recipe.blanks = 0.03;
    if (recipe.tokens <= SMALL || recipe.fixed)
        return recipe;
    recipe.dropout = fmin(recipe.dropout, 0.3);
    recipe.weight_drop = fmin(recipe.weight_drop, 0.2);
    recipe.by_heart = 1.0 / 3;
    return recipe;
}

struct recipe recur_recipe_drop_inputs(struct recipe recipe)
{
    if (!recipe.drops_inputs)
        return recipe;
    recipe.dropout = 0.4;
    recipe.weight_drop = 0.3;
    recipe.input_dropout = 0.5;
    recipe.epochs = 12;
    recipe.most = 10;
    return recipe;
}

double recur_recipe_ar(const struct recipe *recipe, double weight_drop)
{
    return weight_drop > 0 ? recipe->ar : 0;
}

double recur_recipe_held_out(double seen, double reading)
{
    const double usual = 20000, least = 2000;
    double cheap = seen / 60 / reading, most = seen / 20 / reading;
    return fmax(cheap, fmin(usual, fmax(least, most)));
}

struct recipe recur_recipe_plain(struct recipe recipe)
{
    recipe.plain = true;
    recipe.weight_drop = recipe.ar = 0;
    recipe.average = recipe.tied = recipe.normalised = false;
    recipe.sampled = 0;
    return recipe;
}

const struct network_size *recur_network_size(size_t index)
{
    static const struct network_size sizes[] = {{128, 1},  {192, 1},  {256, 1}, {384, 1},
                                                {512, 1},  {512, 2},  {768, 2}, {1024, 2},
                                                {1536, 2}, {2048, 2}, {2048, 3}};
    return index < sizeof sizes / sizeof *sizes ? &sizes[index] : NULL;
}

bool recur_recipe_affords(double parameters, double seen, double tokens)
{
    return seen >= fmin(4 * parameters, fmax(1.6 * parameters, 4 * tokens));
}

double recur_recipe_lr(const struct recipe *recipe, const struct network_size *size)
{
    double most = size->width <= 256 ? 1 : size->width <= 512 ? 0.01 : 0.006;
    return fmin(recipe->lr, size->layers > 1 ? most / 2 : most);
}

double recur_recipe_dropout(const struct recipe *recipe, double epochs, size_t layers)
{
    if (recipe->fixed)
        return recipe->dropout;
    double most = epochs < 1.5   ? 0
                  : epochs < 3.5 ? 0.1
                  : epochs < 9   ? 0.2
                  : epochs < 16  ? 0.4
                                 : 0.6;
    return fmin(recipe->dropout, layers > 1 && epochs > 3.5 ? most + 0.1 : most);
}

double recur_recipe_weight_drop(const struct recipe *recipe, double epochs, double parameters)
{
    double heart = epochs * parameters * recipe->by_heart;
    if (recipe->plain || recipe->fixed)
        return recipe->weight_drop;
    return heart < 17 ? 0 : heart < 30 ? 0.1 : heart < 60 ? 0.2 : heart < 120 ? 0.3 : 0.4;
}
