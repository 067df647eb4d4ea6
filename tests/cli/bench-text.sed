s/, noisy//; s/failed: faster than/N % (N-N) of/; s/[0-9]+(\.[0-9]+)?/N/g; s/^[a-zN]+, N/ISA, N/; s/ +/ /g
