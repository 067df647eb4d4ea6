# The Time Machine as the D2L book has it.
# needs: test -f "$RECUR_DATA/timemachine.txt"

$ recur vocab time_machine --clean letters --tokens word | head -1
1. Lines: 3221
$ recur vocab time_machine --clean letters --tokens word | grep -A2 Counts
4. Counts, the largest first: 4579 different tokens
     {"the": 2261, "i": 1267, "and": 1245, "of": 1155, "a": 816, "to": 695, "was": 552, "in": 541,
      "that": 443, "my": 440, "it": 437, "had": 354, "me": 281, "as": 270, "at": 243, "for": 221,
$ recur vocab time_machine --clean letters --tokens word --json | cut -c 1-52
{"lines": 3221, "tokens": 32775, "size": 4580, "rese
$ recur vocab time_machine --clean letters --tokens word --min-freq 2 --json | grep -o '"size": [0-9]*'
"size": 2183
$ recur vocab time_machine --clean letters --tokens char --json | cut -c 1-52
{"lines": 3221, "tokens": 170580, "size": 28, "reser
$ recur vocab time_machine --clean letters --tokens word --ids | tr -s '\n' ' ' | sed 's/^ //; s/ $//' | sha1sum
18914c894be0c9572774ebe2ae15c79988bf2b43  -
$ recur vocab time_machine --clean letters --tokens char --ids | tr -s '\n' ' ' | sed 's/^ //; s/ $//' | sha1sum
fb32ffac42976bab48bed9852f9a273e9486b641  -
# "Language Models and the Dataset": the most frequent words, pairs and triples.
$ recur vocab time_machine --clean letters --tokens word --ngrams 3 --top 4 | sed -n '1,/^Zipf/p'
1-grams: 32775, 4579 different
      2261  "the"
      1267  "i"
      1245  "and"
      1155  "of"
2-grams: 32774, 20234 different
       309  "of" "the"
       169  "in" "the"
       130  "i" "had"
       112  "i" "was"
3-grams: 32773, 29882 different
        59  "the" "time" "traveller"
        30  "the" "time" "machine"
        24  "the" "medical" "man"
        16  "it" "seemed" "to"
Zipf's law: log count = c - alpha log rank. Counts at some ranks:
