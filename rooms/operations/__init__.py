"""Every change to the world, one function each; all doors call these and nothing else."""
