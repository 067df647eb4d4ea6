# What kind of file this is: packed and encoded texts are read, other files are named.
# needs: command -v gzip && command -v xz && command -v zstd && command -v iconv && recur --version | grep -q 'zlib liblzma libzstd'

# Packed texts are read as the text itself, in members and frames too, from a pipe too, whatever the tokens.
$ for i in $(seq 400); do echo "line $i of a text, наука, 今天"; done > text; gzip -k text; xz -k text; zstd -q -k text; head -200 text | gzip > members.gz; tail -200 text | gzip >> members.gz; head -c 512 /dev/zero >> members.gz; (head -200 text | xz; tail -200 text | xz) > members.xz; (head -200 text | zstd; tail -200 text | zstd) > members.zst; for tokens in char word byte; do recur vocab --json --tokens $tokens text > plain; for f in text.gz text.xz text.zst members.gz members.xz members.zst; do recur vocab --json --tokens $tokens $f | cmp - plain; cat $f | recur vocab --json --tokens $tokens - | cmp - plain; done; done; recur vocab --ids text > plain; cat text.gz | recur vocab --ids - | cmp - plain

# Two names for the same thing: what is told by a mark, and what is told by the option.
$ for e in UTF-16 UTF-16LE UTF-16BE UTF-32 UTF-32BE GB18030; do iconv -f UTF-8 -t $e text > text.$e; recur vocab --json --encoding $e text.$e | cmp - <(recur vocab --json text); done; for e in UTF-16 UTF-32; do recur vocab --json text.$e | cmp - <(recur vocab --json text); xz < text.$e | recur vocab --json - | cmp - <(recur vocab --json text); done
$ printf '\xfe\xff\0a\0\n' | recur vocab --ids -
1 2
$ iconv -f UTF-8 -t KOI8-R < text 2>/dev/null | head -c 2000 > koi; grep -v 今 text | head -1; sed 's/今天//' text | iconv -f UTF-8 -t KOI8-R > koi; recur vocab --ids --encoding koi8-r koi | cmp - <(sed 's/今天//' text | recur vocab --ids -)

# What has no mark is named, with the option that reads it; bytes are bytes.
$ for e in UTF-16LE UTF-16BE UTF-32LE UTF-32BE; do iconv -f UTF-8 -t $e text > wide; recur train wide; done
! recur train: wide: not a text in UTF-8 but UTF-16 without a byte order mark: read it with --encoding UTF-16LE
! recur train: wide: not a text in UTF-8 but UTF-16 without a byte order mark: read it with --encoding UTF-16BE
! recur train: wide: not a text in UTF-8 but UTF-32 without a byte order mark: read it with --encoding UTF-32LE
! recur train: wide: not a text in UTF-8 but UTF-32 without a byte order mark: read it with --encoding UTF-32BE
[1]
$ for i in $(seq 300); do echo "今天天气很好,我们去公园吧。一二三四五六七八九十"; done > chinese; for e in UTF-16LE GBK BIG5; do iconv -c -f UTF-8 -t $e chinese > wide; recur eval -m /dev/null wide; recur vocab wide; done
! recur eval: /dev/null: not a safetensors file but an empty file
! recur vocab: wide: not a text in UTF-8 but UTF-16 without a byte order mark: read it with --encoding UTF-16LE
! recur eval: /dev/null: not a safetensors file but an empty file
! recur vocab: wide: not a text in UTF-8 but a text in another encoding, GB18030 (GBK) as it looks: read it with --encoding GB18030
! recur eval: /dev/null: not a safetensors file but an empty file
! recur vocab: wide: not a text in UTF-8 but a text in another encoding: read it with --encoding NAME (ISO-8859-1, WINDOWS-1251, KOI8-R, SHIFT_JIS, BIG5, ...)
[1]
$ for i in $(seq 99); do echo 'наука и жизнь'; done | iconv -f UTF-8 -t KOI8-R > koi; recur train koi; recur vocab --tokens byte --json koi | grep -o '"tokens": [0-9]*'; recur vocab --encoding KOI8-R --json koi | grep -o '"tokens": [0-9]*'
"tokens": 1386
"tokens": 1386
! recur train: koi: not a text in UTF-8 but a text in another encoding: read it with --encoding NAME (ISO-8859-1, WINDOWS-1251, KOI8-R, SHIFT_JIS, BIG5, ...)
$ yes 'déjà vu, and a long line of other words' | head -99 | iconv -f UTF-8 -t ISO-8859-1 > latin; recur vocab --json latin | grep -o '"tokens": [0-9]*'; recur vocab --json --encoding ISO-8859-1 latin | grep -c é
"tokens": 3960
1
! recur vocab: warning: latin: 198 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
$ printf 'a\x81b\n' | recur vocab --encoding WINDOWS-1252 --ids -; printf 'a\0\0\xd8b\0' | recur vocab --encoding UTF-16LE --ids -
1 2 3 4
1 2 3
! recur vocab: warning: standard input: 1 byte sequence is not WINDOWS-1252 and was read as U+FFFD
! recur vocab: warning: standard input: 1 byte sequence is not UTF-16LE and was read as U+FFFD
$ recur vocab --encoding klingon text
! recur vocab: unknown encoding "klingon"; iconv --list names those of this system
[2]
$ recur vocab --encoding ../x text
! recur vocab: unknown encoding "../x"; iconv --list names those of this system
[2]
$ recur vocab --encoding KOI8-R --tokens byte text
! recur vocab: tokens of bytes are taken as they stand: an encoding does not go with them
[2]
$ recur fill --encoding KOI8-R "te_t"
! recur fill: --encoding goes with --file; TEXT is in UTF-8
[2]

