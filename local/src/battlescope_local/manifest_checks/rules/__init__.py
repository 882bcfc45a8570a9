"""The rules, grouped by what they protect; each is a function from a deployment to findings."""
