variable "environment" {
  type        = string
  description = "Whose replicas topics have: a key of `replication` in prerequisites.yaml, or `local` for one replica."

  validation {
    condition     = contains(["local", "staging", "production"], var.environment)
    error_message = "The environment must be local, staging or production."
  }
}
