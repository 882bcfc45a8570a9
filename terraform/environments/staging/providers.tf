# The cluster is that of KUBE_CONFIG_PATH, or of the pod's account.
provider "kubernetes" {}

provider "postgresql" {
  host      = var.stores.postgres.host
  port      = var.stores.postgres.port
  username  = var.stores.postgres.username
  password  = var.stores.postgres.password
  sslmode   = var.stores.postgres.ssl_mode
  superuser = var.stores.postgres.superuser
}

provider "kafka" {
  bootstrap_servers = var.stores.kafka.bootstrap_servers
  ca_cert           = var.stores.kafka.ca_certificate
  tls_enabled       = true
  sasl_mechanism    = "scram-sha512"
  sasl_username     = var.stores.kafka.username
  sasl_password     = var.stores.kafka.password
}

provider "aws" {
  region                      = var.stores.object_storage.region
  access_key                  = var.stores.object_storage.admin_access_key
  secret_key                  = var.stores.object_storage.admin_secret_key
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    s3 = var.stores.object_storage.endpoint_url
  }
}
