variable "environment" {
  type        = string
  description = "Name of the overlay in knative/overlays."

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "The environment must be staging or production."
  }
}

variable "namespace" {
  type        = string
  description = "The namespace of the manifests."
  default     = "battlescope"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "The name of a namespace has lower-case letters, digits and hyphens."
  }
}

variable "stores" {
  type = object({
    postgres = object({
      host      = string
      port      = number
      username  = string
      password  = string
      ssl_mode  = string
      superuser = bool
    })
    kafka = object({
      bootstrap_servers = list(string)
      username          = string
      password          = string
      ca_certificate    = string
    })
    object_storage = object({
      endpoint_url           = string
      region                 = string
      admin_access_key       = string
      admin_secret_key       = string
      access_key             = string
      secret_key             = string
      notification_queue_arn = string
      lifecycle_enabled      = bool
      require_tls            = bool
      block_public_access    = bool
    })
    valkey = object({
      url = string
    })
    typesense = object({
      url        = string
      api_key    = string
      search_key = string
    })
  })
  description = "Addresses and credentials of the stores: the output `stores` of the platform, or those of managed ones."
  sensitive   = true

  validation {
    condition     = contains(["disable", "require", "verify-ca", "verify-full"], var.stores.postgres.ssl_mode)
    error_message = "postgres.ssl_mode must be disable, require, verify-ca or verify-full."
  }
  validation {
    condition     = can(regex("^https?://", var.stores.object_storage.endpoint_url))
    error_message = "object_storage.endpoint_url must begin with http:// or https://."
  }
  validation {
    condition     = can(regex("^rediss?://", var.stores.valkey.url))
    error_message = "valkey.url must begin with redis:// or rediss://."
  }
  validation {
    condition     = length(distinct([for value in values(var.stores.typesense) : value == ""])) == 1
    error_message = "typesense needs an url, an api_key and a search_key, or none of them where search runs on PostgreSQL."
  }
}

variable "secrets" {
  type        = map(map(string))
  description = "Values of Secrets that nobody can generate: `sso` with the client id and secret of CCP, and whatever else prerequisites.yaml lists beside the stores."
  sensitive   = true

  validation {
    condition     = try(length(var.secrets["sso"]["SSO_CLIENT_ID"]) > 0, false)
    error_message = "secrets.sso.SSO_CLIENT_ID is missing: register an application at CCP."
  }
}

variable "token_encryption_ids" {
  type        = list(string)
  description = "Ids of the keys that encrypt ESI tokens, the newest first. To rotate, put one before the others; take the last one away once every character has logged in again."
  default     = ["v1"]

  validation {
    condition     = length(var.token_encryption_ids) > 0 && length(distinct(var.token_encryption_ids)) == length(var.token_encryption_ids)
    error_message = "There must be an id, and each one once."
  }
  validation {
    condition     = alltrue([for id in var.token_encryption_ids : can(regex("^[a-z0-9]+$", id))])
    error_message = "An id has lower-case letters and digits."
  }
}

variable "password_generation" {
  type        = number
  description = "Another number gives every role and user a new password."
  default     = 1

  validation {
    condition     = var.password_generation >= 1 && floor(var.password_generation) == var.password_generation
    error_message = "The generation must be a whole number from 1."
  }
}
