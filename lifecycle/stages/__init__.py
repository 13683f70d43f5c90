"""The stages: each turns one reference into the next. They stand above the rooms, and know of no other stage."""
