# N-grams and Zipf's law.

$ printf 'the cat sat on the mat\nthe cat ran\n' > text
$ recur vocab --tokens word --ngrams 3 --top 2 text
1-grams: 11, 7 different
         3  "the"
         2  "cat"
2-grams: 10, 9 different
         2  "the" "cat"
         1  "cat" "sat"
3-grams: 9, 9 different
         1  "the" "cat" "sat"
         1  "cat" "sat" "on"
Zipf's law: log count = c - alpha log rank. Counts at some ranks:
    rank    1-grams    2-grams    3-grams
       1          3          2          1
       2          2          1          1
       5          1          1          1
Least squares on the logarithms, from rank 10, since the first few are exceptions, to the
last that is met more than once (where those are fewer than 10: from rank 1):
           alpha       c  ranks
 1-grams   0.392   1.063  1 to 3
 2-grams       -       -  none: fewer than two are met more than once
 3-grams       -       -  none: fewer than two are met more than once
          count over rank: 1-grams, 2-grams (dotted), 3-grams (wide dots)
        3 ┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⢱                                                       
          │            ⢸                                                       
          │⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣸⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡀                             
          │            ⢸                         ⢸                             
        2 ┤            ⢸                         ⢸                             
          │            ⢸                         ⢸                             
          │            ⢸                         ⢸                             
        1 ┤⣀   ⣀   ⣀   ⣸ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣸⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀ ⣀ ⣀ 
          └────────────────────────────────────────────────────────────────────
           1                                                             rank 9
$ recur vocab --tokens word --ngrams 2 --top 0 text | grep -A1 grams: 
1-grams: 11, 7 different
2-grams: 10, 9 different
$ recur vocab --tokens word --ngrams 2 --top 1 --json text
{"lines": 2, "tokens": 11, "size": 8, "reserved": 0, "entries": [{"token": "<unk>", "id": 0, "count": 0}, {"token": "the", "id": 1, "count": 3}, {"token": "cat", "id": 2, "count": 2}, {"token": "\n", "id": 3, "count": 2}, {"token": "sat", "id": 4, "count": 1}, {"token": "on", "id": 5, "count": 1}, {"token": "mat", "id": 6, "count": 1}, {"token": "ran", "id": 7, "count": 1}], "ngrams": [{"n": 1, "total": 11, "different": 7, "top": [{"tokens": ["the"], "count": 3}], "ranks": [{"rank": 1, "count": 3}, {"rank": 2, "count": 2}, {"rank": 5, "count": 1}], "zipf": {"alpha": 0.39231796394, "c": 1.06261535888, "first_rank": 1, "last_rank": 3}}, {"n": 2, "total": 10, "different": 9, "top": [{"tokens": ["the", "cat"], "count": 2}], "ranks": [{"rank": 1, "count": 2}, {"rank": 2, "count": 1}, {"rank": 5, "count": 1}], "zipf": null}]}
$ recur vocab --tokens word --ngrams 1 --top 100 - < text | grep -c '^ *[0-9]*  "'
7
# What the dictionary lacks counts as <unk>.
$ recur vocab --tokens word --min-freq 2 --ngrams 2 --top 2 text | grep '"'
         4  "<unk>"
         3  "the"
         2  "the" "cat"
         2  "cat" "<unk>"
# Characters, bytes, Chinese; equal counts in the order of the text.
$ printf '你好\n你好吗\n' | recur vocab --ngrams 2 --top 3 - | grep '"'
         2  "你"
         2  "好"
         2  "\n"
         2  "你" "好"
         1  "好" "\n"
         1  "\n" "你"
$ printf 'a\xff\xff\xff' | recur vocab --tokens byte --ngrams 2 --top 1 --json - | grep -o '"ngrams.*'
"ngrams": [{"n": 1, "total": 4, "different": 2, "top": [{"tokens": ["ÿ"], "count": 3}], "ranks": [{"rank": 1, "count": 3}, {"rank": 2, "count": 1}], "zipf": null}, {"n": 2, "total": 3, "different": 2, "top": [{"tokens": ["ÿ", "ÿ"], "count": 2}], "ranks": [{"rank": 1, "count": 2}, {"rank": 2, "count": 1}], "zipf": null}]}
# Too short for what is asked.
$ printf 'ab' | recur vocab --ngrams 4 -
1-grams: 2, 2 different
         1  "a"
         1  "b"
2-grams: 1, 1 different
         1  "a" "b"
3-grams: 0, 0 different
4-grams: 0, 0 different
Zipf's law: log count = c - alpha log rank. Counts at some ranks:
    rank    1-grams    2-grams    3-grams    4-grams
       1          1          1          -          -
       2          1          -          -          -
Least squares on the logarithms, from rank 10, since the first few are exceptions, to the
last that is met more than once (where those are fewer than 10: from rank 1):
           alpha       c  ranks
 1-grams       -       -  none: fewer than two are met more than once
 2-grams       -       -  none: fewer than two are met more than once
 3-grams       -       -  none: fewer than two are met more than once
 4-grams       -       -  none: fewer than two are met more than once
# One token: nothing to draw, nothing to fit.
$ printf 'a' | recur vocab --ngrams 1 -
1-grams: 1, 1 different
         1  "a"
Zipf's law: log count = c - alpha log rank. Counts at some ranks:
    rank    1-grams
       1          1
Least squares on the logarithms, from rank 10, since the first few are exceptions, to the
last that is met more than once (where those are fewer than 10: from rank 1):
           alpha       c  ranks
 1-grams       -       -  none: fewer than two are met more than once
$ recur vocab - --ngrams 2 < /dev/null
! recur vocab: standard input has no tokens (0 bytes were read)
[1]
$ recur vocab --ngrams 17 text
! recur vocab: --ngrams must be a whole number from 0 to 16, got "17"
[2]
$ recur vocab --ngrams 2 --ids text
! recur vocab: --ngrams cannot be combined with --ids or --one-hot
[2]
$ recur vocab --ngrams 2 --one-hot text
! recur vocab: --ngrams cannot be combined with --ids or --one-hot
[2]
$ recur vocab --top 5 text
! recur vocab: --top goes with --ngrams
[2]