# Every command that reads a text does so.
$ O='--quiet --hidden 4 --epochs 1 --batch 4 --steps 5'; recur train $O --encoding KOI8-R koi -o lm | wc -l; recur eval -m lm --encoding KOI8-R koi --json > a; iconv -f KOI8-R -t UTF-8 koi | gzip | recur eval -m lm --json - | cmp - a; recur features -m lm --encoding KOI8-R koi -o one.npy; iconv -f KOI8-R -t UTF-8 koi > utf8; recur features -m lm utf8 -o two.npy; cmp one.npy two.npy
2
! 1386 tokens x 4 numbers of layer 1 in one.npy
! 1386 tokens x 4 numbers of layer 1 in two.npy
$ O='--quiet --hidden 4 --epochs 1'; for i in $(seq 20); do printf 'да\tнаука\nнет\tжизнь\n'; done > mood; iconv -f UTF-8 -t KOI8-R mood | gzip > mood.gz; recur train $O --task classify --encoding KOI8-R mood.gz -o c | wc -l; recur predict -m c --encoding KOI8-R mood.gz | cmp - <(recur predict -m c mood); recur eval -m c --encoding KOI8-R mood.gz | head -1
1
texts               40
$ for i in $(seq 20); do printf 'наука X\nжизнь Y\n\n'; done > tags; iconv -f UTF-8 -t UTF-16 tags > tags16; recur train --quiet --hidden 4 --epochs 1 --task tag tags16 -o t | wc -l; recur predict -m t tags16 | head -1 | cut -d' ' -f1,2; recur train --quiet --hidden 4 --epochs 1 --task tag tags -o t2 > out; recur eval -m t tags16 | cmp - <(recur eval -m t2 tags)
1
наука X
$ recur train --quiet --task fill --hidden 4 --epochs 1 --batch 4 --steps 5 koi --encoding KOI8-R -o f > out; printf 'на_ка' | iconv -f UTF-8 -t KOI8-R | gzip > blank; recur fill -m f --encoding KOI8-R -f blank | sed 's/на.ка/filled/'
filled
$ printf '\x3d\x04\0\xd8_\0' | recur fill -m f --encoding UTF-16LE -f - > out
! recur fill: warning: standard input: 1 byte sequence is not UTF-16LE and was read as U+FFFD
! recur fill: warning: the model's vocabulary lacks 1 of 3 tokens of the text, read as <unk>

# What is damaged or cut off says so, wherever it is.
$ for f in text.gz text.xz text.zst; do n=$(stat -c %s $f); for k in 12 $((n / 2)) $((n - 1)); do head -c $k $f > cut; recur vocab --json cut > out || cat out; done; done 2>&1 | sort | uniq -c | sed 's/^ *//'
3 recur vocab: cut: it is compressed (gzip) and cut off: its end is missing
3 recur vocab: cut: it is compressed (xz) and cut off: its end is missing
3 recur vocab: cut: it is compressed (zstd) and cut off: its end is missing
$ for f in text.gz text.xz text.zst; do (head -c 60 $f; printf 'spoilt here'; tail -c +72 $f) > bad; recur vocab --json bad; (cat $f; echo much more) > bad; recur vocab --json bad; done 2>&1 | sed 's/damaged: .*/damaged/'
recur vocab: bad: it is compressed (gzip) and damaged
recur vocab: bad: it is compressed (gzip) and damaged
recur vocab: bad: it is compressed (xz) and damaged
recur vocab: bad: it is compressed (xz) and cut off: its end is missing
recur vocab: bad: it is compressed (zstd) and damaged
recur vocab: bad: it is compressed (zstd) and damaged
$ gzip < text.gz > twice; recur train twice
! recur train: twice: not a text in UTF-8 but compressed (gzip): unpack it first: gunzip
[1]
$ bzip2 < text > packed 2>/dev/null || printf 'BZh91AY&SY' > packed; recur train packed
! recur train: packed: not a text in UTF-8 but compressed (bzip2): unpack it first: bunzip2
[1]
# A bomb is not held: 100 MB in 100 KB take no more than a text of nothing.
$ yes 'many words' | head -c 100000000 | gzip > bomb; for t in text bomb; do recur train --quiet --tokens word --max-tokens 500 --batch 2 --steps 5 --hidden 4 --epochs 1 -o m --report r $t > out; grep -o '"peak_rss_bytes": [0-9]*' r | tr -dc 0-9; echo; done | { read a; read b; [ $((b - a)) -lt 8000000 ] || echo "$a $b"; }

