# Metrics of nodes, pods, Knative, Kafka and PostgreSQL. Logs stay where the cluster keeps them.

resource "helm_release" "prometheus" {
  name             = "prometheus"
  repository       = "https://prometheus-community.github.io/helm-charts"
  chart            = "kube-prometheus-stack"
  version          = "67.8.0"
  namespace        = "observability"
  create_namespace = true
  atomic           = true
  timeout          = 900

  values = [yamlencode({
    alertmanager = { enabled = true }
    prometheus = {
      prometheusSpec = {
        retention = "${var.retention_days}d"
        resources = {
          requests = { cpu = "${var.size.cpu_millicores}m", memory = "${var.size.memory_mib}Mi" }
          limits   = { memory = "${var.size.memory_mib}Mi" }
        }
        storageSpec = {
          volumeClaimTemplate = {
            spec = {
              accessModes = ["ReadWriteOnce"]
              resources   = { requests = { storage = "${var.size.storage_gib}Gi" } }
            }
          }
        }
        # Those of every namespace, not only those that carry the label of this release.
        podMonitorSelectorNilUsesHelmValues     = false
        serviceMonitorSelectorNilUsesHelmValues = false
      }
    }
    grafana = { resources = { requests = { cpu = "20m", memory = "128Mi" }, limits = { memory = "256Mi" } } }
  })]

  set_sensitive = [{
    name  = "grafana.adminPassword"
    value = var.grafana_password
  }]
}
