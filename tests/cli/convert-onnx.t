# Models to ONNX and back.
# needs: recur --version | grep -q protobuf-c

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 1 --validation 0 -o model > out
# All comes back but where the model comes from, which a graph does not say.
$ recur convert model model.onnx; recur convert model.onnx back; recur convert back back.onnx | cut -c 1-4; cmp model.onnx back.onnx; for m in model back; do recur info $m | sed -n '/^tensor/,${s/  kept$//;p}' > info-$m; done; cmp info-model info-back; recur info back | grep -c '^command'
model.onnx (onnx): lstm 3,2, embedding 4, 192 parameters
back (recur): lstm 3,2, embedding 4, 192 parameters
back
0
[1]
$ recur convert --to onnx model graph; head -c 2 graph | od -An -tx1
graph (onnx): lstm 3,2, embedding 4, 192 parameters
 08 08
$ recur convert model.onnx again.onnx; cmp model.onnx again.onnx
again.onnx (onnx): lstm 3,2, embedding 4, 192 parameters
$ recur convert --to pytorch-bare model.onnx bare
! recur convert: PyTorch's layers are equally wide, these have 3 and 2 units
[1]
$ echo '["<unk>", "a", "b", "c"]' > list; recur convert --vocab list model.onnx back
! recur convert: model.onnx: this is a model of recur's own, whose vocabulary cannot be given
[2]
$ recur convert --cell gru model.onnx back
! recur convert: model.onnx: the graph's cell is lstm, not gru
[2]
$ cp text text.onnx; recur convert text.onnx back
! recur convert: text.onnx: not an ONNX model but a text: recur train makes a model of it
[1]
$ : > empty.onnx; recur convert empty.onnx back
! recur convert: empty.onnx: not an ONNX model but an empty file
[1]
$ head -c 1000 model.onnx > cut.onnx; recur convert cut.onnx back
! recur convert: cut.onnx: not an ONNX model: it is damaged, or cut off
[1]
$ recur convert missing.onnx back
! recur convert: cannot read missing.onnx: No such file or directory
[1]
$ recur convert model nowhere/model.onnx
! recur convert: cannot write nowhere/model.onnx: nowhere: No such file or directory
[1]
$ recur info model.onnx
! recur info: model.onnx: not a safetensors file but ONNX: named .onnx, recur convert makes a model of it
[1]
$ recur train text --quiet --task fill --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o fill > out; recur convert fill fill.onnx
! recur convert: the model fills blanks: its output layer reads the states before each token, which onnx does not express
[1]

# What is said of the file is true of it: its numbers are floats, and it has no more dropout than its format can say.
$ recur train text --quiet --hidden 3 --layers 2 --dropout 0.2 --batch 2 --steps 3 --epochs 1 --validation 0 -o dropped > out; recur convert --quantize int8 dropped small; recur convert small small.onnx; recur convert --to pytorch small small.pt.safetensors; grep -c I8 small.pt.safetensors; recur convert small.onnx again; recur convert again again.onnx | cut -c 1-10; cmp small.onnx again.onnx
small (recur): lstm 3,3, one-hot input, quantised to int8, dropout 0.2, 220 parameters
small.onnx (onnx): lstm 3,3, one-hot input, floats that were rounded to int8, dropout 0.2, 220 parameters
small.pt.safetensors (pytorch): lstm 3,3, one-hot input, floats that were rounded to int8, 220 parameters
0
again (recur): lstm 3,3, one-hot input, quantised to int8, dropout 0.2, 220 parameters
again.onnx

# Cells that ONNX has no operator for: other nodes express them, and the reader knows its own.
$ for c in ln-lstm ln-gru; do recur train text --quiet --cell $c --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 1 --validation 0 -o $c > out; recur convert $c $c.onnx; recur convert $c.onnx back; recur convert back back.onnx | cut -c 1-4; cmp $c.onnx back.onnx; for m in $c back; do recur info $m | sed -n '/^tensor/,${s/  kept$//;p}' > info-$m; done; cmp info-$c info-back; done
ln-lstm.onnx (onnx): ln-lstm 3,2, embedding 4, 242 parameters
back (recur): ln-lstm 3,2, embedding 4, 242 parameters
back
ln-gru.onnx (onnx): ln-gru 3,2, embedding 4, 181 parameters
back (recur): ln-gru 3,2, embedding 4, 181 parameters
back
$ recur convert --quantize int8 ln-lstm small; recur convert small small.onnx; recur convert small.onnx again; recur generate -m small -n 9 -s 1 > one; recur generate -m again -n 9 -s 1 | cmp - one
small (recur): ln-lstm 3,2, embedding 4, quantised to int8, 242 parameters
small.onnx (onnx): ln-lstm 3,2, embedding 4, floats that were rounded to int8, 242 parameters
again (recur): ln-lstm 3,2, embedding 4, quantised to int8, 242 parameters
$ sed 's/f_sum/i_sum/g' ln-lstm.onnx > other.onnx; recur convert other.onnx back
! recur convert: other.onnx: node 3 (Scan) differs from the Scan that recur writes there for the cell ln-lstm
[1]
$ recur convert --cell lstm ln-lstm.onnx back
! recur convert: ln-lstm.onnx: the graph's cell is ln-lstm, not lstm
[2]
$ recur convert --to pytorch ln-lstm other
! recur convert: PyTorch has no ln-lstm: the formats recur and onnx have it
[1]
