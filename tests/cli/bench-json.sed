s/: (null|[0-9.e+-]+)/: N/g; s/\[(null|[0-9.e+-]+), (null|[0-9.e+-]+)\]/[N, N]/g; s/: (true|false)/: BOOL/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/; s/about .*/about N:N/
