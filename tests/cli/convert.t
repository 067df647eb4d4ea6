# Models from and to PyTorch's files.

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --cell gru --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o model > out
$ recur convert --to pytorch model torch
torch (pytorch): gru 3, one-hot input, 97 parameters
$ recur info torch
! recur info: torch: a safetensors file but not a recur model: it has no recur.config; recur convert reads PyTorch's
[1]
$ recur convert torch back
back (recur): gru 3, one-hot input, 97 parameters
! recur convert: warning: torch has no vocabulary; --vocab FILE gives the model one
$ (printf 'PK\3\4'; head -c 22 /dev/zero; printf '\20\0\0\0archive/data.pkl\200\2}q') > zip; recur convert zip back2
! recur convert: zip: not a safetensors file but a PyTorch file (torch.save): save its tensors as safetensors, in Python:
!     import torch, safetensors.torch
!     state = torch.load("model.pth", map_location="cpu", weights_only=True)
!     safetensors.torch.save_file(state, "model.safetensors")
[1]
$ recur info back | head -1
back: gru 3, one-hot input, 97 parameters
$ recur generate -m back -n 3
! recur generate: back has no vocabulary, so it cannot write text
[1]
$ recur vocab --json text > vocab; recur convert --vocab vocab torch back; recur generate -m model -p a -n 5 --temp 0 > one; recur generate -m back -p a -n 5 --temp 0 | cmp - one
back (recur): gru 3, one-hot input, 97 parameters

# Reserved tokens stay reserved, bytes stay bytes.
$ recur vocab --json --reserved '<pad>,<bos>' text > marked; recur train text --quiet --reserved '<pad>,<bos>' --cell gru --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o with > out; recur convert --to pytorch with torch_with; recur convert --vocab marked torch_with back; recur info back --json | grep -o '"reserved": [0-9]*'; recur generate -m back -p a -n 99 --temp 9 -s 3 | grep -c '[<>]'
torch_with (pytorch): gru 3, one-hot input, 123 parameters
back (recur): gru 3, one-hot input, 123 parameters
"reserved": 2
0
[1]
$ printf '你好你好a你好b' > wide; recur vocab --json --tokens byte wide > bytes; recur train wide --quiet --tokens byte --cell gru --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o byte_model > out; recur convert --to pytorch byte_model torch_bytes; recur convert --vocab bytes --tokens byte torch_bytes back; recur generate -m byte_model -p '你' -n 9 -s 3 > one; recur generate -m back -p '你' -n 9 -s 3 | cmp - one
torch_bytes (pytorch): gru 3, one-hot input, 149 parameters
back (recur): gru 3, one-hot input, 149 parameters
$ printf 'caf\303\251 \351e' > latin; recur vocab --json --tokens byte --reserved é latin > bytes; recur train latin --quiet --tokens byte --reserved é --cell gru --hidden 3 --batch 1 --steps 3 --epochs 1 --validation 0 -o byte_model > out; recur convert --to pytorch byte_model torch_bytes; recur convert --vocab bytes --tokens byte torch_bytes back; recur info --json back | grep -o '"entries[^]]*' > one; recur info --json byte_model | grep -o '"entries[^]]*' | cmp - one
torch_bytes (pytorch): gru 3, one-hot input, 175 parameters
back (recur): gru 3, one-hot input, 175 parameters
$ echo '{"reserved": 4, "entries": ["<unk>", "a", "b", "c"]}' > many; recur convert --vocab many torch back
! recur convert: many: a vocabulary of 4 entries cannot have 4 reserved tokens
[1]
$ echo '{"reserved": "2", "entries": ["<unk>", "a", "b", "c"]}' > many; recur convert --vocab many torch back
! recur convert: many is not a list of tokens in JSON in the order of their ids, nor what recur vocab --json prints
[1]

# Single tokens, and a list of another length.
$ echo '["<unk>", "a", "b", "c"]' > list; recur convert --vocab list --clean letters torch back; recur info back | grep clean
back (recur): gru 3, one-hot input, 97 parameters
vocabulary: 4 entries, tokens char, clean letters
$ echo '["<unk>", "a"]' > short; recur convert --vocab short torch back
! recur convert: torch: the vocabulary has 2 entries, the model is made for 4
[2]
$ echo '["<unk>"]' > single; recur convert --vocab single torch back
! recur convert: torch: the vocabulary has 1 entry, the model is made for 4
[2]
$ echo '["a", "<unk>", "b", "c"]' > order; recur convert --vocab order torch back
! recur convert: order: vocabulary entry 0 is not "<unk>"
[1]
$ echo '["<unk>", 1, "b", "c"]' > kinds; recur convert --vocab kinds torch back
! recur convert: kinds is not a list of tokens in JSON in the order of their ids, nor what recur vocab --json prints
[1]
$ echo '[' > broken; recur convert --vocab broken torch back
! recur convert: broken is not valid JSON at line 2, byte 1: expected a value, got the end
[1]
$ recur convert --vocab missing torch back
! recur convert: cannot read missing: No such file or directory
[1]

