# Typesense, for installations that search by it. Without this module search runs on PostgreSQL.

resource "random_password" "api_key" {
  length  = 48
  special = false
}

# The key of search-api, which may only search. search-index registers it in Typesense, which has no provider.
resource "random_password" "search_key" {
  length  = 48
  special = false
}

module "server" {
  source = "../server"

  name              = "typesense"
  image             = "docker.io/typesense/typesense:29.0"
  arguments         = ["--data-dir=/data", "--api-port=8108", "--enable-cors=false"]
  environment       = { TYPESENSE_API_KEY = random_password.api_key.result }
  port              = 8108
  client_namespaces = var.client_namespaces
  size              = var.size
  storage_class     = var.storage_class
}
