variable "layout" {
  type        = string
  description = "Sizes for a cluster of `three` or `five` nodes (sizes.yaml)."

  validation {
    condition     = contains(["three", "five"], var.layout)
    error_message = "The layout must be three or five."
  }
}

variable "namespace" {
  type        = string
  description = "The namespace of the functions, which reaches the stores."
  default     = "battlescope"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "The name of a namespace has lower-case letters, digits and hyphens."
  }
}

variable "bucket" {
  type        = string
  description = "The bucket that the functions read and write."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "The name of a bucket must be one of S3."
  }
}

variable "kafka_replicas" {
  type        = number
  description = "Servers of Redpanda: as many as topics have replicas, or more."

  validation {
    condition     = contains([1, 3], var.kafka_replicas)
    error_message = "Redpanda has one server, or three that agree by majority."
  }
}

variable "typesense_enabled" {
  type        = bool
  description = "Whether search runs on Typesense instead of PostgreSQL."
  default     = false
}

variable "observability_enabled" {
  type        = bool
  description = "Whether Prometheus and Grafana are installed."
  default     = false
}

variable "storage_class" {
  type        = string
  description = "StorageClass of all volumes; empty for the cluster's default."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.storage_class))
    error_message = "The name of a StorageClass has lower-case letters, digits, dots and hyphens."
  }
}

variable "password_generation" {
  type        = number
  description = "Another number gives the stores new passwords."
  default     = 1

  validation {
    condition     = var.password_generation >= 1 && floor(var.password_generation) == var.password_generation
    error_message = "The generation must be a whole number from 1."
  }
}
