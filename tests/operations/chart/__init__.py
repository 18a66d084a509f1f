"""What the check `helm` is made of."""