# Recurrent layers alone come back as they were.
$ recur convert --to pytorch-bare model bare; recur convert --vocab list bare back
bare (pytorch-bare): gru 3, 81 of the model's 97 parameters
back (recur): gru 3, one-hot input, 97 parameters
! recur convert: warning: bare has no output layer: the model's is fresh and untrained
$ recur convert --to pytorch-bare back bare2; cmp bare bare2
bare2 (pytorch-bare): gru 3, 81 of the model's 97 parameters
$ recur convert --to pytorch-word-lm model other
! recur convert: PyTorch's word language model has an embedding, this model is fed one-hot vectors
[1]

# What the shapes leave open, and what contradicts them.
$ recur convert --cell lstm torch back
! recur convert: torch: the cell cannot be lstm: that has 4 gates, the tensors have 3
[2]
$ recur convert --cell gru-reset-before --vocab list torch back
back (recur): gru-reset-before 3, one-hot input, 97 parameters
$ recur convert --to pytorch back other
! recur convert: PyTorch has no gru-reset-before: its nn.GRU resets after the product
[1]
$ recur train text --quiet --cell ln-gru --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o normalised > out; recur convert --to pytorch normalised other
! recur convert: PyTorch has no ln-gru: the formats recur and onnx have it
[1]
$ recur convert --cell ln-gru torch back
! recur convert: torch: the cell cannot be ln-gru: files like this one do not express it
[2]
$ recur convert --activation relu torch back
! recur convert: torch: an activation can be given for a cell rnn only, this one is gru
[2]
$ recur convert --cell gru model back
! recur convert: model: this is a model of recur's own, whose cell cannot be given
[2]
$ recur train text --quiet --cell rnn --hidden 3,2 --batch 2 --steps 3 --epochs 1 --validation 0 -o rnn > out
$ recur convert --to pytorch rnn other
! recur convert: PyTorch's layers are equally wide, these have 3 and 2 units
[1]
$ recur train text --quiet --cell rnn --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o rnn > out
$ recur convert --to pytorch rnn torch_rnn; recur convert torch_rnn back
torch_rnn (pytorch): rnn tanh 3, one-hot input, 43 parameters
! recur convert: torch_rnn: the activation of an rnn does not show in its tensors and must be given: activation tanh or relu
[2]
$ recur convert --activation tanh --vocab list torch_rnn back; cmp <(tail -c 172 rnn) <(tail -c 172 back)
back (recur): rnn tanh 3, one-hot input, 43 parameters
$ recur convert --activation soft torch_rnn back
! recur convert: --activation must be one of tanh, relu, sigmoid, got "soft"
[2]

# Numbers in the place of tokens do not show either.
$ recur convert --inputs 4 torch back; recur convert --inputs 4 bare bare_back; recur convert --inputs 5 torch back
back (recur): gru 3, reads 4 numbers, 97 parameters
bare_back (recur): gru 3, reads 4 numbers, 81 parameters
! recur convert: torch: layer 0 reads 4 numbers a step, not 5
[2]
$ recur convert --to pytorch back torch2; cmp torch torch2; recur convert --to pytorch-bare bare_back bare2; cmp bare bare2
torch2 (pytorch): gru 3, reads 4 numbers, 97 parameters
bare2 (pytorch-bare): gru 3, 81 parameters
$ recur generate -m back -n 3
! recur generate: back has no vocabulary, so it cannot write text
[1]
$ recur convert --inputs 4 --vocab list torch back
! recur convert: torch: a model that reads numbers has no vocabulary
[2]
$ recur convert --inputs 4 model back
! recur convert: model: this is a model of recur's own, whose inputs cannot be given
[2]
$ recur convert --inputs 0 torch back
! recur convert: --inputs must be a whole number from 1 to 2147483647, got "0"
[2]

