"""A recorded session (`--replay`): read, its answers found, its frames played."""
