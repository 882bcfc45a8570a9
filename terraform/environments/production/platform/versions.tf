terraform {
  required_version = ">= 1.10"

  # Apart from the state of the installation: its providers sign in to what this one makes.
  backend "kubernetes" {
    secret_suffix = "battlescope-production-platform"
    namespace     = "terraform"
  }

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "3.0.2"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "2.38.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.9.0"
    }
  }
}
