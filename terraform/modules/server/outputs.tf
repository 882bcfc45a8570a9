output "host" {
  description = "Name of the server inside the cluster."
  value       = "${kubernetes_service_v1.server.metadata[0].name}.${kubernetes_namespace_v1.server.metadata[0].name}.svc.cluster.local"
}

output "port" {
  description = "The port that clients reach."
  value       = var.port
}
