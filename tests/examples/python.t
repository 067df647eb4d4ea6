# needs: /usr/bin/env python3 -c "import ctypes, os; ctypes.CDLL(os.environ['RECUR_LIBRARY'])"
# The same from Python; a library with a sanitizer inside cannot be loaded there.

$ recur train --hidden 32 --epochs 2 -o model.safetensors > /dev/null 2>&1
$ python3 $SOURCES/stream_text.py model.safetensors 'The River ' 100 5 > python.txt; $EXAMPLES/stream_text model.safetensors 'The River ' 100 5 2> /dev/null | diff - python.txt
! recur 0.1.0
$ python3 $SOURCES/stream_text.py no.safetensors
! recur 0.1.0
! stream_text.py: cannot read no.safetensors: No such file or directory
[1]
