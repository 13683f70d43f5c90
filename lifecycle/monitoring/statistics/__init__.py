"""The statistics of drift, one file each."""
