# The tutorial's own example, stage by stage.

$ printf 'this is a good story ,\nthat is a pen .\n' > text
$ recur vocab --tokens word --clean letters text
1. Lines: 2
     this is a good story ,
     that is a pen .
2. Cleaned (letters)
     this is a good story
     that is a pen
3. Tokens (word): 9
     ["this", "is", "a", "good", "story"]
     ["that", "is", "a", "pen"]
4. Counts, the largest first: 7 different tokens
     {"is": 2, "a": 2, "this": 1, "good": 1, "story": 1, "that": 1, "pen": 1}
5. Dictionary: 8 entries
     {"<unk>": 0, "is": 1, "a": 2, "this": 3, "good": 4, "story": 5, "that": 6, "pen": 7}
6. Ids
     3 1 2 4 5
     6 1 2 7
7. One-hot rows of the first line
     3: [0,0,0,1,0,0,0,0]
     1: [0,1,0,0,0,0,0,0]
     2: [0,0,1,0,0,0,0,0]
     4: [0,0,0,0,1,0,0,0]
     5: [0,0,0,0,0,1,0,0]
$ recur vocab --tokens word --clean letters --ids text
3 1 2 4 5
6 1 2 7
$ recur vocab --tokens word --clean letters --one-hot text | sed 's/^$/(empty)/'
[0,0,0,1,0,0,0,0]
[0,1,0,0,0,0,0,0]
[0,0,1,0,0,0,0,0]
[0,0,0,0,1,0,0,0]
[0,0,0,0,0,1,0,0]
(empty)
[0,0,0,0,0,0,1,0]
[0,1,0,0,0,0,0,0]
[0,0,1,0,0,0,0,0]
[0,0,0,0,0,0,0,1]
(empty)
$ recur vocab --tokens word --clean letters --ids --one-hot text | sed 's/^$/(empty)/'
3 1 2 4 5
[0,0,0,1,0,0,0,0]
[0,1,0,0,0,0,0,0]
[0,0,1,0,0,0,0,0]
[0,0,0,0,1,0,0,0]
[0,0,0,0,0,1,0,0]
(empty)
6 1 2 7
[0,0,0,0,0,0,1,0]
[0,1,0,0,0,0,0,0]
[0,0,1,0,0,0,0,0]
[0,0,0,0,0,0,0,1]
(empty)
$ recur vocab --tokens word --clean letters --json text
{"lines": 2, "tokens": 9, "size": 8, "reserved": 0, "entries": [{"token": "<unk>", "id": 0, "count": 0}, {"token": "is", "id": 1, "count": 2}, {"token": "a", "id": 2, "count": 2}, {"token": "this", "id": 3, "count": 1}, {"token": "good", "id": 4, "count": 1}, {"token": "story", "id": 5, "count": 1}, {"token": "that", "id": 6, "count": 1}, {"token": "pen", "id": 7, "count": 1}]}
$ recur vocab --tokens word --clean letters --ids - < text
3 1 2 4 5
6 1 2 7
$ recur vocab --tokens word --ids <(cat text)
5 1 2 6 7 3 8 4
9 1 2 10 3 11 4

# Counting, reserved tokens, rare ones.
$ recur vocab --tokens word --clean letters --min-freq 2 --ids text
0 1 2 0 0
0 1 2 0
$ recur vocab --tokens word --clean letters --min-freq 2 text | grep -A1 Counts
4. Counts, the largest first: 2 different tokens; too rare are 5 of the 9
     {"is": 2, "a": 2}
$ printf 'a a b c c c\n' | recur vocab --tokens word --min-freq 3 - | grep -A1 Counts
4. Counts, the largest first: 1 different token; too rare are 4 of the 7
     {"c": 3}
$ recur vocab --tokens word --clean letters --reserved '<pad>,<bos>' --ids text
5 3 4 6 7
8 3 4 9
$ recur vocab --tokens word --reserved '<pad>,<bos>' --json text | grep -o '.*"id": 3'
{"lines": 2, "tokens": 15, "size": 14, "reserved": 2, "entries": [{"token": "<unk>", "id": 0, "count": 0}, {"token": "<pad>", "id": 1, "count": 0}, {"token": "<bos>", "id": 2, "count": 0}, {"token": "is", "id": 3

# Characters, bytes, Chinese, what does not show.
$ printf '你好\t世界\n' | recur vocab - | tail -n +5
3. Tokens (char): 6
     ["你", "好", "\t", "世", "界", "\n"]
4. Counts, the largest first: 6 different tokens
     {"你": 1, "好": 1, "\t": 1, "世": 1, "界": 1, "\n": 1}
5. Dictionary: 7 entries
     {"<unk>": 0, "你": 1, "好": 2, "\t": 3, "世": 4, "界": 5, "\n": 6}
6. Ids
     1 2 3 4 5 6
7. One-hot rows of the first line
     1: [0,1,0,0,0,0,0]
     2: [0,0,1,0,0,0,0]
     3: [0,0,0,1,0,0,0]
     4: [0,0,0,0,1,0,0]
     5: [0,0,0,0,0,1,0]
$ printf '你' | recur vocab --tokens byte --json -
{"lines": 1, "tokens": 3, "size": 4, "reserved": 0, "entries": [{"token": "<unk>", "id": 0, "count": 0}, {"token": "ä", "id": 1, "count": 1}, {"token": "½", "id": 2, "count": 1}, {"token": " ", "id": 3, "count": 1}]}
# What --json needs is read in one go, and not kept: it is a file like others.
$ recur vocab --json - < /dev/null
! recur vocab: standard input has no tokens (0 bytes were read)
[1]
$ printf 'a\n\nb' | recur vocab --ids -
2 1
1
3
$ printf 'a\xffb\xc3' | recur vocab --ids -
2 1 3 1
! recur vocab: warning: standard input: 2 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
$ printf 'a\xffb' | recur vocab --tokens byte --ids -
1 2 3
