"""One module a plugin, all of the same shape: a class with a name and `respond(query, rest)`."""
