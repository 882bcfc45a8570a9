output "hostname" {
  description = "The name under which browsers find the installation."
  value       = var.hostname
  depends_on  = [helm_release.external_dns]
}
