variable "buckets" {
  type = list(object({
    name = string
    notifications = optional(object({
      events = string
      prefix = string
      topic  = string
    }))
  }))
  description = "Buckets, and which uploads are reported to which topic; `buckets` of knative/base/prerequisites.yaml."

  validation {
    condition     = alltrue([for bucket in var.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.name))])
    error_message = "The name of a bucket must be one of S3."
  }
  validation {
    condition = alltrue([
      for bucket in var.buckets : try(bucket.notifications.events, "put") == "put" && try(endswith(bucket.notifications.prefix, "/"), true)
    ])
    error_message = "Only notifications of `put` below a prefix that ends with / are known."
  }
}

variable "notification_queue_arn" {
  type        = string
  description = "The queue of the store that posts to Kafka; for MinIO `arn:minio:sqs::MANIFESTS:kafka`. Empty where the store has none: the timer event of each minute then finds uploads."
  default     = ""

  validation {
    condition     = var.notification_queue_arn == "" || startswith(var.notification_queue_arn, "arn:")
    error_message = "A queue has an ARN."
  }
}

variable "lifecycle_enabled" {
  type        = bool
  description = "Whether the store deletes what is left over. Off for SeaweedFS, whose lifecycle cannot be removed again."
  default     = true
}

variable "expirations" {
  type        = map(number)
  description = "Days after which objects below a prefix are deleted."
  default = {
    "manifests-processed/" = 365
    "manifests-rejected/"  = 90
    "backups/"             = 35
  }

  validation {
    condition     = alltrue([for prefix, days in var.expirations : endswith(prefix, "/") && days >= 1])
    error_message = "Each prefix must end with / and be kept for a day or longer."
  }
  validation {
    condition     = alltrue([for prefix in keys(var.expirations) : !startswith(prefix, "raw-killmails") && prefix != "chunks/"])
    error_message = "Raw killmails and chunks are deleted by ingest-verify, which knows what still refers to them."
  }
}

variable "require_tls" {
  type        = bool
  description = "Whether the bucket refuses requests without TLS. Off where the store is reached inside the cluster over HTTP."
  default     = false
}

variable "block_public_access" {
  type        = bool
  description = "Whether the bucket refuses public policies by S3's own switch, which MinIO and SeaweedFS do not have."
  default     = false
}
