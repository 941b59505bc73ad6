"""A first policy and `arc.json` from what stands in an account already."""
