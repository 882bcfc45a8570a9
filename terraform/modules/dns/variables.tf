variable "hostname" {
  type        = string
  description = "The public name of the installation, as in knative/overlays/ENVIRONMENT/settings.yaml."

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.hostname))
    error_message = "The name must be a full host name in lower case."
  }
}

variable "zone" {
  type        = string
  description = "The zone at the DNS provider that holds the name."

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.zone))
    error_message = "The zone must be a domain in lower case."
  }
  validation {
    condition     = var.hostname == var.zone || endswith(var.hostname, ".${var.zone}")
    error_message = "The hostname must lie in the zone."
  }
}

variable "provider_name" {
  type        = string
  description = "external-dns' name of the DNS provider."

  validation {
    condition     = contains(["cloudflare", "digitalocean", "linode", "rfc2136"], var.provider_name)
    error_message = "The provider must be cloudflare, digitalocean, linode or rfc2136; others need external-dns' webhook."
  }
}

variable "credentials" {
  type        = map(string)
  description = "Environment variables of external-dns with the credentials for the provider, such as CF_API_TOKEN."
  sensitive   = true

  validation {
    condition     = length(var.credentials) > 0
    error_message = "The provider needs credentials."
  }
}
