# What an installation stands on, besides Knative and the Gateway API (knative/platform). Namespaces and ports are those
# of `workloads` in knative/base/prerequisites.yaml, which the NetworkPolicies of the functions open.

locals {
  sizes         = yamldecode(file("${path.module}/sizes.yaml"))[var.layout].components
  storage_class = var.storage_class == "" ? null : var.storage_class
}

resource "helm_release" "cert_manager" {
  name             = "cert-manager"
  repository       = "https://charts.jetstack.io"
  chart            = "cert-manager"
  version          = "v1.18.2"
  namespace        = "cert-manager"
  create_namespace = true
  atomic           = true

  values = [yamlencode({
    crds      = { enabled = true }
    config    = { apiVersion = "controller.config.cert-manager.io/v1alpha1", kind = "ControllerConfiguration", enableGatewayAPI = true }
    resources = { requests = { cpu = "10m", memory = "64Mi" }, limits = { memory = "192Mi" } }
    webhook   = { resources = { requests = { cpu = "10m", memory = "32Mi" }, limits = { memory = "96Mi" } } }
    cainjector = {
      resources = { requests = { cpu = "10m", memory = "64Mi" }, limits = { memory = "256Mi" } }
    }
  })]
}

# The Gateway implementation: its URLRewrite of hosts leads to Knative's ingress, and unlike Envoy Gateway it accepts
# ExternalName Services, which Knative's own are, as backends too.
resource "helm_release" "gateway" {
  name             = "nginx-gateway-fabric"
  repository       = "oci://ghcr.io/nginx/charts"
  chart            = "nginx-gateway-fabric"
  version          = "2.4.0"
  namespace        = "nginx-gateway"
  create_namespace = true
  atomic           = true

  values = [yamlencode({
    nginxGateway = {
      gatewayClassName = "public" # of knative/optional/gateway
      resources        = { requests = { cpu = "20m", memory = "96Mi" }, limits = { memory = "192Mi" } }
    }
    nginx = {
      container = { resources = { requests = { cpu = "50m", memory = "96Mi" }, limits = { memory = "256Mi" } } }
    }
  })]
}

resource "helm_release" "postgresql_operator" {
  name             = "cloudnative-pg"
  repository       = "https://cloudnative-pg.github.io/charts"
  chart            = "cloudnative-pg"
  version          = "0.26.0"
  namespace        = "cnpg-system"
  create_namespace = true
  atomic           = true

  values = [yamlencode({
    resources = { requests = { cpu = "20m", memory = "96Mi" }, limits = { memory = "256Mi" } }
  })]
}

resource "helm_release" "postgresql" {
  name             = "postgresql"
  repository       = "https://cloudnative-pg.github.io/charts"
  chart            = "cluster"
  version          = "0.3.1"
  namespace        = "postgresql"
  create_namespace = true
  timeout          = 900

  values = [yamlencode({
    fullnameOverride = "postgresql"
    version          = { postgresql = "17" }
    cluster = {
      instances             = local.sizes.postgresql.instances
      enableSuperuserAccess = true # roles and databases are Terraform's
      storage               = { size = "${local.sizes.postgresql.storage_gib}Gi", storageClass = coalesce(local.storage_class, "") }
      affinity              = { enablePodAntiAffinity = true, podAntiAffinityType = "required", topologyKey = "kubernetes.io/hostname" }
      resources = {
        requests = { cpu = "${local.sizes.postgresql.cpu_millicores}m", memory = "${local.sizes.postgresql.memory_mib}Mi" }
        limits   = { memory = "${local.sizes.postgresql.memory_mib}Mi" }
      }
      postgresql = {
        parameters = {
          shared_buffers  = "${floor(local.sizes.postgresql.memory_mib / 4)}MB"
          max_connections = "200" # every pod of every function with a full pool
          jit             = "off" # compilation takes longer than the short statements of functions
        }
      }
    }
    backups = { enabled = false } # docs/deploy.md, Backup
  })]

  depends_on = [helm_release.postgresql_operator]
}

data "kubernetes_secret_v1" "postgresql_superuser" {
  metadata {
    name      = "postgresql-superuser"
    namespace = helm_release.postgresql.namespace
  }

  # Without it Terraform reads the Secret while it plans, before there is one.
  depends_on = [helm_release.postgresql]
}

resource "random_password" "kafka_admin" {
  length  = 32
  special = false
  keepers = {
    generation = var.password_generation
  }
}

resource "helm_release" "redpanda" {
  name             = "redpanda"
  repository       = "https://charts.redpanda.com"
  chart            = "redpanda"
  version          = "25.1.1"
  namespace        = "redpanda"
  create_namespace = true
  timeout          = 900

  values = [yamlencode({
    statefulset = { replicas = var.kafka_replicas }
    external    = { enabled = false }
    console     = { enabled = false }
    tls         = { enabled = true }
    storage     = { persistentVolume = { size = "${local.sizes.redpanda.storage_gib}Gi", storageClass = coalesce(local.storage_class, "") } }
    resources = {
      cpu    = { cores = "${local.sizes.redpanda.cpu_millicores}m" }
      memory = { container = { min = "${local.sizes.redpanda.memory_mib}Mi", max = "${local.sizes.redpanda.memory_mib}Mi" } }
    }
    config = { cluster = { auto_create_topics_enabled = false } } # a misspelt topic must be an error
  })]

  set_sensitive = [
    { name = "auth.sasl.users[0].password", value = random_password.kafka_admin.result },
  ]
  set = [
    { name = "auth.sasl.enabled", value = "true" },
    { name = "auth.sasl.secretRef", value = "redpanda-users" },
    { name = "auth.sasl.users[0].name", value = "terraform" },
    { name = "auth.sasl.users[0].mechanism", value = "SCRAM-SHA-512" },
  ]

  depends_on = [helm_release.cert_manager]
}

data "kubernetes_secret_v1" "kafka_certificate" {
  metadata {
    name      = "redpanda-default-cert"
    namespace = helm_release.redpanda.namespace
  }

  depends_on = [helm_release.redpanda]
}

module "observability" {
  source = "../observability"
  count  = var.observability_enabled ? 1 : 0

  size             = { for key in ["cpu_millicores", "memory_mib", "storage_gib"] : key => local.sizes.prometheus[key] }
  grafana_password = random_password.grafana.result
}

resource "random_password" "grafana" {
  length  = 24
  special = false # part of a value of Helm
}
