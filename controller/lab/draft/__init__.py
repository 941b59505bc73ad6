"""The draft of a first policy and of `arc.json`, from an existing account."""