# Where a model is wanted, other files are named, with a way to a model where there is one.
$ zip() { printf 'PK\3\4'; head -c 22 /dev/zero; printf "\\$(printf %o ${#1})\\0\\0\\0%s" "$1"; head -c 99 /dev/zero; }; zip net/data.pkl > a.pth; zip arr_0.npy > b.npz; zip metadata.json > c.keras; zip x > d.zip; printf '\200\2\212\nl\374\234F\371 j\250P\031.' > e.pth; printf "(dp0\nS'a'\np1\n." > f.pkl; printf '\211HDF\r\n\032\n%99d' 0 > g.h5; (head -c 1024 /dev/zero; cat g.h5) > h.h5; printf 'GGUF\3\0\0\0%99d' 0 > i.gguf; printf '\4\0\0\0\1\0\0\0\3\0\0\0V 1' > j.t7; printf '\3\0\0\0\1\0\0\0\2\0\0\0' > k.t7; printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' > l.safetensors; printf '\n<!DOCTYPE HTML><html>' > m.html; printf '{"a": 1}' > n.json; printf '\22\1\0\0\0\0\0\0\0\0\0\0' > o.params; gzip -c text > p.gz; for f in [a-p].*; do recur convert $f out.safetensors; done
! recur convert: a.pth: not a safetensors file but a PyTorch file (torch.save): save its tensors as safetensors, in Python:
!     import torch, safetensors.torch
!     state = torch.load("model.pth", map_location="cpu", weights_only=True)
!     safetensors.torch.save_file(state, "model.safetensors")
! recur convert: b.npz: not a safetensors file but arrays of NumPy (.npz): save its arrays as safetensors, by PyTorch's names, in Python:
!     import numpy, safetensors.numpy
!     arrays = dict(numpy.load("model.npz"))
!     safetensors.numpy.save_file(arrays, "model.safetensors")
! recur convert: c.keras: not a safetensors file but a model of Keras (.keras): save its weights as safetensors, by the names and in the shapes of PyTorch's state_dict
! recur convert: d.zip: not a safetensors file but a zip archive: unpack it first: unzip
! recur convert: e.pth: not a safetensors file but a pickle, as torch.save writes it: save its tensors as safetensors, in Python:
!     import torch, safetensors.torch
!     state = torch.load("model.pth", map_location="cpu", weights_only=True)
!     safetensors.torch.save_file(state, "model.safetensors")
! recur convert: f.pkl: not a safetensors file but a pickle, as old PyTorch writes it: save its tensors as safetensors, in Python:
!     import torch, safetensors.torch
!     state = torch.load("model.pth", map_location="cpu", weights_only=True)
!     safetensors.torch.save_file(state, "model.safetensors")
! recur convert: g.h5: not a safetensors file but HDF5, as Keras writes it: save its weights as safetensors, by the names and in the shapes of PyTorch's state_dict
! recur convert: h.h5: not a safetensors file but HDF5, as Keras writes it: save its weights as safetensors, by the names and in the shapes of PyTorch's state_dict
! recur convert: i.gguf: not a safetensors file but GGUF, of llama.cpp: its models are no recurrent networks that recur knows
! recur convert: j.t7: not a safetensors file but a file of Torch7: load it with PyTorch 0.4's torch.utils.serialization.load_lua and save the tensors as safetensors
! recur convert: k.t7: not a safetensors file but a file of Torch7: load it with PyTorch 0.4's torch.utils.serialization.load_lua and save the tensors as safetensors
! recur convert: l.safetensors: not a safetensors file but a pointer of Git LFS, not the file itself: git lfs pull fetches it
! recur convert: m.html: not a safetensors file but a web page (HTML): what was downloaded is a page about the file, not the file
! recur convert: n.json: not a safetensors file but JSON
! recur convert: o.params: not a safetensors file but parameters of MXNet: load them with mxnet.nd.load and save them, by PyTorch's names, with safetensors.numpy.save_file
! recur convert: p.gz: not a safetensors file but compressed (gzip): unpack it first: gunzip
[1]
# The same whoever reads: a checkpoint, an ONNX file, a model beside a text.
$ recur train --resume l.safetensors; cp a.pth a.onnx; recur convert a.onnx out.safetensors 2>&1 | head -1; recur eval -m m.html text; cp lm lm.onnx; recur convert lm.onnx out.safetensors
recur convert: a.onnx: not an ONNX model but a PyTorch file (torch.save): save its tensors as safetensors, in Python:
! recur train: l.safetensors: not a safetensors file but a pointer of Git LFS, not the file itself: git lfs pull fetches it
! recur eval: m.html: not a safetensors file but a web page (HTML): what was downloaded is a page about the file, not the file
! recur convert: lm.onnx: not ONNX but a model as safetensors: name it .safetensors
[1]
# And where a text is wanted.
$ printf '%%PDF-1.4\n' > q.pdf; zip() { printf 'PK\3\4'; head -c 22 /dev/zero; printf "\\$(printf %o ${#1})\\0\\0\\0%s" "$1"; }; zip mimetype > r.epub; (head -c 257 text; printf 'ustar') > s.tar; printf '\211PNG\r\n\032\n' > t.png; head -c 3000 /dev/zero > u.zero; for f in lm a.pth g.h5 l.safetensors q.pdf r.epub s.tar t.png u.zero; do recur train $f; done; recur train --task tag lm; recur convert --vocab q.pdf lm out.safetensors; recur fill -m f -f q.pdf
! recur train: lm: not a text in UTF-8 but a model as safetensors: recur info shows it
! recur train: a.pth: not a text in UTF-8 but a PyTorch file (torch.save): recur train --tokens byte learns any bytes
! recur train: g.h5: not a text in UTF-8 but HDF5, as Keras writes it: recur train --tokens byte learns any bytes
! recur train: l.safetensors: not a text in UTF-8 but a pointer of Git LFS, not the file itself: git lfs pull fetches it
! recur train: q.pdf: not a text in UTF-8 but a PDF document: pdftotext makes a text of it
! recur train: r.epub: not a text in UTF-8 but an office document or a book (zip): pandoc -t plain makes a text of it
! recur train: s.tar: not a text in UTF-8 but a tar archive: unpack it first: tar -xf
! recur train: t.png: not a text in UTF-8 but a picture (PNG): recur train --tokens byte learns any bytes
! recur train: u.zero: not a text in UTF-8 but bytes that are no text: recur train --tokens byte learns any bytes
! recur train: lm: not a text in UTF-8 but a model as safetensors: recur info shows it
! recur convert: q.pdf: not a text in UTF-8 but a PDF document: pdftotext makes a text of it
! recur fill: q.pdf: not a text in UTF-8 but a PDF document: pdftotext makes a text of it
[1]
$ recur vocab --json --tokens byte lm | grep -c entries; recur vocab --tokens byte u.zero | head -1
1
1. Lines: 1

