"""The acceptance tests that the requirements list by id, where no other test holds them already."""
