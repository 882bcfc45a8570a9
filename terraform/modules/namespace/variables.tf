variable "namespace" {
  type        = string
  description = "The namespace of the manifests. kustomize makes it (knative/base/namespace.yaml), since it belongs to what `kubectl delete -k` removes."
  default     = "battlescope"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "The name of a namespace has lower-case letters, digits and hyphens."
  }
}

variable "expected" {
  type = list(object({
    name = string
    keys = list(string)
  }))
  description = "Secrets that the manifests refer to, with their keys; `secrets` of knative/base/prerequisites.yaml."
}

variable "values" {
  type        = map(map(string))
  description = "Values of the keys of each Secret."
  sensitive   = true

  validation {
    condition = alltrue([
      for secret in var.expected : try(
        length(setsubtract(secret.keys, keys(var.values[secret.name]))) == 0 && length(setsubtract(keys(var.values[secret.name]), secret.keys)) == 0, false
      )
    ])
    error_message = "Each Secret of prerequisites.yaml needs a value for each of its keys, and no other: extend the stores or `secrets` of the root."
  }
}
