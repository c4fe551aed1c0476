"""The real parts of a stack, one file each: which files it reads, how it is started."""
