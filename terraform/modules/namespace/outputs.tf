output "secrets" {
  description = "Names of the Secrets, to which the manifests refer."
  value       = sort([for secret in kubernetes_secret_v1.secret : secret.metadata[0].name])
}
