output "namespace" {
  description = "Where Prometheus and Grafana run."
  value       = helm_release.prometheus.namespace
}
