# One list of what the manifests refer to. A new function is added there; Terraform and the manifests then agree.

locals {
  prerequisites = yamldecode(file("${path.module}/../../../knative/base/prerequisites.yaml"))
}
