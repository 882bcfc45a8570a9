variable "postgres" {
  type = object({
    host     = string
    port     = number
    username = string
    password = string
  })
  description = "A PostgreSQL of this machine, with a role that may create roles and databases."
  sensitive   = true

  validation {
    condition     = var.postgres.port > 0 && var.postgres.port < 65536
    error_message = "The port must be from 1 to 65535."
  }
}

variable "object_storage" {
  type = object({
    endpoint_url = string
    region       = string
    access_key   = string
    secret_key   = string
  })
  description = "An S3 store of this machine. With an empty endpoint_url no bucket is made."
  default = {
    endpoint_url = ""
    region       = "us-east-1"
    access_key   = "none"
    secret_key   = "none"
  }
  sensitive = true

  validation {
    condition     = can(regex("^(https?://.+)?$", var.object_storage.endpoint_url))
    error_message = "endpoint_url must be empty or begin with http:// or https://."
  }
}

variable "kafka_bootstrap_servers" {
  type        = list(string)
  description = "A Kafka or Redpanda of this machine, without TLS and sign-in. Without one no topic is made."
  default     = []

  validation {
    condition     = alltrue([for server in var.kafka_bootstrap_servers : can(regex(":[0-9]+$", server))])
    error_message = "Each server has a port."
  }
}
