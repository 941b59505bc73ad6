"""Raw events of the past, through the real workflow file and handlers, in virtual time."""