# Nothing is loaded by half.
$ LC_ALL=C sed 's/linear.weight/linear.weighs/' torch > m; recur convert m back
! recur convert: m: tensor linear.weight is missing
[1]
$ LC_ALL=C sed 's/rnn.weight_hh_l0/rnn.weight_hr_l0/' torch > m; recur convert m back
! recur convert: m: tensor rnn.weight_hr_l0 projects the states of an nn.LSTM with proj_size, which recur's cells do not
[1]
$ LC_ALL=C sed 's/rnn.bias_hh_l0/rnn.bias_hh_l1/' torch > m; recur convert m back
! recur convert: m: tensor rnn.weight_hh_l1 is missing
[1]
$ LC_ALL=C sed 's/rnn.bias_hh_l0/run.bias_hh_l0/' torch > m; recur convert m back
! recur convert: m: rnn.bias_ih_l0 and run.bias_hh_l0 are not of one network, and only one can be read
[1]
$ LC_ALL=C sed 's/\[9,4\]/[4,9]/' torch > m; recur convert m back
! recur convert: m: tensor rnn.weight_ih_l0 is (4, 9), expected (9, 9)
[1]
$ LC_ALL=C sed 's/\[9,3\]/[3,9]/' torch > m; recur convert m back
! recur convert: m: tensor rnn.weight_hh_l0 is (3, 9), expected 1, 3 or 4 times as many rows as columns
[1]
$ recur convert text back
! recur convert: text: not a safetensors file but a text: recur train makes a model of it
[1]
$ recur convert missing back
! recur convert: cannot read missing: No such file or directory
[1]
$ recur convert torch
! recur convert: IN OUT is missing; usage: recur convert [OPTIONS] IN OUT
[2]
$ recur convert torch back --to tensorflow
! recur convert: --to must be one of recur, pytorch, pytorch-word-lm, pytorch-bare, onnx, pytorch-rnnlm, got "tensorflow"
[2]
$ recur convert --vocab list torch nowhere/back
! recur convert: cannot write nowhere/back: nowhere: No such file or directory
[1]
$ cp model same; recur convert same same; cmp model same
! recur convert: OUT would overwrite same

# A name says what is in the file.
$ recur convert torch model.pt
! recur convert: model.pt would hold safetensors, not what its name says; name it model.safetensors, which safetensors.torch.load_file reads in Python
[2]
$ recur convert --to pytorch model ./a.b/State.PTH
! recur convert: ./a.b/State.PTH would hold safetensors, not what its name says; name it ./a.b/State.safetensors, which safetensors.torch.load_file reads in Python
[2]
$ recur convert --to onnx model model.safetensors
! recur convert: model.safetensors would hold ONNX, not what its name says; name it model.onnx
[2]
$ recur convert --to recur model model.onnx
! recur convert: model.onnx would hold safetensors, not what its name says; name it model.safetensors, which safetensors.torch.load_file reads in Python
[2]
$ recur train text -o model.h5
! recur train: model.h5 would hold safetensors, not what its name says; name it model.safetensors, which safetensors.torch.load_file reads in Python
[2]
$ ls | grep 'model[.]'
[1]

# Of a vocabulary that is not given nothing can be said.
$ recur convert --tokens word torch back
! recur convert: --tokens needs --vocab
[2]
$ recur convert --clean letters model back
! recur convert: --clean needs --vocab
[2]

# What fills blanks is no language model to others.
$ recur train text --quiet --task fill --bidirectional --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o fills > out
$ recur convert fills copy; cmp fills copy
copy (recur): lstm 3, fills blanks, both directions (concat), one-hot input, 244 parameters
$ recur convert fills --to pytorch other
! recur convert: the model fills blanks: its output layer reads the states before each token, which pytorch does not express
[1]
$ recur convert fills --to pytorch-bare other
! recur convert: the model fills blanks: its output layer reads the states before each token, which pytorch-bare does not express
[1]
$ recur convert fills other.onnx; ls other.onnx other
! recur convert: the model fills blanks: its output layer reads the states before each token, which onnx does not express
! ls: cannot access 'other.onnx': No such file or directory
! ls: cannot access 'other': No such file or directory
[2]

# Fewer bits.
$ recur convert --quantize int8 model small; recur info small | head -1; recur eval -m small text | head -1; recur generate -m small -n 3 --temp 0 -p a | wc -m
small (recur): gru 3, one-hot input, quantised to int8, 97 parameters
small: gru 3, one-hot input, quantised to int8, 97 parameters
tokens              14
5
$ recur convert --quantize bf16 small other
! recur convert: the model is quantised to int8 already; begin with the one it was made of
[1]
$ recur convert --quantize int4 model other
! recur convert: --quantize must be one of bf16, int8, got "int4"
[2]
$ recur convert --quantize bf16 --to pytorch model other
other (pytorch): gru 3, one-hot input, floats that were rounded to bf16, 97 parameters
$ recur train text --quiet --cell rnn --activation relu --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o relu > out; recur convert --quantize int8 relu other
! recur convert: int8 needs states that stay between -1 and 1, and relu's grow; bf16 does not
[1]
