output "stores" {
  description = "Addresses and credentials of the stores: the variable `stores` of the environment's root."
  sensitive   = true
  value = {
    postgres = {
      host      = "postgresql-rw.${helm_release.postgresql.namespace}.svc.cluster.local"
      port      = 5432
      username  = data.kubernetes_secret_v1.postgresql_superuser.data["username"]
      password  = data.kubernetes_secret_v1.postgresql_superuser.data["password"]
      ssl_mode  = "require"
      superuser = true
    }
    kafka = {
      bootstrap_servers = ["redpanda.${helm_release.redpanda.namespace}.svc.cluster.local:9093"]
      username          = "terraform"
      password          = random_password.kafka_admin.result
      ca_certificate    = data.kubernetes_secret_v1.kafka_certificate.data["ca.crt"]
    }
    object_storage = {
      endpoint_url           = "http://${module.object_storage.host}:${module.object_storage.port}"
      region                 = "us-east-1"
      admin_access_key       = "terraform"
      admin_secret_key       = random_password.object_storage["terraform"].result
      access_key             = "functions"
      secret_key             = random_password.object_storage["functions"].result
      notification_queue_arn = ""
      lifecycle_enabled      = false
      require_tls            = false
      block_public_access    = false
    }
    valkey = {
      url = "redis://:${random_password.valkey.result}@${module.valkey.host}:${module.valkey.port}/0"
    }
    typesense = {
      url        = try(module.search[0].url, "")
      api_key    = try(module.search[0].api_key, "")
      search_key = try(module.search[0].search_key, "")
    }
  }
}

output "grafana_password" {
  description = "Password of Grafana's user `admin`."
  sensitive   = true
  value       = random_password.grafana.result
}
