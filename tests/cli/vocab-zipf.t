# needs: command -v python3
# Counts and exponents as a few lines of Python have them, of the built-in story and of random bytes.

$ head -c 300000 /dev/zero | tr '\0' 'x' > long; python3 -c 'import random, sys; random.seed(1); sys.stdout.buffer.write(bytes(int(random.paretovariate(0.5)) % 256 for _ in range(20000)))' > bytes
$ python3 "$CASES/ngrams.py" 4 --tokens byte bytes
$ python3 "$CASES/ngrams.py" 3 --tokens word --clean letters "$CASES/../../src/base/story.txt"
$ python3 "$CASES/ngrams.py" 3 "$CASES/../../src/base/story.txt"
$ python3 "$CASES/ngrams.py" 2 --tokens byte long
