"""What `lifecycle new` writes: a definition and a schema, from a look at the data. No stage and no other room knows it."""
