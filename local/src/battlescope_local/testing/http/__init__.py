"""What tests of HTTP functions share: contracts, links, fuzzing."""
