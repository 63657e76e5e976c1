"""A real Kubernetes cluster on one Linux machine, made to be broken and healed."""