# Marks within a text, where files were joined, are left out and mentioned; those at starts are not mentioned.
$ (printf '\357\273\277one\n'; printf '\357\273\277two'; printf '\357\273\277three\n') > joined; printf '\357\273\277onetwo' > first; recur vocab --tokens word --word-rule space --ids joined; recur vocab --tokens word --word-rule space --ids first; recur vocab --tokens byte --json joined | grep -c '"count": 3' 
1
2
1
1
! recur vocab: warning: joined: 2 byte order marks (U+FEFF) within the text, as where files were joined, were left out
$ for i in $(seq 9); do printf '\357\273\277a\tone\n\357\273\277b\ttwo\n'; done > joined; recur train --task classify --quiet --hidden 4 --epochs 1 joined -o c | wc -l; recur info c | grep -A1 ^labels
1
labels: 2
 "b" "a"
! recur train: warning: joined: 17 byte order marks (U+FEFF) within the text, as where files were joined, were left out
$ printf 'one\ntwo\n\357\273\277' | recur predict -m c - | wc -l
2
! recur predict: warning: standard input: 1 byte order mark (U+FEFF) within the text, as where files were joined, was left out

# What may have no end is read as far as it is needed: the dictionary is of that part too.
$ (yes 'an endless text' | head -20; yes 'with other words, unread') | recur train --quiet --tokens word --max-tokens 60 --batch 2 --steps 5 --hidden 4 --epochs 1 -o m - > out; recur info m | grep -A1 ^vocab
vocabulary: 5 entries, tokens word, word rule unicode, clean none
 "<unk>" "an" "endless" "text" "\n"
$ recur train --quiet --tokens byte --max-tokens 3000 --batch 2 --steps 5 --hidden 4 --epochs 1 -o m /dev/zero | wc -l
1
! recur train: warning: every token of the text is "\x00": there is nothing to learn
$ (yes 'a b' | head -30; echo c) > short; recur train --quiet --max-tokens 90 --batch 2 --steps 5 --hidden 4 --epochs 1 -o m short > out; recur info m | grep -A1 ^vocab
vocabulary: 6 entries, tokens char, clean none
 "<unk>" "\n" "a" " " "b" "c"
