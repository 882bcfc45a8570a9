terraform {
  required_version = ">= 1.10"

  # The state holds passwords. It lies in a Secret of the cluster, with a lock; nothing else has to be set up first.
  backend "kubernetes" {
    secret_suffix = "battlescope-staging"
    namespace     = "terraform"
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
    kafka = {
      source  = "Mongey/kafka"
      version = "0.13.1"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "2.38.0"
    }
    postgresql = {
      source  = "cyrilgdn/postgresql"
      version = "1.26.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.9.0"
    }
  }
}
