variable "topics" {
  type = list(object({
    name               = string
    partitions         = number
    replication_factor = number
    config             = map(string)
  }))
  description = "Topics with the configuration of Kafka; `topics` of knative/base/prerequisites.yaml, with the replicas of an environment."

  validation {
    condition     = alltrue([for topic in var.topics : topic.partitions >= 1 && topic.replication_factor >= 1])
    error_message = "Each topic needs a partition and a replica."
  }
  validation {
    condition     = alltrue([for topic in var.topics : try(tonumber(topic.config["retention.ms"]), 0) >= 86400000])
    error_message = "Each topic needs retention.ms of at least a day: the server's default may be shorter than an outage."
  }
  validation {
    condition     = length(distinct(var.topics[*].name)) == length(var.topics)
    error_message = "Each topic must be listed once."
  }
}

variable "user" {
  type        = string
  description = "SCRAM user by which Knative's data plane signs in. Empty for a Kafka without sign-in."
  default     = "battlescope"

  validation {
    condition     = can(regex("^[a-z0-9-]*$", var.user))
    error_message = "The user may have lower-case letters, digits and hyphens."
  }
}

variable "consumer_groups" {
  type        = map(string)
  description = "Consumer groups that the user may join, each with Literal or Prefixed."
  default = {
    "knative-trigger-battlescope-" = "Prefixed"
    "battlescope-manifests"        = "Literal"
  }

  validation {
    condition     = alltrue([for kind in values(var.consumer_groups) : contains(["Literal", "Prefixed"], kind)])
    error_message = "A pattern of groups is Literal or Prefixed."
  }
}

variable "password" {
  type        = string
  description = "Password of the user; empty for a Kafka without sign-in."
  default     = ""
  sensitive   = true

  validation {
    condition     = var.user == "" || length(var.password) >= 16
    error_message = "The user needs a password of 16 characters at least."
  }
}
