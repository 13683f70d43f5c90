"""What is erased for good: a person, everywhere; a use case, with all that it has made."""
