# One list of what the manifests refer to. Whoever adds a function adds it there; Terraform and the manifests then agree.

locals {
  prerequisites = yamldecode(file("${path.module}/../../../knative/base/prerequisites.yaml"))
}
